"""Addresses under `/app/` that no page has."""

from __future__ import annotations

from litestar import get
from litestar.params import FromPath

from passerby.errors import NotFoundError
from passerby.web.rendering import Page


@get("/{rest:path}", opt={"public": True}, sync_to_thread=False)
def missing(rest: FromPath[str]) -> Page:
    """Say so."""
    raise NotFoundError(f"there is no page {rest[:100]}")


ROUTES = [missing]
