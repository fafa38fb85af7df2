"""The named queries: one SQL file each under `store/sql/`."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from passerby.errors import NotFoundError

_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")


@cache
def text(name: str) -> str:
    """The text of `sql/<name>.sql`; raises NotFoundError when there is none."""
    if not _NAME.fullmatch(name):
        raise NotFoundError(f"no query is named {name!r}")
    file = resources.files("passerby.store").joinpath("sql", *f"{name}.sql".split("/"))
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"no query is named {name!r}") from error
