"""Rows that were refused: why, and taking them again once the cause is mended."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect

from passerby.api.replay import replay
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.rejects import NEWEST, rejects
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, editor

NAVIGATION = [NavigationItem("Rejected rows", "/app/rejected", "Network", "warning")]


@get("/rejected", sync_to_thread=True)
def listed(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    sensor: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
) -> Page:
    """What was refused, by reason."""
    only = viewer.sensor(sensor) if sensor else None
    return page(
        request,
        "sensors/rejected.html",
        title="Rejected rows",
        refused=rejects(services, viewer, only),
        newest=NEWEST,
        only=only,
        days=services.settings.integer("rejected_days"),
        may_edit=viewer.may("editor"),
    )


@post("/rejected/replay", guards=[editor])
async def again(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Redirect:
    """Take the rows of a group again, or all that can be."""
    form = await Form.of(request)
    found = rejects(services, viewer)
    chosen = form.value("group")
    rows = [row for group in found.groups if chosen in {"", group.key} for row in group.rows]
    told = await replay(services, viewer.credential, rows)
    back = _inside(form.value("back"))
    return redirect(request, back, _said(told.accepted, len(told.refused)), "good" if told.accepted else "warn")


def _said(accepted: int, refused: int) -> str:
    rows = f"{accepted} row{'s' if accepted != 1 else ''}"
    if not refused:
        return f"{rows} taken, none left over." if accepted else "There is nothing to take any more."
    left = f"{refused} {'was' if refused == 1 else 'were'} refused again: the reason is below."
    return f"{rows} taken; {left}" if accepted else f"Nothing was taken; {left}"


def _inside(path: str) -> str:
    parts = urlsplit(path)
    ours = not parts.scheme and not parts.netloc and parts.path.startswith(("/app/sensors/", "/app/rejected"))
    return path if ours and "\\" not in path else "/app/rejected"


ROUTES = [listed, again]
