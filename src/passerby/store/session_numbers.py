"""The number of each session (view) on its sensor: given once, when the row is stored, and never changed.

A sensor's own number (`View.session`) is kept. Views without one are numbered in the order of their arrival: from 1 on,
as long as the sensor has never sent a number of its own, from `BEYOND` + 1 on once it has. So a number that was given
here meets no number that the sensor gives later, unless the sensor begins to count after others were counted for it: a
number of its own that another view has been given then is treated as none.

What is needed to go on (`Given`) follows from the rows that are stored, in whatever portions they came, so nothing
has to be kept beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# The column of the table of views that holds the numbers. It is the store's own: no sensor sends it.
COLUMN = pa.field("session_number", pa.int64())
# What is known of each sensor, as rows.
COUNTS = pa.schema(
    [
        ("sensor_id", pa.int64()),
        ("plain", pa.int64()),
        ("own", pa.bool_()),
        ("first", pa.int64()),
        ("last", pa.int64()),
    ]
)
# No sensor counts so far; and twice as many still are exact in a program that has floats only.
BEYOND = 4_000_000_000_000_000
_NONE = -1


@dataclass(frozen=True, slots=True)
class Given:
    """The numbers of one sensor so far.

    Attributes:
        plain: how many were given from 1 on.
        own: whether the sensor ever sent a number of its own.
        first: the first that was given beyond `BEYOND`; 0 when none was.
        last: the last beyond `BEYOND`, given or the sensor's own; `BEYOND` when there is none.
    """

    plain: int = 0
    own: bool = False
    first: int = 0
    last: int = BEYOND

    def next(self, session: int | None) -> tuple[int, Given]:
        """The number of the next view, which has this number of its own or none, and what is given then."""
        known = replace(self, own=True) if session is not None else self
        if session is not None and not self._is_given(session):
            return session, replace(known, last=max(self.last, session))
        if not known.own:
            return self.plain + 1, replace(known, plain=self.plain + 1)
        number = self.last + 1
        return number, replace(known, first=self.first or number, last=number)

    def _is_given(self, session: int) -> bool:
        return 1 <= session <= self.plain or (self.first > 0 and self.first <= session <= self.last)


class SessionNumbers:
    """Gives numbers, batch by batch. `given`: what each sensor has so far."""

    def __init__(self, given: Mapping[int, Given]) -> None:
        self._given = dict(given)

    @classmethod
    def of(cls, counts: pa.Table) -> SessionNumbers:
        """Goes on after these: rows as `COUNTS`, 0 or null for what is not given yet."""
        rows = zip(*(counts.column(name).to_pylist() for name in COUNTS.names), strict=True)
        return cls(
            {sensor: Given(plain or 0, own, first or 0, last or BEYOND) for sensor, plain, own, first, last in rows}
        )

    def table(self) -> pa.Table:
        """What is given so far, as `COUNTS`."""
        rows = [(sensor, g.plain, g.own, g.first or None, g.last) for sensor, g in self._given.items()]
        columns = zip(*rows, strict=True) if rows else [()] * len(COUNTS)
        return pa.Table.from_arrays(
            [pa.array(column, field.type) for column, field in zip(columns, COUNTS, strict=True)], schema=COUNTS
        )

    def give(self, views: pa.Table) -> pa.Array:
        """The number of each of the next views, in order of arrival; columns sensor_id and session are read."""
        sensors, of = np.unique(views.column("sensor_id").to_numpy(), return_inverse=True)
        session = pc.fill_null(views.column("session"), _NONE).to_numpy()
        given = [self._given.get(sensor, Given()) for sensor in sensors.tolist()]
        last = np.array([one.last for one in given], dtype=np.int64)
        plain = np.array([one.plain for one in given], dtype=np.int64)
        # From where on each sensor has sent a number of its own.
        begins = np.array([0 if one.own else len(session) for one in given], dtype=np.int64)
        numbered = np.flatnonzero(session != _NONE)
        np.minimum.at(begins, of[numbered], numbered)
        later = np.arange(len(session)) >= begins[of]
        plain_then = plain + np.bincount(of[~later], minlength=len(given))
        beyond = _any(of, session > BEYOND, len(given))  # each of these may move what comes next
        rest = ~beyond[of] & ((session == _NONE) | (later & (session >= 1) & (session <= plain_then[of])))
        numbers = session.copy()
        early, late = rest & ~later, rest & later
        numbers[early] = plain[of[early]] + _places(of[early])
        numbers[late] = last[of[late]] + _places(of[late])
        counts = np.bincount(of[late], minlength=len(given))
        own = begins < len(session)
        for index in np.flatnonzero(~beyond & (own | (plain_then > plain))).tolist():
            more = int(counts[index])
            first = given[index].first or (int(last[index]) + 1 if more else 0)
            state = Given(int(plain_then[index]), bool(own[index]), first, int(last[index]) + more)
            self._given[int(sensors[index])] = state
        for index in np.flatnonzero(beyond).tolist():
            self._given[int(sensors[index])] = _one_by_one(given[index], session, np.flatnonzero(of == index), numbers)
        return pa.array(numbers)


def _one_by_one(given: Given, session: Integers, rows: Integers, numbers: Integers) -> Given:
    """Fill in the numbers of these rows, which are one sensor's; what is given then."""
    for row in rows.tolist():
        own = int(session[row])
        numbers[row], given = given.next(None if own == _NONE else own)
    return given


def _any(of: Integers, flags: Flags, length: int) -> Flags:
    """For each sensor, whether any of its rows is flagged."""
    found = np.zeros(length, dtype=np.bool_)
    found[of[flags]] = True
    return found


def _places(of: Integers) -> Integers:
    """The place of each row among those of its sensor, from 1 on."""
    order = np.argsort(of, kind="stable")
    ordered = of[order]
    begins = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    lengths = np.diff(np.append(begins, len(ordered)))
    places = np.empty(len(of), dtype=np.int64)
    places[order] = np.arange(len(of)) - np.repeat(begins, lengths) + 1
    return places
