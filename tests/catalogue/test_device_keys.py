"""Keys of sensors that can be shown, beside the digests that they are checked with; when sensors were made."""

import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy
import time_machine
from tests.support.catalogues import contract_document

from passerby.catalogue.keys import digest
from passerby.catalogue.migrations.running import upgrade
from passerby.catalogue.repository import Repository
from passerby.catalogue.view import file_document
from passerby.errors import InvalidInputError

FILE_KEY = "9909e1d0933740f0811913647e3662e8"
DEVICE_KEY = re.compile("[0-9a-f]{32}")


def document(**sensor):
    """One site with sensors 3024, which has a key, and 3025."""
    found = contract_document()
    found["webhooks"] = found["feeds"] = []
    (site,) = found["brands"][0]["sites"]
    site["sensors"][0] |= sensor
    site["sensors"].append({"id": 3025, "uid": "second"})
    return found


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(document())
        yield opened


def sends_for(repository, key):
    """The sensor whose observations a key may send, and nothing else."""
    credential = repository.verify("native", key)
    if credential is None:
        return None
    assert credential.scopes == {"ingest"}
    return credential.sensor_id


def test_the_key_of_the_file_is_shown_and_a_sensor_without_one_gets_one(repository):
    found = repository.device_keys([3024, 3025])
    assert found[3024] == FILE_KEY
    assert DEVICE_KEY.fullmatch(found[3025])
    assert [sends_for(repository, key) for key in found.values()] == [3024, 3025]
    assert repository.device_keys([3025]) == {3025: found[3025]}
    assert repository.device_keys([99]) == {}


def test_nothing_that_is_kept_or_printed_holds_a_key(repository, tmp_path):
    keys = repository.device_keys([3024, 3025]).values()
    shown = str(file_document(repository.current(), 632))
    stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [key for key in keys if key in shown or key.encode() in stored or key in repr(repository._state)]


def test_files_leave_the_made_key_alone_and_pruning_takes_it_with_its_sensor(repository):
    key = repository.device_keys([3025])[3025]
    assert repository.apply(document(), prune=True) == []
    silent = document(key=None)
    assert [str(change) for change in repository.apply(silent)] == ["removed credential native sensor-3024"]
    other = repository.device_keys([3024, 3025])
    assert other[3025] == key
    assert other[3024] != FILE_KEY
    assert sends_for(repository, FILE_KEY) is None
    # A key of the file goes before it; the one that was made goes on sending.
    repository.apply(document())
    assert repository.device_keys([3024])[3024] == FILE_KEY
    assert sends_for(repository, other[3024]) == 3024
    without = document()
    without["brands"][0]["sites"][0]["sensors"].pop()
    assert [str(change) for change in repository.apply(without, prune=True)] == [
        "removed sensor 3025",
        "removed credential native sensor-3025-device",
    ]
    assert sends_for(repository, key) is None


def test_a_revoked_key_is_replaced_when_it_is_asked_for_again(repository):
    before = repository.device_keys([3025])[3025]
    (made,) = (one for one in repository.current().credentials.values() if one.name == "sensor-3025-device")
    repository.revoke(made.id)
    assert sends_for(repository, before) is None
    assert sends_for(repository, repository.device_keys([3025])[3025]) == 3025


def test_several_who_ask_at_once_get_the_same_key(repository, tmp_path):
    with Repository(tmp_path) as other, ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(one.device_keys, [3024, 3025]) for one in (repository, other) * 4]
        assert len({tuple(sorted(one.result().items())) for one in asking}) == 1


def test_the_names_of_these_keys_are_nobody_elses(repository):
    for name in ("sensor-3025", "sensor-3025-device"):
        with pytest.raises(InvalidInputError, match="reserved"):
            repository.create_credential("native", name=name)


def test_an_older_catalogue_has_digests_only(tmp_path):
    """Its keys go on sending. What is shown is another one, until the file gives the key again."""
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/catalogue.sqlite")
    with engine.begin() as connection:
        upgrade(connection, "0009")
    engine.dispose()
    with sqlite3.connect(tmp_path / "catalogue.sqlite") as old:
        old.execute("insert into accounts values (632, 'Acme', '{}')")
        old.execute("insert into brands values (1234, 632, 'Acme Stores')")
        old.execute("insert into sites values (1, 1234, 'Store', null, 'UTC', null, null, '{}', '[]', '{}')")
        old.execute("insert into sensors values (3024, 1, 'door', 'Door', 1, 1, 1, '[]')")
        for number in (5, 17):
            row = (number, 632, "native", f"sensor-{number}", '["ingest"]', None, None, None, "x", None)
            old.execute("insert into credentials values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        row = (9, 632, "native", "sensor-3024", '["ingest"]', None, None, 3024, digest(FILE_KEY), None)
        old.execute("insert into credentials values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        old.execute("delete from credentials where id in (5, 17)")
    old.close()
    before = time.time() * 1000
    with Repository(tmp_path) as repository:
        sensor = repository.current().sensors[3024]
        assert before - 60_000 < sensor.created_ms == sensor.modified_ms <= time.time() * 1000
        shown = repository.device_keys([3024])[3024]
        assert shown != FILE_KEY
        assert sends_for(repository, FILE_KEY) == sends_for(repository, shown) == 3024
        # Numbers of credentials that were revoked before are not given out again.
        assert repository.create_credential("quividi").credential.id == 19
        changes = [str(change) for change in repository.apply(document())]
        assert "changed credential native sensor-3024: its key can be shown from now on" in changes
        assert repository.device_keys([3024])[3024] == FILE_KEY
        assert sends_for(repository, shown) == 3024
        assert repository.apply(document()) == []


def test_a_sensor_knows_when_it_was_made_and_changed(tmp_path):
    zone = {"id": 12, "polygon": [[0, 0], [1, 0], [1, 1]]}
    steps = [
        (1, {}, (1, 1)),
        (2, {}, (1, 1)),
        (3, {"name": "Another name"}, (1, 3)),
        (4, {"name": "Another name", "zones": [zone]}, (1, 4)),
        (5, {"name": "Another name", "zones": [zone | {"queue": True}]}, (1, 5)),
        (6, {"name": "Another name", "zones": [], "key": "another key"}, (1, 5)),
    ]
    with Repository(tmp_path) as repository:
        for second, changes, expected in steps:
            with time_machine.travel(second, tick=False):
                repository.apply(document(**changes))
            sensors = repository.current().sensors
            assert (sensors[3024].created_ms, sensors[3024].modified_ms) == tuple(1000 * each for each in expected)
            assert sensors[3025].modified_ms == 1000
