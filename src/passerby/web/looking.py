"""What the pages with figures have in common: the facts as their viewer sees them, the choice in the address, files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
from litestar.response import Stream

from passerby.api.live_changes import EVENT_STREAM, HEADERS, Changes
from passerby.api.live_document import Places
from passerby.errors import InvalidInputError, NotFoundError, Problem, UnavailableError
from passerby.live import SiteNow
from passerby.metrics.question import Subject
from passerby.services import Services
from passerby.store.raw import csv_pieces, parquet_pieces
from passerby.web import wording
from passerby.web.charts import Chart, prepare
from passerby.web.figures.asking import Source
from passerby.web.figures.comparing import Number
from passerby.web.figures.period import BUCKETS, COMPARISONS, PERIODS, Choice, days_text, local
from passerby.web.rendering import Page, environment, page, page_in_parts, sent
from passerby.web.sheet import chart_png, chart_svg
from passerby.web.viewer import Viewer, WebRequest, again

Now = Mapping[int, SiteNow]
# How often a stream asks whether its viewer may still look.
_STILL_S = 10.0


def _cell(value: str | float | None) -> str:
    return wording.NONE if value is None else value if isinstance(value, str) else wording.grouped(value)


environment.filters |= {
    "shown": wording.shown,
    "label": wording.label,
    "meaning": wording.meaning,
    "plain": wording.plain,
    "rule": wording.rule,
    "changed": wording.changed,
    "tone": wording.tone,
    "cell": _cell,
}
environment.globals |= {"periods": PERIODS, "bucket_names": BUCKETS, "compare_names": COMPARISONS}


def clock() -> int:
    """What time it is, UTC ms."""
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Look:
    """One look at figures. `problems`: what was wrong in the address, instead of which the usual choice is taken."""

    source: Source
    choice: Choice
    problems: tuple[Problem, ...]

    @classmethod
    def of(cls, request: WebRequest, services: Services, viewer: Viewer, *, strict: bool = False) -> Look:
        """The look that a request asks for. `strict`: raise InvalidInputError instead of keeping problems."""
        prepare()
        source = Source(services.store, viewer.catalogue, clock(), services.kept)
        try:
            return cls(source, Choice.read(dict(request.query_params)), ())
        except InvalidInputError as error:
            if strict:
                raise
            return cls(source, Choice(), tuple(error.problems))

    def days(self, zone: str) -> str:
        """The days of the period, for people."""
        first, end = self.choice.days(self.today(zone))
        text = days_text(first, end - timedelta(days=1))
        return f"{PERIODS[self.choice.period]}, {text}" if self.choice.period != "days" else text

    def today(self, zone: str) -> date:
        """The day that it is at a place of that zone."""
        return local(self.source.now_ms, zone).date()

    def in_parts(self, request: WebRequest, template: str, *, title: str, **context: Any) -> Stream:  # noqa: ANN401  # as of `page_in_parts`
        """As `page`, of which the head is sent before the figures are computed."""
        return page_in_parts(request, template, title=title, **self._context(), **context)

    def page(self, request: WebRequest, template: str, *, title: str, **context: Any) -> Page:  # noqa: ANN401  # as of `page`
        """A page with these figures; its links keep the choice."""
        return page(request, template, title=title, **self._context(), **context)

    def _context(self) -> dict[str, Any]:
        return {
            "status": 400 if self.problems else 200,
            "choice": self.choice,
            "problems": self.problems,
            "query": self.choice.query(),
        }


@dataclass(frozen=True, slots=True)
class ListRow:
    """A row of a list of places: where its page is, its texts beside the name, its numbers."""

    address: str
    name: str
    texts: tuple[str, ...]
    place: str
    numbers: Mapping[str, Number]
    observed: float | None


def site_states(services: Services, site_ids: list[int]) -> Now | None:
    """How the sites are at this moment; None while that is being found out."""
    try:
        return services.live.sites(site_ids)[1]
    except UnavailableError:
        return None


async def live_stream(request: WebRequest, services: Services, viewer: Viewer, site_ids: list[int]) -> Stream:
    """The live numbers of some sites as server-sent events, for as long as the viewer may see them."""
    subjects = [Subject("site", site_id, site_id, (site_id,)) for site_id in site_ids]
    checked = time.monotonic()

    async def still() -> bool:
        nonlocal checked
        if time.monotonic() - checked < _STILL_S:
            return True
        checked = time.monotonic()
        found = await asyncio.to_thread(again, request)
        return found is not None and found.credential == viewer.credential

    changes = Changes(services, viewer.credential, Places.of(subjects), still)
    return Stream(changes.events(await changes.open()), media_type=EVENT_STREAM, headers=HEADERS)


def chart_file(request: WebRequest, name: str, charts: Callable[[], Mapping[str, Chart]]) -> Page:
    """`<chart>.csv` or `.parquet`: a chart's data; `.png` or `.svg`: its picture.

    NotFoundError for a chart that the page does not have.
    """
    stem, _, ending = name.rpartition(".")
    form = _CHART_FILES.get(ending)
    chart = charts().get(stem) if form else None
    if form is None or chart is None:
        raise NotFoundError(f"there is no file {name[:64]} of this page: a chart's .{', .'.join(_CHART_FILES)}")
    media, made = form
    headers = {"Content-Disposition": f'attachment; filename="{stem}.{ending}"'}
    return sent(request, made(chart), media, headers=headers)


def table_csv(table: pa.Table) -> bytes:
    """A table as CSV with a line of names."""
    return b"".join(csv_pieces(iter(table.to_batches()), table.schema))


def table_parquet(table: pa.Table) -> bytes:
    """A table as a Parquet file."""
    return b"".join(parquet_pieces(iter(table.to_batches()), table.schema))


_CHART_FILES: Mapping[str, tuple[str, Callable[[Chart], bytes]]] = {
    "csv": ("text/csv", lambda chart: table_csv(chart.table())),
    "parquet": ("application/vnd.apache.parquet", lambda chart: table_parquet(chart.table())),
    "png": ("image/png", chart_png),
    "svg": ("image/svg+xml", lambda chart: chart_svg(chart).encode()),
}
