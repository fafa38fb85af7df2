"""`/user/<id>/counters`: a few numbers for a dashboard."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from passerby.calendar import Calendar, whole_range
from passerby.dialects.seemetrix import openapi
from passerby.dialects.seemetrix.calls import Call, Document, Method
from passerby.dialects.seemetrix.requests import YEARS, instant_ms, offset
from passerby.dialects.seemetrix.shapes import mean_s
from passerby.dialects.seemetrix.status import statuses
from passerby.metrics.compute import compute
from passerby.metrics.places import Place

_PERIODS = ("usr_cur_day", "usr_cur_hour", "usr_cur_month", "usr_num")
_METRICS = ("watchers", "dwell")


def counters(call: Call) -> Document:
    """Devices, movies, and views: of all time, and of the current month, day and hour at `tzo`."""
    calendars = _calendars(call.now.astimezone(offset(call.query)))
    places = [Place("sensor", sensor.id, calendar) for calendar in range(len(calendars)) for sensor in call.devices]
    sums = np.zeros((len(_METRICS), len(calendars)), dtype=np.int64)
    if places:
        found = compute(call.services.store, call.catalogue, _METRICS, places, calendars)
        period = found.place // len(call.devices)
        np.add.at(sums, (found.metric, period), found.value.astype(np.int64))
    (watchers, dwell) = sums.tolist()
    contents = [content for content in call.catalogue.contents.values() if content.account_id == call.user_id]
    states = [status.state for status in statuses(call).values()]
    return {
        "avg_duration": mean_s(dwell[-1], watchers[-1]),
        "dev_num": len(states),
        "movies_num": len(contents),
        "online_device_num": states.count("online"),
        **dict(zip(_PERIODS, watchers, strict=True)),
    }


def _calendars(now: datetime) -> list[Calendar]:
    """One bucket for each of `_PERIODS`."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    day = hour.replace(hour=0)
    month = day.replace(day=1)
    ranges = (
        (day, day + timedelta(days=1)),
        (hour, hour + timedelta(hours=1)),
        (month, (month + timedelta(days=31)).replace(day=1)),
        (now.replace(year=YEARS[0], month=1, day=2), now.replace(year=YEARS[-1], month=12, day=30)),
    )
    return [whole_range(instant_ms(begin), instant_ms(end)) for begin, end in ranges]


_ANSWER = openapi.form(
    {
        "avg_duration": openapi.NUMBER,
        "dev_num": openapi.INTEGER,
        "movies_num": openapi.INTEGER,
        "online_device_num": openapi.INTEGER,
        **dict.fromkeys(_PERIODS, openapi.INTEGER),
    }
)
METHODS = (
    Method(
        "/user/{user:str}/counters",
        "status counters",
        counters,
        openapi.operation("The counters.", _ANSWER, {"tzo": openapi.SPAN["tzo"]}),
        bare=True,
    ),
)
