"""Backup, restore and check, in a process and through a running server."""

from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys

import pytest
from tests.support.facts import row
from tests.support.networks import network

from passerby import observations
from passerby.catalogue.keys import password_held
from passerby.cli import run
from passerby.errors import ConflictError, CorruptDataError, InvalidInputError, NotFoundError
from passerby.journal import Rejected, Submission
from passerby.maintenance.backup import MANIFEST, backup, restore
from passerby.maintenance.check import check
from passerby.maintenance.control import listening
from passerby.services import open_services

SENSOR = 3024


def fill(services, first=1, last=20):
    """Rows of every kind, one request each, and one rejected row; returns the last row's number."""
    for kind in observations.KINDS:
        some = {kind: [row(kind, number, sensor_id=SENSOR) for number in range(first, last + 1)]}
        services.journal.append(Submission(some)).result()
    receipt = services.journal.append(Submission({}, [Rejected(632, 3, "duration_ms: wrong", '{"kind": "visit"}')]))
    receipt.result()
    services.loader.catch_up()
    return services.journal.last_seq


def findings(services):
    return {area.name: area.wrong for area in check(services)}


def test_webhooks_go_on_where_they_were_when_the_backup_was_made(services, tmp_path):
    hook = {"id": 5, "url": "https://example.com/", "site": 1}
    services.catalogue.apply(network() | {"webhooks": [hook]})
    ledger = services.webhooks.ledger
    state = ledger.open(services.catalogue.current().webhooks.values(), 0)[5]
    last = fill(services)
    quiet = {"visit": [row("visit", number, sensor_id=SENSOR) for number in (98, 99)]}
    services.journal.append(Submission(quiet, quiet=True)).result()
    state.cursor, state.pending = last - 3, last - 1
    ledger.save(state)
    backup(services, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    other = open_services(tmp_path / "restored")
    try:
        assert other.journal.quiet(0, last + 2) == [(last + 1, last + 2)]
        webhooks = other.catalogue.current().webhooks
        again = other.webhooks.ledger.open(webhooks.values(), other.journal.last_seq)[5]
        assert (again.cursor, again.pending) == (last - 3, last - 1)
    finally:
        other.close()


def test_a_restored_backup_holds_everything_and_continues_the_numbers(services, tmp_path):
    last = fill(services)
    secret = services.catalogue.server_secret("test")
    manifest = backup(services, tmp_path / "backup")
    assert manifest.rows == dict.fromkeys(observations.KINDS, 20)
    assert manifest.last_seq == last

    restore(tmp_path / "backup", tmp_path / "restored")
    other = open_services(tmp_path / "restored")
    try:
        assert other.store.counts() == services.store.counts()
        assert other.catalogue.server_secret("test") == secret
        assert other.catalogue.current().sensors == services.catalogue.current().sensors
        assert other.journal.rejected(632) == services.journal.rejected(632)
        receipt = other.journal.append(Submission({"visit": [row("visit", n, sensor_id=SENSOR) for n in (20, 21)]}))
        assert receipt.result().entry == services.journal.last_entry + 1
        assert receipt.result().first_seq == last + 1
        assert other.loader.wait_visible(receipt.result().entry).result(timeout=10) == 1
        assert not any(findings(other).values())
    finally:
        other.close()


def test_after_a_restore_everybody_signs_in_again(services, tmp_path):
    ana = services.people.create(account_id=632, name="Ana", email="ana@example.com", role="admin")
    services.people.set_held(ana.id, password_held("seven herons at dawn"))
    session = services.sessions_of_people.begin(ana.id)
    link = services.people.password_link(ana.id, 632)
    backup(services, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    other = open_services(tmp_path / "restored")
    try:
        assert other.sessions_of_people.find(session) is None
        with pytest.raises(NotFoundError):
            other.people.set_password(link, "another one of these")
        assert other.sessions_of_people.check("ana@example.com", "seven herons at dawn").id == ana.id
    finally:
        other.close()
    assert services.sessions_of_people.find(session)


def test_a_journal_that_survived_brings_a_restored_backup_up_to_date(services, tmp_path):
    fill(services)
    backup(services, tmp_path / "backup")
    later = services.journal.append(Submission({"visit": [row("visit", n, sensor_id=SENSOR) for n in (20, 21, 22)]}))
    later.result()
    services.close()
    restore(tmp_path / "backup", tmp_path / "restored")
    for file in services.data.glob("journal.sqlite*"):
        shutil.copy(file, tmp_path / "restored")
    other = open_services(tmp_path / "restored")
    try:
        other.loader.catch_up()
        assert other.store.counts()["visit"] == 22
        assert not any(findings(other).values())
    finally:
        other.close()


def test_files_are_readable_by_their_owner_only(services):
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in services.data.iterdir()}
    assert modes["journal.sqlite"] == modes["journal.sqlite-wal"] == modes["facts.duckdb"] == modes["lock"] == 0o600


@pytest.mark.parametrize("request_line", [b"{}", b'{"do": "backup"}', b"not json", b"", b'{"do": "check", "folder": 1'])
def test_a_request_that_is_none_gets_an_error_and_the_server_goes_on(services, request_line):
    with listening(services):
        for _ in range(2):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(services.data / "control.sock"))
                connection.sendall(request_line + b"\n")
                answer = json.loads(connection.makefile().readline())
            assert set(answer) == {"error"}


def test_a_backup_holds_no_wifi_keys_and_is_readable_by_its_owner_only(services, tmp_path):
    fill(services)
    backup(services, tmp_path / "backup")
    names = {str(path.relative_to(tmp_path / "backup")) for path in (tmp_path / "backup").rglob("*")}
    assert not any("wifi-keys" in name for name in names)
    assert {"catalogue.sqlite", "server.key", "rejected.parquet", MANIFEST, "facts/visits.parquet"} <= names
    assert stat.S_IMODE((tmp_path / "backup").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "backup" / "server.key").stat().st_mode) == 0o600


def test_neither_backup_nor_restore_writes_into_a_folder_in_use(services, tmp_path):
    fill(services)
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").touch()
    with pytest.raises(ConflictError, match="is not empty"):
        backup(services, tmp_path / "used")
    backup(services, tmp_path / "backup")
    with pytest.raises(ConflictError, match="is not empty"):
        restore(tmp_path / "backup", services.data)
    with pytest.raises(NotFoundError, match="is not a backup"):
        restore(tmp_path / "used", tmp_path / "new")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["facts/visits.parquet", "catalogue.sqlite", "server.key", "rejected.parquet"])
def test_a_damaged_backup_is_refused_whole(services, tmp_path, name):
    fill(services)
    backup(services, tmp_path / "backup")
    path = tmp_path / "backup" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CorruptDataError, match=name):
        restore(tmp_path / "backup", tmp_path / "new")
    path.unlink()
    with pytest.raises(CorruptDataError, match=f"{name} is missing"):
        restore(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_release_is_refused(services, tmp_path):
    backup(services, tmp_path / "backup")
    path = tmp_path / "backup" / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99, "passerby": "9.9"}))
    with pytest.raises(InvalidInputError, match="newer release"):
        restore(tmp_path / "backup", tmp_path / "new")


def test_check_finds_nothing_wrong_with_healthy_data(services):
    fill(services)
    assert findings(services) == {
        "journal": (),
        "journal against facts": (),
        "sessions": (),
        "facts": (),
        "catalogue": (),
    }


def test_check_finds_a_damaged_journal_entry(services):
    fill(services)
    with sqlite3.connect(services.journal.path) as connection:
        connection.execute("update entries set payload = zeroblob(10) where number = 3")
    connection.close()
    (sentence,) = findings(services)["journal"]
    assert "entry 3" in sentence


def test_check_finds_missing_entries(services):
    fill(services)
    with sqlite3.connect(services.journal.path) as connection:
        connection.execute("delete from entries where number in (4, 5)")
    connection.close()
    assert "entries 4 to 5 are missing" in findings(services)["journal"]


def test_check_finds_rows_that_the_store_lost_or_doubled(services, tmp_path):
    fill(services)
    with services.store._request() as request:
        request.execute("delete from visits where identity = 7")
        request.execute("insert into passages select * from passages where identity in (8, 9)")
        request.execute("update events set seq = 1000000 where identity = 4")
    found = findings(services)
    assert found["journal against facts"] == ("1 visit rows of entries 1 to 12 are not among the facts",)
    assert found["facts"] == (
        "passages: 2 rows are there more than once",
        "events: 1 rows have a number that the journal has not given yet",
    )


def test_check_finds_facts_of_unknown_sensors(services):
    services.journal.append(Submission({"visit": [row("visit", 1, sensor_id=999)]})).result()
    (sentence,) = findings(services)["catalogue"]
    assert sentence == "facts of sensors that the catalogue does not know: 999"


def test_the_command_line_works_through_the_running_server(services, tmp_path, capsys):
    fill(services)
    data = str(services.data)
    with listening(services):
        assert run(["check", "--data", data]) == 0
        assert run(["backup", str(tmp_path / "backup"), "--data", data]) == 0
        assert run(["backup", str(tmp_path / "backup"), "--data", data]) == 1
        with services.store._request() as request:
            request.execute("delete from visits where identity = 7")
        assert run(["check", "--data", data]) == 1
    out, error = capsys.readouterr()
    assert out.splitlines()[0] == "journal: 12 entries with 220 rows held: good"
    assert "wrote 220 observations into" in out
    assert "not empty" in error
    assert "facts: 219 observations: good" in out
    assert not (services.data / "control.sock").exists()
    assert run(["restore", str(tmp_path / "backup"), "--data", str(tmp_path / "new")]) == 0
    assert run(["check", "--data", str(tmp_path / "new")]) == 0


def test_a_process_that_does_not_answer_is_named(services, capsys):
    assert run(["check", "--data", str(services.data)]) == 1
    assert "in use by a process" in capsys.readouterr().err


def test_a_folder_without_data_is_not_made_into_a_data_directory(tmp_path, capsys):
    assert run(["check", "--data", str(tmp_path / "none")]) == 1
    assert "not a data directory" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_data_directory_with_a_long_name_can_be_reached(tmp_path):
    data = tmp_path / ("d" * 100)
    services = open_services(data)
    try:
        with listening(services):
            command = [sys.executable, "-m", "passerby", "check", "--data", str(data)]
            command[1:3] = ["-c", "from passerby.cli import main; main()"]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    finally:
        services.close()
    assert (done.returncode, done.stderr) == (0, "")
