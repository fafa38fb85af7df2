"""Requests to each dialect about places that their reader has, over the last two whole days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from passerby.catalogue.model import DialectName, Site

_DAYS = 2
_MOST_SITES = 3
_SEEMETRIX_TIME = "%Y/%m/%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class ReadyRequest:
    """One request, without what proves who asks: that depends on the dialect.

    `name` is stable. `query` pairs are not yet encoded. `body` is sent as JSON.
    """

    name: str
    dialect: DialectName
    title: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None

    @property
    def method(self) -> str:
        """POST when there is something to send, else GET."""
        return "GET" if self.body is None else "POST"

    @property
    def query_string(self) -> str:
        """The query, encoded; colons stay, as vendors' documents write times with them."""
        return urlencode(self.query, safe=":/")

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{self.query_string}" if self.query else self.path


def ready_requests(account_id: int, sites: Sequence[Site], now: datetime) -> list[ReadyRequest]:
    """Requests about these sites, of which the first ones are named; `now` has an offset. Without a site, fewer."""
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = _Days(today - timedelta(days=_DAYS), today)
    numbers = [site.id for site in sites][:_MOST_SITES]
    return [
        *_native(numbers, days),
        *_analytiks(numbers, days),
        *_camlytics(numbers),
        *_quividi(numbers, days),
        *_seemetrix(account_id, days),
    ]


@dataclass(frozen=True, slots=True)
class _Days:
    start: datetime
    end: datetime

    def start_as(self, form: str) -> str:
        return self.start.strftime(form)

    def end_as(self, form: str) -> str:
        return self.end.strftime(form)

    @property
    def last_as_iso(self) -> str:
        """The last second."""
        return (self.end - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")


def _native(sites: Sequence[int], days: _Days) -> Iterator[ReadyRequest]:
    if sites:
        question = (
            ("metric", "visits"),
            ("site", str(sites[0])),
            ("start", days.start_as("%Y-%m-%dT%H:%M:%S")),
            ("end", days.end_as("%Y-%m-%dT%H:%M:%S")),
            ("bucket", "1h"),
            ("timezone", "site"),
        )
        yield ReadyRequest("passerby-metrics", "native", "Passerby, metrics", "/v1/metrics", question)
    yield ReadyRequest("passerby-live", "native", "Passerby, live numbers", "/v1/live")


def _analytiks(sites: Sequence[int], days: _Days) -> Iterator[ReadyRequest]:
    # Local time of each location: no offset.
    export = {
        "startDate": days.start_as("%Y-%m-%dT%H:%M:%S.000"),
        "endDate": days.end_as("%Y-%m-%dT%H:%M:%S.000"),
        "interval": "hourly",
        "locations": list(sites),
    }
    if sites:
        yield ReadyRequest("analytiks-json", "analytiks", "Analytiks, JSON export", "/json/v1", body=export)
        yield ReadyRequest("analytiks-wifi", "analytiks", "Analytiks, WiFi export", "/wifi/json/v4", body=export)
    query = {"query": "{ locationList { id name referenceId } }"}
    yield ReadyRequest("analytiks-graphql", "analytiks", "Analytiks, GraphQL", "/v1/graphql", body=query)


def _camlytics(sites: Sequence[int]) -> Iterator[ReadyRequest]:
    service = "/service/api/v1"
    yield ReadyRequest("camlytics-locations", "camlytics", "Camlytics, locations", f"{service}/locations")
    if sites:
        last = (("location_id", str(sites[0])), ("limit", "3"), ("order", "DESC"))
        yield ReadyRequest("camlytics-events", "camlytics", "Camlytics, the last events", f"{service}/events", last)


def _quividi(sites: Sequence[int], days: _Days) -> Iterator[ReadyRequest]:
    yield ReadyRequest("quividi-locations", "quividi", "Quividi, locations", "/api/v1/locations/")
    if sites:
        viewers = (
            ("sites", str(sites[0])),
            ("data_type", "viewers"),
            ("time_resolution", "1h"),
            ("start", days.start_as("%Y-%m-%dT%H:%M:%S")),
            ("end", days.last_as_iso),
        )
        yield ReadyRequest("quividi-data", "quividi", "Quividi, data export", "/api/v1/data/", viewers)


def _seemetrix(account_id: int, days: _Days) -> Iterator[ReadyRequest]:
    counters = f"/api/user/{account_id}/counters"
    yield ReadyRequest("seemetrix-counters", "seemetrix", "Seemetrix, counters", counters)
    span = (("b", days.start_as(_SEEMETRIX_TIME)), ("e", days.end_as(_SEEMETRIX_TIME)), ("tzo", "0"))
    by_day = f"/api/v2/statistics/user/{account_id}/dates/genders/"
    yield ReadyRequest("seemetrix-unified", "seemetrix", "Seemetrix, views by day and gender", by_day, span)
    hours = f"/api/statistics/user/{account_id}/"
    yield ReadyRequest("seemetrix-hours", "seemetrix", "Seemetrix, views by hour", hours, (*span, ("hour", "1")))
