"""What a request asks: typed, checked, and nothing looked up yet.

Every method takes the parameters that make sense for it and refuses others, so that a misspelt filter never answers
with more than was meant. `nonce` is every method's; `auth` has read it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import parse_qsl

from passerby.dialects.camlytics.codes import CamlyticsError, Code
from passerby.dialects.camlytics.events import NO_TRIGGER

# The parameters of each method beside `nonce`, in the order in which the page and the OpenAPI document list them.
_LISTED = ("limit", "order")
_FILTERS = ("location_id", "channel_id", "trigger_id", "event_type", "origin", "since", "until", "since_id")
METHODS: dict[str, tuple[str, ...]] = {
    "locations": ("location_id", *_LISTED),
    "channels": ("location_id", "channel_id", *_LISTED),
    "triggers": ("location_id", "channel_id", "trigger_id", *_LISTED),
    "events": (*_FILTERS, *_LISTED),
    "totals/triggers": _FILTERS,
    "totals/types": _FILTERS,
    "histograms": ("location_id", "channel_id", "trigger_id", "since", "until", *_LISTED),
}
LARGEST = 2**53 - 1
# Instants outside these years mean nothing to anybody who counts people.
YEARS = range(1970, 2200)

_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})", re.ASCII | re.IGNORECASE
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request's parameters; None is not given. Times are UTC ms: since <= time < until. `limit` None: everything."""

    location_id: int | None = None
    channel_id: str | None = None
    trigger_id: str | None = None
    event_type: str | None = None
    origin: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    since_id: int | None = None
    limit: int | None = None
    descending: bool = False

    @property
    def without_trigger(self) -> bool:
        """Whether only events that no trigger brought about are asked for."""
        return self.trigger_id == NO_TRIGGER


def read(method: str, query: bytes) -> Asked:
    """The checked parameters of a method; raises CamlyticsError."""
    known = METHODS[method]
    given: dict[str, str] = {}
    for name, value in _pairs(query):
        if name not in (*known, "nonce"):
            there_are = ", ".join((*known, "nonce"))
            raise CamlyticsError(Code.UNKNOWN_PARAMETER, f"{name[:64]}: no such parameter; there are: {there_are}")
        if name in given:
            raise CamlyticsError(Code.REPEATED_PARAMETER, f"{name}: given more than once")
        given[name] = value
    read_values = {
        field: _value(name, given[name], convert)
        for name, (field, convert) in _READERS.items()
        if name in given and name in known
    }
    asked = Asked(**read_values)  # type: ignore[arg-type]  # `_READERS` pairs each field with what makes its type
    if asked.since_ms is not None and asked.until_ms is not None and asked.since_ms > asked.until_ms:
        raise CamlyticsError(Code.WRONG_VALUE, "until: expected a time that is not before since")
    return asked


def _pairs(query: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise CamlyticsError(Code.WRONG_VALUE, "the query is not percent-encoded UTF-8") from None


def _value(name: str, text: str, convert: Callable[[str], object]) -> object:
    try:
        return convert(text)
    except ValueError as error:
        raise CamlyticsError(Code.WRONG_VALUE, f"{name}: {error}") from None


def _integer(text: str, minimum: int = 0) -> int:
    if re.fullmatch(r"[0-9]{1,16}", text) is None or not minimum <= int(text) <= LARGEST:
        raise ValueError(f"expected an integer >= {minimum}")
    return int(text)


def _text(text: str, longest: int = 256) -> str:
    if not 1 <= len(text) <= longest:
        raise ValueError(f"expected a text of 1 to {longest} characters")
    return text


def _order(text: str) -> bool:
    if text.upper() not in ("ASC", "DESC"):
        raise ValueError("expected ASC or DESC")
    return text.upper() == "DESC"


def _time(text: str) -> int:
    """The first whole UTC millisecond that is not before a time."""
    # A plus that was not percent-encoded arrives as a space.
    found = _TIME.fullmatch(re.sub(r" (?=\d{2}:?\d{2}$)", "+", text))
    if found is None:
        raise ValueError("expected a time with offset, such as 2020-10-13T06:12:00.000+01:00 or 2020-10-12T14:00:00Z")
    date, clock, fraction, offset = found.groups()
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}{offset.upper()}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such time") from None
    if moment.year not in YEARS:
        raise ValueError(f"expected a year from {YEARS[0]} to {YEARS[-1]}")
    nanoseconds = int((fraction or "0").ljust(9, "0"))
    return (moment - _EPOCH) // timedelta(milliseconds=1) - (-nanoseconds // 1_000_000)


_READERS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "location_id": ("location_id", _integer),
    "channel_id": ("channel_id", _text),
    "trigger_id": ("trigger_id", _text),
    "event_type": ("event_type", partial(_text, longest=64)),
    "origin": ("origin", _text),
    "since": ("since_ms", _time),
    "until": ("until_ms", _time),
    "since_id": ("since_id", _integer),
    "limit": ("limit", partial(_integer, minimum=1)),
    "order": ("descending", _order),
}
