"""What a catalogue file asks for, as rows.

The file's entries are nested and have defaults; rows are flat and complete. On the way, whatever can be seen to be
wrong from the file alone is noted: ids given twice, broken `rules`, secrets that the environment lacks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType

from passerby.catalogue import rules
from passerby.catalogue.document import (
    AnalytiksEntry,
    AnyCredentialEntry,
    BrandEntry,
    CamlyticsEntry,
    CatalogueFile,
    ContentEntry,
    FeedEntry,
    NativeEntry,
    ProducersEntry,
    QuividiEntry,
    SeemetrixEntry,
    SensorEntry,
    SiteEntry,
    WebhookEntry,
)
from passerby.catalogue.keys import key_name
from passerby.catalogue.model import DialectName
from passerby.catalogue.rows import Key, Row, Rows, no_rows
from passerby.catalogue.shape import Notes
from passerby.catalogue.targets import LEVELS, Named, named
from passerby.errors import Problem
from passerby.settings import Settings, from_environment

_SENSOR_KEY_NAME = re.compile(r"sensor-\d+(-device)?")


@dataclass
class Wanted:
    """What a file asks for. `paths` says where in the file each row stands.

    `account_id` is 0 when the file's could not be read. `secrets` has the secret of each credential, None to keep the
    one held; `producers` those of its producers likewise. A credential's row has neither yet. `keyless` are sensors
    whose key is to be taken away, `silent` those whose file entry does not speak of a key. `places` are those of
    webhooks and feeds as the file names them; their rows have no `place` and no `held` yet. `webhook_secrets`: unset to
    keep the one held; `feed_ids`: None likewise. `whole`: it is a file of somebody who owns the account.
    """

    account_id: int
    rows: Rows = field(default_factory=no_rows)
    paths: dict[tuple[str, Key], str] = field(default_factory=dict)
    secrets: dict[Key, str | None] = field(default_factory=dict, repr=False)
    producers: dict[Key, dict[str, dict[str, str | None] | None]] = field(default_factory=dict, repr=False)
    keyless: set[int] = field(default_factory=set)
    silent: set[int] = field(default_factory=set)
    places: dict[tuple[str, Key], Named] = field(default_factory=dict)
    webhook_secrets: dict[Key, str | UnsetType | None] = field(default_factory=dict, repr=False)
    feed_ids: dict[Key, str | None] = field(default_factory=dict, repr=False)
    whole: bool = True


def sensor_key_name(sensor_id: int) -> str:
    """The name under which a sensor's own ingest key is held."""
    return f"sensor-{sensor_id}"


def device_key_name(sensor_id: int) -> str:
    """The name of the key that a sensor has where there is none that can be shown."""
    return f"sensor-{sensor_id}-device"


def is_sensor_key_name(name: str) -> bool:
    """Whether only the key of a sensor may have a name."""
    return _SENSOR_KEY_NAME.fullmatch(name) is not None


class _Flattener:
    """Turns the entries of one file into rows, noting duplicate keys and what `rules` finds."""

    def __init__(self, file: CatalogueFile, environment: Mapping[str, str], notes: Notes) -> None:
        self._environment = environment
        self._notes = notes
        self._problems = notes.problems
        self.wanted = Wanted((file.account and file.account.id) or 0)
        self._settings = Settings(from_environment(environment), file.settings)  # type: ignore[arg-type]  # checked by `_account`
        self._account(file)
        for index, content in enumerate(file.contents):
            self._content(content, f"contents[{index}]")
        for index, brand in enumerate(file.brands):
            self._brand(brand, f"brands[{index}]")
        for index, credential in enumerate(file.credentials):
            self._credential(credential, f"credentials[{index}]")
        for index, webhook in enumerate(file.webhooks):
            self._webhook(webhook, f"webhooks[{index}]")
        for index, feed in enumerate(file.feeds):
            self._feed(feed, f"feeds[{index}]")

    def _add(self, table: str, key: Key, path: str, row: Row) -> None:
        if None in key:
            return  # the id could not be read, which was reported
        first = self.wanted.paths.setdefault((table, key), path)
        if first != path:
            self._problems.append(Problem(f"{path}.id", f"the same as that of {first}"))
            return
        self.wanted.rows[table][key] = row

    def _account(self, file: CatalogueFile) -> None:
        self._problems.extend(rules.check_values(file.settings, "account", "settings"))
        if file.account is not None:
            row: Row = {"id": file.account.id, "name": file.account.name, "settings": file.settings}
            self._add("accounts", (file.account.id,), "account", row)

    def _content(self, entry: ContentEntry, path: str) -> None:
        row: Row = {
            "id": entry.id,
            "account_id": self.wanted.account_id,
            "content_id": entry.content_id,
            "app_id": entry.app_id,
            "campaign_id": entry.campaign_id,
            "name": entry.name or entry.content_id,
            "duration_ms": entry.duration_ms,
        }
        self._add("contents", (entry.id,), path, row)

    def _brand(self, entry: BrandEntry, path: str) -> None:
        row: Row = {"id": entry.id, "account_id": self.wanted.account_id, "name": entry.name}
        self._add("brands", (entry.id,), path, row)
        for index, tag in enumerate(entry.tags):
            tag_row = {"brand_id": entry.id, "id": tag.id, "label": tag.label, "of": tag.of}
            self._add("tags", (entry.id, tag.id), f"{path}.tags[{index}]", tag_row)
        for index, site in enumerate(entry.sites):
            self._site(site, entry.id, f"{path}.sites[{index}]")

    def _site(self, entry: SiteEntry, brand_id: int, path: str) -> None:
        self._problems.extend(rules.check_site(entry, path))
        self._check_repeated(entry.tags, f"{path}.tags")
        hours = entry.opening_hours
        row: Row = {
            "id": entry.id,
            "brand_id": brand_id,
            "name": entry.name,
            "reference": entry.reference,
            "timezone": entry.timezone,
            "opens": hours.open if hours else None,
            "closes": hours.close if hours else None,
            "settings": entry.settings,
            "tags": sorted(entry.tags),
            "vehicle_factors": entry.vehicle_factors,
        }
        self._add("sites", (entry.id,), path, row)
        for index, sensor in enumerate(entry.sensors):
            self._sensor(sensor, entry.id, f"{path}.sensors[{index}]")

    def _sensor(self, entry: SensorEntry, site_id: int, path: str) -> None:
        self._check_repeated(entry.tags, f"{path}.tags")
        row: Row = {
            "id": entry.id,
            "site_id": site_id,
            "uid": entry.uid,
            "name": entry.name or f"Sensor {entry.id}",
            "entry_point": entry.entry_point,
            "active": entry.active,
            "expert": entry.expert,
            "tags": sorted(entry.tags),
        }
        self._add("sensors", (entry.id,), path, row)
        self._drawings(entry, path)
        asked = self._producers(entry.producers, path)
        if entry.key is None:
            self.wanted.keyless.add(entry.id)
            if asked:
                self._problems.append(Problem(f"{path}.producers", "they push with the sensor's key; give it one"))
        elif isinstance(entry.key, str) or asked:
            secret = entry.key if isinstance(entry.key, str) else None
            name = sensor_key_name(entry.id)
            row = self._credential_row("native", name, ["ingest"], None, None) | {"sensor_id": entry.id}
            self._add_credential(row, secret, path, f"{path}.key")
            self.wanted.producers["native", name] = asked
        else:
            self.wanted.silent.add(entry.id)

    def _drawings(self, sensor: SensorEntry, path: str) -> None:
        for index, line in enumerate(sensor.lines):
            where = f"{path}.lines[{index}]"
            self._problems.extend(rules.check_line(line, where))
            row: Row = {
                "sensor_id": sensor.id,
                "id": line.id,
                "uid": line.uid,
                "name": line.name or f"Line {line.id}",
                "entrance": line.entrance,
                "direction": line.direction,
                "inside": line.inside,
                "points": [list(point) for point in line.points or []],
            }
            self._add("lines", (sensor.id, line.id), where, row)
        for index, zone in enumerate(sensor.zones):
            where = f"{path}.zones[{index}]"
            self._problems.extend(rules.check_zone(zone, where))
            row = {
                "sensor_id": sensor.id,
                "id": zone.id,
                "uid": zone.uid,
                "name": zone.name or f"Zone {zone.id}",
                "min_dwell_s": zone.min_dwell_s,
                "queue": zone.queue,
                "polygon": [list(point) for point in rules.open_ring(zone.polygon or [])],
            }
            self._add("zones", (sensor.id, zone.id), where, row)

    def _credential(self, entry: AnyCredentialEntry, path: str) -> None:
        dialect, field_of_name, name, field_of_secret, secret = _parts(entry)
        scopes: list[str] = sorted(set(entry.scopes)) if isinstance(entry, NativeEntry) else ["read"]
        if isinstance(entry, NativeEntry) and not scopes:
            self._problems.append(Problem(f"{path}.scopes", "expected at least one of ingest, read, admin"))
        for limit in ("brands", "sites"):
            if getattr(entry, limit) == []:
                self._problems.append(Problem(f"{path}.{limit}", "empty; leave it out for all, or name some"))
            self._check_repeated(getattr(entry, limit) or [], f"{path}.{limit}")
        if dialect == "native" and name is not None and is_sensor_key_name(name):
            self._problems.append(Problem(f"{path}.name", "reserved for the sensor's own key; choose another name"))
        if name is None and secret is None:
            if field_of_name == "name" and not self._notes.lost:
                self._problems.append(Problem(path, f"give {field_of_secret}, or the name of one that is held"))
            return
        row = self._credential_row(dialect, name, scopes, entry.brands, entry.sites)
        self._add_credential(row, secret, path, f"{path}.{field_of_secret}")
        if isinstance(entry, NativeEntry):
            self.wanted.producers[dialect, row["name"]] = self._producers(entry.producers, path)

    def _producers(self, entry: ProducersEntry, path: str) -> dict[str, dict[str, str | None] | None]:
        """What the file says of each producer: its secrets (None: the one held), or None to take it away."""
        asked: dict[str, dict[str, str | None] | None] = {}
        for producer in entry.__struct_fields__:
            secrets = getattr(entry, producer)
            if secrets is None:
                asked[producer] = None
            elif secrets is not UNSET:
                where = f"{path}.producers.{producer}"
                given = {name: getattr(secrets, name) for name in secrets.__struct_fields__}
                asked[producer] = {
                    name: None if secret is None else self._from_environment(secret, f"{where}.{name}")
                    for name, secret in given.items()
                }
        return asked

    def _credential_row(
        self,
        dialect: DialectName,
        name: str | None,
        scopes: list[str],
        brands: list[int] | None,
        sites: list[int] | None,
    ) -> Row:
        return {
            "account_id": self.wanted.account_id,
            "dialect": dialect,
            "name": name,
            "scopes": scopes,
            "brand_ids": None if brands is None else sorted(brands),
            "site_ids": None if sites is None else sorted(sites),
            "sensor_id": None,
        }

    def _add_credential(self, row: Row, secret: str | None, path: str, path_of_secret: str) -> None:
        if secret is not None:
            secret = self._from_environment(secret, path_of_secret)
        if row["name"] is None:
            row["name"] = key_name(secret or "")
        key = (row["dialect"], row["name"])
        first = self.wanted.paths.setdefault(("credentials", key), path)
        if first != path:
            self._problems.append(Problem(path, f"the same {row['dialect']} credential as {first}"))
            return
        self.wanted.rows["credentials"][key] = row
        self.wanted.secrets[key] = secret

    def _webhook(self, entry: WebhookEntry, path: str) -> None:
        allow_private = self._settings.flag("allow_private_webhooks")
        self._problems.extend(rules.check_webhook(entry, path, allow_private=allow_private))
        place = named(entry, ("site", "sensor", "zone"), path)
        if isinstance(place, Problem):
            self._notes.lose(place.path, place.message)
            return
        made = f"{self.wanted.account_id} {entry.what} {place[0]} {place[1]} {entry.url}"
        key: Key = (entry.id or _made_id(made),)
        row: Row = {
            "id": key[0],
            "account_id": self.wanted.account_id,
            "url": entry.url,
            "what": entry.what,
            "every_s": entry.every_s,
        }
        self._add("webhooks", key, path, row)
        self.wanted.places["webhooks", key] = place
        secret = entry.secret
        if isinstance(secret, str):
            secret = self._from_environment(secret, f"{path}.secret")
            self._problems.extend(rules.check_signing_secret(secret, f"{path}.secret") if secret else ())
        self.wanted.webhook_secrets[key] = secret

    def _feed(self, entry: FeedEntry, path: str) -> None:
        self._problems.extend(rules.check_feed(entry, path))
        place = named(entry, LEVELS, path)
        if isinstance(place, Problem):
            self._notes.lose(place.path, place.message)
            return
        if entry.name is None:
            return
        key: Key = (self.wanted.account_id, entry.name)
        names = ("name", "type", "metric", "period", "bucket", "by", "compare")
        row: Row = {"account_id": self.wanted.account_id, **{name: getattr(entry, name) for name in names}}
        first = self.wanted.paths.setdefault(("feeds", key), path)
        if first != path:
            self._problems.append(Problem(f"{path}.name", f"the same as that of {first}"))
            return
        self.wanted.rows["feeds"][key] = row
        self.wanted.places["feeds", key] = place
        self.wanted.feed_ids[key] = entry.id

    def _from_environment(self, secret: str, path: str) -> str:
        """The secret itself, or the value of the variable that `env:NAME` names."""
        if not secret.startswith("env:"):
            return secret
        variable = secret.removeprefix("env:")
        value = self._environment.get(variable, "")
        if not value:
            self._problems.append(Problem(path, f"the environment variable {variable} is not set"))
        return value

    def _check_repeated(self, values: list[int], path: str) -> None:
        for index, value in enumerate(values):
            if value in values[:index]:
                self._problems.append(Problem(f"{path}[{index}]", f"{value} is given twice"))


def _made_id(text: str) -> int:
    """Ten digits that stay the same as long as the entry does."""
    return 10**9 + int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) % (9 * 10**9)


def wanted_rows(file: CatalogueFile, environment: Mapping[str, str], notes: Notes) -> Wanted:
    """The rows that `file` asks for; `notes` gets what can be seen from the file alone."""
    return _Flattener(file, environment, notes).wanted


def _parts(entry: AnyCredentialEntry) -> tuple[DialectName, str, str | None, str, str | None]:
    """(dialect, field of the name, name, field of the secret, secret)."""
    match entry:
        case NativeEntry():
            return "native", "name", entry.name, "key", entry.key
        case AnalytiksEntry():
            return "analytiks", "client_id", entry.client_id, "client_secret", entry.client_secret
        case CamlyticsEntry():
            return "camlytics", "key", entry.key, "secret", entry.secret
        case QuividiEntry():
            return "quividi", "username", entry.username, "token", entry.token
        case SeemetrixEntry():
            return "seemetrix", "name", entry.name, "user_key", entry.user_key
