"""Share links: what they show, and when they stop."""

import pytest
import time_machine
from tests.support.networks import network, other_network

from passerby.catalogue.repository import Repository
from passerby.errors import NotFoundError
from passerby.people import People, ShareLinks


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(network())
        opened.apply(other_network())
        yield opened


@pytest.fixture
def people(repository):
    return People(repository.engine)


@pytest.fixture
def links(repository):
    return ShareLinks(repository.engine)


@pytest.fixture
def ana(people):
    people.create(account_id=632, name="Bo", email="bo@example.com", role="admin")
    return people.create(account_id=632, name="Ana", email="ana@example.com", role="admin")


def share(links, person, *, brands=(), sites=(), days=7, page="/app/sites/1?period=7d"):
    return links.create(person_id=person.id, title="A site", page=page, brands=brands, sites=sites, days=days)


def seen(repository, link):
    return [site.id for site in repository.current().visible_sites(link.credential)]


def test_a_link_is_about_one_thing_and_reads_only(links, ana, repository):
    link = links.find(share(links, ana, sites=[1])[1])
    assert (link.title, link.page, link.path) == ("A site", "/app/sites/1?period=7d", "/app/sites/1")
    assert link.credential.scopes == {"read"}
    assert seen(repository, link) == [1]
    assert seen(repository, links.find(share(links, ana, brands=[1234])[1])) == [1, 2]
    assert seen(repository, links.find(share(links, ana)[1])) == [1, 2, 3]


def test_it_never_shows_more_than_its_maker_sees_now(links, people, ana, repository):
    token = share(links, ana)[1]
    site = share(links, ana, sites=[1])[1]
    people.change(ana.id, 632, name="Ana", role="viewer", brands=[1234], sites=[2])
    assert seen(repository, links.find(token)) == [2]
    assert seen(repository, links.find(site)) == []
    people.disable(ana.id, 632)
    assert links.find(token) is None
    assert [link.state() for link in links.of_account(632)] == ["stopped", "stopped"]
    people.enable(ana.id, 632)
    assert links.find(token)


def test_it_expires_and_can_be_revoked(links, ana):
    with time_machine.travel("2026-03-01T12:00:00Z") as clock:
        number, token = share(links, ana, days=2)
        _, other = share(links, ana, days=2)
        assert links.find(token).id == number
        links.revoke(number, 632)
        assert links.find(token) is None
        clock.shift(2 * 86_400 - 1)
        assert links.find(other)
        clock.shift(2)
        assert links.find(other) is None
        assert [link.state() for link in links.of_account(632)] == ["expired", "revoked"]
    assert links.find("") is None


def test_whose_links_are_listed_and_revoked(links, people, ana):
    bo = people.named("bo@example.com")
    other = people.create(account_id=633, name="Other", email="other@example.com", role="admin")
    of_ana, of_bo = share(links, ana)[0], share(links, bo)[0]
    share(links, other)
    assert [link.id for link in links.of_account(632)] == [of_bo, of_ana]
    assert [link.id for link in links.of_account(632, ana.id)] == [of_ana]
    for account, person in ((633, None), (632, ana.id)):
        with pytest.raises(NotFoundError):
            links.revoke(of_bo, account, person)
    links.revoke(of_bo, 632)
    links.revoke(of_bo, 632)
    assert [link.state() for link in links.of_account(632)] == ["revoked", "works"]


def test_when_it_was_looked_at_last(links, ana):
    with time_machine.travel("2026-03-01T12:00:00Z", tick=False):
        token = share(links, ana)[1]
        assert links.find(token).seen_ms is None
        assert links.find(token).seen_ms == 1_772_366_400_000
