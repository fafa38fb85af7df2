from __future__ import annotations

import asyncio
import sqlite3
import time

import pytest
from structlog.testing import capture_logs
from tests.support.facts import row, rows

from passerby import loader as module
from passerby import observations
from passerby.errors import CorruptDataError, InvalidInputError, UnavailableError
from passerby.journal import Entry, Journal, Submission
from passerby.loader import Loader
from passerby.store import DuckDBStore
from passerby.store.arrow import fact_batch


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "journal.sqlite")
    yield journal
    journal.close()


@pytest.fixture
def store(tmp_path):
    store = DuckDBStore(tmp_path / "facts.duckdb", memory_mb=512)
    yield store
    store.close()


@pytest.fixture
def loader(journal, store):
    loader = Loader(journal, store)
    loader.start()
    yield loader
    loader.stop()


def test_rows_of_every_kind_become_visible(journal, store, loader):
    receipt = journal.append(Submission({kind: [row(kind, 1), row(kind, 2)] for kind in observations.KINDS})).result()
    assert loader.wait_visible(receipt.entry).result(timeout=10) == 2 * len(observations.KINDS)
    assert store.counts() == dict.fromkeys(observations.KINDS, 2)
    assert loader.backlog_rows == 0


def test_a_repeat_is_accepted_once(journal, store, loader):
    first = journal.append(Submission(rows("visit", 1, 2))).result()
    second = journal.append(Submission(rows("visit", 2, 3, 3))).result()
    assert loader.wait_visible(first.entry).result(timeout=10) == 2
    assert loader.wait_visible(second.entry).result(timeout=10) == 1
    assert store.counts()["visit"] == 3


# -- trouble


class Unwilling:
    """A store that refuses loads for a while, or certain rows for good; otherwise the real one."""

    def __init__(self, store):
        self.store = store
        self.failures = 0
        self.after_commit = False
        self.loads = []

    def __getattr__(self, name):
        return getattr(self.store, name)

    def load(self, batch):
        self.loads.append(batch.cursor)
        if self.failures > 0:
            self.failures -= 1
            if self.after_commit:
                self.store.load(batch)
            raise OSError("the disk is on fire")
        for kind, table in batch.rows.items():
            if "poison" in table.column("id").to_pylist():
                raise InvalidInputError(f"a row does not fit {kind}")
        return self.store.load(batch)


@pytest.fixture
def unwilling(store, monkeypatch):
    monkeypatch.setattr(module, "_RETRY_S", (0.01,))
    return Unwilling(store)


@pytest.fixture
def running(journal, unwilling):
    loader = Loader(journal, unwilling)
    loader.start()
    yield loader
    loader.stop()


def send(journal, *numbers, **values):
    return journal.append(Submission({"visit": [row("visit", n, **values) for n in numbers]})).result(timeout=10)


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_failing_store_does_not_stop_ingest_and_gets_everything_once(journal, unwilling, running, after_commit):
    unwilling.after_commit = after_commit
    unwilling.failures = 3
    with capture_logs() as logs:
        receipts = [send(journal, n) for n in range(20)]
        running.catch_up(timeout_s=20)
    assert unwilling.counts()["visit"] == 20
    assert receipts[-1].entry == 20
    assert any("cannot be loaded" in entry["event"] for entry in logs)
    assert "takes rows again" in logs[-1]["event"]
    assert not running.failing


def test_a_count_that_a_failure_left_unknown_is_not_made_up(journal, unwilling, running):
    unwilling.after_commit = True
    unwilling.failures = 1
    waiting = running.wait_visible(send(journal, 1).entry)
    with pytest.raises(UnavailableError, match="no longer known"):
        waiting.result(timeout=10)
    assert unwilling.counts()["visit"] == 1


def test_whoever_gives_up_waiting_disturbs_nobody(journal, unwilling, running):
    unwilling.failures = 10**9
    waiting = running.wait_visible(send(journal, 1).entry)
    assert not waiting.cancel()
    unwilling.failures = 0
    assert waiting.result(timeout=10) == 1


def test_requests_are_not_held_while_the_store_fails(journal, unwilling, running, monkeypatch):
    monkeypatch.setattr(module, "_ALWAYS_ROOM_ROWS", 1)
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.0)
    unwilling.failures = 10**9
    send(journal, 1, 2, 3)
    wait_until(lambda: running.failing)
    assert running.backlog_rows == 3
    assert not running.must_hold()
    unwilling.failures = 0
    running.catch_up(timeout_s=10)


def test_one_bad_entry_is_set_aside_and_the_others_go_on(journal, unwilling, running):
    unwilling.failures = 5  # so that all of them come in one load
    with capture_logs() as logs:
        receipts = [send(journal, n, id="poison" if n == 3 else None) for n in range(8)]
        running.catch_up(timeout_s=20)
    assert unwilling.counts()["visit"] == 7
    assert journal.aside() == {receipts[3].entry: "a row does not fit visit"}
    assert any("set aside" in entry["event"] for entry in logs)
    later = send(journal, 100)
    assert running.wait_visible(later.entry).result(timeout=10) == 1


def test_a_damaged_entry_is_set_aside_and_the_others_go_on(journal, store):
    for number in range(5):
        send(journal, number)
    connection = sqlite3.connect(journal.path)
    with connection:
        connection.execute("update entries set payload = zeroblob(9) where number in (3, 4)")
    connection.close()
    loader = Loader(journal, store)
    loader.start()
    try:
        loader.catch_up(timeout_s=20)
        assert store.counts()["visit"] == 3
        assert sorted(journal.aside()) == [3, 4]
        assert send(journal, 9).first_seq == 6
        loader.catch_up(timeout_s=20)
        assert (store.cursor(), store.last_seq(), loader.backlog_rows) == (6, 6, 0)
    finally:
        loader.stop()


def test_what_the_store_lost_is_loaded_again(journal, tmp_path, monkeypatch):
    """A log that cannot be replayed takes the store back to its last checkpoint; the journal has the rest."""
    monkeypatch.setattr(module, "_RETRY_S", (0.01,))
    store = DuckDBStore(tmp_path / "lossy.duckdb", memory_mb=512)
    unwilling = Unwilling(store)
    loader = Loader(journal, unwilling)
    loader.start()
    try:
        for number in range(6):
            send(journal, number)
        loader.catch_up()
        with store._request() as request:  # as if the log of entries 3 to 6 had been lost
            request.execute("delete from visits where seq > 2")
            request.execute("update store_state set cursor = 2, last_seq = 2")
        unwilling.failures = 1
        last = send(journal, 6)
        assert loader.wait_visible(last.entry).result(timeout=20) == 1
        assert store.counts()["visit"] == 7
        assert loader.backlog_rows == 0
    finally:
        loader.stop()
        store.close()


# -- starting, stopping


def test_rows_of_a_stopped_process_are_loaded_at_the_next_start(journal, store):
    for number in range(10):
        send(journal, number, number + 100)
    loader = Loader(journal, store)
    loader.start()
    loader.stop()
    assert (store.counts()["visit"], store.cursor(), store.last_seq()) == (20, 10, 20)


def test_stopping_loads_what_is_there(journal, store):
    loader = Loader(journal, store)
    loader.start()
    receipts = [journal.append(Submission(rows("visit", n))) for n in range(500)]
    receipts[-1].result(timeout=10)
    loader.stop()
    assert store.counts()["visit"] == 500


def test_stopping_a_loader_of_a_failing_store_ends_and_tells_who_waits(journal, unwilling):
    unwilling.failures = 10**9
    loader = Loader(journal, unwilling)
    loader.start()
    waiting = loader.wait_visible(send(journal, 1).entry)
    wait_until(lambda: loader.failing)
    loader.stop()
    with pytest.raises(UnavailableError, match="kept and will be loaded"):
        waiting.result(timeout=10)
    with pytest.raises(UnavailableError, match="kept and will be loaded"):
        loader.wait_visible(99).result(timeout=10)


def test_a_new_journal_beside_old_facts_goes_on_after_them(tmp_path, store):
    store.load(fact_batch([Entry(41, 1, 1001, 2, "test", rows("visit", 1, 2))]))
    journal = Journal(tmp_path / "new.sqlite")
    loader = Loader(journal, store)
    with capture_logs() as logs:
        loader.start()
    receipt = send(journal, 2, 3)
    assert (receipt.entry, receipt.first_seq) == (42, 1003)
    assert loader.wait_visible(receipt.entry).result(timeout=10) == 1
    assert "older than the facts" in logs[0]["event"]
    loader.stop()
    journal.close()


def test_facts_that_end_before_the_journal_begins_are_refused(journal, store):
    journal.continue_from(10, 100)
    send(journal, 1)
    with pytest.raises(CorruptDataError, match="do not belong together"):
        Loader(journal, store).start()


def test_the_journal_keeps_what_is_not_in_a_checkpoint(tmp_path, store):
    journal = Journal(tmp_path / "short.sqlite", keep_days=0)
    loader = Loader(journal, store)
    loader.start()
    send(journal, 1)
    loader.catch_up()
    assert journal.readers() == {"store": 0}
    assert journal.trim() == 0
    store.checkpoint()
    send(journal, 2)
    loader.catch_up()
    assert journal.readers() == {"store": 1}
    loader.stop()
    journal.close()


# -- holding back, following


def test_requests_are_held_until_there_is_room(journal, store, monkeypatch):
    monkeypatch.setattr(module, "_ALWAYS_ROOM_ROWS", 2)
    loader = Loader(journal, store)
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.0)

    async def held_until_loaded():
        assert not loader.must_hold()
        send(journal, 1, 2, 3)
        assert loader.must_hold()
        holding = asyncio.create_task(loader.hold())
        await asyncio.sleep(0)
        assert not holding.done()
        loader.start()
        await asyncio.wait_for(holding, 10)
        assert loader.backlog_rows == 0

    asyncio.run(held_until_loaded())
    loader.stop()


def test_nobody_is_held_for_ever(journal, store, monkeypatch):
    monkeypatch.setattr(module, "_ALWAYS_ROOM_ROWS", 2)
    monkeypatch.setattr(module, "_LONGEST_HOLD_S", 0.05)
    loader = Loader(journal, store)  # never started: nothing makes room
    monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.0)
    send(journal, 1, 2, 3)
    asyncio.run(asyncio.wait_for(loader.hold(), 10))
    assert loader.must_hold()


def test_an_old_entry_is_visible_but_its_count_is_forgotten(journal, loader, monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 1)
    first = send(journal, 1)
    second = send(journal, 2)
    assert loader.wait_visible(second.entry).result(timeout=10) == 1
    with pytest.raises(UnavailableError, match="no longer known"):
        loader.wait_visible(first.entry).result(timeout=10)


def test_a_follower_gets_every_entry_also_after_failures_and_restarts(journal, loader, monkeypatch):
    monkeypatch.setattr(module, "_RETRY_S", (0.01,))
    send(journal, 0)  # before it was there
    got = []
    trouble = [OSError("no"), OSError("no")]

    def take(entries):
        if trouble:
            raise trouble.pop()
        got.extend(entry.number for entry in entries)

    follower = loader.add_reader("webhooks", take)
    for number in range(1, 11):
        send(journal, number)
    wait_until(lambda: got and got[-1] == 11)
    follower.stop()
    assert got == list(range(2, 12))
    wait_until(lambda: journal.readers()["webhooks"] == 11)
    send(journal, 11)
    follower = loader.add_reader("webhooks", take)
    wait_until(lambda: got[-1] == 12)
    follower.stop()
    assert got == list(range(2, 13))
    journal.remove_reader("webhooks")


def wait_until(condition, timeout_s=20.0):
    """Wait for what another thread does; fails when it never comes."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)
