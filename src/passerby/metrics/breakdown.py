"""Views broken down by whatever is asked: screen, content, time, gender, age group, emotion, length.

For authors of dialects.

    frame = at_offset("1d", offset_s, start_ms, end_ms)
    found = breakdown(store, sensors, frame, ["sensor", "slot", "age_group"])
    found.keys["sensor"], found.keys["slot"], found.watchers, found.dwell        # a row for each group with views
    found.summed(["age_group"])                                                  # the same by fewer keys
    found.summed([])                                                             # the total: always one row

Four numbers of each group: `ots` (opportunities to see: all views), `watchers` (views with attention > 0), and for how
long both were there, in ms (`ots_dwell`, `dwell`). Only groups with views are listed.

**Time.** A view counts in the bucket of its start. The key `slot` is the bucket's number in the calendar, or
`slot_of[bucket]` where given: hours of the day, say, are the buckets of "1h" with `slot_of` = local hour, and all
buckets of one number add up. Without `slot` among the keys only the calendar's range matters, not its size.

**Content.** A view counts for each content shown in it, once and with its whole duration, however long the two met (for
that see `contents.py`); views in which nothing was shown are in no content's group. So the groups of contents do not
add up to the total, and `summed` refuses to add them: ask again without the key.

**Emotion.** A view counts for one emotion, the one seen in it the longest (of equals the first of `EMOTIONS`; unknown
only where none was seen), but its duration is split: `dwell` of an emotion is for how long watchers showed it, so there
may be time without a watcher. Both add up to the total. Emotions follow one another from the start of the view; what
lies beyond its end is cut off, and of what they leave nothing is known. Where a sensor reports a mood instead, the
weights of the five moods share the view: very happy and happy are happy, unhappy and very unhappy are angry. The two
edges between angry, happy and neutral, in this order, lie at whole milliseconds, rounded down.

**Length.** Views by their duration: the key `length` is `duration // Lengths.bin_ms`; the last bin holds all that are
longer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from passerby.calendar import Calendar
from passerby.errors import InvalidInputError
from passerby.metrics.audience import AGE_GROUPS, GENDERS
from passerby.metrics.people import Asked, numbers
from passerby.metrics.places import Integers
from passerby.metrics.scope import Frames, frame_columns
from passerby.store.contract import Parameter, Store

Key = Literal["sensor", "content", "slot", "gender", "age_group", "emotion", "length"]
"""What views are told apart by: `sensor` and `content` are the catalogue's ids, `gender`, `age_group` and `emotion`
numbers of `GENDERS`, `AGE_GROUPS` and `EMOTIONS`, `slot` and `length` as above."""
EMOTIONS = ("unknown", "angry", "happy", "neutral", "surprised")
SUMS = ("ots", "watchers", "ots_dwell", "dwell")
MOST_GROUPS = 2_000_000
"""An answer of more groups than this is refused: a dozen columns of 8 bytes each."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Bins of durations: each `bin_ms` wide, `count` of them, the last one open."""

    bin_ms: int
    count: int


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Arrays of equal length, a row for each group, ordered by the keys as they were asked; times in ms."""

    keys: Mapping[Key, Integers]
    ots: Integers
    watchers: Integers
    ots_dwell: Integers
    dwell: Integers

    def __len__(self) -> int:
        return len(self.ots)

    def only(self, key: Key, values: Collection[int]) -> Breakdown:
        """The groups whose `key` is one of these."""
        chosen = np.isin(self.keys[key], np.array(sorted(values), dtype=np.int64))
        keys = {name: column[chosen] for name, column in self.keys.items()}
        return Breakdown(keys, *(getattr(self, name)[chosen] for name in SUMS))

    def summed(self, by: Sequence[Key]) -> Breakdown:
        """The same by fewer keys, or by all of them in another order; by none it is one row, even of nothing.

        Raises:
            ValueError: Contents are to be added up, or a key was not asked for.
        """
        if "content" in self.keys and "content" not in by:
            raise ValueError("a view may show several contents: ask without content for the sum")
        if missing := set(by) - set(self.keys):
            raise ValueError(f"not broken down by {', '.join(sorted(missing))}")
        if not by:
            return Breakdown({}, *(getattr(self, name).sum(keepdims=True) for name in SUMS))
        order = np.lexsort([self.keys[key] for key in reversed(by)])
        ordered = {key: self.keys[key][order] for key in by}
        begins = np.ones(len(order), dtype=np.bool_)
        begins[1:] = np.any([key[1:] != key[:-1] for key in ordered.values()], axis=0)
        first = np.flatnonzero(begins)
        sums = (np.add.reduceat(getattr(self, name)[order], first) if len(first) else order for name in SUMS)
        return Breakdown({key: ordered[key][first] for key in by}, *sums)


def breakdown(  # noqa: PLR0913  # the last four are named and have defaults
    store: Store,
    sensors: Iterable[int],
    calendar: Calendar,
    by: Sequence[Key],
    *,
    slot_of: Integers | None = None,
    contents: Collection[int] | None = None,
    lengths: Lengths | None = None,
    role: str | None = None,
) -> Breakdown:
    """The views of these sensors in the calendar's asked range, by some keys, in their order.

    Args:
        store: Where facts come from.
        sensors: Catalogue ids; one that stands there twice counts once.
        calendar: The range, and the buckets of the key `slot`.
        by: The keys, each at most once.
        slot_of: For each bucket the number to give it; default its own.
        contents: Only these, with the key `content`; None: all that were shown.
        lengths: The bins of the key `length`, which needs them.
        role: Whom to count, as in `compute.compute`: default everybody but staff.

    Raises:
        InvalidInputError: More than `MOST_GROUPS` groups.
    """
    if len(set(by)) < len(by) or not set(by) <= set(get_args(Key)):
        raise ValueError(f"expected different ones of {', '.join(get_args(Key))}, not {by}")
    if ("length" in by) != (lengths is not None):
        raise ValueError("the key length and its bins go together")
    frames = Frames([calendar])
    asked = Asked(store, frames, frames.slots(), role, 0)
    unique = np.unique(np.fromiter(sensors, dtype=np.int64))
    scope, slots = _tables(asked, unique, slot_of, by_slot="slot" in by)
    start_ms, end_ms = frames.span()
    parameters: dict[str, Parameter] = {
        **asked.roles(),
        "start_ms": start_ms,
        "end_ms": end_ms,
        **{f"by_{key}": key in by for key in ("sensor", "slot", "gender", "age_group", "length")},
        "length_ms": lengths.bin_ms if lengths else 1,
        "lengths": lengths.count if lengths else 1,
    }
    tables = {"scope": scope, "slots": slots}
    name = "metrics/breakdown"
    if {"content", "emotion"}.intersection(by):
        name = "metrics/breakdown_parts"
        parameters |= {f"by_{key}": key in by for key in ("content", "emotion")}
        parameters["every_content"] = contents is None or "content" not in by
        tables["wanted"] = pa.table({"content_id": np.array(sorted(set(contents or ())), dtype=np.int64)})
    found = _read(store, name, parameters, tables)
    return Breakdown({key: numbers(found, key) for key in by}, *(numbers(found, column) for column in SUMS)).summed(by)


def _tables(asked: Asked, sensors: Integers, slot_of: Integers | None, *, by_slot: bool) -> tuple[pa.Table, pa.Table]:
    """(scope, slots): where views are looked for, and the number of each slot; without `by_slot` there is one."""
    frames = asked.frames
    columns = frame_columns(frames, np.zeros(len(sensors), dtype=np.int64))
    slots = asked.slots
    if not by_slot:
        start_ms, end_ms = frames.span()
        columns["slot_shift_ms"] = np.full(len(sensors), -start_ms)
        columns["slot_ms"] = np.full(len(sensors), end_ms - start_ms)
        slots = pa.table({"slot": [0], "bucket": [0]})
    elif slot_of is not None:
        slots = pa.table({"slot": slots.column("slot"), "bucket": slot_of[numbers(slots, "bucket")]})
    return pa.table({"sensor_id": sensors, **columns}), slots


def _read(store: Store, name: str, parameters: Mapping[str, Parameter], tables: Mapping[str, pa.Table]) -> pa.Table:
    """The whole answer, unless it is too long to be held."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in store.stream(name, parameters, tables):
        batches.append(batch)
        rows += batch.num_rows
        if rows > MOST_GROUPS:
            raise InvalidInputError(
                f"the answer has more than {MOST_GROUPS:,} groups:"
                " ask for a shorter range, a coarser time, fewer devices or fewer levels"
            )
    names = ("sensor", "content", "slot", "gender", "age_group", "emotion", "length", *SUMS)
    empty = pa.schema([(column, pa.int64()) for column in names])
    return pa.Table.from_batches(batches) if batches else empty.empty_table()


__all__ = ["AGE_GROUPS", "EMOTIONS", "GENDERS", "MOST_GROUPS", "SUMS", "Breakdown", "Key", "Lengths", "breakdown"]
