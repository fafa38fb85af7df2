"""`/v1/webhooks`: which there are and how they fare, what was sent, sending a range of time again."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from passerby.api.filters import BEGINNING_MS, END_MS, instant
from passerby.api.native import native_router
from passerby.catalogue.model import Catalogue, Credential, Webhook
from passerby.catalogue.view import place
from passerby.errors import InvalidInputError, NotFoundError
from passerby.services import Services
from passerby.webhooks.ledger import Replay, State

_ADMIN = {"scope": "admin"}
_ID = Annotated[int, PathParameter(description="The number of the webhook.")]


class WebhookView(msgspec.Struct):
    """A webhook and how it fares. Never its secret; `signed`: whether it has one."""

    id: int
    url: str
    what: str
    place: dict[str, int | str]
    every_s: float
    signed: bool
    state: str
    reason: str | None
    failures: int
    failing_since: datetime | None
    next_attempt: datetime | None
    waiting_rows: int


class AttemptView(msgspec.Struct):
    """One attempt: when, what, and what came of it. `replay` of those that a person asked for."""

    id: int
    at: datetime
    message: str
    events: int
    replay: int | None
    delivered: bool
    status: int | None
    outcome: str
    took_ms: int


class AttemptsView(msgspec.Struct):
    """A page, newest first. `next` is the `before` of the next page; null when this is the last."""

    deliveries: list[AttemptView]
    next: int | None


class ReplayRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Which events to send again: those that happened in [start, end)."""

    start: datetime
    end: datetime


class ReplayView(msgspec.Struct):
    """A range of time that is sent again, and how many events were so far."""

    id: int
    asked: datetime
    start: datetime
    end: datetime
    sent: int
    finished: datetime | None


class ResumeRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`skip`: leave out what was missed, go on with what arrives from now on."""

    skip: bool = False


@get("/", summary="Webhooks and how they fare", opt=_ADMIN, sync_to_thread=True)
def webhooks(services: NamedDependency[Services], credential: NamedDependency[Credential]) -> list[WebhookView]:
    """`state`: ok, failing (it is tried again at `next_attempt`) or disabled (`reason` says why)."""
    catalogue = services.catalogue.current()
    states = services.webhooks.ledger.states()
    seen = (one for one in catalogue.webhooks.values() if _may_see(catalogue, credential, one))
    return [_view(one, states.get(one.id), services.journal.last_seq) for one in seen]


@get("/{webhook_id:int}/deliveries", summary="What a webhook was sent", opt=_ADMIN, sync_to_thread=True)
def deliveries(
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    webhook_id: _ID,
    before: Annotated[int | None, QueryParameter(description="The `next` of the page before.", ge=0, le=2**62)] = None,
    limit: Annotated[int, QueryParameter(description="Attempts of a page.", ge=1, le=1000)] = 100,
) -> AttemptsView:
    """The last attempts, at most a thousand of each webhook are kept."""
    _found(services, credential, webhook_id)
    rows = services.webhooks.ledger.attempts(webhook_id, before=before, limit=limit + 1)
    page = [
        AttemptView(
            number,
            _time(one.at_ms),
            one.message,
            one.events,
            one.replay_id,
            one.delivered,
            one.status,
            one.outcome,
            one.took_ms,
        )
        for number, one in rows[:limit]
    ]
    return AttemptsView(page, page[-1].id if len(rows) > limit else None)


@get("/{webhook_id:int}/replays", summary="Ranges of time that were sent again", opt=_ADMIN, sync_to_thread=True)
def replays(
    services: NamedDependency[Services], credential: NamedDependency[Credential], webhook_id: _ID
) -> list[ReplayView]:
    """The last hundred, newest first."""
    _found(services, credential, webhook_id)
    return [_replay(one) for one in services.webhooks.ledger.replays(webhook_id)]


@post(
    "/{webhook_id:int}/replay", summary="Send a range of time again", opt=_ADMIN, status_code=202, sync_to_thread=True
)
def replay(
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    webhook_id: _ID,
    data: JSONBody[ReplayRequest],
) -> ReplayView:
    """Events that happened in [start, end) and had arrived by now, also those that an import brought.

    They are sent in order of arrival, in turns with what happens meanwhile, under the header `passerby-replay`.
    """
    webhook = _found(services, credential, webhook_id)
    if webhook.what != "events":
        raise InvalidInputError(f"this webhook is told of the {webhook.what} of the moment; there is nothing to repeat")
    start, end = instant(data.start, "start", BEGINNING_MS), instant(data.end, "end", END_MS)
    if end <= start:
        raise InvalidInputError("must be later than start", "end")
    now_ms = time.time_ns() // 1_000_000
    return _replay(services.webhooks.ledger.ask_replay(webhook_id, start, end, services.journal.last_seq, now_ms))


@post("/{webhook_id:int}/resume", summary="Deliver again at once", opt=_ADMIN, status_code=200, sync_to_thread=True)
def resume(
    services: NamedDependency[Services],
    credential: NamedDependency[Credential],
    webhook_id: _ID,
    data: JSONBody[ResumeRequest],
) -> WebhookView:
    """For a webhook that is disabled, or that waits for its next attempt: from where it stopped, unless `skip`."""
    webhook = _found(services, credential, webhook_id)
    last = services.journal.last_seq
    state = services.webhooks.ledger.resume(webhook_id, skip_to=last if data.skip else None)
    return _view(webhook, state, last)


def _may_see(catalogue: Catalogue, credential: Credential, webhook: Webhook) -> bool:
    site = catalogue.site_of_target(webhook.target)
    return site is not None and catalogue.may_see_site(credential, site)


def _found(services: Services, credential: Credential, webhook_id: int) -> Webhook:
    catalogue = services.catalogue.current()
    webhook = catalogue.webhooks.get(webhook_id)
    if webhook is None or not _may_see(catalogue, credential, webhook):
        raise NotFoundError("unknown webhook: none that this key may see has that id")
    return webhook


def _view(webhook: Webhook, state: State | None, last_seq: int) -> WebhookView:
    known = state or State(webhook.id, last_seq, "")
    word = "disabled" if known.disabled_ms is not None else "failing" if known.failures else "ok"
    return WebhookView(
        webhook.id,
        webhook.url,
        webhook.what,
        place(webhook.target),
        webhook.every_s,
        webhook.signed,
        word,
        known.disabled_why,
        known.failures,
        _maybe(known.failing_since_ms),
        _maybe(known.next_attempt_ms),
        max(0, last_seq - known.cursor) if word != "ok" and webhook.what == "events" else 0,
    )


def _replay(one: Replay) -> ReplayView:
    asked, start, end = map(_time, (one.asked_ms, one.start_ms, one.end_ms))
    return ReplayView(one.id, asked, start, end, one.sent, _maybe(one.finished_ms))


def _time(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _maybe(ms: int | None) -> datetime | None:
    return None if ms is None else _time(ms)


router = native_router("/v1/webhooks", [webhooks, deliveries, replays, replay, resume], tags=["Webhooks"])
