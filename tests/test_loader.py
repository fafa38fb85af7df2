from __future__ import annotations

import pytest
from tests.support.facts import row, rows

from passerby import observations
from passerby.journal import Journal, Submission
from passerby.loader import Loader
from passerby.store import DuckDBStore


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
