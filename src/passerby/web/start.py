"""`GET /`: the dashboard for whoever is signed in, the way in for everybody else."""

from __future__ import annotations

import asyncio

from litestar import MediaType, get
from litestar.response import Redirect

from passerby.web.errors import error_page
from passerby.web.pages.sign_in import HOME, sign_in_page
from passerby.web.rendering import Page
from passerby.web.viewer import WebRequest, admitted, looking


@get(
    "/",
    media_type=MediaType.HTML,
    include_in_schema=False,
    guards=[admitted],
    opt={"public": True},
    exception_handlers={Exception: error_page},
)
async def start(request: WebRequest) -> Page | Redirect:
    """On to the dashboard, or sign in first."""
    viewer = looking(request)
    if viewer is not None and viewer.person is not None:
        return Redirect(HOME, status_code=303)
    return await asyncio.to_thread(sign_in_page, request)
