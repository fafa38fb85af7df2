"""The overview of a brand, and its wall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from passerby.catalogue.model import Site
from passerby.services import Services
from passerby.web.boards import overview_charts
from passerby.web.figures.overview import Overview, SiteRow, overview
from passerby.web.figures.period import Choice
from passerby.web.looking import Look, chart_file, live_stream, site_states
from passerby.web.rendering import Page, page
from passerby.web.viewer import Viewer, WebRequest
from passerby.web.wording import label

PAGE_ROWS = 100
_WALL_SITES = 60
_DEFAULT_SORT = "visits"
_COLUMNS = ("name", "visits", "change", "turn_in_rate", "mean_dwell_time", "walk_bys", "now", "observed")
_TITLES = {"name": "Site", "change": "Change", "now": "In now", "observed": "Observed"}


@get("/brands/{brand:int}", opt={"shared": True}, sync_to_thread=True)
def brand_page(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], brand: FromPath[int]
) -> Stream:
    """A brand today, or whenever is asked for."""
    found = viewer.brand(brand)
    look = Look.of(request, services, viewer)
    sites = viewer.sites(brand)
    today = look.today(sites[0].timezone if sites else "UTC")

    def later() -> dict[str, object]:
        figures = overview(look.source, sites, look.choice, site_states(services, [site.id for site in sites]))
        rows = SortedRows.of(request, figures, look.choice)
        return {"figures": figures, "charts": overview_charts(figures), "sort": rows}

    return look.in_parts(
        request,
        "figures/overview.html",
        title=found.name,
        brand=found,
        has_sites=bool(sites),
        days=_days(look, sites),
        comparisons=look.choice.comparisons(today),
        bucket=look.choice.bucket_for(today),
        keep={name: request.query_params.get(name, "") for name in ("sort", "order", "q")},
        later=later,
    )


@get("/brands/{brand:int}/charts/{name:str}", opt={"shared": True}, sync_to_thread=True)
def brand_file(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    brand: FromPath[int],
    name: FromPath[str],
) -> Page:
    """A chart's data as a file."""
    sites = viewer.sites(viewer.brand(brand).id)
    look = Look.of(request, services, viewer, strict=True)
    return chart_file(request, name, lambda: overview_charts(overview(look.source, sites, look.choice)))


@get("/brands/{brand:int}/live", opt={"shared": True, "stream": True})
async def brand_live(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], brand: FromPath[int]
) -> Stream:
    """How many are in each site, as it changes."""
    return await live_stream(request, services, viewer, [site.id for site in viewer.sites(viewer.brand(brand).id)])


@get("/brands/{brand:int}/wall", opt={"shared": True}, sync_to_thread=True)
def wall_page(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], brand: FromPath[int]
) -> Page:
    """Large numbers for a screen on the wall: today, and how many are in now."""
    found = viewer.brand(brand)
    look = Look.of(request, services, viewer)
    sites = viewer.sites(brand)
    figures = overview(look.source, sites, Choice(compare="week"), site_states(services, [site.id for site in sites]))
    rows = sorted(figures.rows, key=lambda row: (-(row.occupancy or 0), row.site.name))
    return page(
        request,
        "figures/wall.html",
        title=found.name,
        brand=found,
        days=_days(Look(look.source, Choice(), ()), sites),
        figures=figures,
        rows=rows[:_WALL_SITES],
        more=len(rows[_WALL_SITES:]),
    )


@get("/brands/{brand:int}/wall/live", opt={"shared": True, "stream": True})
async def wall_live(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], brand: FromPath[int]
) -> Stream:
    """As that of the overview: a share link opens what lies beneath its page, and nothing beside it."""
    return await live_stream(request, services, viewer, [site.id for site in viewer.sites(viewer.brand(brand).id)])


def _days(look: Look, sites: Sequence[Site]) -> str:
    zones = {site.timezone for site in sites}
    text = look.days(sites[0].timezone if sites else "UTC")
    return f"{text}, each site's own clock" if len(zones) > 1 else text


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    number: bool
    query: str
    order: str | None


@dataclass(frozen=True, slots=True)
class SortedRows:
    """One page of the table of sites, in an order and of those that were searched for; all of it in the address."""

    rows: Sequence[SiteRow]
    columns: Sequence[_Column]
    find: str
    found: int
    page: int
    pages: int
    before: str | None
    next: str | None
    kept: Sequence[tuple[str, str]]

    @classmethod
    def of(cls, request: WebRequest, figures: Overview, choice: Choice) -> SortedRows:
        """The rows that an address asks for; what it asks wrongly is as usual."""
        query = request.query_params
        find = str(query.get("q", "")).strip()[:100]
        key = query.get("sort", _DEFAULT_SORT)
        key = key if key in _COLUMNS else _DEFAULT_SORT
        rising = query.get("order", "asc" if key == "name" else "desc") == "asc"
        rows = [row for row in figures.rows if find.casefold() in _searched(row)]
        rows = _in_order(rows, key, rising=rising)
        pages = max(1, -(-len(rows) // PAGE_ROWS))
        text = str(query.get("page", "1"))
        number = min(int(text), pages) if text.isascii() and text.isdigit() and 0 < len(text) < 6 else 1
        number = max(number, 1)

        def address(**changes: str | None) -> str:
            values = {"sort": key, "order": "asc" if rising else "desc", "q": find or None, "page": None, **changes}
            more = urlencode({name: value for name, value in values.items() if value is not None})
            return "&".join(part for part in (choice.query(), more) if part)

        columns = []
        for name in _COLUMNS:
            if name == "change" and not figures.comparisons:
                continue
            this = name == key
            following = ("desc" if rising else "asc") if this else "asc" if name == "name" else "desc"
            order = ("ascending" if rising else "descending") if this else None
            columns.append(
                _Column(_TITLES.get(name) or label(name), name != "name", address(sort=name, order=following), order)
            )
        first = (number - 1) * PAGE_ROWS
        kept = [pair.partition("=")[::2] for pair in address(q=None).split("&")]
        return cls(
            rows=rows[first : first + PAGE_ROWS],
            columns=columns,
            find=find,
            found=len(rows),
            page=number,
            pages=pages,
            before=address(page=str(number - 1)) if number > 1 else None,
            next=address(page=str(number + 1)) if number < pages else None,
            kept=kept,
        )


def _searched(row: SiteRow) -> str:
    return f"{row.site.name}\n{row.site.reference or ''}\n{row.site.id}".casefold()


def _in_order(rows: Sequence[SiteRow], key: str, *, rising: bool) -> list[SiteRow]:
    """Sites without a value come last, whichever way the others go."""
    if key == "name":
        return sorted(rows, key=lambda row: (row.site.name.casefold(), row.site.id), reverse=not rising)
    valued = [(value, row) for row in rows if (value := _value(row, key)) is not None]
    valued.sort(key=lambda each: (each[0] if rising else -each[0], each[1].site.name.casefold(), each[1].site.id))
    return [*(row for _, row in valued), *(row for row in rows if _value(row, key) is None)]


def _value(row: SiteRow, key: str) -> float | None:
    if key == "now":
        return row.occupancy
    if key == "observed":
        return row.observed
    if key == "change":
        last = row.numbers["visits"].last
        return last.change if last else None
    return row.numbers[key].value


ROUTES = [brand_page, brand_file, brand_live, wall_page, wall_live]
