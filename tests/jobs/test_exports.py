"""Exports in the background: one job per request, durable, limited per owner, deleted when their time is over."""

import threading
import time

import pytest

from passerby.catalogue.repository import Repository
from passerby.errors import UnavailableError
from passerby.jobs import Exports, JobFailedError, TooManyJobsError
from passerby.jobs import exports as module

DAY_MS = 86_400_000


class Clock:
    def __init__(self):
        self.now = 1_700_000_000_000

    def __call__(self):
        return self.now


class Gate:
    """A builder that waits to be let go, and notes what it was asked."""

    def __init__(self):
        self.opened = threading.Event()
        self.asked = []

    def __call__(self, job):
        self.asked.append(dict(job.request))
        yield b"["
        while not self.opened.wait(0.01):
            yield b" "
        yield b"]"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def catalogue(tmp_path):
    with Repository(tmp_path) as opened:
        yield opened


@pytest.fixture
def make(tmp_path, catalogue, clock):
    """Makes Exports on one folder; each is stopped at the end."""
    made = []

    def make_one(builder, *, started=True, **options):
        one = Exports(catalogue.engine, tmp_path / "exports", clock=clock, **options)
        one.register("rows", builder)
        made.append(one)
        if started:
            one.start()
        return one

    yield make_one
    for one in made:
        one.stop()


def until_done(exports, request, owner="me"):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        job, _ = exports.ask("rows", owner, request)
        if job.state in {"finished", "failed"}:
            return job
        time.sleep(0.01)
    raise AssertionError("the job is not done")


def rows(job):
    yield b'{"of":'
    yield str(job.request["of"]).encode()
    yield b"}"


def test_a_new_request_is_a_job_and_its_result_is_read_in_pieces(make):
    exports = make(rows)
    job, new = exports.ask("rows", "me", {"of": 7})
    assert (new, job.state) == (True, "waiting")
    done = until_done(exports, {"of": 7})
    assert (done.id, done.state) == (job.id, "finished")
    assert b"".join(exports.read(done)) == b'{"of":7}'


def test_the_same_request_is_the_same_job_whatever_its_order_and_whoever_asks(make):
    exports = make(Gate())
    first, _ = exports.ask("rows", "me", {"a": 1, "b": [1, 2]})
    again, new = exports.ask("rows", "you", {"b": [1, 2], "a": 1})
    assert (again.id, new) == (first.id, False)
    other, new = exports.ask("rows", "me", {"a": 1, "b": [2, 1]})
    assert new
    assert other.id != first.id


def test_a_result_is_compressed_on_disk_and_only_its_owner_may_read_the_file(make, tmp_path):
    exports = make(lambda _: (b"0123456789" * 1000 for _ in range(100)))
    done = until_done(exports, {})
    (file,) = (tmp_path / "exports").iterdir()
    assert file.stat().st_size == done.bytes < 10_000
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(b"".join(exports.read(done))) == done.length == 1_000_000
    assert b"".join(exports.read(done, packed=True)) == file.read_bytes()


def test_nobody_has_more_than_three_under_way(make):
    gate = Gate()
    exports = make(gate)
    for number in range(3):
        assert exports.ask("rows", "me", {"n": number})[1]
    with pytest.raises(TooManyJobsError):
        exports.ask("rows", "me", {"n": 3})
    assert not exports.ask("rows", "me", {"n": 2})[1]  # asking for one's own again is not a fourth
    assert exports.ask("rows", "you", {"n": 3})[1]
    gate.opened.set()
    for number in range(3):
        until_done(exports, {"n": number})
    assert exports.ask("rows", "me", {"n": 4})[1]


def test_of_two_askers_at_once_one_begins_the_job(make):
    exports = make(Gate())
    barrier = threading.Barrier(8)
    answers = []

    def ask():
        barrier.wait()
        answers.append(exports.ask("rows", "me", {"n": 1}))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({job.id for job, _ in answers}) == 1
    assert [new for _, new in answers].count(True) == 1


def test_owners_take_turns(make):
    exports = make(rows, started=False)
    for number in range(3):
        exports.ask("rows", "busy", {"of": number})
    exports.ask("rows", "quiet", {"of": 9})
    table = exports._table
    assert [table.claim().owner for _ in range(3)] == ["busy", "quiet", "busy"]


def test_what_was_under_way_begins_again_with_the_next_process(make, tmp_path):
    gate = Gate()
    first = make(gate)
    first.ask("rows", "me", {"of": 1})
    while not gate.asked:
        time.sleep(0.01)
    first._table._end = lambda *_: False  # as if killed: nothing of the end is written
    first.stop()
    (tmp_path / "exports" / "9-abc.partial").write_bytes(b"half")
    (tmp_path / "exports" / "9-abc.zst").write_bytes(b"of no job")
    second = make(rows)
    assert until_done(second, {"of": 1}).state == "finished"
    assert len(list((tmp_path / "exports").iterdir())) == 1


def test_stopping_gives_a_job_back(make, catalogue):
    gate = Gate()
    exports = make(gate)
    exports.ask("rows", "me", {"of": 1})
    while not gate.asked:
        time.sleep(0.01)
    exports.stop()
    assert exports.ask("rows", "me", {"of": 1})[0].state == "waiting"


def test_rebuilding_makes_a_new_job_even_of_one_under_way(make):
    gate = Gate()
    exports = make(gate)
    first, _ = exports.ask("rows", "me", {"of": 1})
    while not gate.asked:
        time.sleep(0.01)
    second, new = exports.ask("rows", "me", {"of": 1}, rebuild=True)
    assert new
    assert second.id > first.id
    gate.opened.set()
    done = until_done(exports, {"of": 1})
    assert done.id == second.id
    assert b"".join(exports.read(done)).strip(b"[ ]") == b""
    third, new = exports.ask("rows", "me", {"of": 1}, rebuild=True)
    assert new
    assert third.id > second.id


def test_results_go_after_a_day(make, clock, tmp_path):
    exports = make(rows)
    done = until_done(exports, {"of": 1})
    clock.now += DAY_MS - 1
    assert not exports.ask("rows", "me", {"of": 1})[1]
    clock.now += 1
    exports.sweep()
    assert list((tmp_path / "exports").iterdir()) == []
    again, new = exports.ask("rows", "me", {"of": 1})
    assert new
    assert again.id > done.id


def test_a_result_whose_file_is_gone_is_made_anew(make, tmp_path):
    exports = make(rows)
    done = until_done(exports, {"of": 1})
    (tmp_path / "exports" / done.file).unlink()
    with pytest.raises(UnavailableError):
        exports.read(done)
    assert exports.ask("rows", "me", {"of": 1})[1]
    assert until_done(exports, {"of": 1}).state == "finished"


def test_a_full_disk_costs_the_oldest_results_first(make, clock, tmp_path, monkeypatch):
    exports = make(rows)
    first = until_done(exports, {"of": 1})
    clock.now += 1000
    second = until_done(exports, {"of": 2})
    real = module.shutil.disk_usage

    def nearly_full(folder):
        files = len(list(folder.glob("*.zst")))
        return real(folder)._replace(free=module._FREE_BYTES if files < 2 else module._FREE_BYTES - 1)

    monkeypatch.setattr(module.shutil, "disk_usage", nearly_full)
    exports.sweep()
    assert [path.name for path in (tmp_path / "exports").iterdir()] == [second.file]
    assert exports.ask("rows", "me", {"of": 1})[0].id > first.id


def test_no_result_fills_the_last_of_the_disk(make, monkeypatch):
    real = module.shutil.disk_usage
    monkeypatch.setattr(module.shutil, "disk_usage", lambda folder: real(folder)._replace(free=1000))
    failed = until_done(make(rows), {"of": 1})
    assert (failed.state, failed.fail_reason) == ("failed", "the server's disk is almost full")


def test_a_failure_says_why_and_leaves_nothing_behind(make, tmp_path):
    def too_many(_):
        yield b"["
        raise JobFailedError("the export has 3,000,001 rows; at most 3,000,000 are allowed")

    failed = until_done(make(too_many), {})
    assert (failed.state, failed.fail_reason) == (
        "failed",
        "the export has 3,000,001 rows; at most 3,000,000 are allowed",
    )
    assert list((tmp_path / "exports").iterdir()) == []


def test_an_unexpected_error_ends_the_job_not_the_worker(make):
    def broken(job):
        if job.request["of"] == 1:
            raise RuntimeError("a secret cause")
        return rows(job)

    exports = make(broken, workers=1)
    failed = until_done(exports, {"of": 1})
    assert failed.state == "failed"
    assert "secret" not in failed.fail_reason
    assert until_done(exports, {"of": 2}).state == "finished"


def test_a_store_that_is_away_for_a_moment_fails_no_export(make, monkeypatch):
    monkeypatch.setattr(module, "_RETRIES_S", (0.0, 0.0))
    tries = []

    def moody(job):
        tries.append(job)
        if len(tries) < 3:
            raise UnavailableError("the fact store is being opened again")
        return rows(job)

    assert until_done(make(moody), {"of": 1}).state == "finished"
    assert len(tries) == 3
