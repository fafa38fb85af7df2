"""What a request of the exports asks: typed, checked, and nothing looked up yet.

Fields that the document does not have are ignored and null is the same as absent, because programs written for the
original must run unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from passerby.dialects.analytiks.pages import Page
from passerby.errors import InvalidInputError

MAX_DAYS = 5
MAX_LOCATIONS = 50
# Instants outside these years overflow somewhere on the way through time zones; nobody counted people then.
YEARS = range(1970, 2199)

Number = Annotated[int, Meta(ge=0, le=2**53)]
Reference = Annotated[str, Meta(min_length=1, max_length=256)]

_ISO = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(\.\d{1,9})?(Z?)", re.ASCII)
_MISSING = re.compile(r"Object missing required field `(\w+)`")
_PATH = re.compile(r"(.*) - at `\$\.?(.*)`")

T = TypeVar("T")


class BatchBody(msgspec.Struct, rename="camel", kw_only=True):
    """Body of all versions but v3: either `locations`, or `brandId` and `referenceNumbers`."""

    start_date: Annotated[str, Meta(examples=["2023-06-08T11:30:00.000Z"])]
    end_date: Annotated[str, Meta(examples=["2023-06-08T23:45:00.000Z"])]
    interval: str | None = None
    locations: Annotated[list[Number], Meta(min_length=1)] | None = None
    brand_id: Number | None = None
    reference_numbers: Annotated[list[Reference], Meta(min_length=1)] | None = None


class ZonedBatchBody(BatchBody, rename="camel", kw_only=True):
    """The same of a page that can be asked by zone: or `zoneId`, with nothing beside it."""

    zone_id: Annotated[Reference, Meta(examples=["11111111-1111-1111-1111-111111111111"])] | None = None


class BrandBody(msgspec.Struct, rename="camel", kw_only=True):
    """Body of v3: a brand, and the cursor of the last answer. `locations` and `referenceNumbers` are refused."""

    start_date: Annotated[str, Meta(examples=["2023-06-08T11:30:00.000"])]
    end_date: Annotated[str, Meta(examples=["2023-06-08T23:45:00.000"])]
    interval: str | None = None
    brand_id: Number
    cursor: str | None = None
    locations: list[Number] | None = None
    reference_numbers: list[Reference] | None = None


class ZonedBrandBody(BrandBody, rename="camel", kw_only=True):
    """The same of a page that can be asked by zone, which v3 cannot: `zoneId` is refused too."""

    zone_id: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The asked time: both ends as read from a clock, which is either UTC or that of each location."""

    start: datetime
    end: datetime
    utc: bool


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A checked request of v1, v2 or v4.

    Either `locations`, or `brand_id` and `references`, each once, in order; or `zone`.
    """

    period: Period
    interval: str
    locations: tuple[int, ...]
    brand_id: int | None
    references: tuple[str, ...]
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class BrandRequest:
    """A checked request of v3."""

    period: Period
    interval: str
    brand_id: int
    cursor: str | None

    @property
    def question(self) -> tuple[object, ...]:
        """What a cursor belongs to."""
        period = self.period
        return (self.brand_id, period.start.isoformat(), period.end.isoformat(), period.utc, self.interval)


def batch_request(body: bytes, page: Page, *, quarters: bool) -> BatchRequest:
    """The request of v1, v2 or v4; `quarters` = 15-minute intervals are enabled. Raises InvalidInputError."""
    parsed = decode(body, ZonedBatchBody if page.by_zone else BatchBody)
    period = _period(parsed.start_date, parsed.end_date)
    interval = _interval(parsed.interval, page, quarters=quarters)
    if isinstance(parsed, ZonedBatchBody) and parsed.zone_id is not None:
        if (parsed.locations, parsed.brand_id, parsed.reference_numbers) != (None, None, None):
            raise InvalidInputError("give zoneId alone: without locations, brandId and referenceNumbers", "zoneId")
        return BatchRequest(period, interval, (), None, (), parsed.zone_id)
    if parsed.locations is not None:
        if parsed.brand_id is not None or parsed.reference_numbers is not None:
            raise InvalidInputError("give either locations, or brandId and referenceNumbers, not both", "locations")
        locations = _each_once(parsed.locations, "locations")
        return BatchRequest(period, interval, locations, None, ())
    if parsed.reference_numbers is None and parsed.brand_id is None:
        zone = ", or zoneId" if page.by_zone else ""
        raise InvalidInputError(f"missing; give locations, or brandId and referenceNumbers{zone}", "locations")
    if parsed.brand_id is None:
        raise InvalidInputError("missing; referenceNumbers are looked up within a brand", "brandId")
    if parsed.reference_numbers is None:
        raise InvalidInputError("missing; needed beside brandId (v3 exports a whole brand)", "referenceNumbers")
    references = _each_once(parsed.reference_numbers, "referenceNumbers")
    return BatchRequest(period, interval, (), parsed.brand_id, references)


def brand_request(body: bytes, page: Page, *, quarters: bool) -> BrandRequest:
    """The request of v3; `quarters` = 15-minute intervals are enabled. Raises InvalidInputError."""
    parsed = decode(body, ZonedBrandBody if page.by_zone else BrandBody)
    narrowing: dict[str, object] = {"locations": parsed.locations, "referenceNumbers": parsed.reference_numbers}
    if isinstance(parsed, ZonedBrandBody):
        narrowing["zoneId"] = parsed.zone_id
    for name, given in narrowing.items():
        if given is not None:
            raise InvalidInputError("v3 exports the whole brand; use v1 or v2 for some of its locations", name)
    period = _period(parsed.start_date, parsed.end_date)
    interval = _interval(parsed.interval, page, quarters=quarters)
    return BrandRequest(period, interval, parsed.brand_id, parsed.cursor)


def decode(body: bytes, form: type[T]) -> T:
    """The JSON object in `body` as `form`; raises InvalidInputError naming the field."""
    try:
        return msgspec.json.decode(body, type=form)
    except msgspec.ValidationError as error:
        message, path = str(error), ""
        if found := _MISSING.match(message):
            message, path = "missing", found[1]
        elif found := _PATH.fullmatch(message):
            message, path = found[1], found[2]
        raise InvalidInputError(message[0].lower() + message[1:], path) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"the body is not valid JSON: {error}") from None


def _period(start_text: str, end_text: str) -> Period:
    start, start_fraction, start_utc = _instant(start_text, "startDate")
    end, end_fraction, end_utc = _instant(end_text, "endDate")
    if start_utc != end_utc:
        raise InvalidInputError("send it like startDate: both with a final Z (UTC), or both without (local)", "endDate")
    if (end, end_fraction) < (start, start_fraction):
        raise InvalidInputError("lies before startDate", "endDate")
    if (end - timedelta(days=MAX_DAYS), end_fraction) > (start, start_fraction):
        raise InvalidInputError(f"lies more than {MAX_DAYS} days after startDate; ask in parts", "endDate")
    return Period(start, end, start_utc)


def _instant(text: str, field: str) -> tuple[datetime, str, bool]:
    """The whole second, the digits of its fraction, and whether it is UTC. No bucket begins inside a second."""
    match = _ISO.fullmatch(text)
    if match is None:
        raise InvalidInputError("expected the form 2023-06-08T11:30:00.000, with a final Z for UTC", field)
    try:
        instant = datetime.fromisoformat(match[1])
    except ValueError as error:
        raise InvalidInputError(f"no such date or time: {error}", field) from None
    if instant.year not in YEARS:
        raise InvalidInputError(f"expected a year from {YEARS[0]} to {YEARS[-1]}", field)
    return instant, (match[2] or "")[1:].ljust(9, "0"), bool(match[3])


def _interval(given: str | None, page: Page, *, quarters: bool) -> str:
    names = list(page.intervals)
    name = names[0] if given is None else given
    if name not in page.intervals:
        raise InvalidInputError(f"expected {' or '.join(names)}", "interval")
    if name == "15min" and not quarters:
        raise InvalidInputError("15min is not enabled for this account (setting analytiks_15min)", "interval")
    return name


def _each_once(given: Sequence[T], field: str) -> tuple[T, ...]:
    once = tuple(dict.fromkeys(given))
    if len(once) > MAX_LOCATIONS:
        raise InvalidInputError(f"at most {MAX_LOCATIONS} locations can be requested at once, got {len(once)}", field)
    return once
