"""Several threads and processes on one catalogue."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.catalogues import small_document

from passerby.catalogue.repository import POLL_S, Repository
from passerby.catalogue.rows import FIRST_REGISTERED_ID

REGISTER = """
import sys
from passerby.catalogue.repository import Repository
with Repository(sys.argv[1]) as repository:
    print([repository.register_content(1, f"content {n}").id for n in range(20)])
"""


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(small_document())
        yield opened


def eventually(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def run(*arguments):
    command = [sys.executable, "-c", "from passerby.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_server_that_runs_sees_what_commands_change(repository, tmp_path):
    issued = repository.create_credential("native")
    assert repository.verify("native", issued.secret)
    run("credentials", "revoke", issued.credential.id, "--data", tmp_path)
    eventually(lambda: repository.verify("native", issued.secret) is None)
    file = tmp_path / "more.yaml"
    file.write_text("account: {id: 7, name: Seventh}")
    run("catalogue", "apply", file, "--data", tmp_path)
    eventually(lambda: 7 in repository.current().accounts)


def test_a_snapshot_stays_the_same_object_until_something_changes(repository, tmp_path):
    before = repository.current()
    time.sleep(POLL_S * 1.2)
    assert repository.current() is before
    with Repository(tmp_path) as other:
        other.apply(small_document() | {"settings": {"bounce_s": 9}})
    eventually(lambda: repository.current() is not before)
    assert before.accounts[1].settings == {}
    assert repository.current().accounts[1].settings == {"bounce_s": 9}


def test_contents_registered_at_once_by_threads_and_processes_are_one_each(repository, tmp_path):
    others = [
        subprocess.Popen([sys.executable, "-c", REGISTER, tmp_path], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    with ThreadPoolExecutor(4) as pool:
        mine = list(pool.map(lambda n: repository.register_content(1, f"content {n % 20}").id, range(80)))
    theirs = [eval(other.communicate()[0]) for other in others]
    assert mine[:20] * 4 == mine
    assert theirs == [mine[:20]] * 2
    assert sorted(mine[:20]) == list(range(FIRST_REGISTERED_ID, FIRST_REGISTERED_ID + 20))


def test_a_registered_content_is_there_after_a_restart_and_known_without_the_database(repository, tmp_path):
    content = repository.register_content(1, "spring")
    version = repository.current().version
    assert repository.register_content(1, "spring") is content
    assert repository.current().version == version
    with Repository(tmp_path) as other:
        assert other.current().content(1, "spring") == content


def test_the_same_text_is_another_content_for_another_account(repository):
    repository.apply(small_document(2, first=2))
    assert repository.register_content(1, "x").id != repository.register_content(2, "x").id
    assert repository.current().content(2, repository.current().content(1, "x").id) is None


def test_snapshots_never_go_back_while_many_write(repository):
    """Each writer sees its own change at once; each reader sees versions only grow."""
    seen, done = [], threading.Event()

    def read():
        while not done.is_set():
            seen.append(repository.current().version)

    def write(number):
        for turn in range(5):
            text = f"{number} {turn}"
            content = repository.register_content(1, text)
            assert repository.current().content(1, text) == content

    reader = threading.Thread(target=read)
    reader.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    done.set()
    reader.join()
    assert seen == sorted(seen)
    assert len(repository.current().contents) == 20


def test_applies_of_two_accounts_at_once_are_both_kept(tmp_path):
    with Repository(tmp_path) as first, Repository(tmp_path) as second, ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(first.apply, small_document()), pool.submit(second.apply, small_document(2, first=2))]
        assert all(job.result() for job in jobs)
        eventually(lambda: list(first.current().accounts) == list(second.current().accounts) == [1, 2])


def test_after_closing_the_last_snapshot_stays_good(tmp_path):
    repository = Repository(tmp_path)
    repository.apply(small_document())
    repository.close()
    time.sleep(POLL_S * 1.2)
    assert repository.current().sites[1].name == "Site"


def test_a_database_that_cannot_be_read_for_a_while_leaves_the_last_snapshot(repository, tmp_path, caplog):
    before = repository.current()
    repository._engine.dispose()
    hidden = (tmp_path / "catalogue.sqlite").rename(tmp_path / "hidden")
    (tmp_path / "catalogue.sqlite").mkdir()
    eventually(lambda: repository.current() is before and "could not be read, trying again" in caplog.text)
    (tmp_path / "catalogue.sqlite").rmdir()
    hidden.rename(tmp_path / "catalogue.sqlite")
    with Repository(tmp_path) as other:
        other.apply(small_document(2, first=2))
    eventually(lambda: 2 in repository.current().accounts)
