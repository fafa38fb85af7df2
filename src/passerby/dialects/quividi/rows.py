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

from passerby.calendar import Calendar, calendar, fixed_days, to_utc
from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.requests import DataRequest, Resolution
from passerby.metrics.compute import compute
from passerby.metrics.places import Floats, Integers, Place
from passerby.store.contract import Store

_FIXED_DAYS = {"7d": 7, "30d": 30}
_TENTH_MS = 100


def location_calendar(resolution: Resolution, zone: str, start: str, end: str) -> Calendar:
    """The buckets of a range in a zone. Its end is a second that still counts, so its bucket is always among them.

    7d and 30d are counted from 1970-01-01.
    """
    first = to_utc(datetime.fromisoformat(start), zone)
    last = to_utc(datetime.fromisoformat(end), zone, second=True) + timedelta(seconds=1) // timedelta(milliseconds=1)
    last = max(last, first + 1)  # both in one gap of the clock
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

    @cached_property
    def texts(self) -> pa.Array:
        """Each as YYYY-MM-DDTHH:MM:SS."""
        return pa.array(np.datetime_as_string(self._unique[0].astype("datetime64[ms]"), unit="s"))


class Table:
    """Rows for `places`, each with every period of its calendar, and the metrics asked of them.

    `numbers` are the ids that the rows carry. Metrics are sums: what is a ratio the shapes take from them.
    """

    def __init__(
        self, places: Sequence[Place], numbers: Sequence[int], calendars: Sequence[Calendar], metrics: Sequence[str]
    ) -> None:
        self.places = places
        self.calendars = calendars
        self._numbers = np.array(numbers, dtype=np.int64)
        self._metrics = {name: index for index, name in enumerate(metrics)}
        self._periods = [Periods(each) for each in calendars]
        self._of = np.array([place.calendar for place in places], dtype=np.int64)
        counts = np.array([len(each) for each in self._periods], dtype=np.int64)[self._of]
        self.offsets = np.concatenate([[0], np.cumsum(counts)])
        self._values: dict[str, Floats] = {}

    def __len__(self) -> int:
        return int(self.offsets[-1])

    def fill(self, store: Store, catalogue: Catalogue) -> None:
        """Compute the metrics."""
        names = list(self._metrics)
        found = compute(store, catalogue, names, self.places, self.calendars)
        row = self.rows_of(found.place, found.bucket)
        for name, index in self._metrics.items():
            mine = found.metric == index
            values: Floats = np.bincount(row[mine], found.value[mine], len(self)).astype(np.float64)
            self._values[name] = values

    def rows_of(self, place: Integers, bucket: Integers) -> Integers:
        """The row of each (place, bucket)."""
        row = self.offsets[place].copy()
        for index, each in enumerate(self._periods):
            mine = self._of[place] == index
            row[mine] += each.of_bucket[bucket[mine]]
        return row

    def __getitem__(self, metric: str) -> Floats:
        """A metric of each row."""
        return self._values[metric]

    @cached_property
    def place(self) -> Integers:
        """The place of each row."""
        return np.repeat(np.arange(len(self.places)), np.diff(self.offsets))

    @property
    def number(self) -> Integers:
        """The id of each row's place."""
        return self._numbers[self.place]

    def any_of(self, flags: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """For each row, whether any row of its place is flagged."""
        touched = np.zeros(len(self.places), dtype=np.bool_)
        touched[self.place[flags]] = True
        result: np.ndarray[tuple[int], np.dtype[np.bool_]] = touched[self.place]
        return result

    def periods(self, separator: str) -> Mapping[str, pa.Array]:
        """`period_start` with `separator` between date and time, and its two halves."""
        texts = [each.texts for each in self._periods]
        whole = pa.concat_arrays([texts[place.calendar] for place in self.places]) if self.places else pa.array([], "")
        date = pa.compute.utf8_slice_codeunits(whole, 0, 10)
        time = pa.compute.utf8_slice_codeunits(whole, 11, 19)
        return {
            "period_start": pa.compute.binary_join_element_wise(date, time, separator),
            "period_start_date": date,
            "period_start_time": time,
        }


def sensor_table(request: DataRequest, catalogue: Catalogue, sensors: Sequence[int], metrics: Sequence[str]) -> Table:
    """One row for each sensor and period; sensors that were deleted meanwhile are left out."""
    known = [sensor for sensor in sensors if sensor in catalogue.sensors]
    zones = {sensor: catalogue.site_of(catalogue.sensors[sensor]).timezone for sensor in known}
    names = sorted(set(zones.values()))
    calendars = [location_calendar(request.time_resolution, name, request.start, request.end) for name in names]
    places = [Place("sensor", sensor, names.index(zones[sensor])) for sensor in known]
    return Table(places, known, calendars, metrics)


def tenths(milliseconds: Floats) -> Integers:
    """Milliseconds as tenths of seconds, rounded half up."""
    return np.floor_divide(milliseconds + _TENTH_MS / 2, _TENTH_MS).astype(np.int64)
