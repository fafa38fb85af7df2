from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.support.examples import about
from tests.support.facts import row, rows

from passerby import observations
from passerby.errors import ConflictError, CorruptDataError, UnavailableError
from passerby.journal import DamagedEntryError, Feed, Idempotency, Journal, Rejected, Submission, database, payload

DAY = 86_400_000


class Clock:
    """UTC milliseconds that only a test moves."""

    def __init__(self):
        self.now = 1_000_000_000_000

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_journal(tmp_path, clock):
    opened = []

    def open_one(**options):
        opened.append(Journal(tmp_path / "journal.sqlite", clock=clock, **options))
        return opened[-1]

    yield open_one
    for journal in opened:
        journal.close()


@pytest.fixture
def journal(open_journal):
    return open_journal()


def append(journal, *numbers, **options):
    return journal.append(Submission(rows("visit", *numbers), **options)).result(timeout=10)


def plain(rows_by_kind):
    return {kind: [tuple(one) for one in some] for kind, some in rows_by_kind.items()}


def damage(journal, statement):
    connection = sqlite3.connect(journal.path)
    with connection:
        connection.execute(statement)
    connection.close()


# -- appending


def test_a_receipt_says_which_entry_and_which_rows(journal, clock):
    first = append(journal, 1, 2)
    clock.now += 5
    second = append(journal, 3)
    assert (first.entry, first.first_seq, first.row_count, first.received_ms) == (1, 1, 2, clock.now - 5)
    assert (second.entry, second.first_seq, second.row_count, second.received_ms) == (2, 3, 1, clock.now)
    assert (journal.last_entry, journal.last_seq) == (2, 3)


def test_what_was_acknowledged_is_in_the_file(journal):
    append(journal, 1)
    connection = sqlite3.connect(journal.path)
    assert connection.execute("select number, row_count from entries").fetchall() == [(1, 1)]
    connection.close()


def test_every_commit_is_followed_by_an_fsync(journal):
    assert journal._writer._connection.execute("pragma synchronous").fetchone() == (2,)
    assert journal._writer._connection.execute("pragma journal_mode").fetchone() == ("wal",)


def test_rows_of_every_kind_come_back_as_they_went_in(journal):
    mood = {"very_happy": 1, "happy": 0, "neutral": 0, "unhappy": 0, "very_unhappy": 0}
    view = row("view", 1, attention=[{"looking": True, "ms": 5}], mood=mood, id="ä\u0000x")
    count = row("count", 1, count_in=0.1, identity=-(2**63))
    sent = {**{kind: [row(kind, 1), row(kind, 2)] for kind in observations.KINDS}, "view": [view], "count": [count]}
    journal.append(Submission(sent, source="test")).result(timeout=10)
    (entry,) = journal.read(0)
    assert plain(entry.rows) == sent
    assert (entry.source, entry.row_count) == ("test", 20)


def test_many_threads_get_numbers_without_gaps(journal):
    receipts = []

    def send(start):
        for n in range(25):
            receipts.append(append(journal, start + n, start + n + 1000))  # noqa: PERF401 - one at a time is the point

    threads = [threading.Thread(target=send, args=(n * 100,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.entry for r in receipts) == list(range(1, 201))
    assert sorted(r.first_seq for r in receipts) == list(range(1, 401, 2))
    by_entry = sorted(receipts, key=lambda receipt: receipt.entry)
    assert [r.first_seq for r in by_entry] == sorted(r.first_seq for r in receipts)


def test_arrival_never_goes_back(journal, clock, open_journal):
    first = append(journal, 1)
    clock.now -= 10_000
    assert append(journal, 2).received_ms == first.received_ms
    journal.close()
    assert append(open_journal(), 3).received_ms == first.received_ms


def test_a_value_that_cannot_be_kept_fails_its_own_request_only(journal):
    bad = journal.append(Submission({"visit": [row("visit", 2**70)]}))
    worse = journal.append(Submission({"visit": [row("visit", 1, role=object())]}))
    good = journal.append(Submission(rows("visit", 1)))
    with pytest.raises(OverflowError):
        bad.result(timeout=10)
    with pytest.raises(TypeError):
        worse.result(timeout=10)
    assert good.result(timeout=10).entry == 1


def test_appending_to_a_closed_journal_is_unavailable(journal):
    waiting = [journal.append(Submission(rows("visit", n))) for n in range(50)]
    journal.close()
    assert [future.result(timeout=0).entry for future in waiting] == list(range(1, 51))
    with pytest.raises(UnavailableError, match="closed"):
        journal.append(Submission({}))


# -- idempotency and rejects


def key(text="k", digest=b"d", answer=b"a", account=632):
    return Idempotency(account, text, digest, answer)


def test_the_same_request_again_gets_its_first_answer(journal):
    first = append(journal, 1, idempotency=key())
    again = append(journal, 1, idempotency=key(answer=b"other"))
    assert first.repeated is None
    assert again.repeated == key()
    assert journal.last_entry == 1
    assert journal.idempotent(632, "k") == key()
    assert journal.idempotent(633, "k") is None


def test_the_same_key_for_another_body_is_a_conflict(journal):
    append(journal, 1, idempotency=key())
    with pytest.raises(ConflictError, match="'k'"):
        append(journal, 2, idempotency=key(digest=b"other"))
    assert append(journal, 2, idempotency=key(digest=b"other", account=633)).entry == 2


def test_requests_of_one_key_at_the_same_time_are_written_once(journal):
    futures = [journal.append(Submission(rows("visit", 1), idempotency=key())) for _ in range(50)]
    receipts = [future.result(timeout=10) for future in futures]
    assert [r.repeated is None for r in receipts].count(True) == 1
    assert journal.last_entry == 1


def test_a_key_is_free_again_after_a_day(journal, clock):
    append(journal, 1, idempotency=key())
    clock.now += DAY - 1
    assert append(journal, 1, idempotency=key(digest=b"d")).repeated is not None
    clock.now += 2
    assert journal.idempotent(632, "k") is None
    assert append(journal, 2, idempotency=key(digest=b"other")).repeated is None


def test_rejected_rows_are_listed_by_account_in_order(journal, clock):
    journal.append(
        Submission(rows("visit", 1), [Rejected(632, 3, "duration_ms: wrong", "{}"), Rejected(633, 0, "no", "[]")])
    ).result(timeout=10)
    journal.append(Submission({}, [Rejected(632, 1, "start: wrong", '"x"')], source="zara")).result(timeout=10)
    first, second = journal.rejected(632)
    assert (first.rejected, first.source) == (Rejected(632, 3, "duration_ms: wrong", "{}"), "native")
    assert (second.rejected.index, second.source, second.received_ms) == (1, "zara", clock.now)
    assert journal.rejected(632, after=first.id) == [second]
    assert journal.rejected(632, limit=1) == [first]
    assert [kept.rejected.account_id for kept in journal.kept_aside()] == [632, 633, 632]


# -- trimming


def test_only_what_is_old_and_read_by_all_is_removed(open_journal, clock):
    journal = open_journal(keep_days=7, rejected_days=30)
    for number in range(1, 11):
        append(journal, number, rejected=[Rejected(632, 0, "e", "r")], idempotency=key(str(number)))
    journal.add_reader("store", 0)
    journal.add_reader("webhooks", 0)
    clock.now += 8 * DAY
    append(journal, 11)
    assert journal.trim() == 0
    journal.advance("store", 11)
    assert journal.trim() == 0
    journal.advance("webhooks", 4)
    assert journal.trim() == 4
    assert [entry.number for entry in journal.read(4)] == [5, 6, 7, 8, 9, 10, 11]
    assert journal.oldest_entry() == 5
    journal.remove_reader("webhooks")
    assert journal.trim() == 6
    assert journal.oldest_entry() == 11
    assert len(journal.rejected(632)) == 10
    assert journal.idempotent(632, "1") is None
    clock.now += 30 * DAY
    journal.trim()
    assert journal.rejected(632) == []


def test_nothing_is_removed_without_a_reader(open_journal, clock):
    journal = open_journal(keep_days=0)
    append(journal, 1)
    clock.now += DAY
    assert journal.trim() == 0


def test_numbers_go_on_when_everything_was_removed(open_journal, clock):
    journal = open_journal(keep_days=0)
    append(journal, 1, 2)
    journal.add_reader("store", 0)
    journal.advance("store", 1)
    clock.now += 1
    assert journal.trim() == 1
    journal.close()
    again = open_journal(keep_days=0)
    assert again.oldest_entry() == 2
    receipt = append(again, 3)
    assert (receipt.entry, receipt.first_seq) == (2, 3)
    assert again.readers() == {"store": 1}


def test_more_than_a_slice_is_removed(open_journal, clock, monkeypatch):
    monkeypatch.setattr("passerby.journal.writer._TRIM_ENTRIES", 3)
    journal = open_journal(keep_days=0)
    for number in range(10):
        append(journal, number)
    journal.add_reader("store", 0)
    journal.advance("store", 10)
    clock.now += 1
    assert journal.trim() == 10


# -- reading


def test_reading_in_pieces_gives_everything_once(journal):
    for number in range(0, 100, 2):
        append(journal, number, number + 1)
    got, after = [], 0
    while found := journal.read(after, max_rows=7):
        assert 7 <= sum(entry.row_count for entry in found) <= 8 or found[-1].number == 50
        got += found
        after = found[-1].number
    assert [entry.number for entry in got] == list(range(1, 51))
    assert journal.seq_after(10) == 20
    assert journal.seq_after(50) == 100


@pytest.mark.parametrize(
    "statement",
    [
        "update entries set payload = zeroblob(length(payload)) where number = 2",
        "update entries set payload = substr(payload, 1, 10) where number = 2",
        "update entries set first_seq = 7 where number = 2",
        "update entries set received_ms = 7 where number = 2",
        "update entries set row_count = 7 where number = 2",
        "update entries set checksum = checksum + 1 where number = 2",
    ],
)
def test_damage_is_noticed_and_what_comes_before_is_read(journal, statement):
    for number in (1, 2, 3):
        append(journal, number)
    damage(journal, statement)
    assert [entry.number for entry in journal.read(0)] == [1]
    with pytest.raises(DamagedEntryError, match="entry 2 of"):
        journal.read(1)
    walked = list(journal.walk())
    assert [entry.number for entry in walked] == [1, 2, 3]
    assert isinstance(walked[1], DamagedEntryError)


def test_a_payload_that_is_not_one_is_damage_even_under_a_good_checksum(journal):
    append(journal, 1)
    number, received, seq, count = 1, 1, 1, 1
    total = payload.checksum(number, received, seq, count, b"x")
    damage(journal, f"update entries set payload = x'78', received_ms = 1, checksum = {total} where number = 1")
    with pytest.raises(DamagedEntryError, match="cannot be read"):
        journal.read(0)


def test_missing_entries_are_noticed(journal):
    for number in (1, 2, 3):
        append(journal, number)
    damage(journal, "delete from entries where number = 2")
    with pytest.raises(CorruptDataError, match="entries 2 to 2 are missing"):
        journal.read(1)


def test_rows_of_an_older_release_are_rearranged(open_journal, monkeypatch):
    columns = [column.name for column in observations.table("visit").row_columns]
    older = [name for name in reversed(columns) if name != "role"] + ["gone"]
    layout = '{"visit":["' + '","'.join(older) + '"]}'
    monkeypatch.setattr("passerby.journal.writer.current_layout", lambda: layout)
    journal = open_journal()
    values = dict(zip(columns, row("visit", 1), strict=True))
    old_row = tuple(values.get(name, "x") for name in older)
    journal.append(Submission({"visit": [old_row]})).result(timeout=10)
    journal.close()
    monkeypatch.undo()
    (entry,) = open_journal().read(0)
    assert plain(entry.rows) == {"visit": [row("visit", 1)]}


def test_a_file_that_is_no_journal_is_reported(tmp_path):
    (tmp_path / "journal.sqlite").write_bytes(b"something else" * 1000)
    with pytest.raises(CorruptDataError, match="not a readable journal"):
        Journal(tmp_path / "journal.sqlite")


def test_a_journal_of_a_newer_release_is_refused(journal):
    journal.close()
    damage(journal, "pragma user_version = 99")
    with pytest.raises(CorruptDataError, match="newer release"):
        Journal(journal.path)


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(UnavailableError, match=r"cannot open .*nowhere"):
        Journal(tmp_path / "nowhere" / "journal.sqlite")


def test_a_set_aside_entry_stays_when_the_journal_is_trimmed(open_journal, clock):
    journal = open_journal(keep_days=0)
    append(journal, 1)
    journal.set_aside(1, "does not fit")
    journal.add_reader("store", 0)
    journal.advance("store", 1)
    clock.now += 1
    journal.trim()
    assert journal.aside() == {1: "does not fit"}


def test_numbers_move_forward_only(journal):
    append(journal, 1)
    journal.continue_from(100, 1000)
    journal.continue_from(5, 5)
    receipt = append(journal, 2)
    assert (receipt.entry, receipt.first_seq) == (101, 1001)


# -- a disk that is full


_FULL = """
import resource, signal, sys
from pathlib import Path
from passerby.errors import UnavailableError
from passerby.journal import Journal, Submission
from tests.support.facts import row
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
def send(first, count):
    try:
        return journal.append(Submission({"visit": [row("visit", n, id=f"{n * 7919:x}" * 9) for n in range(first, first + count)]})).result().entry
    except UnavailableError as error:
        return "refused"
print(send(0, 10))
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (Path(sys.argv[1] + "-wal").stat().st_size + 5000, hard))
print(send(100, 3000), send(200, 3000))
try: journal.probe()
except UnavailableError: print("probe refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
print(send(300, 10)); journal.probe()
print([(e.number, e.row_count) for e in journal.walk()])
journal.close()
"""  # noqa: E501 - a program


def test_a_full_disk_refuses_and_recovers(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path / "journal.sqlite")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith("20")]
    assert lines[0] == "1"
    assert lines[1] == "refused refused"
    # Nothing half-written: what was refused is either wholly there or not at all, and the numbers have no gap.
    assert lines[-1] == "[(1, 10), (2, 10)]", lines


def test_the_failure_is_logged_once_and_the_recovery_too(journal, monkeypatch):
    append(journal, 0)
    with capture_logs() as logs:
        with monkeypatch.context() as patch:
            patch.setattr(database, "INSERT_ENTRY", "insert into no_such_table values (?, ?, ?, ?, ?, ?, ?, ?)")
            for _ in range(3):
                with pytest.raises(UnavailableError, match="cannot be written"):
                    append(journal, 1)
        assert append(journal, 1).entry == 2
    assert [entry["log_level"] for entry in logs] == ["error", "info"]


# -- following


@settings(max_examples=about(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(st.one_of(st.integers(1, 8), st.just("take"), st.just("back")), max_size=25),
    memory_rows=st.sampled_from([0, 1, 3, 10, 1000]),
    max_rows=st.sampled_from([1, 2, 5, 1000]),
)
def test_a_feed_gives_every_entry_once_in_order(journal, steps, memory_rows, max_rows):
    start = journal.last_entry
    journal.append(Submission(rows("visit", 1))).result(timeout=10)
    feed = Feed(journal, start, memory_rows=memory_rows)  # its first entry is only in the file
    got: list[int] = []
    number = 2
    for step in [*steps, *["take"] * (len(steps) * 9 + 9)]:
        if step == "take":
            got += [entry.number for entry in feed.take(max_rows)]
        elif step == "back":
            got = got[: len(got) // 2]
            feed.rewind(got[-1] if got else start)
        else:
            for _ in range(step):
                append(journal, number)
                number += 1
    feed.stop()
    assert got == list(range(start + 1, journal.last_entry + 1))


def test_a_feed_wakes_when_something_comes_and_when_it_is_stopped(journal):
    feed = Feed(journal, 0)
    assert feed.wait(0) is False
    threading.Timer(0.05, lambda: append(journal, 1)).start()
    assert feed.wait(10) is True
    assert [entry.number for entry in feed.take(10)] == [1]
    threading.Timer(0.05, feed.stop).start()
    assert feed.wait(10) is False


def test_quiet_rows_are_remembered_as_runs(journal):
    append(journal, 1, 2)
    append(journal, 3, quiet=True)
    append(journal, 4, 5, quiet=True)
    append(journal, 6)
    append(journal, 7, quiet=True)
    append(journal, quiet=True)
    assert journal.quiet(0, 7) == [(3, 5), (7, 7)]
    assert journal.quiet(4, 6) == [(3, 5)]
    assert journal.quiet(5, 6) == []


def test_quiet_rows_of_a_backup_are_put_back(journal):
    journal.keep_quiet([(3, 5), (7, 7)])
    assert journal.quiet(0, 100) == [(3, 5), (7, 7)]


def test_a_journal_of_the_first_release_learns_of_quiet_rows(tmp_path, open_journal):
    with sqlite3.connect(tmp_path / "journal.sqlite") as old:
        old.executescript(f"{database._MIGRATIONS[0]}; pragma user_version = 1;")
    old.close()
    journal = open_journal()
    append(journal, 1, quiet=True)
    assert journal.quiet(0, 1) == [(1, 1)]
