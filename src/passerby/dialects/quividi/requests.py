"""What a `data/` request asks for, checked and resolved to sensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec

from passerby.catalogue.model import Catalogue, Credential, Sensor
from passerby.errors import ForbiddenError, InvalidInputError, Problem

DataType = Literal[
    "gate",
    "ots",
    "viewers",
    "viewers_apc",
    "proof_of_play_by_location",
    "proof_of_play_by_site",
    "extrapolated_watchers",
    "extrapolated_ots",
    "vehicles",
    "footfall",
    "vehicles_footfall",
    "im",
]
Resolution = Literal["finest", "5m", "10m", "15m", "30m", "1h", "1d", "7d", "30d", "1M"]

# Older and newer names of the same thing.
ALIASES = {"persons": "footfall", "vehicles_persons": "vehicles_footfall"}
_AGGREGATED: tuple[Resolution, ...] = ("5m", "10m", "15m", "30m", "1h", "1d", "7d", "30d", "1M")
_ANY: tuple[Resolution, ...] = ("finest", *_AGGREGATED)
RESOLUTIONS: Mapping[DataType, tuple[Resolution, ...]] = {
    "gate": _AGGREGATED,
    "ots": _AGGREGATED,
    "viewers": _ANY,
    "viewers_apc": ("finest",),
    "proof_of_play_by_location": _AGGREGATED,
    "proof_of_play_by_site": _AGGREGATED,
    "extrapolated_watchers": _AGGREGATED,
    "extrapolated_ots": _AGGREGATED,
    "vehicles": _ANY,
    "footfall": _ANY,
    "vehicles_footfall": _ANY,
    "im": ("1h",),
}
_PROOFS_OF_PLAY: frozenset[DataType] = frozenset({"proof_of_play_by_location", "proof_of_play_by_site"})
_WITH_CONTENTS: frozenset[DataType] = _PROOFS_OF_PLAY | {"viewers_apc"}
_FORBIDDEN = "You are not allowed to see one of these or it does not exist"


class DataRequest(msgspec.Struct, kw_only=True, frozen=True):
    """A checked request: the identity of an export, so two that mean the same are equal.

    `start` and `end` are wall-clock times of each location, `end` a second that still belongs to the range.
    `extrapolated_to`: number of locations, 0 for the average of the sampled ones. `contents` None: all.
    """

    data_type: DataType
    time_resolution: Resolution
    start: str
    end: str
    sensors: tuple[int, ...]
    account: int
    contents: tuple[str, ...] | None = None
    extrapolated_to: int | None = None
    by_demographics: bool = False

    def document(self) -> dict[str, object]:
        """As JSON values; `msgspec.convert` reads it back."""
        found: dict[str, object] = msgspec.to_builtins(self)
        return found


def data_request(query: Sequence[tuple[str, str]], catalogue: Catalogue, credential: Credential) -> DataRequest:
    """The request of these query parameters.

    Raises InvalidInputError for what cannot be asked, ForbiddenError for a source that the credential does not see or
    that does not exist, which look alike. Parameters that this API does not have are ignored, as the vendor does.
    """
    given = dict(query)
    problems: list[Problem] = []
    data_type = _data_type(given, problems)
    resolution = _resolution(given, data_type, problems)
    start, end = (_instant(given, name, problems) for name in ("start", "end"))
    if start is not None and end is not None and end < start:
        problems.append(Problem("end", "it lies before start"))
    extrapolated_to = _extrapolation(given, data_type, problems)
    sources = {name: _ids(query, name, problems) for name in _SOURCES}
    if not any(sources.values()) and not problems:
        problems.append(Problem("locations", f"give at least one of {', '.join(_SOURCES)}"))
    if problems or data_type is None or resolution is None or start is None or end is None:
        raise InvalidInputError(problems)
    divisible = data_type in _PROOFS_OF_PLAY or (data_type == "viewers" and resolution != "finest")
    return DataRequest(
        data_type=data_type,
        time_resolution=resolution,
        start=start.isoformat(),
        end=end.isoformat(),
        sensors=_sensors(sources, catalogue, credential),
        account=credential.account_id,
        contents=_contents(query) if data_type in _WITH_CONTENTS else None,
        extrapolated_to=extrapolated_to,
        by_demographics=divisible and "group_by_demographics" in given,
    )


def _data_type(given: Mapping[str, str], problems: list[Problem]) -> DataType | None:
    name = given.get("data_type", "")
    found: DataType | None = next((one for one in RESOLUTIONS if one == ALIASES.get(name, name)), None)
    if found is None:
        problems.append(Problem("data_type", f"expected one of {', '.join([*RESOLUTIONS, *ALIASES])}"))
    return found


def _resolution(given: Mapping[str, str], data_type: DataType | None, problems: list[Problem]) -> Resolution | None:
    allowed = RESOLUTIONS[data_type] if data_type else _ANY
    found = next((one for one in allowed if one == given.get("time_resolution")), None)
    if found is None:
        of = f" for {data_type}" if data_type else ""
        problems.append(Problem("time_resolution", f"expected one of {', '.join(allowed)}{of}"))
    return found


def _instant(given: Mapping[str, str], name: str, problems: list[Problem]) -> datetime | None:
    try:
        found = datetime.strptime(given.get(name, ""), "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007  # wall clock of each location
    except ValueError:
        problems.append(Problem(name, "expected YYYY-MM-DDTHH:MM:SS, such as 2016-08-25T20:05:00"))
        return None
    if not 1900 < found.year < 2199:
        problems.append(Problem(name, "expected a year between 1901 and 2198"))
        return None
    return found


def _extrapolation(given: Mapping[str, str], data_type: DataType | None, problems: list[Problem]) -> int | None:
    """0 stands for the average of the sampled locations."""
    if data_type not in {"extrapolated_watchers", "extrapolated_ots"}:
        return None
    text = given.get("extrapolation_amount")
    if text == "":
        return 0
    amount = whole_number(text or "")
    if amount is None or amount == 0:
        message = "expected a number of locations, or nothing after the = for the average of the sampled ones"
        problems.append(Problem("extrapolation_amount", message))
    return amount


def _ids(query: Iterable[tuple[str, str]], name: str, problems: list[Problem]) -> list[int]:
    found = []
    for text in (text.strip() for key, value in query if key == name for text in value.split(",")):
        number = whole_number(text)
        if number is not None:
            found.append(number)
        elif text:
            problems.append(Problem(name, f"expected numbers separated by commas, not {text[:32]!r}"))
    return found


def whole_number(text: str) -> int | None:
    """A whole number; nobody's million digits are converted."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None


def _contents(query: Iterable[tuple[str, str]]) -> tuple[str, ...] | None:
    found = {text for key, value in query if key == "content_ids" for text in value.split(",") if text}
    return tuple(sorted(found)) or None


# -- sources


def _sensors(sources: Mapping[str, Sequence[int]], catalogue: Catalogue, credential: Credential) -> tuple[int, ...]:
    """The sensors of all sources together, by id."""
    found = {
        sensor
        for name, ids in sources.items()
        for number in ids
        for sensor in _SOURCES[name](catalogue, credential, number)
    }
    return tuple(sorted(found))


def _of_location(catalogue: Catalogue, credential: Credential, number: int) -> list[int]:
    sensor = catalogue.sensors.get(number)
    if sensor is None or not catalogue.may_see_sensor(credential, sensor):
        raise ForbiddenError(_FORBIDDEN)
    return [number]


def _of_site(catalogue: Catalogue, credential: Credential, number: int) -> list[int]:
    site = catalogue.sites.get(number)
    if site is None or not catalogue.may_see_site(credential, site):
        raise ForbiddenError(_FORBIDDEN)
    return [sensor for sensor in site.sensor_ids if catalogue.may_see_sensor(credential, catalogue.sensors[sensor])]


def _of_location_tag(catalogue: Catalogue, credential: Credential, number: int) -> list[int]:
    brands = _brands_with_tag(catalogue, credential, number, "sensors")
    return [
        sensor.id
        for sensor in visible_sensors(catalogue, credential)
        if number in sensor.tags and catalogue.site_of(sensor).brand_id in brands
    ]


def _of_site_tag(catalogue: Catalogue, credential: Credential, number: int) -> list[int]:
    brands = _brands_with_tag(catalogue, credential, number, "sites")
    return [
        sensor
        for site in catalogue.visible_sites(credential)
        if number in site.tags and site.brand_id in brands
        for sensor in _of_site(catalogue, credential, site.id)
    ]


def _brands_with_tag(catalogue: Catalogue, credential: Credential, number: int, of: str) -> set[int]:
    """The visible brands that have such a tag; tags are numbered within a brand."""
    brands = {
        brand.id
        for brand in catalogue.visible_brands(credential)
        if any(tag.id == number and tag.of == of for tag in brand.tags)
    }
    if not brands:
        raise ForbiddenError(_FORBIDDEN)
    return brands


def visible_sensors(catalogue: Catalogue, credential: Credential) -> list[Sensor]:
    """The sensors that a credential sees, by id."""
    found = [catalogue.sensors[number] for site in catalogue.visible_sites(credential) for number in site.sensor_ids]
    return sorted(
        (sensor for sensor in found if catalogue.may_see_sensor(credential, sensor)), key=lambda each: each.id
    )


_SOURCES: Mapping[str, Callable[[Catalogue, Credential, int], list[int]]] = {
    "locations": _of_location,
    "sites": _of_site,
    "location_tags": _of_location_tag,
    "site_tags": _of_site_tag,
}
