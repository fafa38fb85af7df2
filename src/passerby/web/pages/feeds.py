"""Report feeds: saved reports under addresses of their own."""

from __future__ import annotations

import asyncio

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from passerby.catalogue.outlet_editing import add_feed
from passerby.catalogue.rules import LIVE_METRICS
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.metrics.registry import METRICS
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.places import entry, place_name, places, sees
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, editor

NAVIGATION = [NavigationItem("Feeds", "/app/feeds", "Connections", "feed", "editor")]
TYPES = {"number": "One number", "series": "A series over time", "distribution": "A distribution"}
PERIODS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "The last 7 days",
    "30d": "The last 30 days",
    "month": "This month",
}
BUCKETS = {"15m": "15 minutes", "30m": "30 minutes", "1h": "Hour", "1d": "Day", "1w": "Week", "1M": "Month"}
BY = {"hour": "Hour of the day", "weekday": "Day of the week"}
_LIVE = {"occupancy": "In now", "queue": "Waiting now"}
_Answer = Response[bytes] | Redirect


@get("/feeds", guards=[editor], sync_to_thread=True)
def feeds_page(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Every feed of places that the viewer sees, with its address."""
    ids = services.catalogue.feed_ids(viewer.account_id)
    found = [
        feed
        for _, feed in sorted(viewer.catalogue.feeds.items())
        if feed.account_id == viewer.account_id and sees(viewer, feed.target)
    ]
    return page(
        request,
        "feeds/list.html",
        title="Feeds",
        feeds=[(feed, place_name(viewer.catalogue, feed.target), ids[feed.name]) for feed in found if feed.name in ids],
        base=str(request.base_url).rstrip("/"),
        types=TYPES,
        periods=PERIODS,
        metric_name=_metric_name,
    )


@get("/feeds/new", guards=[editor], sync_to_thread=True)
def feed_form(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """The form for a new feed."""
    return _form(request, viewer, Form({"type": "number", "metric": "visits", "period": "today", "bucket": "1h"}))


@post("/feeds/new", guards=[editor])
async def create_feed(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> _Answer:
    """Make a feed."""
    form = await Form.of(request)
    return await asyncio.to_thread(_create, request, services, viewer, form)


def _create(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> _Answer:
    place = form.choice("place", [value for value, _ in places(viewer)] or [""])
    fields: dict[str, object] = {
        "name": form.text("name", most=200),
        "type": form.choice("type", list(TYPES)),
        "metric": form.choice("metric", [*_LIVE, *METRICS]),
        "period": form.choice("period", list(PERIODS)),
        "bucket": form.choice("bucket", list(BUCKETS)),
        "by": form.choice("by", list(BY)),
        "compare": form.flag("compare"),
    }
    if not form.errors:
        try:
            add_feed(services.catalogue, viewer.account_id, {**fields, **entry(place)})
        except ConflictError as error:
            form.errors[""] = error.message
        except InvalidInputError as error:
            form.refuse(error)
        else:
            return redirect(request, "/app/feeds", "The feed is made: its address is below.")
    return _form(request, viewer, form, 422)


@post("/feeds/remove", guards=[editor])
async def remove_feed(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> _Answer:
    """End a feed: its address answers nobody any more."""
    name = (await Form.of(request)).value("name")
    found = viewer.catalogue.feeds.get((viewer.account_id, name))
    if found is None or not sees(viewer, found.target):
        raise NotFoundError("there is no such feed")
    await asyncio.to_thread(services.catalogue.remove_feed, viewer.account_id, name)
    return redirect(request, "/app/feeds", f"{name} is removed: its address answers nobody any more.")


def _metric_name(name: str) -> str:
    return _LIVE.get(name) or name.replace("_", " ").capitalize()


def _form(request: WebRequest, viewer: Viewer, form: Form, status: int = 200) -> Page:
    return page(
        request,
        "feeds/new.html",
        title="New feed",
        status=status,
        form=form,
        places=places(viewer),
        types=list(TYPES.items()),
        metrics=[(name, f"{_metric_name(name)} ({name})") for name in (*LIVE_METRICS, *METRICS)],
        periods=list(PERIODS.items()),
        buckets=list(BUCKETS.items()),
        by=list(BY.items()),
    )


ROUTES = [feeds_page, feed_form, create_feed, remove_feed]
