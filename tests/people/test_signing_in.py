"""Signing in, and staying signed in."""

import pytest
import time_machine
from tests.support.networks import network

from passerby.catalogue import keys
from passerby.catalogue.repository import Repository
from passerby.errors import InvalidInputError
from passerby.people import People, Sessions
from passerby.people.signing_in import Attempts

GOOD = "seven herons at dawn"
DAY_S = 86_400


@pytest.fixture
def people(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(network())
        made = People(opened.engine)
        ana = made.create(account_id=632, name="Ana", email="ana@example.com", role="admin")
        made.set_held(ana.id, keys.password_held(GOOD))
        made.create(account_id=632, name="New", email="new@example.com", role="viewer")
        made.engine = opened.engine
        yield made


@pytest.fixture
def sessions(people):
    return Sessions(people.engine, people)


def test_the_right_password(sessions):
    assert sessions.check(" ANA@example.com", GOOD).name == "Ana"
    assert sessions.check("ana@example.com", GOOD + " ") is None


@pytest.mark.parametrize("email", ["ana@example.com", "new@example.com", "nobody@example.com", "", "\ud800@x"])
def test_whoever_is_asked_for_the_same_is_done(sessions, monkeypatch, email):
    """Unknown people, and those without a password, cost a comparison as well: time does not tell who exists."""
    compared = []
    matches = keys.password_matches
    monkeypatch.setattr(keys, "password_matches", lambda *given: compared.append(1) or matches(*given))
    assert sessions.check(email, "not the one") is None
    assert len(compared) == 1


def test_a_session_ends_when_it_is_not_used(sessions, people):
    ana = people.named("ana@example.com")
    with time_machine.travel("2026-03-01T12:00:00Z") as clock:
        token = sessions.begin(ana.id)
        for _ in range(4):
            clock.shift(6 * DAY_S)
            assert sessions.find(token).person.id == ana.id
        clock.shift(7 * DAY_S)
        assert sessions.find(token) is None


def test_a_session_ends_after_a_month_however_much_it_is_used(sessions, people):
    ana = people.named("ana@example.com")
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False) as clock:
        token = sessions.begin(ana.id)
        for _ in range(29):
            clock.shift(DAY_S)
            assert sessions.find(token)
        clock.shift(DAY_S)
        assert sessions.find(token) is None
        sessions.begin(ana.id)
        assert people.named("ana@example.com").signed_in_ms == 1_774_958_400_000


def test_signing_out_here_and_everywhere(sessions, people):
    ana = people.named("ana@example.com")
    one, two, three = (sessions.begin(ana.id) for _ in range(3))
    sessions.end(one)
    assert sessions.find(one) is None
    assert sessions.find(two).person == sessions.find(three).person
    sessions.end_all(ana.id)
    assert sessions.find(two) is None
    assert sessions.find(three) is None
    assert sessions.find("") is None


def test_another_password(sessions, people):
    ana = people.named("ana@example.com")
    other = sessions.begin(ana.id)
    with pytest.raises(InvalidInputError, match="old: this is not your password"):
        sessions.change_password(ana, "wrong", "a new one for spring")
    with pytest.raises(InvalidInputError, match="password: at least 10"):
        sessions.change_password(ana, GOOD, "short")
    token = sessions.change_password(ana, GOOD, "a new one for spring")
    assert sessions.find(other) is None
    assert sessions.find(token).person.id == ana.id
    assert sessions.check("ana@example.com", GOOD) is None
    assert sessions.check("ana@example.com", "a new one for spring")


def test_what_a_person_may_holds_from_the_next_request_on(sessions, people):
    ana = people.named("ana@example.com")
    people.create(account_id=632, name="Bo", email="bo@example.com", role="admin")
    token = sessions.begin(ana.id)
    people.change(ana.id, 632, name="Ana B", role="viewer", brands=[], sites=[2])
    found = sessions.find(token).person
    assert (found.name, found.role, found.site_ids) == ("Ana B", "viewer", {2})


def test_ten_wrong_passwords(sessions):
    attempts = Attempts()
    for _ in range(10):
        assert attempts.wait_s("Ana@example.com", "192.0.2.1") == 0
        attempts.failed("ana@example.com ", "192.0.2.1")
    assert 0 < attempts.wait_s("ana@example.com", "192.0.2.1") <= 900
    assert attempts.wait_s("ana@example.com", "192.0.2.2") == 0, "she comes in from elsewhere"
    assert attempts.wait_s("bo@example.com", "192.0.2.1") == 0


def test_many_people_from_one_network_and_one_person_from_many():
    attempts = Attempts()
    for number in range(50):
        attempts.failed(f"{number}@example.com", f"2001:db8:0:1::{number:x}")
    assert attempts.wait_s("new@example.com", "2001:db8:0:1:ffff::1") > 0
    assert attempts.wait_s("new@example.com", "2001:db8:0:2::1") == 0
    for number in range(100):
        attempts.failed("ana@example.com", f"198.51.{number}.1")
    assert attempts.wait_s("ana@example.com", "203.0.113.1") > 0
