"""`compute`: the values of metrics at places in buckets. Everything in the program that counts, counts here.

Sums are added up by the engine (`store/sql/metrics/`); what depends on the order of single observations (groups,
peaks) is fetched as a few integer columns and computed by the `kernels`. What an observation is (a bounce, a stay
that counts, whose role counts) one text for each kind says (`each_visit`, `each_zone_visit`, `each_door_move`), which
the queries that add up and those that give single rows include. When single rows are fetched anyway, their columns
are added up here; nothing is classified here.

Memory does not grow with the range: single rows are fetched for windows of time (`_UNIT_DAYS`), each with its own
look-back and with those still present when it begins, so windows do not depend on one another; and a grid of many
places is computed a part of the places at a time (`_CELLS`).

What was decided beyond the rules of each metric (`registry`):

* Facts outside a calendar's asked range do not count, not even in a whole first or last bucket, and peaks consider
  no instant outside it; but what was before it is seen: people still present, groups that began, doors since the reset.
* A sensor that is no entry point does not count for its site and brand: neither visits nor passages, entrance
  crossings, counts, levels. Asked for as a sensor, it counts. Its zones and lines count always.
* A brand is the sum over its sites, groups formed within each, and the maximum for peaks.
* A screen counts for its site whether it is an entry point or not.
* Passages, interval counts, levels and WiFi visits have no role: they count for everyone, and not when one role is
  asked for.
* An interval count stands wholly in the bucket of its start. Fractions stay fractions, to 6 decimals.
* Nobody is carried into a bucket that begins after `now_ms`: the future is not predicted.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from passerby.calendar import Calendar
from passerby.catalogue.model import Catalogue
from passerby.metrics import audience, contents, parts, people, scope, street, wifi
from passerby.metrics.grid import Grid
from passerby.metrics.kept import KeptSums
from passerby.metrics.people import Asked
from passerby.metrics.places import Computed, Dense, Place
from passerby.metrics.ratios import with_parts
from passerby.store.contract import Store

_Work = Callable[[], None]

# Days of units whose single rows are held at one time: about a million rows. Half or twice as many take no less time.
_UNIT_DAYS = 4_000
# Cells of a grid held at one time, 8 bytes each.
_CELLS = 8_000_000


def compute(  # noqa: PLR0913 - the last three are named and mostly left out
    store: Store,
    catalogue: Catalogue,
    metrics: Sequence[str],
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    *,
    role: str | None = None,
    now_ms: int | None = None,
    kept: KeptSums | None = None,
) -> Computed:
    """The values, other than 0, of each metric at each place in each bucket of the place's calendar.

    Args:
        store: Where the facts are.
        catalogue: The snapshot that says what belongs to what; every place must exist in it.
        metrics: Names of `registry.METRICS`. One that does not exist at a place's level has no values there.
        places: Any mix of levels; a place may occur several times, with several calendars.
        calendars: What the places' `calendar` indexes point at.
        role: None leaves staff out, "any" counts everyone, another text only those with that role.
        now_ms: The present, UTC milliseconds; default the system's clock.
        kept: Where sums of days that were asked for before may be found; default: everything is added up anew.
    """
    results: list[Computed] = []
    for first, grid in _grids(store, catalogue, metrics, places, calendars, role, now_ms, kept):
        part = grid.computed()
        results.append(Computed(part.place + first, part.metric, part.bucket, part.value))
    if len(results) == 1:
        return results[0]
    empty = np.zeros(0, dtype=np.int64)
    results.append(Computed(empty, empty, empty, np.zeros(0)))
    return Computed(
        *(np.concatenate([getattr(each, name) for each in results]) for name in ("place", "metric", "bucket", "value"))
    )


def compute_dense(
    store: Store, catalogue: Catalogue, metrics: Sequence[str], places: Sequence[Place], calendars: Sequence[Calendar]
) -> Dense:
    """As `compute`, with every value, 0 as well: less work and memory for who wants each bucket of each place."""
    parts = [grid.dense() for _, grid in _grids(store, catalogue, metrics, places, calendars)]
    if len(parts) == 1:
        return parts[0]
    return {name: np.concatenate([np.zeros(0), *(part[name] for part in parts)]) for name in metrics}


def _grids(  # noqa: PLR0913, PLR0917 - what `compute` is asked
    store: Store,
    catalogue: Catalogue,
    metrics: Sequence[str],
    places: Sequence[Place],
    calendars: Sequence[Calendar],
    role: str | None = None,
    now_ms: int | None = None,
    kept: KeptSums | None = None,
) -> Iterator[tuple[int, Grid]]:
    """(the first of them, the finished grid) of some of the places at a time."""
    now_ms = time.time_ns() // 1_000_000 if now_ms is None else now_ms
    frames = scope.Frames(calendars)
    asked = Asked(store, frames, frames.slots(), role, now_ms, kept)
    cells = [len(calendars[place.calendar]) * len(with_parts(metrics)) for place in places]
    for first, last in scope.portions(cells, _CELLS):
        yield first, _compute(asked, catalogue, metrics, places[first:last])


def _compute(asked: Asked, catalogue: Catalogue, metrics: Sequence[str], places: Sequence[Place]) -> Grid:
    frames = asked.frames
    grid = Grid(metrics, places, frames.calendars)
    wanted = frozenset(with_parts(metrics))
    works: list[_Work] = []
    if (sites := scope.site_units(catalogue, places, frames)) is not None:
        works.append(partial(_add_people, asked, sites, grid, wanted))
        works.append(partial(_add_passages, asked, sites, grid, wanted))
        works.append(partial(_add_wifi, asked, catalogue, sites, grid, wanted))
    if (zones := scope.zone_units(catalogue, places, frames)) is not None:
        works.append(partial(_add_zones, asked, zones, grid, wanted))
        works.append(partial(_add_wifi, asked, catalogue, zones, grid, wanted))
    if wanted & {"line_in", "line_out"} and (lines := scope.line_units(catalogue, places, frames)) is not None:
        works.append(partial(parts.add_lines, asked, lines, grid, scope.Window(*frames.span())))
    works.append(partial(audience.add, asked, catalogue, places, grid, wanted))
    works.append(partial(audience.add_observed, asked, catalogue, places, grid, wanted))
    works.append(partial(street.add, asked, catalogue, places, grid, wanted))
    works.append(partial(contents.add, asked, catalogue, places, grid, wanted))
    _side_by_side(works)
    return grid


def _side_by_side(works: Sequence[_Work]) -> None:
    """Each of them once, by this thread and a second one: the kernels of one run while the engine works for another.

    When one raises, none is begun any more; of two that raise, this thread's error counts.
    """
    waiting = deque(works)

    def take() -> None:
        while True:
            try:
                work = waiting.popleft()
            except IndexError:
                return
            try:
                work()
            except BaseException:
                waiting.clear()
                raise

    with ThreadPoolExecutor(1, "metrics") as second:
        other = second.submit(take)
        take()
    other.result()


def _add_people(asked: Asked, units: scope.SiteUnits, grid: Grid, wanted: frozenset[str]) -> None:
    sums = bool(wanted.intersection(people.VISIT_SUMS))
    needs = people.Needs(sums, "group_visits" in wanted, "peak_occupancy" in wanted)
    if needs.groups or needs.peaks:
        for window in scope.windows_with_facts(asked.store, asked.frames.span(), len(units), _UNIT_DAYS):
            people.Sequences(asked, units, grid, window, needs).add()
    elif sums:
        people.add_visit_sums(asked, units, grid)


def _add_passages(asked: Asked, units: scope.SiteUnits, grid: Grid, wanted: frozenset[str]) -> None:
    if "walk_bys" in wanted:
        people.add_passages(asked, units, grid)


def _add_zones(asked: Asked, units: scope.PartUnits, grid: Grid, wanted: frozenset[str]) -> None:
    sums = bool(wanted & {"zone_visits", "zone_dwell_time"})
    if "zone_peak_visits" in wanted:
        for window in scope.windows_with_facts(asked.store, asked.frames.span(), len(units), _UNIT_DAYS):
            parts.add_zone_peaks(asked, units, grid, window, sums=sums)
    elif sums:
        parts.add_zone_sums(asked, units, grid, scope.Window(*asked.frames.span()))


def _add_wifi(
    asked: Asked, catalogue: Catalogue, units: scope.SiteUnits | scope.PartUnits, grid: Grid, wanted: frozenset[str]
) -> None:
    sums, visitors = wanted.intersection(wifi.SUMS), wanted.intersection(wifi.VISITORS)
    if not (sums or visitors) or not asked.with_roleless:
        return
    found = wifi.scanned(catalogue, units)
    if sums:
        wifi.add_sums(asked, units, grid, scope.Window(*asked.frames.span()), found)
    if visitors:
        for window in scope.windows_with_facts(asked.store, asked.frames.span(), len(units), _UNIT_DAYS):
            wifi.add_visitors(asked, units, grid, window, found)
