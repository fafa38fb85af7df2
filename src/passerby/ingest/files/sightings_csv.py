"""`sightings-csv`: which WiFi devices a sensor heard: columns at, device, rssi, optionally sensor, zone, randomized.

`at` may also be called time, datetime or timestamp, and `device` mac or src: so recordings of probe requests as
sniffers write them are read as they are; `--columns` renames anything else. A time is RFC 3339, a local time of
`--timezone`, or a number of seconds (or milliseconds) since 1970. Columns that mean nothing here are not sent, such
as the names of networks that devices look for.

When all files have been read, the sessions that they made end: nothing more will come. `--keep-open` leaves that to
the last of several imports of one site.

**Local times that occur twice** (clocks go back) mean the first occurrence until the file has gone past it by half of
what is repeated, and then the second. Once it has reached the second, only what would lie a few minutes before the
line before it still means the first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from passerby import calendar
from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Format, Options, Parcel, Tally, parcels, sensor_of
from passerby.ingest.files.text import CellError, number, records, rows
from passerby.observations import Reported, milliseconds
from passerby.sightings.sighting import Sighting

_REQUIRED = ("at", "device", "rssi")
_OPTIONAL = ("sensor", "zone", "randomized")
_ALSO = {"at": ("time", "datetime", "timestamp"), "device": ("mac", "src")}
_FLAGS = {"": None, "1": True, "true": True, "0": False, "false": False}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Numbers of seconds are smaller until the year 5138, numbers of milliseconds larger since 1973.
_SECONDS_BELOW = 1e11
_LONGEST_GAP_MS = 3_600_000  # of `wifi_session_gap_s`
_LATEST_MS = 4_102_444_800_000  # 2100-01-01
_OUT_OF_ORDER_MS = 300_000  # how far a file is taken to go back, once it has reached the second of two hours


def read(path: Path, options: Options, tally: Tally) -> Iterator[Parcel]:
    """The sightings of a file."""
    return parcels(sightings(path, options, tally), "sightings")


def sightings(path: Path, options: Options, tally: Tally) -> Iterator[tuple[str, Reported]]:
    """(place, sighting) of each row that can be read."""
    clock = Clock(options.timezone)
    for place, cells in records(path, tally, _REQUIRED, _OPTIONAL, _columns(path, options.columns)):
        try:
            sighting = _sighting(cells, options, clock)
        except CellError as error:
            tally.reject(place, str(error))
            continue
        except InvalidInputError as error:
            raise InvalidInputError(error.message, place) from None
        newest = tally.newest.get(sighting.sensor, 0)
        tally.newest[sighting.sensor] = max(newest, milliseconds(sighting.at))
        yield place, sighting


def finish(options: Options, tally: Tally) -> Iterator[Parcel]:
    """What says that the sightings of these sensors are complete."""
    if tally.newest and not options.keep_open:
        newest_ms = max(tally.newest.values()) + 1
        # What an earlier import with --keep-open left may end a little later; what is heard right now must not end.
        until_ms = max(newest_ms, min(newest_ms, time.time_ns() // 1_000_000 - 2 * _LONGEST_GAP_MS) + _LONGEST_GAP_MS)
        for sensor in tally.newest:
            yield Parcel(b"[]", "application/json", (), route="sightings", until_ms=until_ms, sensors=[sensor])


def _columns(path: Path, renamed: Mapping[str, str]) -> dict[str, str]:
    """What the file calls its columns, where it does not say so and the header has one of the usual names."""
    _, header = next(rows(path, Tally()), (1, []))
    present = {name.lower() for name in header}
    found = dict(renamed)
    for column, others in _ALSO.items():
        usual = next((name for name in others if name in present), None)
        if column not in found and column not in present and usual is not None:
            found[column] = usual
    return found


def _sighting(cells: list[str], options: Options, clock: Clock) -> Sighting:
    at_text, device, rssi_text, sensor_text, zone_text, randomized_text = cells
    if not device:
        raise CellError("device: is empty")
    randomized = randomized_text.lower()
    if randomized not in _FLAGS:
        raise CellError("randomized: expected true or false, or 1 or 0")
    return Sighting(
        sensor=_reference(sensor_text) if sensor_text else sensor_of(options),
        at=_EPOCH + timedelta(milliseconds=clock.instant(at_text)),
        device=device,
        rssi=round(number(rssi_text, "rssi")),
        zone=_reference(zone_text) if zone_text else None,
        randomized=_FLAGS[randomized],
    )


def _reference(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


@dataclass(slots=True)
class Clock:
    """Turns the times of a file into instants (UTC milliseconds), row by row."""

    timezone: str | None
    _last_ms: int = 0

    def instant(self, text: str) -> int:
        """The instant of a cell. Raises CellError, and InvalidInputError for a local time of no known zone."""
        instant_ms = self._instant(text)
        if not 0 <= instant_ms < _LATEST_MS:
            raise CellError("at: expected a time from 1970 to 2099")
        self._last_ms = instant_ms
        return instant_ms

    def _instant(self, text: str) -> int:
        try:
            value = float(text)
        except ValueError:
            return self._time(text)
        if not math.isfinite(value):
            raise CellError("at: expected a time")
        return round(value * 1000 if abs(value) < _SECONDS_BELOW else value)

    def _time(self, text: str) -> int:
        try:
            time = datetime.fromisoformat(text)
        except ValueError:
            raise CellError("at: expected a time such as 2026-03-29T01:30:00+01:00, or seconds since 1970") from None
        if time.tzinfo is not None:
            return milliseconds(time)
        if self.timezone is None:
            raise InvalidInputError("the time has no offset; give the zone of the times with --timezone")
        first = calendar.to_utc(time, self.timezone)
        second = calendar.to_utc(time, self.timezone, second=True)
        if second == first:
            return first
        last = datetime.fromtimestamp(self._last_ms / 1000, calendar.zone(self.timezone))
        patience_ms = _OUT_OF_ORDER_MS if last.fold else (second - first) // 2
        return second if self._last_ms > first + patience_ms else first


FORMAT = Format(
    name="sightings-csv",
    description="WiFi sightings: columns at, device, rssi, optionally sensor, zone, randomized",
    read=read,
    columns=(*_REQUIRED, *_OPTIONAL),
    finish=finish,
)
