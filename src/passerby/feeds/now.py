"""Feeds of the moment: the occupancy or queue of a site or zone."""

from __future__ import annotations

from passerby.catalogue.model import Catalogue, Feed
from passerby.errors import NotFoundError
from passerby.feeds.reports import Report
from passerby.live import Live, SiteNow, ZoneNow


def report_now(live: Live, catalogue: Catalogue, feed: Feed) -> Report:
    """How many are there, or wait there, now. NotFoundError when the place is gone."""
    site = catalogue.site_of_target(feed.target)
    if site is None:
        raise NotFoundError("there is no such report")
    here: SiteNow | ZoneNow | None = live.sites([site.id])[1].get(site.id)
    if feed.target.level == "zone" and isinstance(here, SiteNow):
        here = next((zone for zone in here.zones if zone.key == feed.target.key), None)
    if here is None:
        raise NotFoundError("there is no such report")
    value = here.occupancy if feed.metric == "occupancy" else here.queue.count if here.queue else 0.0
    return Report(counter=int(value) if float(value).is_integer() else value)
