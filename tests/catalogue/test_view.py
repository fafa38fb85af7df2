"""Any catalogue, shown and applied elsewhere, is the same catalogue; and each credential sees only its part."""

import dataclasses
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from tests.support.catalogue_strategies import documents
from tests.support.catalogues import SECRETS, contract_document
from tests.support.examples import about

from passerby.catalogue.document import CatalogueFile
from passerby.catalogue.repository import Repository
from passerby.catalogue.view import file_document, visible
from passerby.catalogue.yaml_text import from_yaml, to_yaml


def facts_of(catalogue):
    """All that a snapshot says, less its version."""
    return {
        field.name: getattr(catalogue, field.name) for field in dataclasses.fields(catalogue) if field.name != "version"
    }


@settings(max_examples=about(25))
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


@settings(max_examples=about(25))
@given(documents(), documents())
def test_with_prune_the_catalogue_is_the_file_whatever_it_was_before(before, document):
    document["account"]["id"] = before["account"]["id"]
    with (
        tempfile.TemporaryDirectory() as here,
        tempfile.TemporaryDirectory() as there,
        Repository(Path(here)) as used,
        Repository(Path(there)) as fresh,
    ):
        used.apply(before)
        used.apply(document, prune=True)
        assert used.apply(document, prune=True) == []
        fresh.apply(file_document(used.current(), document["account"]["id"]))
        assert facts_of(used.current()) == facts_of(fresh.current())
        assert numbers(used.current()) == numbers_of_file(document)


def numbers(catalogue):
    """The ids of everything, by kind."""
    lines = {(sensor.id, line) for sensor in catalogue.sensors.values() for line in sensor.lines}
    zones = {(sensor.id, zone) for sensor in catalogue.sensors.values() for zone in sensor.zones}
    return set(catalogue.brands), set(catalogue.sites), set(catalogue.sensors), lines, zones, set(catalogue.contents)


def numbers_of_file(document):
    brands = document["brands"]
    sites = [site for brand in brands for site in brand["sites"]]
    sensors = [sensor for site in sites for sensor in site["sensors"]]
    lines = {(sensor["id"], line["id"]) for sensor in sensors for line in sensor["lines"]}
    zones = {(sensor["id"], zone["id"]) for sensor in sensors for zone in sensor["zones"]}
    plain = [{entry["id"] for entry in entries} for entries in (brands, sites, sensors, document["contents"])]
    return (*plain[:3], lines, zones, plain[3])


def test_what_is_shown_is_the_file_that_was_applied(tmp_path):
    with Repository(tmp_path) as repository:
        document = contract_document()
        repository.apply(document)
        shown = file_document(repository.current(), 632)
        assert repository.apply(shown, prune=True) == []
    assert shown["brands"] == [without(document["brands"][0], "key")]
    assert shown["credentials"][0] == {"dialect": "analytiks", "client_id": "demo", "sites": [1, 2, 3]}
    assert not any(secret in str(shown) for secret in SECRETS)


def test_a_content_that_no_file_may_name_is_not_shown_and_stays(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        content = repository.register_content(632, "two\nlines")
        repository.register_content(632, "of no app", "")
        repository.register_content(632, "of a strange one", "an app", "a\tcampaign")
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
    assert names - {"credentials", "webhooks", "feeds"} == {"account", "settings", "contents", "brands"}
