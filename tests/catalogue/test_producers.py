"""Secrets of producers that push: held sealed beside a native key, kept when a file is silent about them."""

import pytest
from tests.support.catalogues import contract_document

from passerby.catalogue.keys import KEY_FILE_NAME
from passerby.catalogue.repository import Repository
from passerby.catalogue.view import file_document, visible
from passerby.errors import CorruptDataError, InvalidInputError

SECRETS = {"validator": "a-validator", "secret": "a-shared-secret"}


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path, environment={"SHARED": "from-the-environment"}) as opened:
        yield opened


def with_producers(producers, **more):
    """The contract's example, its native credential with `producers`; `more` replaces fields of it."""
    document = contract_document()
    document["credentials"][-1] |= {"name": "pusher", "producers": producers, **more}
    return document


def held(repository, key="psb_demo_key"):
    return repository.producer_secrets(repository.verify("native", key), "meraki")


def test_what_was_given_is_read_back(repository):
    repository.apply(with_producers({"meraki": SECRETS}))
    assert held(repository) == SECRETS
    assert repository.producer_secrets(repository.verify("native", "psb_demo_key"), "another") == {}


def test_a_secret_may_come_from_the_environment(repository):
    repository.apply(with_producers({"meraki": {"validator": "v", "secret": "env:SHARED"}}))
    assert held(repository)["secret"] == "from-the-environment"
    with pytest.raises(InvalidInputError) as refused:
        repository.apply(with_producers({"meraki": {"secret": "env:NOWHERE"}}))
    assert [problem.path for problem in refused.value.problems] == ["credentials[4].producers.meraki.secret"]


def test_applying_again_changes_nothing_and_another_secret_is_said_without_showing_it(repository):
    repository.apply(with_producers({"meraki": SECRETS}))
    assert repository.apply(with_producers({"meraki": SECRETS}), prune=True) == []
    changes = repository.apply(with_producers({"meraki": SECRETS | {"secret": "another"}}))
    assert list(map(str, changes)) == ["changed credential native pusher: producers meraki"]
    assert held(repository) == SECRETS | {"secret": "another"}


@pytest.mark.parametrize("producers", [{}, {"meraki": {}}, {"meraki": {"secret": "a-shared-secret"}}])
def test_silence_keeps_what_is_held(repository, producers):
    repository.apply(with_producers({"meraki": SECRETS}))
    assert repository.apply(with_producers(producers)) == []
    assert held(repository) == SECRETS


def test_null_takes_them_away(repository):
    repository.apply(with_producers({"meraki": SECRETS}))
    changes = repository.apply(with_producers({"meraki": None}))
    assert list(map(str, changes)) == ["changed credential native pusher: producers none"]
    assert held(repository) == {}


def test_half_of_them_is_refused_with_its_place(repository):
    with pytest.raises(InvalidInputError) as refused:
        repository.apply(with_producers({"meraki": {"secret": "x"}}))
    assert [str(problem) for problem in refused.value.problems] == [
        "credentials[4].producers.meraki.validator: missing, and none is held"
    ]


def test_an_unknown_producer_or_secret_is_refused(repository):
    with pytest.raises(InvalidInputError) as refused:
        repository.apply(with_producers({"merakki": SECRETS, "meraki": SECRETS | {"secrets": "x"}}))
    assert [str(problem) for problem in refused.value.problems] == [
        "credentials[4].producers.merakki: unknown key; did you mean meraki?",
        "credentials[4].producers.meraki.secrets: unknown key; did you mean secret?",
    ]


def of_sensor(**fields):
    document = contract_document()
    sensor = document["brands"][0]["sites"][0]["sensors"][0]
    sensor |= fields
    return document


def test_a_sensors_own_key_may_hold_them(repository):
    key = "9909e1d0933740f0811913647e3662e8"
    repository.apply(of_sensor(producers={"meraki": SECRETS}))
    assert held(repository, key) == SECRETS
    silent = of_sensor()
    del silent["brands"][0]["sites"][0]["sensors"][0]["key"]
    assert repository.apply(silent, prune=True) == []
    assert held(repository, key) == SECRETS
    again = of_sensor(producers={"meraki": {"secret": "another"}})
    del again["brands"][0]["sites"][0]["sensors"][0]["key"]
    assert list(map(str, repository.apply(again))) == ["changed credential native sensor-3024: producers meraki"]
    assert held(repository, key) == SECRETS | {"secret": "another"}


def test_a_sensor_without_a_key_cannot_hold_them(repository):
    without = of_sensor(producers={"meraki": SECRETS})
    del without["brands"][0]["sites"][0]["sensors"][0]["key"]
    for document, problem in (
        (
            of_sensor(key=None, producers={"meraki": SECRETS}),
            ".producers: they push with the sensor's key; give it one",
        ),
        (without, ": no key, and none is held for sensor-3024"),
    ):
        with pytest.raises(InvalidInputError) as refused:
            repository.apply(document)
        assert [str(one) for one in refused.value.problems] == [f"brands[0].sites[0].sensors[0]{problem}"]


def test_nothing_shows_them_and_no_file_has_them(repository, tmp_path):
    repository.apply(with_producers({"meraki": SECRETS}))
    credential = repository.verify("native", "psb_demo_key")
    shown = f"{file_document(repository.current(), 632)} {visible(repository.current(), credential)} {credential}"
    files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in SECRETS.values():
        assert secret not in shown
        assert secret.encode() not in files


def test_what_is_shown_can_be_applied_and_keeps_them(repository):
    repository.apply(with_producers({"meraki": SECRETS}))
    assert repository.apply(file_document(repository.current(), 632), prune=True) == []
    assert held(repository) == SECRETS


def test_with_another_server_key_they_are_lost_until_given_again(repository, tmp_path):
    repository.apply(with_producers({"meraki": SECRETS}))
    (tmp_path / KEY_FILE_NAME).unlink()
    with Repository(tmp_path) as reopened:
        with pytest.raises(CorruptDataError):
            held(reopened)
        reopened.apply(with_producers({"meraki": SECRETS}))
        assert held(reopened) == SECRETS
