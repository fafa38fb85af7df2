"""Passerby: a self-hosted server for footfall and audience analytics."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("passerby")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0.0.0"
