"""The forms of the catalogue: what their fields begin with, and what was typed as the catalogue file would have it.

Fields are called as the problems that the rules find name their places, so each problem is shown at its field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from passerby.catalogue.document import Vehicle
from passerby.catalogue.model import Brand, Catalogue, Content, Sensor, Site
from passerby.settings import SETTINGS, Setting, Settings, Value
from passerby.web.fields import nested, number
from passerby.web.forms import Form

VEHICLES: tuple[str, ...] = get_args(Vehicle)
SITE_SETTINGS = tuple(setting for setting in SETTINGS.values() if "site" in setting.levels)
Values = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class SettingField:
    """A setting of a site in its form: its value there, and the one that holds where there is none."""

    setting: Setting
    inherited: str
    source: str

    @property
    def name(self) -> str:
        """The name of its field."""
        return f"settings.{self.setting.name}"

    @property
    def options(self) -> list[tuple[str, str]]:
        """What there is to choose from."""
        return [(choice, choice.replace("_", " ")) for choice in self.setting.choices]

    @property
    def label(self) -> str:
        """Its name as words."""
        words = self.setting.name.removesuffix("_s").replace("_", " ")
        return (words[:1].upper() + words[1:]).replace("rssi", "signal").replace("Wifi", "WiFi")


def setting_fields(catalogue: Catalogue, account_id: int) -> list[SettingField]:
    """The settings that a site may have of its own, with what it inherits otherwise and from where."""
    inherited: Settings = catalogue.settings_of_account(account_id)
    own = catalogue.accounts[account_id].settings
    made = []
    for setting in SITE_SETTINGS:
        source = (
            "account" if setting.name in own else "server" if setting.name in catalogue.global_settings else "default"
        )
        made.append(SettingField(setting, _text(_value(inherited, setting)), source))
    return made


def _value(settings: Settings, setting: Setting) -> Value:
    if isinstance(setting.default, str):
        return settings.text(setting.name)
    return settings.integer(setting.name) if isinstance(setting.default, int) else settings.number(setting.name)


# -- sites


def site_values(site: Site) -> Values:
    """What the fields of a site begin with."""
    hours = site.opening_hours or ("", "")
    return {
        "name": site.name,
        "reference": site.reference or "",
        "timezone": site.timezone,
        "opening_hours.open": hours[0],
        "opening_hours.close": hours[1],
        "tags": [str(tag) for tag in site.tags],
        **{f"settings.{name}": _text(value) for name, value in site.settings.items()},
        **{f"vehicle_factors.{name}": _text(value) for name, value in site.vehicle_factors.items()},
    }


def site_fields(form: Form) -> dict[str, Any]:
    """A site as the file would have it."""
    opens, closes = form.value("opening_hours.open").strip(), form.value("opening_hours.close").strip()
    found = {
        **_common(form, ("name", "timezone"), optional=("reference",)),
        "opening_hours": {"open": opens, "close": closes} if opens or closes else None,
        "tags": [number(tag) for tag in form.values("tags")],
        "settings": {},
        "vehicle_factors": _given(form, "vehicle_factors", VEHICLES),
    }
    for setting in SITE_SETTINGS:
        text = form.value(f"settings.{setting.name}").strip()
        if text:
            found["settings"][setting.name] = text if isinstance(setting.default, str) else number(text)
    return found


# -- sensors


def sensor_values(sensor: Sensor) -> Values:
    """What the fields of a sensor begin with."""
    ticked = {name: "1" for name in ("entry_point", "active", "expert") if getattr(sensor, name)}
    tags = [str(tag) for tag in sensor.tags]
    return {"name": sensor.name, "uid": sensor.uid, "site": str(sensor.site_id), "tags": tags, **ticked}


NEW_SENSOR: Values = {"entry_point": "1", "active": "1", "expert": "1"}


def sensor_fields(form: Form) -> dict[str, Any]:
    """A sensor as the file would have it."""
    return {
        **_common(form, (), optional=("name", "uid")),
        **{name: form.flag(name) for name in ("entry_point", "active", "expert")},
        "tags": [number(tag) for tag in form.values("tags")],
    }


# -- brands and contents


def brand_values(brand: Brand) -> Values:
    """What the fields of a brand begin with."""
    return {"name": brand.name}


def brand_tags(brand: Brand) -> list[dict[str, Any]]:
    """The tags of a brand as the rows of its form."""
    return [{"id": tag.id, "label": tag.label, "of": tag.of} for tag in brand.tags]


def brand_fields(form: Form, values: Mapping[str, str], brand: Brand | None) -> dict[str, Any]:
    """A brand as the file would have it; a tag whose label is empty goes, a new one gets the next number."""
    tags = []
    taken = [tag.id for tag in brand.tags] if brand else []
    for row in nested(values, "tags"):
        label = str(row.get("label", "")).strip()
        if label:
            tag_id = number(str(row.get("id", "")))
            if tag_id == "":
                tag_id = max(taken, default=0) + 1
                taken.append(tag_id)
            tags.append({"id": tag_id, "label": label, "of": row.get("of", "")})
    return {**_common(form, ("name",)), "tags": tags}


def content_values(content: Content) -> Values:
    """What the fields of a content begin with."""
    return {
        "content_id": content.content_id,
        "name": content.name,
        "app_id": content.app_id or "",
        "campaign_id": content.campaign_id or "",
        "duration_ms": "" if content.duration_ms is None else str(content.duration_ms),
    }


def content_fields(form: Form) -> dict[str, Any]:
    """A content as the file would have it."""
    found = _common(form, ("content_id",), optional=("name", "app_id", "campaign_id"))
    length = form.value("duration_ms").strip()
    return {**found, "duration_ms": number(length) if length else None}


# -- lines and zones


def drawn_fields(values: Mapping[str, str]) -> dict[str, Any]:
    """The lines and zones of a sensor as the file would have them."""
    return {
        "lines": [
            {
                **_part(row),
                "entrance": row.get("entrance") == "1",
                "direction": row.get("direction", ""),
                "inside": row.get("inside", ""),
                "points": _points(row),
            }
            for row in nested(values, "lines")
        ],
        "zones": [
            {
                **_part(row),
                "min_dwell_s": number(str(row.get("min_dwell_s", ""))),
                "queue": row.get("queue") == "1",
                "polygon": _points(row),
            }
            for row in nested(values, "zones")
        ],
    }


def _part(row: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: str(row.get(name, "")).strip() or None for name in ("uid", "name")}
    given = str(row.get("id", "")).strip()
    return {**found, "id": number(given) if given else None}


def _points(row: Mapping[str, Any]) -> list[list[Any]]:
    points = row.get("points")
    found = points if isinstance(points, list) else []
    return [
        [number(str(each.get("x", ""))), number(str(each.get("y", "")))] for each in found if isinstance(each, dict)
    ]


def _common(form: Form, needed: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {name: form.value(name).strip() for name in needed}
    found |= {name: form.value(name).strip() or None for name in optional}
    asked = form.value("id").strip()
    return {**found, "id": number(asked)} if asked else found


def _given(form: Form, group: str, names: tuple[str, ...]) -> dict[str, Any]:
    texts = {name: form.value(f"{group}.{name}").strip() for name in names}
    return {name: number(text) for name, text in texts.items() if text}


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
