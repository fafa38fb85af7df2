"""The aggregated exports: from metrics to the columns of the document.

One function for each data type: (store, catalogue, request, sensors) to tables of finished rows. What is null, what is
0 and what is left out differs from type to type as the vendor's examples do; each function says it. A location that
has nothing of the type in the whole range has no rows; where time observed is part of a type, that is something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi import proof_of_play
from passerby.dialects.quividi.columns import rows, tenths, two_decimals, whole
from passerby.dialects.quividi.requests import DataRequest, DataType
from passerby.dialects.quividi.rows import Table, gate_table, sensor_table
from passerby.metrics import audience
from passerby.metrics.places import Flags, Floats, Integers
from passerby.metrics.ratios import RATIOS, divided
from passerby.metrics.street import IM_ROW
from passerby.store.contract import Store

Shape = Callable[[Store, Catalogue, DataRequest, Sequence[int]], Iterator[pa.Table]]

WINDOW_TENTHS = 36_000
"""The hour of an impression multiplier."""
_TENTHS_PER_MS = 1 / 100
CELLS = len(audience.GENDERS) * len(audience.AGE_GROUPS)
"""Kinds of viewers: rows of a location and period when they are grouped by demographics."""


def ots(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Opportunities to see. A period in which nothing was observed is a row of nulls, after the others."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["ots", "watchers", "duration"])
    known = _seen(table)
    columns = {
        **_head(table),
        "ots_count": whole(table["ots"], known),
        "watcher_count": whole(table["watchers"], known),
        "duration": whole(table["duration"], known),
    }
    yield _placeholders_last(columns, table, known)


def gates(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Who went in and out at each gate. A period in which the sensor observed nothing is a row of nulls."""
    table = gate_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["line_in", "line_out"])
    table.fill_duration(store, catalogue)
    known = (table["duration"] > 0) | (table["line_in"] > 0) | (table["line_out"] > 0)
    columns = {
        **_head(table),
        "gate_id": table.gate,
        "in_count": whole(table["line_in"], known),
        "out_count": whole(table["line_out"], known),
        "duration": whole(table["duration"], known),
    }
    yield _placeholders_last(columns, table, known)


def viewers(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Watchers. A period without any is a row of zeros, wherever the location had data at all in the range."""
    if request.by_demographics:
        yield from _viewers_by_demographics(store, catalogue, request, sensors)
        return
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["ots", "watchers", "dwell", "attention", "duration"])
    columns = {
        **_head(table),
        "watcher_count": whole(table["watchers"]),
        "dwell_time_in_tenths_of_sec": tenths(table["dwell"]),
        "attention_time_in_tenths_of_sec": tenths(table["attention"]),
        "conversion_ratio": RATIOS["conversion_ratio"].of(table["watchers"], table["ots"]),
    }
    yield rows(columns, np.flatnonzero(table.any_of(_seen(table))))


def _viewers_by_demographics(
    store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]
) -> Iterator[pa.Table]:
    """Fifteen rows a period: each gender with each age group; those of nobody after the others, their times null."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["ots", "duration"])
    sums = {name: np.zeros(len(table) * CELLS) for name in ("watchers", "dwell", "attention")}
    for part in audience.demographics(store, catalogue, table.places, table.calendars):
        cell = table.rows_of(part.place, part.bucket) * CELLS + part.gender * len(audience.AGE_GROUPS) + part.age_group
        for name, total in sums.items():
            np.add(total, np.bincount(cell, getattr(part, name), len(total)), out=total)
    row, cell = np.divmod(np.arange(len(table) * CELLS), CELLS)
    known = sums["watchers"] > 0
    head = pa.table(_head(table)).take(pa.array(row))
    columns = {
        **{name: head[name] for name in head.column_names},
        "gender": cell // len(audience.AGE_GROUPS),
        "age": cell % len(audience.AGE_GROUPS),
        "watcher_count": whole(sums["watchers"]),
        "dwell_time_in_tenths_of_sec": pa.array(tenths(sums["dwell"]), mask=~known),
        "attention_time_in_tenths_of_sec": pa.array(tenths(sums["attention"]), mask=~known),
    }
    wanted = np.flatnonzero(table.any_of(_seen(table))[row])
    yield rows(columns, wanted[np.lexsort((wanted, ~known[wanted], table.place[row[wanted]]))])


def vehicles(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Vehicles; a period without any is a row of zeros."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["vehicle_count", "vehicle_presence", "vehicle_impressions"])
    each = divided(table["vehicle_impressions"], table["vehicle_count"])
    columns = {
        **_head(table),
        "vehicle_count": whole(table["vehicle_count"]),
        "vehicle_presence_time": tenths(table["vehicle_presence"]),
        "vehicle_impressions": two_decimals(table["vehicle_impressions"], zero="0"),
        "impressions_per_vehicle": two_decimals(each, zero="0"),
    }
    yield _with_zeros(columns, table, "vehicle_count")


def footfall(store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[pa.Table]:
    """Persons on the street; a period without any is a row of zeros."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["footfall_count", "footfall_presence"])
    columns = {
        **_head(table),
        "footfall_impressions": whole(table["footfall_count"]),
        "footfall_presence_time": tenths(table["footfall_presence"]),
    }
    yield _with_zeros(columns, table, "footfall_count")


def vehicles_footfall(
    store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]
) -> Iterator[pa.Table]:
    """Both beside each other, and the totals of later releases. Impressions of vehicles are whole numbers here."""
    table = sensor_table(request, catalogue, sensors)
    names = ["vehicle_count", "vehicle_presence", "vehicle_impressions", "footfall_count", "footfall_presence"]
    table.fill(store, catalogue, names)
    each = divided(table["vehicle_impressions"], table["vehicle_count"])
    impressions = table["vehicle_impressions"] + table["footfall_count"]
    presence = (each * table["vehicle_presence"] + table["footfall_presence"]) * _TENTHS_PER_MS
    columns = {
        **_head(table),
        "vehicle_count": whole(table["vehicle_count"]),
        "vehicle_impressions": whole(table["vehicle_impressions"]),
        "vehicle_presence_time": tenths(table["vehicle_presence"]),
        "impressions_per_vehicle": two_decimals(each),
        "footfall_impressions": whole(table["footfall_count"]),
        "footfall_presence_time": tenths(table["footfall_presence"]),
        "total_impressions": whole(impressions),
        "total_presence_time": whole(presence),
        "avg_presence_time": whole(divided(presence, impressions)),
    }
    yield _with_zeros(columns, table, "vehicle_count", "footfall_count")


def impression_multipliers(
    store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]
) -> Iterator[pa.Table]:
    """Impression multipliers of hours. An hour that the clock shows twice has a window of two hours."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, [name for name in IM_ROW if name not in RATIOS])
    window = WINDOW_TENTHS * table.buckets
    each = divided(table["im_vehicle_impressions"], table["im_vehicle_count"])
    vehicle_time = table["im_vehicle_presence"] * _TENTHS_PER_MS
    footfall_time = table["im_footfall_presence"] * _TENTHS_PER_MS
    of_footfall, of_vehicles = footfall_time / window, each * vehicle_time / window
    columns = {
        **_head(table),
        "vehicle_count": whole(table["im_vehicle_count"]),
        "vehicle_total_presence_time": whole(vehicle_time),
        "vehicle_presence_time": whole(vehicle_time),
        "vehicle_impressions": whole(table["im_vehicle_impressions"]),
        "impressions_per_vehicle": two_decimals(each),
        "footfall_impressions": whole(table["im_footfall_count"]),
        "footfall_total_dwell_time": whole(footfall_time),
        "footfall_presence_time": whole(footfall_time),
        "im_footfall": two_decimals(of_footfall),
        "im_vehicle": two_decimals(of_vehicles),
        "im": two_decimals(of_footfall + of_vehicles),
        "backup_value": np.where(table["im_backup"] > 0, "yes", ""),
        "analysis_window": window,
    }
    yield _with_zeros(columns, table, "im_vehicle_count", "im_footfall_count")


def extrapolated_watchers(
    store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]
) -> Iterator[pa.Table]:
    """Watchers of all locations together, extrapolated to more of them."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["ots", "watchers", "dwell", "attention", "duration"])
    sums = _Extrapolated(table, request)
    yield pa.table(
        {
            **sums.periods,
            "watcher_count": whole(sums["watchers"]),
            "dwell_time_in_tenths_of_sec": tenths(sums["dwell"]),
            "attention_time_in_tenths_of_sec": tenths(sums["attention"]),
        }
    )


def extrapolated_ots(
    store: Store, catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]
) -> Iterator[pa.Table]:
    """Opportunities to see of all locations together, extrapolated to more of them; nulls where nothing is known."""
    table = sensor_table(request, catalogue, sensors)
    table.fill(store, catalogue, ["ots", "watchers", "duration"])
    sums = _Extrapolated(table, request)
    known = (sums["duration"] > 0) | (sums["ots"] > 0)
    columns = {
        **sums.periods,
        "ots_count": whole(sums["ots"], known),
        "watcher_count": whole(sums["watchers"], known),
        "duration": whole(sums["duration"], known),
    }
    yield rows(columns, np.argsort(~known, kind="stable"))


class _Extrapolated:
    """One row a period over all sampled locations: sum / number of them * what is asked for (1 for an average).

    Sampled are the locations that have anything in the range. Periods with the same wall clock are one, in whatever
    zone.
    """

    def __init__(self, table: Table, request: DataRequest) -> None:
        self._table = table
        wanted = np.flatnonzero(table.any_of(_seen(table)))
        sampled = len(np.unique(table.place[wanted]))
        self._factor = (request.extrapolated_to or 1) / max(1, sampled)
        head = pa.table(dict(table.periods(" "))).take(pa.array(wanted))
        texts, first, self._row = np.unique(
            head["period_start"].to_numpy(zero_copy_only=False), return_index=True, return_inverse=True
        )
        self._wanted, self._length = wanted, len(texts)
        chosen = head.take(pa.array(first))
        self.periods = {name: chosen[name] for name in chosen.column_names}

    def __getitem__(self, metric: str) -> Floats:
        total = np.bincount(self._row, self._table[metric][self._wanted], self._length)
        values: Floats = total.astype(np.float64) * self._factor
        return values


def _head(table: Table) -> dict[str, object]:
    return {"location_id": table.number, **table.periods(" ")}


def _seen(table: Table) -> Flags:
    """The rows in which a screen observed, or saw somebody."""
    seen: Flags = (table["duration"] > 0) | (table["ots"] > 0)
    return seen


def _with_zeros(columns: Mapping[str, object], table: Table, *counts: str) -> pa.Table:
    """Every period of the locations that have any of `counts` in the range: others may not count such things at all."""
    known = np.any([table[name] > 0 for name in counts], axis=0)
    return rows(columns, np.flatnonzero(table.any_of(known)))


def _placeholders_last(columns: Mapping[str, object], table: Table, known: Flags) -> pa.Table:
    """Each location's known rows, then its placeholders; locations without any known row are left out."""
    wanted: Integers = np.flatnonzero(table.any_of(known))
    return rows(columns, wanted[np.lexsort((wanted, ~known[wanted], table.place[wanted]))])


SHAPES: Mapping[DataType, Shape] = {
    "gate": gates,
    "ots": ots,
    "viewers": viewers,
    "vehicles": vehicles,
    "footfall": footfall,
    "vehicles_footfall": vehicles_footfall,
    "im": impression_multipliers,
    "proof_of_play_by_location": proof_of_play.by_location,
    "proof_of_play_by_site": proof_of_play.by_site,
    "extrapolated_watchers": extrapolated_watchers,
    "extrapolated_ots": extrapolated_ots,
}
ALL_AT_ONCE: frozenset[DataType] = frozenset(
    {"extrapolated_watchers", "extrapolated_ots", "proof_of_play_by_location", "proof_of_play_by_site"}
)
"""Types whose rows are made of several sensors together, or that divide them themselves."""
