"""Any catalogue, shown and applied elsewhere, is the same catalogue; and each credential sees only its part."""

import dataclasses
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.catalogues import SECRETS, contract_document

from passerby.catalogue.document import CatalogueFile
from passerby.catalogue.repository import Repository
from passerby.catalogue.view import file_document, visible
from passerby.catalogue.yaml_text import from_yaml, to_yaml

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
IDS = st.integers(1, 2**53 - 1) | st.integers(1, 50)
COORDINATES = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
ZONES = st.sampled_from(["America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
CLOCKS = st.sampled_from(["00:00", "06:30", "08:00", "22:00", "23:59"])
HOURS = st.lists(CLOCKS, min_size=2, max_size=2, unique=True).map(lambda two: {"open": two[0], "close": two[1]})
SIDES = st.sampled_from(["left", "right"])


def optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def distinct_points(least):
    return st.lists(st.tuples(COORDINATES, COORDINATES), min_size=least, max_size=5, unique=True)


@st.composite
def drawings(draw):
    """Lines and zones that share one space of ids."""
    numbers = draw(st.lists(IDS, max_size=4, unique=True))
    lines, zones = [], []
    for number in numbers:
        more = draw(optional(name=NAMES))
        if draw(st.booleans()):
            chosen = draw(optional(entrance=st.booleans(), direction=st.sampled_from(["in", "out"]), inside=SIDES))
            lines.append({"id": number, "points": list(map(list, draw(distinct_points(2)))), **more, **chosen})
        else:
            chosen = draw(optional(min_dwell_s=st.floats(0, 100), queue=st.booleans()))
            corners = [
                [0, 0],
                [1, 0],
                *map(list, draw(st.lists(st.tuples(COORDINATES, COORDINATES), max_size=3))),
                [5, 7],
            ]
            distinct = [corner for index, corner in enumerate(corners) if corner not in corners[:index]]
            zones.append({"id": number, "polygon": distinct, **more, **chosen})
    return {"lines": lines, "zones": zones}


@st.composite
def documents(draw):
    """A catalogue file of one account, every key of it sometimes there."""
    numbers = iter(draw(st.lists(IDS, min_size=40, max_size=40, unique=True)))
    site_tags, sensor_tags = [next(numbers), next(numbers)], [next(numbers)]
    flags = {"entry_point": st.booleans(), "active": st.booleans(), "expert": st.booleans()}

    def sensor():
        tags = st.lists(st.sampled_from(sensor_tags), unique=True)
        return {"id": next(numbers), **draw(optional(name=NAMES, tags=tags, **flags)), **draw(drawings())}

    def site(number):
        factors = st.dictionaries(st.sampled_from(["car", "van", "unknown"]), st.floats(0, 10))
        settings = optional(bounce_s=st.floats(0, 60), occupancy_reset=CLOCKS)
        more = optional(
            opening_hours=HOURS,
            settings=settings,
            vehicle_factors=factors,
            reference=NAMES.map(lambda name: f"{number} {name}"),
            tags=st.lists(st.sampled_from(site_tags), unique=True),
        )
        sensors = [sensor() for _ in range(draw(st.integers(0, 2)))]
        return {"id": number, "name": draw(NAMES), "timezone": draw(ZONES), "sensors": sensors, **draw(more)}

    def brand():
        tags = [{"id": tag, "label": draw(NAMES), "of": "sites"} for tag in site_tags]
        tags += [{"id": tag, "label": draw(NAMES), "of": "sensors"} for tag in sensor_tags]
        sites = [site(next(numbers)) for _ in range(draw(st.integers(0, 3)))]
        return {"id": next(numbers), "name": draw(NAMES), "tags": tags, "sites": sites}

    contents = [
        {"id": next(numbers), "content_id": text, **draw(optional(name=NAMES, app_id=NAMES, duration_ms=IDS))}
        for text in draw(st.lists(NAMES, max_size=3, unique=True))
    ]
    account = {"id": next(numbers), "name": draw(NAMES)}
    brands = [brand() for _ in range(draw(st.integers(0, 2)))]
    return {
        "account": account,
        "settings": draw(optional(group_gap_s=st.integers(0, 9))),
        "contents": contents,
        "brands": brands,
    }


def facts_of(catalogue):
    """All that a snapshot says, less its version."""
    return {
        field.name: getattr(catalogue, field.name) for field in dataclasses.fields(catalogue) if field.name != "version"
    }


@settings(max_examples=25)
@given(documents())
def test_a_catalogue_shown_and_applied_elsewhere_is_the_same(document):
    with tempfile.TemporaryDirectory() as here, tempfile.TemporaryDirectory() as there:
        with Repository(Path(here)) as first, Repository(Path(there)) as second:
            first.apply(document)
            assert first.apply(document, prune=True) == []
            shown = to_yaml(file_document(first.current(), document["account"]["id"]))
            assert first.apply(from_yaml(shown), prune=True) == []
            second.apply(from_yaml(shown))
            assert facts_of(second.current()) == facts_of(first.current())
        with Repository(Path(here)) as reopened:
            assert facts_of(reopened.current()) == facts_of(first.current())


def test_what_is_shown_is_the_file_that_was_applied(tmp_path):
    with Repository(tmp_path) as repository:
        document = contract_document()
        repository.apply(document)
        shown = file_document(repository.current(), 632)
        assert repository.apply(shown, prune=True) == []
    assert shown["brands"] == [without(document["brands"][0], "key")]
    assert shown["credentials"][0] == {"dialect": "analytiks", "client_id": "demo", "sites": [1]}
    assert not any(secret in str(shown) for secret in SECRETS)


def test_a_content_that_no_file_may_name_is_not_shown_and_stays(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        content = repository.register_content(632, "two\nlines")
        shown = file_document(repository.current(), 632)
        assert [one["id"] for one in shown["contents"]] == [8482]
        assert repository.apply(shown, prune=True) == []
        assert repository.current().content(632, "two\nlines") == content


def without(value, key):
    if isinstance(value, dict):
        return {name: without(item, key) for name, item in value.items() if name != key}
    return [without(item, key) for item in value] if isinstance(value, list) else value


NETWORK = {
    "account": {"id": 1, "name": "Mine"},
    "contents": [{"id": 1, "content_id": "mine"}],
    "brands": [
        {
            "id": 10,
            "name": "A",
            "sites": [{"id": n, "name": "S", "timezone": "UTC", "sensors": [{"id": n}]} for n in (1, 2)],
        },
        {"id": 20, "name": "B", "sites": [{"id": 3, "name": "S", "timezone": "UTC", "sensors": [{"id": 3}]}]},
        {"id": 30, "name": "Empty"},
    ],
}
FOREIGN = {
    "account": {"id": 2, "name": "Foreign"},
    "contents": [{"id": 2, "content_id": "foreign"}],
    "brands": [
        {"id": 90, "name": "Z", "sites": [{"id": 9, "name": "Foreign", "timezone": "UTC", "sensors": [{"id": 9}]}]}
    ],
}


@pytest.mark.parametrize(
    ("account_id", "brands", "sites", "seen"),
    [
        (1, [], [], {10: [1, 2], 20: [3], 30: []}),
        (1, [10], [], {10: [1, 2]}),
        (1, [30], [], {30: []}),
        (1, [10, 20], [], {10: [1, 2], 20: [3]}),
        (1, [], [2], {10: [2]}),
        (1, [], [2, 3], {10: [2], 20: [3]}),
        (1, [10], [2, 3], {10: [2]}),
        (1, [20], [1], {}),
        (2, [], [], {90: [9]}),
    ],
)
def test_a_credential_sees_its_own_part_and_nothing_else(tmp_path, account_id, brands, sites, seen):
    with Repository(tmp_path) as repository:
        repository.apply(NETWORK)
        repository.apply(FOREIGN)
        credential = repository.create_credential(
            "native", account_id=account_id, brands=brands, sites=sites
        ).credential
        catalogue = repository.current()
    view = visible(catalogue, credential)
    assert {brand.id: [site.id for site in brand.sites] for brand in view.brands} == seen
    sensors = [sensor.id for brand in view.brands for site in brand.sites for sensor in site.sensors]
    assert sensors == [number for one in seen.values() for number in one]
    assert [content.id for content in view.contents] == [account_id]
    assert [site.id for site in catalogue.visible_sites(credential)] == sorted(sensors)
    assert [brand.id for brand in catalogue.visible_brands(credential)] == list(seen)
    assert [n for n, sensor in catalogue.sensors.items() if catalogue.may_see_sensor(credential, sensor)] == sorted(
        sensors
    )
    assert ("Foreign" in str(msgspec.to_builtins(view))) == (account_id == 2)


def test_a_sensor_key_sees_its_sensor(tmp_path):
    with Repository(tmp_path) as repository:
        document = contract_document()
        document["brands"][0]["sites"][0]["sensors"].append({"id": 5})
        repository.apply(document)
        view = visible(repository.current(), repository.verify("native", "9909e1d0933740f0811913647e3662e8"))
    assert [sensor.id for sensor in view.brands[0].sites[0].sensors] == [3024]


def test_a_view_can_be_read_as_a_file():
    """The document of `GET /v1/catalogue` has no key that the catalogue file lacks."""
    names = {field.name for field in msgspec.structs.fields(CatalogueFile)}
    assert names - {"credentials"} == {"account", "settings", "contents", "brands"}
