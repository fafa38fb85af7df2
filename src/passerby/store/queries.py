"""The named queries: one SQL file each under `store/sql/`.

A text may include another with `{{ name }}`, so that what two queries share is written once. That is all there is:
values are bound, never written into a text.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from passerby.errors import NotFoundError

_INCLUDE = re.compile(r"\{\{ ([a-z0-9_/]+) \}\}")
_NAME = re.compile(r"[a-z0-9_]+(/[a-z0-9_]+)*")


@cache
def text(name: str) -> str:
    """The text of `sql/<name>.sql` with what it includes; raises NotFoundError when there is none."""
    if not _NAME.fullmatch(name):
        raise NotFoundError(f"no query is named {name!r}")
    file = resources.files("passerby.store").joinpath("sql", *f"{name}.sql".split("/"))
    try:
        found = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFoundError(f"no query is named {name!r}") from error
    # An included text ends its own line: it may begin or end with a comment.
    return _INCLUDE.sub(lambda include: text(include[1]).strip() + "\n", found)
