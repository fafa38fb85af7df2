"""What was observed as the events of the document: pure functions, no I/O.

An event stems from a `crossing` (TripwireCrossed), a `zone_visit` (RegionJoin at its start, RegionLeave at its end) or
an `event` (its own type). Two ways lead here, and both end in `Happening`s:

* facts: the queries under `store/sql/camlytics/` answer with one column per field of `Happening`, in that order, so a
  row of the answer *is* one (`of_table`);
* the journal: `of_row` takes a row in the order of `observations.table(kind).row_columns` with its number of arrival,
  `of_entry` a whole entry. Rows of other kinds give nothing.

A `zone_visit` with `also_events` gives nothing either: its coming and going are events of their own already.

`document` then writes a happening as the service API does, `webhook_document` as a webhook does: `id` null and the time
as a text in UTC without offset. They need `Names`, made of one snapshot of the catalogue.

Ids follow the order of arrival, which backup and restore keep: 2 * seq, and one more for a RegionLeave. A journal would
need 2^52 rows before one reaches 2^53, where JavaScript's integers end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from passerby import observations
from passerby.catalogue.model import Catalogue, Sensor
from passerby.journal import Entry

LINE_CROSSED = "TripwireCrossed"
ZONE_JOINED = "RegionJoin"
ZONE_LEFT = "RegionLeave"
# The trigger id of what no trigger brought about, as the desktop product writes it.
NO_TRIGGER = "-1"
# Of what nobody followed, again as the desktop product; and of what has no record and no snapshot.
NO_OBJECT = -1
NO_NUMBER = 0

UNKNOWN = "Unknown"
# Origin and suborigin of what a sensor only gave a class.
ORIGINS: dict[str, tuple[str, str]] = {
    "person": ("Pedestrian", UNKNOWN),
    "car": ("Vehicle", "Car"),
    "bus": ("Vehicle", "Bus"),
    "truck": ("Vehicle", "Truck"),
    "van": ("Vehicle", "Van"),
    "bike": ("Vehicle", "Bike"),
    "unknown": (UNKNOWN, UNKNOWN),
}
# Of those that a sensor calls a face, the document leaves the suborigin empty.
_SUBORIGINS = {"Face": ""}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Document = dict[str, object]


class Happening(NamedTuple):
    """One event before it is written down. `at_ms` is UTC; `part_id` the line or zone of the sensor, if any.

    `class_` is the road user that a crossing names, "person" for a stay in a zone, None for other events. What follows
    it is None where the sensor did not say.
    """

    id: int
    sensor_id: int
    at_ms: int
    event_type: str
    part_id: int | None
    class_: str | None
    origin: str | None
    suborigin: str | None
    age_range: str | None
    gender: str | None
    object_id: int | None
    snapshot_id: int | None
    record_id: int | None


class Names:
    """What sensors, lines and zones are called outside, on one snapshot of the catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._parts: dict[tuple[int, int | None], str] = {}

    def sensor(self, sensor_id: int) -> Sensor | None:
        """The sensor, unless it was taken out of the catalogue since."""
        return self._catalogue.sensors.get(sensor_id)

    def trigger(self, sensor_id: int, part_id: int | None) -> str:
        """The id of a trigger: the uid of its line or zone, `sensor/id` when that is gone, "-1" for none."""
        if part_id is None:
            return NO_TRIGGER
        key = (sensor_id, part_id)
        if key not in self._parts:
            sensor = self.sensor(sensor_id)
            part = sensor and (sensor.lines.get(part_id) or sensor.zones.get(part_id))
            self._parts[key] = part.uid if part else f"{sensor_id}/{part_id}"
        return self._parts[key]


def of_table(table: pa.Table) -> Iterator[Happening]:
    """The happenings of a query's answer."""
    columns = [table.column(name).to_pylist() for name in COLUMNS]
    return map(Happening, *columns)


def documents_of(table: pa.Table, names: Names) -> Iterator[Document]:
    """`document` of each happening of a query's answer; the times are written all at once, which is a third faster."""
    instants = table.column("at_ms").to_numpy().astype("datetime64[ms]")
    for happening, time in zip(of_table(table), np.datetime_as_string(instants, unit="ms").tolist(), strict=True):
        yield _document(happening, names, happening.id, f"{time}+00:00")


def of_entry(entry: Entry) -> Iterator[Happening]:
    """Everything that happened according to a journal entry, in order of arrival."""
    seq = entry.first_seq
    for kind, rows in entry.rows.items():
        if kind in KINDS:
            for number, row in enumerate(rows, seq):
                yield from of_row(kind, row, number)
        seq += len(rows)


def of_row(kind: str, row: Sequence[Any], seq: int) -> tuple[Happening, ...]:
    """What happened according to a row of the journal: none, one, or the two ends of a stay."""
    read = _READERS.get(kind)
    return () if read is None else read(row, seq)


def document(happening: Happening, names: Names) -> Document:
    """The event as the service API writes it; KeyError when its sensor is gone."""
    return _document(happening, names, happening.id, event_time(happening.at_ms))


def webhook_document(happening: Happening, names: Names) -> Document:
    """The event as a webhook carries it; KeyError when its sensor is gone."""
    return _document(happening, names, None, webhook_time(happening.at_ms))


def event_time(at_ms: int) -> str:
    """An instant as `2000-01-23T04:56:07.000+00:00`."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")


def webhook_time(at_ms: int) -> str:
    """An instant as `2000-01-23 04:56:07.000`, in UTC."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).replace(tzinfo=None).isoformat(" ", timespec="milliseconds")


def origins(class_: str | None, origin: str | None, suborigin: str | None) -> tuple[str, str]:
    """(origin, suborigin) as they are written: what the sensor said, else what the class means."""
    usual = ORIGINS.get(class_ or "unknown", (UNKNOWN, UNKNOWN))
    if origin is None or origin == usual[0]:
        return usual[0], usual[1] if suborigin is None else suborigin
    return origin, _SUBORIGINS.get(origin, UNKNOWN) if suborigin is None else suborigin


def _document(happening: Happening, names: Names, id_: int | None, time: str) -> Document:
    sensor = names.sensor(happening.sensor_id)
    if sensor is None:
        raise KeyError(happening.sensor_id)
    origin, suborigin = origins(happening.class_, happening.origin, happening.suborigin)
    return {
        "record_id": NO_NUMBER if happening.record_id is None else happening.record_id,
        "event_type": happening.event_type,
        "snapshot_id": NO_NUMBER if happening.snapshot_id is None else happening.snapshot_id,
        "trigger_id": names.trigger(happening.sensor_id, happening.part_id),
        "origin": origin,
        "suborigin": suborigin,
        "age_range": happening.age_range or "",
        "gender": happening.gender or "",
        "id": id_,
        "channel_id": sensor.uid,
        "object_id": NO_OBJECT if happening.object_id is None else happening.object_id,
        "location_id": sensor.site_id,
        "event_time": time,
    }


COLUMNS = tuple(name.rstrip("_") for name in Happening._fields)
_DESCRIBED = ("origin", "suborigin", "age_range", "gender", "object_id", "snapshot_id", "record_id")


@cache
def _take(kind: str, *names: str) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
    """What picks these columns, and then the described ones, out of a row of the journal."""
    columns = [column.name for column in observations.table(kind).row_columns]
    return itemgetter(*(columns.index(name) for name in (*names, *_DESCRIBED)))


def _crossing(row: Sequence[Any], seq: int) -> tuple[Happening, ...]:
    sensor, at, line, class_, *described = _take("crossing", "sensor_id", "started_ms", "line_id", "class")(row)
    return (Happening(2 * seq, sensor, at, LINE_CROSSED, line, class_, *described),)


def _zone_visit(row: Sequence[Any], seq: int) -> tuple[Happening, ...]:
    take = _take("zone_visit", "sensor_id", "started_ms", "ended_ms", "zone_id", "also_events")
    sensor, start, end, zone, also_events, *described = take(row)
    if also_events:
        return ()
    return (
        Happening(2 * seq, sensor, start, ZONE_JOINED, zone, "person", *described),
        Happening(2 * seq + 1, sensor, end, ZONE_LEFT, zone, "person", *described),
    )


def _event(row: Sequence[Any], seq: int) -> tuple[Happening, ...]:
    sensor, at, type_, trigger, *described = _take("event", "sensor_id", "started_ms", "event_type", "trigger_id")(row)
    return (Happening(2 * seq, sensor, at, type_, trigger, None, *described),)


_READERS: dict[str, Callable[[Sequence[Any], int], tuple[Happening, ...]]] = {
    "crossing": _crossing,
    "zone_visit": _zone_visit,
    "event": _event,
}
KINDS: tuple[str, ...] = tuple(_READERS)
