"""Query parameters that several routes have: sites, sensors, times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from passerby.catalogue.model import Catalogue, Credential, Sensor
from passerby.errors import InvalidInputError, NotFoundError
from passerby.observations import milliseconds

# Before and after every instant that can be asked for.
BEGINNING_MS = -(2**62)
END_MS = 2**62
_LONGEST_NUMBER = 18


def instant(given: datetime | None, name: str, otherwise: int) -> int:
    """A time as UTC milliseconds; `otherwise` when it was not given. Raises InvalidInputError without an offset."""
    if given is None:
        return otherwise
    if given.tzinfo is None:
        raise InvalidInputError("expected a time in RFC 3339 with an offset, such as 2026-03-29T01:30:00Z", name)
    try:
        return milliseconds(given)
    except (OverflowError, ValueError):
        raise InvalidInputError("expected a time between the years 1 and 9999", name) from None


def period(start: datetime | None, end: datetime | None) -> tuple[int, int]:
    """[start, end) as UTC milliseconds, open where not given; raises InvalidInputError for one that holds no time."""
    first, last = instant(start, "start", BEGINNING_MS), instant(end, "end", END_MS)
    if last <= first:
        raise InvalidInputError("must be later than start", "end")
    return first, last


def number(text: str) -> int | None:
    """The id that a text is, None when it is not one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER else None


def named_sensor(catalogue: Catalogue, text: str) -> Sensor | None:
    """The sensor of that uid, or else of that id."""
    by_uid = catalogue.sensor(text)
    if by_uid is not None:
        return by_uid
    asked = number(text)
    return None if asked is None else catalogue.sensor(asked)


def visible_sensors(
    catalogue: Catalogue, credential: Credential, sites: Sequence[str], sensors: Sequence[str]
) -> list[int]:
    """The ids of the sensors of these sites and of these sensors; all that the credential sees when none is named.

    Raises NotFoundError for what does not exist for the credential.
    """
    visible = {site.id: site for site in catalogue.visible_sites(credential)}
    asked: set[int] = set()
    missing: list[str] = []
    for text in sites:
        site = visible.get(number(text) or -1)
        if site is None:
            missing.append("site")
        else:
            asked.update(site.sensor_ids)
    for text in sensors:
        found = named_sensor(catalogue, text)
        if found is None or not catalogue.may_see_sensor(credential, found):
            missing.append("sensor")
        else:
            asked.add(found.id)
    if missing:
        # The same words whether it is another account's or nobody's.
        raise NotFoundError(
            f"unknown {' and '.join(dict.fromkeys(missing))}: none that this key may see has that id or uid"
        )
    if not sites and not sensors:
        asked.update(sensor for site in visible.values() for sensor in site.sensor_ids)
    return sorted(sensor for sensor in asked if catalogue.may_see_sensor(credential, catalogue.sensors[sensor]))
