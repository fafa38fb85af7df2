"""Which content coding an answer may have (RFC 9110, section 12.5.3)."""

from __future__ import annotations

from collections.abc import Sequence


def coding(accepted: str, offered: Sequence[str] = ("zstd", "gzip")) -> str:
    """The first of `offered` that an Accept-Encoding header allows by its name; otherwise "identity"."""
    wanted = {}
    for part in accepted.lower().split(","):
        name, _, quality = part.partition(";")
        wanted[name.strip()] = quality.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return next((name for name in offered if wanted.get(name)), "identity")
