"""Every setting that changes what Passerby does, with its default, its levels and its meaning.

A setting has a global value (the default here, or the environment variable `PASSERBY_<NAME>`), and, where
`levels` allows, a value of the account (`settings:` at the top of the catalogue file) and of a site. The
narrowest wins. Values are checked when they are set, never when they are used.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from passerby.errors import InvalidInputError, Problem

Value = int | float | bool | str
Level = Literal["global", "account", "site"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `minimum`/`maximum` bound numbers; `choices` or `pattern` bound texts."""

    name: str
    default: Value
    levels: tuple[Level, ...]
    description: str
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""

    def check(self, value: object, path: str) -> Value:
        """`value` as this setting holds it; raises InvalidInputError naming `path` and the fix."""
        if isinstance(self.default, bool):
            if not isinstance(value, bool):
                raise InvalidInputError("expected true or false", path)
            return value
        if isinstance(self.default, str):
            return self._check_text(value, path)
        return self._check_number(value, path)

    def _check_text(self, value: object, path: str) -> str:
        if not isinstance(value, str):
            raise InvalidInputError("expected a text", path)
        if self.choices and value not in self.choices:
            raise InvalidInputError(f"expected one of {', '.join(self.choices)}", path)
        if self.pattern and not re.fullmatch(self.pattern, value):
            raise InvalidInputError(f"expected the form of {self.default!r}", path)
        return value

    def _check_number(self, value: object, path: str) -> int | float:
        wanted = "an integer" if isinstance(self.default, int) else "a number"
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise InvalidInputError(f"expected {wanted}", path)
        if isinstance(self.default, int) and not isinstance(value, int):
            raise InvalidInputError(f"expected {wanted}", path)
        if self.minimum is not None and value < self.minimum:
            raise InvalidInputError(f"expected {wanted} >= {self.minimum:g}", path)
        if self.maximum is not None and value > self.maximum:
            raise InvalidInputError(f"expected {wanted} <= {self.maximum:g}", path)
        return value


_EVERYWHERE: tuple[Level, ...] = ("global", "account", "site")
_ACCOUNT: tuple[Level, ...] = ("global", "account")
_GLOBAL: tuple[Level, ...] = ("global",)

_ALL = (
    Setting("bounce_s", 5.0, _EVERYWHERE, "A visit shorter than this is a bounce.", "s", 0, 86400),
    Setting("group_gap_s", 3.0, _EVERYWHERE, "A longer gap between two entries begins a new group.", "s", 0, 86400),
    Setting(
        "group_name_s",
        0.0,
        _EVERYWHERE,
        "A sensor's own group name that was unused for longer names a new group; 0: a name is used for one group only.",
        "s",
        0,
        31_622_400,
    ),
    Setting(
        "occupancy_reset",
        "04:00",
        _EVERYWHERE,
        "Local time at which the running in - out of a site starts again at 0.",
        "HH:MM",
        pattern=r"([01]\d|2[0-3]):[0-5]\d",
    ),
    Setting(
        "wifi_visit_rssi",
        -75,
        _EVERYWHERE,
        "A WiFi device whose strongest signal is weaker than this walked by; others visited.",
        "dBm",
        -200,
        0,
    ),
    Setting("wifi_bounce_s", 60.0, _EVERYWHERE, "A WiFi visit shorter than this is a bounce.", "s", 0, 86400),
    Setting(
        "wifi_key_rotation",
        "daily",
        _EVERYWHERE,
        "How long a WiFi device is recognised, under one key: a local day, a week from Monday, a month, or for ever.",
        choices=("daily", "weekly", "monthly", "never"),
    ),
    Setting(
        "wifi_randomized",
        "count",
        _EVERYWHERE,
        "WiFi devices with made-up addresses: count them, count their visits_only and not who is new or returns, or "
        "drop them unkept.",
        choices=("count", "visits_only", "drop"),
    ),
    Setting(
        "wifi_session_gap_s",
        600.0,
        _EVERYWHERE,
        "A WiFi device that no sensor of the site heard for so long starts a new session.",
        "s",
        1,
        3600,
    ),
    Setting(
        "wifi_lateness_s",
        900.0,
        _EVERYWHERE,
        "WiFi sightings that arrive up to this late count as if they had come in time.",
        "s",
        0,
        86400,
    ),
    Setting("analytiks_15min", True, _ACCOUNT, "Whether the Analytiks exports offer 15-minute intervals."),
    Setting(
        "analytiks_dwell_time",
        "sum",
        _ACCOUNT,
        "Whether dwellTime in the Analytiks exports is the sum or the mean of the stays.",
        choices=("sum", "mean"),
    ),
    Setting(
        "analytiks_page_size",
        50,
        _ACCOUNT,
        "Locations in one answer of /json/v3 and /wifi/json/v3.",
        "locations",
        1,
        1000,
    ),
    Setting(
        "allow_private_webhooks",
        False,
        _ACCOUNT,
        "Whether webhooks may go to private, loopback and other addresses that are not public.",
    ),
    Setting(
        "quividi_calls_per_minute",
        50,
        _ACCOUNT,
        "Calls of the Quividi data API that each of its users may make in a minute; 0: no limit.",
        "calls",
        0,
        1_000_000,
    ),
    Setting(
        "camlytics_requests_per_second",
        1.0,
        _ACCOUNT,
        "Requests that a Camlytics key may send to the service API; 0: no limit.",
        "requests/s",
        0,
        100_000,
    ),
    Setting(
        "camlytics_pairing_h",
        24.0,
        _GLOBAL,
        "How long a Camlytics RegionJoin or RegionLeave waits for its other half, and the longest stay that they make.",
        "h",
        0.1,
        8784,
    ),
    Setting(
        "seemetrix_online_s",
        900.0,
        _ACCOUNT,
        "A Seemetrix device whose latest observation began longer ago is offline.",
        "s",
        1,
        31_622_400,
    ),
    Setting(
        "lifetime_bin_s",
        60.0,
        _EVERYWHERE,
        "Width of a bin of the lengths of stay in the histograms of zones.",
        "s",
        1,
        86400,
    ),
    Setting("smtp_host", "", _GLOBAL, "The mail server that reports are handed to; without one none are sent."),
    Setting("smtp_port", 587, _GLOBAL, "Its port.", "", 1, 65_535),
    Setting(
        "smtp_security",
        "starttls",
        _GLOBAL,
        "How the connection to it is protected; its password is in PASSERBY_SMTP_PASSWORD.",
        choices=("starttls", "tls", "none"),
    ),
    Setting("smtp_user", "", _GLOBAL, "The user to sign in with; empty: it wants none."),
    Setting("mail_from", "", _GLOBAL, "The address that reports come from."),
    Setting("max_body_mb", 16, _GLOBAL, "The largest accepted request body, after decompression.", "MB", 1, 1024),
    Setting("journal_days", 7, _GLOBAL, "How long read journal rows are kept.", "days", 0, 3650),
    Setting("rejected_days", 30, _GLOBAL, "How long rejected rows are kept aside.", "days", 1, 3650),
    Setting("store_memory_mb", 4096, _GLOBAL, "Memory that the fact store may use.", "MB", 256, 1 << 20),
    Setting("store_threads", 2, _GLOBAL, "Threads that the fact store may use.", "threads", 1, 1024),
)
SETTINGS: dict[str, Setting] = {setting.name: setting for setting in _ALL}


def check_settings(values: Mapping[str, object], level: Level, path: str) -> dict[str, Value]:
    """The settings in `values`, each checked; an unknown name or a wrong level is an error that says so."""
    checked: dict[str, Value] = {}
    problems: list[Problem] = []
    for name, value in values.items():
        try:
            checked[name] = _setting(name, level, f"{path}.{name}").check(value, f"{path}.{name}")
        except InvalidInputError as error:
            problems += error.problems
    if problems:
        raise InvalidInputError(problems)
    return checked


def _setting(name: str, level: Level, path: str) -> Setting:
    setting = SETTINGS.get(name)
    if setting is None:
        raise InvalidInputError(f"no such setting; there are: {', '.join(SETTINGS)}", path)
    if level not in setting.levels:
        raise InvalidInputError(f"cannot be set for one {level}, only: {', '.join(setting.levels)}", path)
    return setting


def from_environment(environment: Mapping[str, str] | None = None) -> dict[str, Value]:
    """Global values given as `PASSERBY_<NAME>`."""
    environment = os.environ if environment is None else environment
    found: dict[str, Value] = {}
    for setting in _ALL:
        name = f"PASSERBY_{setting.name.upper()}"
        if name in environment:
            found[setting.name] = setting.check(_parse(environment[name], setting.default), name)
    return found


def _parse(text: str, like: Value) -> object:
    if isinstance(like, bool):
        return {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
    if isinstance(like, str):
        return text
    try:
        return int(text) if isinstance(like, int) else float(text)
    except ValueError:
        return text


class Settings:
    """The value in force of each setting, from the widest level to the narrowest."""

    def __init__(self, *levels: Mapping[str, Value]) -> None:
        self._levels = levels

    def narrowed(self, values: Mapping[str, Value]) -> Settings:
        """These settings with the values of a narrower level over them."""
        return Settings(*self._levels, values) if values else self

    def _value(self, name: str) -> Value:
        for level in reversed(self._levels):
            if name in level:
                return level[name]
        return SETTINGS[name].default

    def integer(self, name: str) -> int:
        """An integer setting."""
        return int(self._value(name))

    def number(self, name: str) -> float:
        """A numeric setting."""
        return float(self._value(name))

    def flag(self, name: str) -> bool:
        """A yes/no setting."""
        return bool(self._value(name))

    def text(self, name: str) -> str:
        """A text setting."""
        return str(self._value(name))

    def ms(self, name: str) -> int:
        """A setting in seconds, as integer milliseconds."""
        return round(self.number(name) * 1000)
