"""Single things of the catalogue, as a person changes them in a form: by the rules of the catalogue file.

A form becomes a small catalogue file that names one thing and what owns it, made while nobody else can write, so it
meets the same checks and gets the same words when something is wrong. What such a file does not name stays as it is.

Two people who change the same thing: a form knows the version of the thing that it was opened with, and is refused
with ChangedMeanwhileError when another one is held by then. What others change elsewhere does not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from passerby.catalogue import keys
from passerby.catalogue.changes import Change
from passerby.catalogue.document import MAX_ID, Entry
from passerby.catalogue.model import Brand, Catalogue, Content, Credential, Sensor, Site, Target
from passerby.catalogue.rows import FIRST_REGISTERED_ID, Key
from passerby.catalogue.view import content_entry, sensor_entry, site_entry
from passerby.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError, Problem

Fields = Mapping[str, object]
_Document = dict[str, Any]


class ChangedMeanwhileError(ConflictError):
    """Somebody else changed this while you had it open."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The catalogue while nobody else can write to it, and the highest number that anything removed had."""

    catalogue: Catalogue
    last_ids: Mapping[tuple[str, int], int]

    def next_id(self, what: str, owner: int = 0, taken: Iterable[int] = ()) -> int:
        """A number that nothing of that kind has or had. `what`: a table, or `drawings` of the sensor `owner`."""
        numbers = [*taken, *_numbers(self.catalogue, what, owner), self.last_ids.get((what, owner), 0)]
        if what == "contents":
            numbers = [number for number in numbers if number < FIRST_REGISTERED_ID - 1]
        highest = max(numbers, default=0)
        if highest >= MAX_ID:
            raise InvalidInputError("give a number: the highest possible one is taken", "id")
        return highest + 1


@dataclass(frozen=True, slots=True)
class Edit:
    """What to write: a catalogue file that names only what changes, and rows to take away besides."""

    document: Mapping[str, object]
    removed: frozenset[tuple[str, Key]] = frozenset()
    number: object = None
    """The id of the thing that is changed or added, as far as it is one."""


class Editable(Protocol):
    """What `Repository` does for this module."""

    def edit(self, make: Callable[[Draft], Edit]) -> list[Change]:
        """See `Repository.edit`."""
        ...


@dataclass(frozen=True, slots=True)
class Form:
    """What a person asks for.

    `who`: whose brands and sites they may touch. `fields`: the thing's own, as the catalogue file names them; those
    left out stay. `id`: None for something new. `seen`: the version that the form was opened with.
    """

    who: Credential
    fields: Fields
    id: int | None = None
    seen: str | None = None


# -- versions


def site_version(catalogue: Catalogue, site: Site) -> str:
    """The version of a site without its sensors."""
    return _version(site_entry(catalogue, site, _nothing))


def sensor_version(sensor: Sensor) -> str:
    """The version of a sensor without what is drawn for it; another site is another version."""
    entry = sensor_entry(sensor)
    return _version(msgspec.structs.replace(entry, lines=[], zones=[]), sensor.site_id)


def drawing_version(sensor: Sensor) -> str:
    """The version of a sensor's lines and zones."""
    entry = sensor_entry(sensor)
    return _version([*entry.lines, *entry.zones])


def brand_version(brand: Brand) -> str:
    """The version of a brand and its tags, without its sites."""
    return _version([brand.name, *((tag.id, tag.label, tag.of) for tag in brand.tags)])


def content_version(content: Content) -> str:
    """The version of a content."""
    return _version(content_entry(content))


def _version(*parts: Entry | object) -> str:
    return hashlib.blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=9).hexdigest()


# -- saving


def save_brand(repository: Editable, form: Form) -> int:
    """Add or change a brand; its `tags`, where given, become exactly those. Returns its id."""

    def make(draft: Draft) -> Edit:
        catalogue = draft.catalogue
        if form.id is None:
            if not sees_whole_account(form.who):
                raise ForbiddenError("only who sees the whole account may add brands")
            brand = {"id": _new_id(draft, form, "brands", "brands[0]")}
            return Edit(_document(catalogue, form.who, brands=[{**brand, **_rest(form)}]), number=brand["id"])
        known = owned_brand(catalogue, form.who, form.id)
        _compare(form, brand_version(known))
        fields = _rest(form)
        kept = {tag.get("id") for tag in _listed(fields.get("tags"))}
        gone = {tag.id for tag in known.tags if tag.id not in kept} if "tags" in fields else set()
        brand = {"id": known.id, "name": known.name, **fields, "sites": _untagged(catalogue, known, gone)}
        removed = frozenset({("tags", (known.id, number)) for number in gone})
        return Edit(_document(catalogue, form.who, brands=[brand]), removed, known.id)

    return _saved(repository, make, "brands[0]")


def save_site(repository: Editable, form: Form, brand_id: int) -> int:
    """Add a site to a brand, or change one of it. Returns its id."""

    def make(draft: Draft) -> Edit:
        catalogue = draft.catalogue
        site: _Document
        if form.id is None:
            brand = owned_brand(catalogue, form.who, brand_id)
            site = {"id": _new_id(draft, form, "sites", "brands[0].sites[0]")}
        else:
            known = seen_site(catalogue, form.who, form.id)
            _compare(form, site_version(catalogue, known))
            brand = catalogue.brands[known.brand_id]
            site = _builtins(site_entry(catalogue, known, _nothing))
        return Edit(_within(catalogue, form.who, brand, [{**site, **_rest(form)}]), number=site["id"])

    return _saved(repository, make, "brands[0].sites[0]")


def save_sensor(repository: Editable, form: Form, site_id: int) -> int:
    """Add a sensor to a site, or change one, which then belongs to that site. Returns its id."""

    def make(draft: Draft) -> Edit:
        catalogue = draft.catalogue
        site = seen_site(catalogue, form.who, site_id)
        sensor: _Document
        if form.id is None:
            sensor = {"id": _new_id(draft, form, "sensors", _SENSOR)}
        else:
            known = seen_sensor(catalogue, form.who, form.id)
            _compare(form, sensor_version(known))
            sensor = _without_drawing(known)
        return Edit(_of_sensor(catalogue, form.who, site, {**sensor, **_rest(form)}), number=sensor["id"])

    return _saved(repository, make, _SENSOR)


def save_drawing(repository: Editable, form: Form) -> int:
    """Make the `lines` and `zones` of a sensor exactly those of the form; new ones may lack an id. Returns its id."""

    def make(draft: Draft) -> Edit:
        catalogue = draft.catalogue
        sensor = seen_sensor(catalogue, form.who, form.id or 0)
        _compare(form, drawing_version(sensor))
        drawn = {name: [dict(one) for one in _listed(form.fields.get(name))] for name in ("lines", "zones")}
        taken = [one["id"] for each in drawn.values() for one in each if isinstance(one.get("id"), int)]
        for each in drawn.values():
            for one in each:
                if one.get("id") is None:
                    one["id"] = draft.next_id("drawings", sensor.id, taken)
                    taken.append(one["id"])
        kept = {name: {one["id"] for one in each} for name, each in drawn.items()}
        removed = {("lines", (sensor.id, line)) for line in sensor.lines if line not in kept["lines"]}
        removed |= {("zones", (sensor.id, zone)) for zone in sensor.zones if zone not in kept["zones"]}
        site = catalogue.site_of(sensor)
        document = _of_sensor(catalogue, form.who, site, {**_without_drawing(sensor), **drawn})
        return Edit(document, frozenset(removed), sensor.id)

    return _saved(repository, make, _SENSOR)


def save_content(repository: Editable, form: Form) -> int:
    """Add or change a content of the account. Returns its id."""

    def make(draft: Draft) -> Edit:
        catalogue = draft.catalogue
        _check_whole(form.who)
        content: _Document
        if form.id is None:
            content = {"id": _new_id(draft, form, "contents", "contents[0]")}
        else:
            known = _own_content(catalogue, form.who, form.id)
            _compare(form, content_version(known))
            content = _builtins(content_entry(known))
        return Edit(_document(catalogue, form.who, contents=[{**content, **_rest(form)}]), number=content["id"])

    return _saved(repository, make, "contents[0]")


def give_key(repository: Editable, who: Credential, sensor_id: int) -> str:
    """Give a sensor a key of its own, in place of the one it has; the key, which nobody can ask for again."""
    secret = keys.new_secret("native")

    def make(draft: Draft) -> Edit:
        sensor = seen_sensor(draft.catalogue, who, sensor_id)
        site = draft.catalogue.site_of(sensor)
        return Edit(_of_sensor(draft.catalogue, who, site, {**_without_drawing(sensor), "key": secret}))

    repository.edit(make)
    return secret


# -- removing


@dataclass(frozen=True, slots=True)
class Belongings:
    """What goes with something that is removed, by table."""

    rows: frozenset[tuple[str, Key]] = field(default_factory=frozenset)

    def count(self, table: str) -> int:
        """How many rows of a table."""
        return sum(name == table for name, _ in self.rows)


def belongings(catalogue: Catalogue, what: str, number: int) -> Belongings:
    """A brand, site, sensor or content (`what`: its table) with all that belongs to it."""
    if what == "contents":
        return Belongings(frozenset({("contents", (number,))}))
    site_ids = {number} if what == "sites" else set[int]()
    if what == "brands":
        site_ids.update(catalogue.brands[number].site_ids)
    own = {sensor for site in site_ids for sensor in catalogue.sites[site].sensor_ids}
    sensor_ids = {number} if what == "sensors" else own
    found: set[tuple[str, Key]] = {(what, (number,)), *(("sites", (each,)) for each in site_ids)}
    if what == "brands":
        found |= {("tags", (number, tag.id)) for tag in catalogue.brands[number].tags}
    for sensor_id in sensor_ids:
        sensor = catalogue.sensors[sensor_id]
        found.add(("sensors", (sensor_id,)))
        found |= {("lines", (sensor_id, line)) for line in sensor.lines}
        found |= {("zones", (sensor_id, zone)) for zone in sensor.zones}
    found |= {
        ("credentials", (one.dialect, one.name))
        for one in catalogue.credentials.values()
        if one.sensor_id in sensor_ids
    }

    def within(target: Target) -> bool:
        sensor_id = target.key[0] if isinstance(target.key, tuple) else target.key
        wanted = {"brand": {number} if what == "brands" else set(), "site": site_ids}.get(target.level, sensor_ids)
        return sensor_id in wanted

    found |= {("webhooks", (one.id,)) for one in catalogue.webhooks.values() if within(one.target)}
    found |= {("feeds", key) for key, one in catalogue.feeds.items() if within(one.target)}
    return Belongings(frozenset(found))


def remove(repository: Editable, who: Credential, what: str, number: int, seen: str | None) -> None:
    """Remove a brand, site, sensor or content (`what`: its table) with all that belongs to it."""

    def make(draft: Draft) -> Edit:
        catalogue = draft.catalogue
        version = _removable(catalogue, who, what, number)
        _compare(Form(who, {}, number, seen), version)
        return Edit(_document(catalogue, who), belongings(catalogue, what, number).rows)

    repository.edit(make)


def _removable(catalogue: Catalogue, who: Credential, what: str, number: int) -> str:
    """The version of something that `who` may remove."""
    if what == "contents":
        _check_whole(who)
        return content_version(_own_content(catalogue, who, number))
    if what == "brands":
        brand = owned_brand(catalogue, who, number)
        if not sees_whole_account(who):
            raise ForbiddenError("only who sees the whole account may remove brands")
        return brand_version(brand)
    if what == "sites":
        site = seen_site(catalogue, who, number)
        owned_brand(catalogue, who, site.brand_id)
        return site_version(catalogue, site)
    return sensor_version(seen_sensor(catalogue, who, number))


# -- who may touch what


def sees_whole_account(who: Credential) -> bool:
    """Whether nothing of the account is kept from somebody."""
    return (who.brand_ids, who.site_ids, who.sensor_id) == (None, None, None)


def owned_brand(catalogue: Catalogue, who: Credential, brand_id: int) -> Brand:
    """A brand that somebody sees the whole of; NotFoundError or ForbiddenError."""
    brand = catalogue.brands.get(brand_id)
    if brand is None or brand not in catalogue.visible_brands(who):
        raise NotFoundError(f"there is no brand {brand_id}")
    if not catalogue.owns_brand(who, brand):
        raise ForbiddenError(f"only who sees the whole of brand {brand_id} may do this")
    return brand


def seen_site(catalogue: Catalogue, who: Credential, site_id: int) -> Site:
    """A site that somebody sees; NotFoundError."""
    site = catalogue.sites.get(site_id)
    if site is None or not catalogue.may_see_site(who, site):
        raise NotFoundError(f"there is no site {site_id}")
    return site


def seen_sensor(catalogue: Catalogue, who: Credential, sensor_id: int) -> Sensor:
    """A sensor that somebody sees; NotFoundError."""
    sensor = catalogue.sensors.get(sensor_id)
    if sensor is None or not catalogue.may_see_sensor(who, sensor):
        raise NotFoundError(f"there is no sensor {sensor_id}")
    return sensor


def _own_content(catalogue: Catalogue, who: Credential, number: int) -> Content:
    content = catalogue.content(who.account_id, number)
    if content is None:
        raise NotFoundError(f"there is no content {number}")
    return content


def _check_whole(who: Credential) -> None:
    if not sees_whole_account(who):
        raise ForbiddenError("contents belong to the account: only who sees the whole of it may change them")


# -- documents

_SENSOR = "brands[0].sites[0].sensors[0]"


def _document(catalogue: Catalogue, who: Credential, **lists: object) -> _Document:
    account = catalogue.accounts[who.account_id]
    return {"account": {"id": account.id, "name": account.name}, "settings": dict(account.settings), **lists}


def _within(catalogue: Catalogue, who: Credential, brand: Brand, sites: list[_Document]) -> _Document:
    return _document(catalogue, who, brands=[{"id": brand.id, "name": brand.name, "sites": sites}])


def _of_sensor(catalogue: Catalogue, who: Credential, site: Site, sensor: _Document) -> _Document:
    entry = _builtins(site_entry(catalogue, site, _nothing))
    return _within(catalogue, who, catalogue.brands[site.brand_id], [{**entry, "sensors": [sensor]}])


def _without_drawing(sensor: Sensor) -> _Document:
    return _builtins(msgspec.structs.replace(sensor_entry(sensor), lines=[], zones=[]))


def _untagged(catalogue: Catalogue, brand: Brand, gone: set[int]) -> list[_Document]:
    """The sites of a brand that lose a tag themselves, or one of their sensors."""
    changed = []
    for site_id in brand.site_ids if gone else ():
        entry = _builtins(site_entry(catalogue, catalogue.sites[site_id], lambda s: bool(gone.intersection(s.tags))))
        if entry["sensors"] or gone.intersection(entry["tags"]):
            for each in (entry, *entry["sensors"]):
                each["tags"] = [tag for tag in each["tags"] if tag not in gone]
            changed.append(entry)
    return changed


def _builtins(entry: Entry) -> _Document:
    made: _Document = msgspec.to_builtins(entry)
    return made


def _nothing(_: object) -> bool:
    return False


def _listed(value: object) -> list[Mapping[str, Any]]:
    return value if isinstance(value, list) else []


def _rest(form: Form) -> _Document:
    return {name: value for name, value in form.fields.items() if name != "id"}


# -- checks


def _compare(form: Form, held: str) -> None:
    if form.seen is not None and form.seen != held:
        raise ChangedMeanwhileError


def _new_id(draft: Draft, form: Form, what: str, path: str) -> object:
    """The number that the form asks for, or the next one; whether it is one at all is for the rules to say."""
    asked = form.fields.get("id")
    if asked is None:
        return draft.next_id(what)
    if isinstance(asked, int) and asked in _numbers(draft.catalogue, what, 0):
        raise InvalidInputError(f"{asked} is taken already", f"{path}.id")
    return asked


def _numbers(catalogue: Catalogue, what: str, owner: int) -> Iterable[int]:
    if what == "drawings":
        sensor = catalogue.sensors[owner]
        return [*sensor.lines, *sensor.zones]
    if what == "tags":
        return [tag.id for tag in catalogue.brands[owner].tags]
    found: Mapping[int, object] = getattr(catalogue, what)
    return found.keys()


def _saved(repository: Editable, make: Callable[[Draft], Edit], path: str) -> int:
    """Write what `make` makes; of what is wrong the paths begin at the thing itself."""
    written: list[Any] = []

    def noted(draft: Draft) -> Edit:
        edit = make(draft)
        written.append(edit.number)
        return edit

    with _told_within(path):
        repository.edit(noted)
    return int(written[0])


@contextmanager
def _told_within(path: str) -> Iterator[None]:
    try:
        yield
    except InvalidInputError as error:
        problems = [
            Problem(one.path.removeprefix(path).removeprefix("."), one.message.replace(f"{path}.", ""))
            for one in error.problems
        ]
        raise InvalidInputError(problems) from None
