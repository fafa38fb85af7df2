"""What only the embedded engine can suffer: its files, its log, its failures."""

from __future__ import annotations

import subprocess
import sys

import duckdb
import pytest
from structlog.testing import capture_logs
from tests.support.facts import row

from passerby import observations
from passerby.errors import ConflictError, CorruptDataError, InvalidInputError, UnavailableError
from passerby.journal import Entry
from passerby.settings import Settings
from passerby.store import DuckDBStore, open_store
from passerby.store import duckdb as module
from passerby.store.arrow import fact_batch

# Loads entries 1 to 5, folds the log into the file, loads 6 to 10, and dies without closing.
_CRASH = """
import os, sys
from pathlib import Path
from passerby.journal import Entry
from passerby.store import DuckDBStore
from passerby.store.arrow import fact_batch
from tests.support.facts import row
store = DuckDBStore(Path(sys.argv[1]), memory_mb=512)
for n in range(1, 11):
    store.load(fact_batch([Entry(n, 1, n, 1, "test", {"visit": [row("visit", n)]})]))
    if n == 5:
        store.checkpoint()
os.kill(os.getpid(), 9)
"""


@pytest.fixture(scope="module")
def crashed_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crashed")
    done = subprocess.run([sys.executable, "-c", _CRASH, str(folder / "facts.duckdb")], check=False, timeout=60)
    assert done.returncode == -9
    return folder


@pytest.fixture
def crashed(crashed_folder, tmp_path):
    """The file and the log that a killed process left; entries 6 to 10 are only in the log."""
    for name in ("facts.duckdb", "facts.duckdb.wal"):
        (tmp_path / name).write_bytes((crashed_folder / name).read_bytes())
    return tmp_path / "facts.duckdb"


def opened(path):
    return DuckDBStore(path, memory_mb=512)


def load(store, number):
    return store.load(fact_batch([Entry(number, 1, number, 1, "test", {"visit": [row("visit", number)]})]))


def wal_of(path):
    return path.with_name(path.name + ".wal")


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def test_a_killed_process_loses_nothing(crashed):
    store = opened(crashed)
    assert (store.cursor(), store.safe_cursor(), store.counts()["visit"]) == (10, 10, 10)
    store.close()


def test_a_log_that_cannot_be_replayed_is_set_aside_and_the_rest_opens(crashed):
    flip(wal_of(crashed), 300)
    with capture_logs() as logs:
        store = opened(crashed)
    assert (store.cursor(), store.safe_cursor(), store.last_seq(), store.counts()["visit"]) == (5, 5, 5, 5)
    (message,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert "cannot be replayed" in message["event"]
    (aside,) = crashed.parent.glob("facts.duckdb.wal.unreadable-*")
    assert message["kept_as"] == str(aside)
    assert load(store, 6).accepted == 1
    store.close()
    again = opened(crashed)
    assert again.cursor() == 6
    again.close()


def test_a_log_that_ends_in_the_middle_gives_what_it_holds(crashed):
    wal = wal_of(crashed)
    wal.write_bytes(wal.read_bytes()[:-20])
    store = opened(crashed)
    assert store.cursor() == store.counts()["visit"] == 9
    assert load(store, 10).accepted == 1
    store.close()


@pytest.mark.parametrize("log", ["good", "bad", "none"])
def test_a_corrupt_file_is_reported_and_never_replaced(crashed, log):
    flip(crashed, 4100)
    if log == "bad":
        flip(wal_of(crashed), 300)
    if log == "none":
        wal_of(crashed).unlink()
    before = {path.name: path.read_bytes() for path in crashed.parent.iterdir()}
    with pytest.raises(CorruptDataError, match="restore a backup"):
        opened(crashed)
    assert {path.name: path.read_bytes() for path in crashed.parent.iterdir()} == before


def test_a_file_that_is_no_database_is_reported(tmp_path):
    (tmp_path / "facts.duckdb").write_bytes(b"something else" * 1000)
    with pytest.raises(CorruptDataError, match="cannot be read"):
        opened(tmp_path / "facts.duckdb")


def test_a_second_process_is_told_so(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    code = (
        "import sys; from pathlib import Path; from passerby.store import DuckDBStore\n"
        "from passerby.errors import ConflictError\n"
        "try: DuckDBStore(Path(sys.argv[1]), memory_mb=512)\n"
        "except ConflictError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(store.path)], capture_output=True, text=True, check=True, timeout=60
    )
    assert "is open in another process" in done.stdout
    store.close()


def test_the_safe_cursor_follows_checkpoints_only(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    load(store, 1)
    assert (store.cursor(), store.safe_cursor()) == (1, 0)
    store.checkpoint()
    assert store.safe_cursor() == 1
    store.close()


def test_a_large_log_is_folded_into_the_file_without_being_asked(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_CHECKPOINT_WAL_BYTES", 10_000)
    store = opened(tmp_path / "facts.duckdb")
    for number in range(1, 100):
        load(store, number)
    assert store.safe_cursor() > 0
    assert not wal_of(store.path).exists() or wal_of(store.path).stat().st_size < 20_000
    store.close()


def test_no_checkpoint_on_a_disk_that_is_almost_full(tmp_path, monkeypatch):
    store = opened(tmp_path / "facts.duckdb")
    load(store, 1)
    with monkeypatch.context() as patch, capture_logs() as logs:
        patch.setattr(module, "_CHECKPOINT_ROOM_BYTES", 1 << 60)
        store.checkpoint()
    assert logs[0]["event"] == "no checkpoint: the disk is almost full"
    assert store.safe_cursor() == 0
    store.close()


def test_a_full_disk_does_not_keep_a_store_from_opening(crashed, monkeypatch):
    monkeypatch.setattr(module, "_CHECKPOINT_ROOM_BYTES", 1 << 60)
    store = opened(crashed)
    assert (store.cursor(), store.safe_cursor(), store.counts()["visit"]) == (10, 0, 10)
    store.close()


def test_what_the_system_refuses_is_not_taken_for_a_bad_log(crashed, monkeypatch):
    def full(*_, **__):
        raise duckdb.IOException('Failure while replaying WAL file: could not write "x": No space left on device')

    before = {path.name for path in crashed.parent.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(duckdb, "connect", full)
        with pytest.raises(UnavailableError, match="No space left"):
            opened(crashed)
    assert {path.name for path in crashed.parent.iterdir()} == before
    with pytest.raises(UnavailableError, match="cannot be opened"):
        opened(crashed.parent / "nowhere" / "facts.duckdb")


# Runs out of room in a checkpoint, which makes DuckDB refuse everything; then there is room again.
_FULL = """
import resource, signal, sys
from pathlib import Path
from passerby.errors import UnavailableError
from passerby.journal import Entry
from passerby.store import DuckDBStore
from passerby.store.arrow import fact_batch
from tests.support.facts import row
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
def load(number):
    rows = {"visit": [row("visit", number * 1000 + n) for n in range(1000)]}
    return store.load(fact_batch([Entry(number, 1, number * 1000, 1000, "test", rows)])).accepted
store = DuckDBStore(Path(sys.argv[1]), memory_mb=512)
load(1)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
store.checkpoint()
try:
    load(2)
except UnavailableError:
    print("refused")
stream = store.stream("sensors_with_facts", {})
try:
    next(stream)
except UnavailableError:
    print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
store.refresh()
print(store.cursor(), store.safe_cursor(), load(2), store.counts()["visit"])
store.close()
"""


def test_a_store_that_declared_itself_invalid_is_opened_again(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "facts.duckdb")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    printed = [line for line in done.stdout.splitlines() if line[:2] != "20"]
    assert printed == ["refused", "refused", "1 0 1000 2000"], done.stdout


def test_it_waits_for_open_answers_before_it_is_opened_again(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    load(store, 1)
    stream = store.stream("sensors_with_facts", {})
    next(stream)
    store._broken = True
    with pytest.raises(UnavailableError, match="waits for 1 answers"):
        store.refresh()
    with pytest.raises(UnavailableError, match="being opened again"):
        store.counts()
    stream.close()
    store.refresh()
    assert (store.cursor(), store.counts()["visit"]) == (1, 1)
    store.close()


# -- its tables over releases


def test_a_column_that_a_release_adds_appears_empty_in_old_rows(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    load(store, 1)
    store.close()
    with duckdb.connect(str(store.path)) as connection:  # as an older release left it
        connection.execute("alter table visits drop column role")
        connection.execute("drop table plays")
        connection.execute("update store_state set definitions = 'older'")
    again = opened(tmp_path / "facts.duckdb")
    assert load(again, 2).accepted == 1
    with again._request() as request:
        assert request.execute("select role from visits order by seq").fetchall() == [(None,), (None,)]
    assert set(again.counts()) == set(observations.KINDS)
    again.close()


def test_a_file_from_before_the_copy_of_named_visits_gets_it(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    store.load(fact_batch([Entry(1, 1, 1, 1, "test", {"visit": [row("visit", 1, visit_group="g")]})]))
    store.close()
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("drop table named_visits")
        connection.execute("update store_state set definitions = 'older'")
    again = opened(tmp_path / "facts.duckdb")
    with again._request() as request:
        assert request.execute("select count(*) from named_visits where name_key = group_key(2, 'g')").fetchall() == [
            (1,)
        ]
        request.execute("delete from named_visits")
    assert again.check() == ["named_visits: 0 rows, but 1 visits name their group"]
    again.close()


def test_facts_of_a_newer_release_are_refused(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    store.close()
    with duckdb.connect(str(store.path)) as connection:
        connection.execute("update store_state set version = 99")
    with pytest.raises(CorruptDataError, match="newer release"):
        opened(store.path)


def test_other_engines_are_refused_by_name(tmp_path):
    with pytest.raises(InvalidInputError, match="--store-url"):
        open_store("clickhouse://localhost", tmp_path, Settings({}))
    store = open_store(None, tmp_path, Settings({"store_memory_mb": 512}))
    assert store.cursor() == 0
    store.close()
    assert (tmp_path / "facts.duckdb").is_file()


def test_a_restore_needs_an_empty_store(tmp_path):
    store = opened(tmp_path / "facts.duckdb")
    load(store, 1)
    with pytest.raises(ConflictError, match="not empty"):
        store.restore(tmp_path)
    store.close()
