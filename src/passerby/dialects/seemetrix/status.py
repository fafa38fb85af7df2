"""Which devices are online: the same for the list of devices and for the counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from passerby.catalogue.model import Sensor
from passerby.dialects.seemetrix.calls import Call

State = Literal["online", "offline", "frozen"]


@dataclass(frozen=True, slots=True)
class Status:
    """A device's state. `last_ms`: the start of its latest observation, UTC; None: it never sent any."""

    state: State
    last_ms: int | None


def statuses(call: Call) -> Mapping[int, Status]:
    """Of every device that the key sees, by id.

    Frozen is what the catalogue says is not active. Of the others those are online whose latest observation began
    within `seemetrix_online_s`.
    """
    now_ms, sites = call.services.live.sites({sensor.site_id for sensor in call.devices})
    last = {number: seen for site in sites.values() for number, seen in site.sensors}
    within_ms = call.catalogue.settings_of_account(call.user_id).ms("seemetrix_online_s")
    return {sensor.id: _status(sensor, last.get(sensor.id), now_ms - within_ms) for sensor in call.devices}


def _status(sensor: Sensor, last_ms: int | None, since_ms: int) -> Status:
    if not sensor.active:
        return Status("frozen", last_ms)
    return Status("online" if last_ms is not None and last_ms >= since_ms else "offline", last_ms)
