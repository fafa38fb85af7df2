"""Webhooks: who is told, how that fares, every delivery, and sending a stretch of time again."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from passerby.calendar import to_utc
from passerby.catalogue.model import Webhook
from passerby.catalogue.outlet_editing import add_webhook, remove_webhook
from passerby.catalogue.targets import Level
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.places import entry, place_name, places, sees
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, admin
from passerby.webhooks.ledger import Attempt, State

NAVIGATION = [NavigationItem("Webhooks", "/app/webhooks", "Connections", "webhook", "admin")]
WHAT = {
    "events": "Events, each as it happens",
    "occupancy": "How many are in, when it changes",
    "queue": "How many wait, when it changes",
}
_LEVELS: tuple[Level, ...] = ("site", "sensor", "zone")
_PAGE_ROWS = 50
_LONGEST_URL = 2048
_Answer = Response[bytes] | Redirect


@dataclass(frozen=True, slots=True)
class Row:
    """A webhook as a list shows it. `word`: ok, failing or disabled; `waiting`: rows that it has not been told of."""

    webhook: Webhook
    place: str
    state: State | None
    word: str
    waiting: int


@get("/webhooks", guards=[admin], sync_to_thread=True)
def webhooks_page(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Every webhook of places that the viewer sees."""
    states = services.webhooks.ledger.states()
    held = viewer.catalogue.webhooks
    found = [one for _, one in sorted(held.items()) if one.account_id == viewer.account_id and sees(viewer, one.target)]
    rows = [_row(services, viewer, one, states.get(one.id)) for one in found]
    return page(request, "webhooks/list.html", title="Webhooks", rows=rows, what=WHAT)


@get("/webhooks/new", guards=[admin], sync_to_thread=True)
def webhook_form(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """The form for a new webhook."""
    return _form(request, viewer, Form({"what": "events", "every_s": "5", "signed": "1"}))


@post("/webhooks/new", guards=[admin])
async def create_webhook(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> _Answer:
    """Make a webhook; its secret is shown once."""
    form = await Form.of(request)
    return await asyncio.to_thread(_create, request, services, viewer, form)


def _create(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> _Answer:
    what = form.choice("what", list(WHAT))
    place = form.choice("place", [value for value, _ in places(viewer, _LEVELS)] or [""])
    url = form.text("url", most=_LONGEST_URL)
    every_s = form.number("every_s", least=1, most=86_400, otherwise=5)
    if not form.errors:
        fields = {"url": url, "what": what, "every_s": every_s, **entry(place)}
        try:
            secret = add_webhook(services.catalogue, viewer.account_id, fields, signed=form.flag("signed"))
        except ConflictError as error:
            form.errors[""] = error.message
        except InvalidInputError as error:
            form.refuse(error)
        else:
            services.webhooks.added()
            if secret is None:
                return redirect(
                    request, "/app/webhooks", "The webhook is made. It is told of what arrives from now on."
                )
            return page(request, "webhooks/made.html", title="A new webhook", secret=secret, url=url)
    return _form(request, viewer, form, 422)


@get("/webhooks/{webhook:int}", guards=[admin], sync_to_thread=True)
def webhook_page(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    webhook: FromPath[int],
    before: FromQuery[int | None] = None,
) -> Page:
    """How a webhook fares, what it was sent, what is sent again."""
    return _page(request, services, viewer, webhook, Form(), before=before)


@post("/webhooks/{webhook:int}/replay", guards=[admin])
async def replay_webhook(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    webhook: FromPath[int],
) -> _Answer:
    """Send what happened in a stretch of the place's local time again."""
    form = await Form.of(request)
    return await asyncio.to_thread(_replay, request, services, viewer, webhook, form)


def _replay(request: WebRequest, services: Services, viewer: Viewer, number: int, form: Form) -> _Answer:
    found = _found(viewer, number)
    zone = _zone(viewer, found)
    start, end = (_instant(form, name, zone) for name in ("start", "end"))
    if found.what != "events":
        form.errors[""] = f"This webhook is told of the {found.what} of the moment: there is nothing to send again."
    elif start is not None and end is not None and end <= start:
        form.errors.setdefault("end", "must be later than the beginning")
    if form.errors or start is None or end is None:
        return _page(request, services, viewer, number, form, status=422)
    services.webhooks.ledger.ask_replay(number, start, end, services.journal.last_seq, _now_ms())
    return redirect(request, f"/app/webhooks/{number}", "It is sent again, in turns with what happens meanwhile.")


@post("/webhooks/{webhook:int}/resume", guards=[admin])
async def resume_webhook(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    webhook: FromPath[int],
) -> _Answer:
    """Deliver again at once, from where it stopped or from now on."""
    skip = (await Form.of(request)).flag("skip")

    def resume() -> None:
        _found(viewer, webhook)
        services.webhooks.ledger.resume(webhook, skip_to=services.journal.last_seq if skip else None)

    await asyncio.to_thread(resume)
    return redirect(request, f"/app/webhooks/{webhook}", "It is delivered again.")


@post("/webhooks/{webhook:int}/remove", guards=[admin], sync_to_thread=True)
def remove(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    webhook: FromPath[int],
) -> _Answer:
    """End a webhook."""
    _found(viewer, webhook)
    remove_webhook(services.catalogue, viewer.account_id, webhook)
    return redirect(request, "/app/webhooks", "The webhook is removed.")


def _found(viewer: Viewer, number: int) -> Webhook:
    found = viewer.catalogue.webhooks.get(number)
    if found is None or found.account_id != viewer.account_id or not sees(viewer, found.target):
        raise NotFoundError("there is no such webhook")
    return found


def _row(services: Services, viewer: Viewer, webhook: Webhook, state: State | None) -> Row:
    word = "ok" if state is None else "disabled" if state.disabled_ms else "failing" if state.failures else "ok"
    behind = 0 if state is None or word == "ok" else max(0, services.journal.last_seq - state.cursor)
    return Row(webhook, place_name(viewer.catalogue, webhook.target), state, word, behind)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _zone(viewer: Viewer, webhook: Webhook) -> str:
    site = viewer.catalogue.site_of_target(webhook.target)
    return "UTC" if site is None else site.timezone


def _instant(form: Form, name: str, zone: str) -> int | None:
    """A local time as browsers write it; UTC milliseconds."""
    text = form.text(name, most=30)
    if name in form.errors:
        return None
    try:
        return to_utc(datetime.fromisoformat(text), zone)
    except ValueError:
        form.errors[name] = "a time such as 2026-03-29T10:00"
    except InvalidInputError as error:
        form.errors[name] = error.message
    return None


def _page(  # noqa: PLR0913  # what a page shows
    request: WebRequest,
    services: Services,
    viewer: Viewer,
    number: int,
    form: Form,
    *,
    before: int | None = None,
    status: int = 200,
) -> Page:
    found = _found(viewer, number)
    ledger = services.webhooks.ledger
    attempts: list[tuple[int, Attempt]] = ledger.attempts(number, before=before, limit=_PAGE_ROWS + 1)
    return page(
        request,
        "webhooks/one.html",
        title="Webhook",
        status=status,
        row=_row(services, viewer, found, ledger.states().get(number)),
        what=WHAT,
        zone=_zone(viewer, found),
        attempts=attempts[:_PAGE_ROWS],
        older=attempts[_PAGE_ROWS - 1][0] if len(attempts) > _PAGE_ROWS else None,
        replays=ledger.replays(number)[:10],
        form=form,
    )


def _form(request: WebRequest, viewer: Viewer, form: Form, status: int = 200) -> Page:
    return page(
        request,
        "webhooks/new.html",
        title="New webhook",
        status=status,
        form=form,
        places=places(viewer, _LEVELS),
        what=list(WHAT.items()),
    )


ROUTES = [
    webhooks_page,
    webhook_form,
    create_webhook,
    webhook_page,
    replay_webhook,
    resume_webhook,
    remove,
]
