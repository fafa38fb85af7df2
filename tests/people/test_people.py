"""Who may sign in: values, rules, links that set a password."""

import pytest
import time_machine
from sqlalchemy import text
from tests.support.networks import network, other_network

from passerby.catalogue.database import reading
from passerby.catalogue.repository import Repository
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.people import People, Sessions, ShareLinks
from passerby.people.person import check_password, problems_of_limits

GOOD = "seven herons at dawn"


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(network())
        opened.apply(other_network())
        yield opened


@pytest.fixture
def people(repository):
    return People(repository.engine)


def somebody(people, email="ana@example.com", role="admin", **more):
    return people.create(account_id=632, name="Ana", email=email, role=role, **more)


def test_a_person_as_a_credential(people, repository):
    ana = somebody(people, role="editor", sites=[2])
    assert ana.invited
    assert ana.credential.scopes == {"read", "ingest"}
    assert [site.id for site in repository.current().visible_sites(ana.credential)] == [2]
    everything = somebody(people, "bo@example.com", "viewer")
    assert [site.id for site in repository.current().visible_sites(everything.credential)] == [1, 2, 3]
    assert ana.credential.id < 0


@pytest.mark.parametrize(
    ("name", "email", "path"),
    [
        ("", "ana@example.com", "name"),
        ("A\nB", "ana@example.com", "name"),
        ("A" * 101, "ana@example.com", "name"),
        ("Ana", "ana", "email"),
        ("Ana", "a b@example.com", "email"),
        ("Ana", "@", "email"),
    ],
)
def test_what_a_person_may_be(people, name, email, path):
    with pytest.raises(InvalidInputError) as refused:
        people.create(account_id=632, name=name, email=email, role="viewer")
    assert [problem.path for problem in refused.value.problems] == [path]


def test_an_address_belongs_to_one_person_however_it_is_written(people):
    somebody(people, " Ana@Example.com ")
    assert people.named("ANA@example.COM").email == "ana@example.com"
    with pytest.raises(InvalidInputError, match="taken"):
        people.create(account_id=633, name="Other", email="ana@EXAMPLE.com", role="viewer")
    with pytest.raises(NotFoundError):
        people.named("bo@example.com")


def test_limits_are_of_the_account(repository):
    catalogue = repository.current()

    def paths(role, brands, sites):
        return [problem.path for problem in problems_of_limits(catalogue, 632, role, brands, sites)]

    assert paths("viewer", [1234], [1]) == []
    assert paths("admin", [], [1]) == ["role"]
    assert paths("viewer", [2000], []) == ["sites"]
    assert paths("viewer", [], [90]) == ["sites"]
    assert paths("viewer", [], [7]) == ["sites"]
    assert paths("viewer", [1235], [1]) == ["sites"]


@pytest.mark.parametrize(
    "password", ["short", "aaaaaaaaaaaa", "ana.miller2024", "Password1234", "1234567890", "x" * 257, "qwertyuiop!"]
)
def test_passwords_that_are_tried_first(password):
    with pytest.raises(InvalidInputError):
        check_password(password, "Ana Miller", "ana.miller@example.com")


def test_a_good_password():
    check_password(GOOD, "Ana Miller", "ana.miller@example.com")
    check_password("p\u00e4ssw\u00f6rter \u2603\u2603", "Ana", "ana@example.com")


def test_a_link_sets_a_password_once(people, repository):
    sessions = Sessions(repository.engine, people)
    ana = somebody(people)
    first, token = people.password_link(ana.id, 632), people.password_link(ana.id, 632)
    with pytest.raises(NotFoundError):  # a newer one took its place
        people.invited_by(first)
    assert people.invited_by(token) == ana
    with pytest.raises(InvalidInputError):
        people.set_password(token, "short")
    people.set_password(token, GOOD)
    with pytest.raises(NotFoundError, match="used"):
        people.set_password(token, GOOD)
    assert sessions.check("ana@example.com", GOOD).id == ana.id
    session = sessions.begin(ana.id)
    again = people.password_link(ana.id, 632)
    assert sessions.find(session).person.id == ana.id  # until it is used
    people.set_password(again, "another one of these")
    assert sessions.find(session) is None
    assert sessions.check("ana@example.com", GOOD) is None


def test_a_link_is_too_old_after_three_days(people):
    ana = somebody(people)
    with time_machine.travel("2026-03-01T12:00:00Z") as clock:
        token = people.password_link(ana.id, 632)
        clock.shift(3 * 86_400 - 1)
        assert people.invited_by(token).id == ana.id
        clock.shift(2)
        with pytest.raises(NotFoundError):
            people.set_password(token, GOOD)


def test_the_first_person(people):
    old, token = people.first_link(), people.first_link()
    assert people.invited_by(token) is None
    with pytest.raises(NotFoundError):
        people.invited_by(old)
    made = people.make_first(token, account_id=632, name="Ana", email="ana@example.com", password=GOOD)
    assert (made.role, made.account_id) == ("admin", 632)
    assert people.first_link() is None
    with pytest.raises(NotFoundError):
        people.make_first(token, account_id=632, name="Bo", email="bo@example.com", password=GOOD)


def test_the_first_link_is_worth_nothing_once_there_is_somebody(people):
    token = people.first_link()
    somebody(people)
    with pytest.raises(NotFoundError):
        people.make_first(token, account_id=632, name="Bo", email="bo@example.com", password=GOOD)
    with pytest.raises(NotFoundError):
        people.set_password(token, GOOD)


def test_somebody_is_left_who_may_manage_people(people):
    ana = somebody(people)
    people.create(account_id=633, name="Other", email="other@example.com", role="admin")  # of another account
    with pytest.raises(ConflictError, match="last admin"):
        people.disable(ana.id, 632)
    with pytest.raises(ConflictError, match="last admin"):
        people.change(ana.id, 632, name="Ana", role="viewer", brands=(), sites=())
    somebody(people, "bo@example.com")
    assert not people.disable(ana.id, 632).active
    assert people.enable(ana.id, 632).active


def test_people_of_another_account_do_not_exist(people):
    other = people.create(account_id=633, name="Other", email="other@example.com", role="viewer")
    for ask in (people.get, people.disable, people.enable, people.remove, people.password_link):
        with pytest.raises(NotFoundError):
            ask(other.id, 632)
    assert people.of_account(632) == []
    assert people.of_account() == [other]


def test_a_disabled_person(people, repository):
    sessions = Sessions(repository.engine, people)
    somebody(people)
    bo = somebody(people, "bo@example.com", "viewer")
    people.set_password(people.password_link(bo.id, 632), GOOD)
    session, link = sessions.begin(bo.id), people.password_link(bo.id, 632)
    people.disable(bo.id, 632)
    assert sessions.find(session) is None
    assert sessions.check("bo@example.com", GOOD) is None
    with pytest.raises(NotFoundError):
        people.set_password(link, GOOD)
    with pytest.raises(ConflictError, match="enable"):
        people.password_link(bo.id, 632)
    people.enable(bo.id, 632)
    assert sessions.find(session) is None
    assert sessions.check("bo@example.com", GOOD).id == bo.id


def test_a_removed_person_is_gone_with_what_was_theirs(people, repository):
    sessions, links = Sessions(repository.engine, people), ShareLinks(repository.engine)
    ana, bo = somebody(people), somebody(people, "bo@example.com", "viewer")
    session = sessions.begin(bo.id)
    _, link = links.create(person_id=bo.id, title="A", page="/app/", brands=(), sites=(), days=7)
    people.remove(bo.id, 632)
    assert sessions.find(session) is None
    assert links.find(link) is None
    assert links.of_account(632) == []
    assert people.of_account() == [ana]
    with pytest.raises(ConflictError, match="last admin"):
        people.remove(ana.id, 632)
    assert somebody(people, "bo@example.com", "viewer").id > bo.id  # ids are in records, so none is given out twice


def test_nothing_that_opens_anything_is_in_the_database(people, repository, tmp_path):
    sessions = Sessions(repository.engine, people)
    ana = somebody(people)
    link = people.password_link(ana.id, 632)
    people.set_password(link, GOOD)
    secrets = [GOOD, link, sessions.begin(ana.id), people.password_link(ana.id, 632)]
    with reading(repository.engine) as connection:
        names = [row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
        everything = " ".join(str(row) for name in names for row in connection.execute(text(f"SELECT * FROM {name}")))
    assert "argon2id" in everything
    assert [secret for secret in secrets if secret in everything] == []
