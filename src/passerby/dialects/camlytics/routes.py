"""The routes of the dialect: seven signed methods under `/service/api/v1`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

import pyarrow as pa
from litestar import MediaType, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from passerby.acting import acting
from passerby.api.streaming import streamed
from passerby.catalogue.model import Catalogue, Credential, Zone
from passerby.dialects.camlytics import openapi, places, requests, shapes
from passerby.dialects.camlytics.auth import Gate, Signed
from passerby.dialects.camlytics.codes import CamlyticsError, Code, failed, http_refused, refused
from passerby.dialects.camlytics.events import Document, Names, documents_of
from passerby.dialects.camlytics.places import Places
from passerby.dialects.camlytics.reading import Reading
from passerby.dialects.camlytics.requests import Asked
from passerby.errors import PasserbyError
from passerby.metrics.histograms import HOUR_MS, Histogram, Histograms, floor_hour
from passerby.services import Services

PREFIX = "/service/api/v1"
# Empty hours are listed too where a range is asked for, of every zone: nobody wants them of more than a year.
MAX_HOURS = 366 * 24
_HASH_SECRET = "camlytics location hash"  # noqa: S105 - the purpose from which the secret is derived, not the secret
_BATCH = 1000
_gate = Gate()

T = TypeVar("T")

AnyRequest = Request[object, object, State]


@dataclass(frozen=True, slots=True)
class Question:
    """One request that was let in; it sees one state of the catalogue from beginning to end."""

    services: Services
    catalogue: Catalogue
    credential: Credential
    asked: Asked
    places: Places

    @classmethod
    def open(cls, request: AnyRequest, services: Services, method: str) -> Question:
        """Let a request in and understand it; raises CamlyticsError."""
        scope = request.scope
        head = request.headers
        signed = Signed(head.get("X-Key"), head.get("X-Sign"), scope["raw_path"], scope["query_string"])
        credential = acting() or _gate.admit(services.catalogue, services.data, signed)
        asked = requests.read(method, scope["query_string"])
        catalogue = services.catalogue.current()
        return cls(services, catalogue, credential, asked, places.find(catalogue, credential, asked))

    def cut(self, rows: Sequence[T]) -> Sequence[T]:
        """A list in the order asked for, as far as it was asked for."""
        return (rows[::-1] if self.asked.descending else rows)[: self.asked.limit]


def locations(question: Question) -> Iterator[Sequence[Document]]:
    """The locations that the key sees."""
    secret = question.services.catalogue.server_secret(_HASH_SECRET)
    now = datetime.now(UTC)
    yield [shapes.location(site, secret, now) for site in question.cut(question.places.sites)]


def channels(question: Question) -> Iterator[Sequence[Document]]:
    """The sensors of these locations."""
    yield [shapes.channel(sensor) for sensor in question.cut(question.places.sensors)]


def triggers(question: Question) -> Iterator[Sequence[Document]]:
    """The lines and zones of these channels."""
    yield [shapes.trigger(*pair) for pair in question.cut(list(question.places.triggers()))]


def events(question: Question) -> Iterator[Sequence[Document]]:
    """What happened, in order of arrival."""
    names = Names(question.catalogue)
    for table in Reading(question.services.store, question.places, question.asked).events():
        yield list(documents_of(table, names))


def totals_by_trigger(question: Question) -> Iterator[Sequence[Document]]:
    """How many events each trigger brought about."""
    yield shapes.totals_by_trigger(_totals(question, "triggers"), question.catalogue)


def totals_by_type(question: Question) -> Iterator[Sequence[Document]]:
    """How many events of each type there were, by channel."""
    yield shapes.totals_by_type(_totals(question, "types"), question.catalogue)


def histograms(question: Question) -> Iterator[Sequence[Document]]:
    """How many were in each zone for how long, by hour; only hours with somebody unless a range is asked for."""
    asked = question.asked
    pairs = [(sensor, part) for sensor, part in question.places.triggers() if isinstance(part, Zone)]
    found = Histograms.of(question.services.store, question.catalogue, [zone for _, zone in pairs])
    span = _span(found, asked)
    if span is None:
        return
    if asked.since_ms is not None and (span[1] - span[0]) // HOUR_MS > MAX_HOURS:
        raise CamlyticsError(Code.WRONG_VALUE, f"until: expected at most {MAX_HOURS // 24} days after since")
    everything = asked.since_ms is not None or asked.until_ms is not None
    rows = (one for one in found.hours(*span, descending=asked.descending) if everything or not one.empty)
    chosen: Iterator[Histogram] = islice(rows, asked.limit)
    while batch := [shapes.histogram(one, *pairs[one.zone]) for one in islice(chosen, _BATCH)]:
        yield batch


def _span(found: Histograms, asked: Asked) -> tuple[int, int] | None:
    """The whole hours that hold any of the range asked for; an end that was not given is where anybody was."""
    since, until = asked.since_ms, asked.until_ms
    if since is None:
        extent = found.extent()
        if extent is None:
            return None
        return extent[0], extent[1] if until is None else _ceiling_hour(until)
    return floor_hour(since), _ceiling_hour(int(time.time() * 1000) if until is None else until)


def _ceiling_hour(instant_ms: int) -> int:
    return floor_hour(instant_ms + HOUR_MS - 1)


def _totals(question: Question, name: str) -> pa.Table:
    return Reading(question.services.store, question.places, question.asked).totals(name)


_METHODS: dict[str, Callable[[Question], Iterator[Sequence[Document]]]] = {
    "locations": locations,
    "channels": channels,
    "triggers": triggers,
    "events": events,
    "totals/triggers": totals_by_trigger,
    "totals/types": totals_by_type,
    "histograms": histograms,
}


def _route(method: str) -> HTTPRouteHandler:
    batches = _METHODS[method]

    @get(
        f"/{method}",
        name=f"camlytics {method}",
        operation_class=openapi.operation(method),
        description=batches.__doc__,
        summary=f"Camlytics: {method}",
    )
    async def handler(request: AnyRequest, services: NamedDependency[Services]) -> Stream:
        question = await asyncio.to_thread(Question.open, request, services, method)
        return await streamed(shapes.pieces(batches(question)), MediaType.JSON, {"Cache-Control": "no-store"})

    return handler


@get(["/", "/{rest:path}"], include_in_schema=False, sync_to_thread=False)
def unknown(request: AnyRequest) -> Response[bytes]:
    """Whatever else is asked for."""
    raise CamlyticsError(Code.UNKNOWN_METHOD, f"there is no method {request.url.path}")


router = Router(
    PREFIX,
    route_handlers=[*map(_route, _METHODS), unknown],
    exception_handlers={HTTPException: http_refused, PasserbyError: refused, Exception: failed},
    tags=["Camlytics"],
)
