"""A report as programs read it: `report.data.counter`, `report.data.series[].data[].value`, or CSV."""

from __future__ import annotations

import csv
import io
from itertools import zip_longest

import orjson

from passerby.catalogue.model import Feed
from passerby.feeds.reports import Report

JSON, CSV = "application/json", "text/csv"


def as_json(feed: Feed, found: Report) -> bytes:
    """The JSON document."""
    data: dict[str, object]
    if feed.type == "number":
        data = {"counter": found.counter}
        if feed.compare:
            data["previous"] = found.previous
    else:
        series = [
            {"name": line.name, "data": [{"key": key, "value": value} for key, value in line.points]}
            for line in found.lines
        ]
        data = {"series": series}
    return orjson.dumps({"report": {"name": feed.name, "type": feed.type, "data": data}})


def as_csv(feed: Feed, found: Report) -> bytes:
    """A table: the first column is `Date`, then one a series. A number is a row without a date in it."""
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\n")
    if feed.type == "number":
        write.writerow(["Date", feed.name, *(["Period before"] if feed.compare else ())])
        write.writerow([feed.period, found.counter, *([found.previous] if feed.compare else ())])
        return text.getvalue().encode()
    write.writerow(["Date", *(line.name for line in found.lines)])
    for (key, value), pair in zip_longest(found.lines[0].points, found.pairs):
        write.writerow([key, value, *(["" if pair is None else pair] if feed.compare else ())])
    return text.getvalue().encode()
