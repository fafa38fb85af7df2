"""Every page of the dashboard. A page module has `ROUTES`, its handlers, and may have `NAVIGATION`, its entries there.

A new page is one file in `pages/` and one line of `PAGES`; everything else (who may look, forms that other sites sent,
headers, errors as pages) holds for it without its doing.
"""

from __future__ import annotations

from types import ModuleType

from litestar import Router
from litestar.di import Provide

from passerby.web import assets, rendering
from passerby.web.errors import error_page
from passerby.web.pages import (
    account,
    api,
    catalogue,
    credentials,
    drawing,
    feeds,
    files,
    first_steps,
    home,
    links,
    mailings,
    missing,
    overview,
    people,
    rejected,
    screens,
    sensors,
    sign_in,
    sites,
    streets,
    webhooks,
)
from passerby.web.viewer import admitted, provide_viewer

_MAX_FORM_BYTES = 1_000_000

# In the order of the navigation.
PAGES: tuple[ModuleType, ...] = (
    home,
    overview,
    sites,
    screens,
    streets,
    files,
    mailings,
    sensors,
    rejected,
    drawing,
    catalogue,
    first_steps,
    credentials,
    webhooks,
    feeds,
    api,
    people,
    links,
    account,
    sign_in,
    missing,
)

rendering.NAVIGATION[:] = [item for module in PAGES for item in getattr(module, "NAVIGATION", ())]

router = Router(
    path="/app",
    route_handlers=[*assets.ROUTES, *(route for module in PAGES for route in module.ROUTES)],
    guards=[admitted],
    dependencies={"viewer": Provide(provide_viewer, sync_to_thread=False)},
    exception_handlers={Exception: error_page},
    include_in_schema=False,
    request_max_body_size=_MAX_FORM_BYTES,
)
