"""What an apply does and says, and what it leaves alone."""

import uuid

import pytest
from tests.support.catalogues import contract_document, small_document

from passerby.catalogue.repository import Repository
from passerby.catalogue.rows import FIRST_REGISTERED_ID
from passerby.catalogue.wanted import _made_id
from passerby.errors import InvalidInputError


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(contract_document())
        yield opened


def said(changes):
    return [str(change) for change in changes]


def site_of(document):
    return document["brands"][0]["sites"][0]


def sensor_of(document):
    return site_of(document)["sensors"][0]


def rename(document):
    site_of(document)["name"] = "Brooklyn store"


def move_zone(document):
    site_of(document).update(timezone="Europe/Zurich", reference=None)


def drop_details(document):
    for key in ("opening_hours", "settings"):
        del site_of(document)[key]


def draw(document):
    sensor_of(document)["lines"][0]["points"] = [[0, 0], [1, 1]]


def new_secret(document):
    document["credentials"][0]["client_secret"] = "another"


def narrow(document):
    document["credentials"][2]["sites"] = [1]


def new_key(document):
    sensor_of(document)["key"] = "another"


def no_key(document):
    sensor_of(document)["key"] = None


def silent_key(document):
    del sensor_of(document)["key"]


def reset(document):
    document["settings"] = {"allow_private_webhooks": True}


MADE = _made_id("632 events site 1 http://127.0.0.1:9000/hook")


def nothing(document):
    for key in ("credentials", "contents", "brands", "webhooks", "feeds"):
        document[key] = []


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        (rename, ["changed site 1: name Manhattan store -> Brooklyn store"]),
        (move_zone, ["changed site 1: reference US0658 -> nothing, timezone America/New_York -> Europe/Zurich"]),
        (
            drop_details,
            ["changed site 1: opens 08:00 -> nothing, closes 22:00 -> nothing, settings {'group_gap_s': 3} -> {}"],
        ),
        (draw, ["changed line 3024/1: points"]),
        (new_secret, ["changed credential analytiks demo: another secret"]),
        (narrow, ["changed credential quividi demo: site_ids nothing -> [1]"]),
        (new_key, ["changed credential native sensor-3024: another secret"]),
        (no_key, ["removed credential native sensor-3024"]),
        (silent_key, []),
        (
            reset,
            [
                (
                    "changed account 632: settings {'bounce_s': 5, 'allow_private_webhooks': True} -> "
                    "{'allow_private_webhooks': True}"
                )
            ],
        ),
        (nothing, []),
    ],
)
def test_what_changed_is_said(repository, edit, changes):
    document = contract_document()
    edit(document)
    before = repository.current()
    assert said(repository.apply(document)) == changes
    assert repository.current().version == before.version + bool(changes)
    assert said(repository.apply(document)) == []


def test_prune_deletes_what_the_file_does_not_name(repository):
    document = contract_document()
    nothing(document)
    assert said(repository.apply(document, prune=True)) == [
        "removed brand 1234",
        "removed tag 7 of brand 1234",
        "removed tag 8 of brand 1234",
        "removed site 1",
        "removed sensor 3024",
        "removed line 3024/1",
        "removed zone 3024/11",
        "removed content 8482",
        "removed credential analytiks demo",
        "removed credential camlytics pub-1",
        "removed credential native key-4db53630",
        "removed credential native sensor-3024",
        "removed credential quividi demo",
        "removed credential seemetrix key-01d285ea",
        "removed webhook 7",
        f"removed webhook {MADE}",
        "removed feed Visitors",
    ]
    assert repository.verify("native", "psb_demo_key") is None
    assert repository.verify("native", "9909e1d0933740f0811913647e3662e8") is None
    assert list(repository.current().accounts) == [632]


def test_prune_leaves_other_accounts_and_contents_that_observations_named(repository):
    repository.apply(small_document(1, first=1000))
    repository.register_content(632, "seen on a screen")
    document = contract_document()
    nothing(document)
    repository.apply(document, prune=True)
    assert list(repository.current().sensors) == [1000]
    assert repository.current().content(632, "seen on a screen").id == FIRST_REGISTERED_ID


def test_prune_keeps_the_key_of_a_sensor_whose_entry_does_not_speak_of_it(repository):
    document = contract_document()
    silent_key(document)
    assert repository.apply(document, prune=True) == []
    assert repository.verify("native", "9909e1d0933740f0811913647e3662e8")


def test_uids_that_the_file_leaves_out_are_made_once(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(small_document())
        uid = repository.current().sensors[1].uid
        assert uuid.UUID(uid).version == 4
        assert repository.apply(small_document()) == []
        assert repository.current().sensors[1].uid == uid


def test_two_sensors_exchange_their_uids(repository):
    document = contract_document()
    site_of(document)["sensors"].append({"id": 3025, "uid": "second"})
    repository.apply(document)
    first, second = site_of(document)["sensors"]
    first["uid"], second["uid"] = second["uid"], first["uid"]
    repository.apply(document)
    assert repository.current().sensor("second").id == 3024


def test_two_contents_exchange_their_names(repository):
    document = contract_document()
    document["contents"].append({"id": 1, "content_id": "second"})
    repository.apply(document)
    first, second = document["contents"]
    first["content_id"], second["content_id"] = second["content_id"], first["content_id"]
    repository.apply(document)
    assert repository.current().content(632, "second").id == 8482


def test_a_sensor_moves_while_its_old_site_is_pruned(repository):
    document = contract_document()
    moved = sensor_of(document)
    moved["tags"] = []
    document["credentials"] = document["webhooks"] = document["feeds"] = []
    document["brands"] = [
        {"id": 5, "name": "New", "sites": [{"id": 6, "name": "New", "timezone": "UTC", "sensors": [moved]}]}
    ]
    repository.apply(document, prune=True)
    catalogue = repository.current()
    assert (list(catalogue.sites), catalogue.sites[6].sensor_ids) == ([6], (3024,))
    assert catalogue.line("3024/1") is catalogue.sensors[3024].lines[1]


def test_a_tag_may_not_change_its_kind_under_a_site_that_the_file_does_not_name(repository):
    document = contract_document()
    document["brands"][0]["tags"][0]["of"] = "sensors"
    document["brands"][0]["sites"] = []
    with pytest.raises(InvalidInputError, match=r"site 1\.tags: tag 7 is declared for sensors, not for sites"):
        repository.apply(document)


def test_a_credential_may_be_narrowed_to_sites_that_do_not_exist_yet(repository):
    document = contract_document()
    document["credentials"] = [{"dialect": "native", "key": "psb_narrow", "sites": [1, 2], "brands": [1234, 5]}]
    repository.apply(document)
    credential = repository.verify("native", "psb_narrow")
    assert [site.id for site in repository.current().visible_sites(credential)] == [1]
    new = {"id": 2, "name": "New", "timezone": "Europe/Zurich"}
    document["brands"][0]["sites"].append(new)
    repository.apply(document)
    assert [site.id for site in repository.current().visible_sites(credential)] == [1, 2]


def test_a_credential_cannot_be_narrowed_to_the_site_of_another_account(repository):
    repository.apply(small_document(account_id=7, first=70))
    document = contract_document()
    document["credentials"][0]["sites"] = [1, 70]
    with pytest.raises(InvalidInputError, match=r"credentials\[0\]\.sites: the account has no site 70"):
        repository.apply(document)


def test_secrets_come_from_the_environment(tmp_path):
    with Repository(tmp_path, environment={"KEY": "from-outside"}) as repository:
        repository.apply(small_document() | {"credentials": [{"dialect": "native", "key": "env:KEY"}]})
        assert repository.verify("native", "from-outside").scopes == {"ingest", "read"}
        assert repository.verify("native", "env:KEY") is None


def test_a_content_that_named_itself_learns_what_it_lacks_and_keeps_what_was_told_first(repository, tmp_path):
    assert repository.register_content(632, "seen", None, "spring").app_id is None
    version = repository.current().version
    learnt = repository.register_content(632, "seen", "player", "summer")
    assert (learnt.app_id, learnt.campaign_id) == ("player", "spring")
    assert repository.current().content(632, "seen") == repository.current().contents[learnt.id] == learnt
    assert repository.current().version == version + 1
    assert repository.register_content(632, "seen", "another", None) is learnt
    assert repository.current().version == version + 1
    with Repository(tmp_path) as other:
        assert other.current().content(632, "seen") == learnt


def test_what_a_file_declares_of_a_content_no_observation_changes(repository):
    declared = repository.current().contents[8482]
    assert (declared.app_id, declared.campaign_id) == ("my_app_id", None)
    assert repository.register_content(632, declared.content_id, "another", "spring") is declared


def test_a_file_cannot_take_the_id_of_a_content_that_named_itself(repository):
    content = repository.register_content(632, "seen")
    document = contract_document()
    document["contents"].append({"id": 9, "content_id": "seen"})
    with pytest.raises(InvalidInputError, match=f"seen is also that of content {content.id}, which is held"):
        repository.apply(document)
    document["contents"][-1]["id"] = content.id
    document["contents"][-1]["name"] = "Summer"
    assert said(repository.apply(document)) == [f"changed content {content.id}: name seen -> Summer"]
