"""The rows of an aggregated export as columns: one row for each location (or site) and period.

A period is named by its floor on the location's wall clock. An hour that the clock shows twice is one period: its two
buckets are added, before ratios are taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from passerby.calendar import Calendar, calendar, fixed_days, to_utc
from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.requests import DataRequest, Resolution
from passerby.metrics.compute import compute_dense
from passerby.metrics.places import Dense, Flags, Floats, Integers, Place
from passerby.store.contract import Store

_FIXED_DAYS = {"7d": 7, "30d": 30}


def local_range(zone: str, start: str, end: str) -> tuple[int, int]:
    """(first instant, first one no longer asked for) in UTC milliseconds; `end` is a second that still counts.

    Of a time that the clock shows twice the whole is meant.
    """
    first = to_utc(datetime.fromisoformat(start), zone)
    last = to_utc(datetime.fromisoformat(end), zone, second=True) + timedelta(seconds=1) // timedelta(milliseconds=1)
    return first, max(last, first + 1)  # in a gap of the clock the end may lie before the start


def location_calendar(resolution: Resolution, zone: str, start: str, end: str) -> Calendar:
    """The buckets of a range in a zone. Its end is a second that still counts, so its bucket is always among them.

    7d and 30d are counted from 1970-01-01.
    """
    first, last = local_range(zone, start, end)
    if resolution in _FIXED_DAYS:
        return fixed_days(_FIXED_DAYS[resolution], zone, first, last)
    return calendar(resolution, zone, first, last)


@dataclass(frozen=True)
class Periods:
    """The named periods of one calendar. `of_bucket`: which period each bucket belongs to."""

    calendar: Calendar

    @cached_property
    def _unique(self) -> tuple[Integers, Integers]:
        floors, of_bucket = np.unique(self.calendar.floors_ms, return_inverse=True)
        return floors, of_bucket.astype(np.int64)

    @property
    def of_bucket(self) -> Integers:
        """The period of each bucket."""
        return self._unique[1]

    def __len__(self) -> int:
        return len(self._unique[0])

    def texts(self, separator: str) -> Mapping[str, pa.Array]:
        """The columns of `Table.periods`, a row for each period."""
        whole = pa.array(np.datetime_as_string(self._unique[0].astype("datetime64[ms]"), unit="s"))
        date, time = pc.utf8_slice_codeunits(whole, 0, 10), pc.utf8_slice_codeunits(whole, 11, 19)
        return {
            "period_start": pc.binary_join_element_wise(date, time, separator),
            "period_start_date": date,
            "period_start_time": time,
        }


class Table:
    """Rows for `places`, each with every period of its calendar, and the metrics filled in for them.

    `numbers` are the location ids of the places, `gates` their lines. Metrics are sums: ratios the shapes take of them.
    """

    def __init__(
        self,
        places: Sequence[Place],
        calendars: Sequence[Calendar],
        numbers: Sequence[int],
        gates: Sequence[int] | None = None,
    ) -> None:
        self.places = places
        self.calendars = calendars
        self._numbers = np.array(numbers, dtype=np.int64)
        self._gates = np.array(gates if gates is not None else numbers, dtype=np.int64)
        self._periods = [Periods(each) for each in calendars]
        self._of = np.array([place.calendar for place in places], dtype=np.int64)
        counts = np.array([len(each) for each in self._periods], dtype=np.int64)[self._of]
        self._offsets = np.concatenate([[0], np.cumsum(counts)])
        self._values: dict[str, Floats] = {}

    def __len__(self) -> int:
        return int(self._offsets[-1])

    def fill(self, store: Store, catalogue: Catalogue, metrics: Sequence[str]) -> None:
        """Compute metrics of the places."""
        self._fill(compute_dense(store, catalogue, metrics, self.places, self.calendars))

    def fill_duration(self, store: Store, catalogue: Catalogue) -> None:
        """Compute how long the sensor of each place observed, where the places are gates."""
        sensors = [
            Place("sensor", number, int(of)) for number, of in zip(self._numbers.tolist(), self._of, strict=True)
        ]
        self._fill(compute_dense(store, catalogue, ["duration"], sensors, self.calendars))

    def _fill(self, found: Dense) -> None:
        """Take what was found in each bucket of each place; buckets that one period is made of are added."""
        for name, values in found.items():
            summed = values if self._row is None else np.bincount(self._row, values, len(self)).astype(np.float64)
            self._values[name] = summed

    @cached_property
    def _row(self) -> Integers | None:
        """The row of each bucket of each place, one after the other; None where each has one of its own."""
        if all((each.of_bucket[1:] > each.of_bucket[:-1]).all() for each in self._periods):
            return None
        of_buckets = [each.of_bucket for each in self._periods]
        counts = np.array([len(each) for each in of_buckets], dtype=np.int64)[self._of]
        row: Integers = np.repeat(self._offsets[:-1], counts) + self._of_places(of_buckets)
        return row

    def rows_of(self, place: Integers, bucket: Integers) -> Integers:
        """The row of each (place, bucket)."""
        row: Integers = self._offsets[place].copy()
        for index, each in enumerate(self._periods):
            mine = self._of[place] == index
            row[mine] += each.of_bucket[bucket[mine]]
        return row

    def rows_of_periods(self, place: Integers, period: Integers) -> Integers:
        """The row of each (place, period)."""
        row: Integers = self._offsets[place] + period
        return row

    def __getitem__(self, metric: str) -> Floats:
        """A metric of each row."""
        return self._values[metric]

    @cached_property
    def place(self) -> Integers:
        """The place of each row."""
        return np.repeat(np.arange(len(self.places)), np.diff(self._offsets))

    @property
    def period(self) -> Integers:
        """The period of each row, counted from the first one of its place."""
        first: Integers = self._offsets[:-1][self.place]
        return np.arange(len(self)) - first

    @property
    def number(self) -> Integers:
        """The location id of each row."""
        return self._numbers[self.place]

    @property
    def gate(self) -> Integers:
        """The line of each row."""
        return self._gates[self.place]

    @property
    def buckets(self) -> Integers:
        """How many buckets each row is made of: two for an hour that the clock shows twice."""
        counts = [np.bincount(each.of_bucket, minlength=len(each)) for each in self._periods]
        return self._of_places(counts)

    def any_of(self, flags: Flags) -> Flags:
        """For each row, whether any row of its place is flagged."""
        touched = np.zeros(len(self.places), dtype=np.bool_)
        touched[self.place[flags]] = True
        result: Flags = touched[self.place]
        return result

    def periods(self, separator: str) -> Mapping[str, pa.Array]:
        """`period_start` with `separator` between date and time, and its two halves."""
        # Made once for each calendar: places only repeat them.
        texts = [each.texts(separator) for each in self._periods]
        return {
            name: pa.concat_arrays([texts[of][name] for of in self._of] or [pa.array([], pa.string())])
            for name in ("period_start", "period_start_date", "period_start_time")
        }

    def _of_places(self, by_calendar: Sequence[Integers]) -> Integers:
        found: Integers = np.concatenate([by_calendar[of] for of in self._of] or [np.zeros(0, dtype=np.int64)])
        return found


def sensor_table(request: DataRequest, catalogue: Catalogue, sensors: Sequence[int]) -> Table:
    """Rows for each sensor; those that were deleted meanwhile are left out."""
    known = [sensor for sensor in sensors if sensor in catalogue.sensors]
    calendars, of = _calendars(request, catalogue, known)
    places = [Place("sensor", sensor, calendar) for sensor, calendar in zip(known, of, strict=True)]
    return Table(places, calendars, known)


def gate_table(request: DataRequest, catalogue: Catalogue, sensors: Sequence[int]) -> Table:
    """Rows for each line of each sensor."""
    known = [sensor for sensor in sensors if sensor in catalogue.sensors]
    calendars, of = _calendars(request, catalogue, known)
    lines = [
        Place("line", (sensor, line), calendar)
        for sensor, calendar in zip(known, of, strict=True)
        for line in sorted(catalogue.sensors[sensor].lines)
    ]
    keys = [place.key for place in lines if isinstance(place.key, tuple)]
    return Table(lines, calendars, [sensor for sensor, _ in keys], [line for _, line in keys])


def _calendars(request: DataRequest, catalogue: Catalogue, sensors: Sequence[int]) -> tuple[list[Calendar], list[int]]:
    """(the calendars of all zones, which of them is each sensor's)."""
    zones = [catalogue.site_of(catalogue.sensors[sensor]).timezone for sensor in sensors]
    names = {name: index for index, name in enumerate(dict.fromkeys(zones))}
    calendars = [location_calendar(request.time_resolution, name, request.start, request.end) for name in names]
    return calendars, [names[zone] for zone in zones]
