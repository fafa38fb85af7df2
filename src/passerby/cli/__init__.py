"""The command line: one module per group of commands, found by name.

A command module in this package has `register(app: typer.Typer) -> None`, which adds its commands or its
group. Commands raise `PasserbyError` for what a person did wrong or must know; `main` prints it on one line
and sets the exit status: 2 for wrong usage, 1 for failure. There is never a traceback for those.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import Annotated

import typer

from passerby import __version__
from passerby.cli.wording import plain
from passerby.errors import PasserbyError

USAGE = 2
FAILURE = 1


class UsageError(PasserbyError):
    """The command was called wrongly."""


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"passerby {__version__}")
        raise typer.Exit


def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Footfall and audience analytics on your own server.

    Example: passerby serve --data ./data --catalogue network.yaml
    """


def build() -> typer.Typer:
    """The whole command line, from every command module in this package."""
    app = typer.Typer(
        name="passerby",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for module in pkgutil.iter_modules(__path__):
        register = getattr(importlib.import_module(f"{__name__}.{module.name}"), "register", None)
        if register is not None:
            register(app)
    return app


def main() -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; its exit status. Every error is one line on stderr."""
    try:
        status = build()(args=arguments, prog_name="passerby", standalone_mode=False)
    except UsageError as error:
        return _fail(error.message, USAGE)
    except PasserbyError as error:
        return _fail(error.message, FAILURE)
    except typer.TyperException as error:  # its text is empty where it has shown the help instead
        return _fail(plain(error.format_message()), error.exit_code)
    except typer.Abort:
        return _fail("interrupted", FAILURE)
    except OSError as error:
        return _fail(_what_failed(error), FAILURE)
    return status if isinstance(status, int) else 0


def _what_failed(error: OSError) -> str:
    if isinstance(error, BrokenPipeError):  # the reader of our output has seen enough: nothing to say
        return ""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


def _fail(message: str, status: int) -> int:
    line = " ".join(message.split())
    if line:
        typer.echo(f"passerby: {line}", err=True)
    return status
