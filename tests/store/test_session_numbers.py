"""The number of each session on its sensor: given once, in order of arrival, whatever portions the rows come in."""

from __future__ import annotations

import random
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import row
from tests.support.sessions import Numbers

from passerby.journal import Entry
from passerby.store import DuckDBStore
from passerby.store.arrow import fact_batch
from passerby.store.session_numbers import BEYOND, SessionNumbers

# Few sensors and small numbers, so that they meet; and numbers as large as those that are given beyond the others.
SESSIONS = st.none() | st.integers(0, 8) | st.integers(BEYOND - 1, BEYOND + 4)
VIEWS = st.lists(st.tuples(st.integers(1, 3), SESSIONS), max_size=40)


def table(views):
    sensors, sessions = zip(*views, strict=True)
    return pa.table({"sensor_id": pa.array(sensors, pa.int64()), "session": pa.array(sessions, pa.int64())})


@given(VIEWS, st.lists(st.integers(1, 40)))
def test_the_same_numbers_in_whatever_portions(views, cuts):
    twin = Numbers()
    expected = [twin.number(*view) for view in views]
    numbers, found = SessionNumbers({}), []
    edges = [0, *sorted({cut for cut in cuts if cut < len(views)}), len(views)]
    for first, last in pairwise(edges):
        if last > first:
            found += numbers.give(table(views[first:last])).to_pylist()
            numbers = SessionNumbers.of(numbers.table())
    assert found == expected


@given(VIEWS)
def test_a_number_that_is_given_is_nobody_elses(views):
    numbers = SessionNumbers({}).give(table(views)).to_pylist() if views else []
    for sensor in {sensor for sensor, _ in views}:
        mine = [(number, session) for (of, session), number in zip(views, numbers, strict=True) if of == sensor]
        for given_number in [number for number, session in mine if number != session]:
            assert [number for number, _ in mine].count(given_number) == 1


def test_the_rules():
    views = [(1, None), (2, 1331), (1, None), (2, None), (2, 1332), (1, 2), (1, 7), (1, None), (1, 0), (2, 1331)]
    assert SessionNumbers({}).give(table(views)).to_pylist() == [
        *(1, 1331, 2, BEYOND + 1, 1332),
        BEYOND + 1,  # its 2 was given to another
        7,
        BEYOND + 2,
        0,
        1331,  # it says so itself
    ]


# -- in the store


def load(store, views):
    """As the next entry; each view one second after the one before it."""
    seq = store.last_seq() + 1
    rows = [
        row("view", seq + place, sensor_id=sensor, session=session) for place, (sensor, session) in enumerate(views)
    ]
    store.load(fact_batch([Entry(store.cursor() + 1, 1, seq, len(rows), "test", {"view": rows})]))


def numbers_of(store):
    with store._request() as request:
        return [number for (number,) in request.execute("select session_number from views order by seq").fetchall()]


def random_views(chance, count):
    sessions = [None, None, 3, 40, BEYOND + 2]
    return [(chance.randint(1, 5), chance.choice(sessions)) for _ in range(count)]


def expected_of(views):
    twin = Numbers()
    return [twin.number(*view) for view in views]


def test_they_go_on_after_a_restart_and_a_restore_and_repeated_views_use_up_none(open_store, tmp_path):
    views = random_views(random.Random(1), 60)
    store = open_store()
    load(store, views[:20])
    load(store, views[20:30])
    batch = [row("view", place + 1, sensor_id=views[place][0], session=views[place][1]) for place in range(30)]
    store.load(fact_batch([Entry(3, 1, store.last_seq() + 1, 30, "test", {"view": batch})]))
    assert numbers_of(store) == expected_of(views[:30])
    store.close()
    store = open_store()
    rest = [(30 + place, view) for place, view in enumerate(views[30:])]
    later = [row("view", 1000 - place, sensor_id=sensor, session=session) for place, (sensor, session) in rest]
    store.load(fact_batch([Entry(4, 1, store.last_seq() + 1, 30, "test", {"view": later})]))
    assert numbers_of(store) == expected_of(views)
    assert store.check() == []
    folder = tmp_path / "backup"
    folder.mkdir()
    store.backup(folder)
    restored = open_store("restored")
    restored.restore(folder)
    assert numbers_of(restored) == expected_of(views)
    load(restored, [(1, None), (2, None)])
    assert numbers_of(restored) == expected_of([*views, (1, None), (2, None)])
    assert restored.check() == []


def test_a_load_that_fails_gives_no_number(tmp_path, monkeypatch):
    store = DuckDBStore(tmp_path / "facts.duckdb", memory_mb=512)
    load(store, [(1, None)])
    with monkeypatch.context() as patch:
        patch.setattr("passerby.store.duckdb._insert", _refuse)
        with pytest.raises(OSError, match="no room"):
            load(store, [(1, None), (1, 5)])
    load(store, [(1, None)])
    assert numbers_of(store) == [1, 2]
    store.close()


def _refuse(*_):
    raise OSError("no room")


# -- files and backups from before there were such numbers


def forget_numbers(store):
    """As a release without them left the file."""
    with store._request() as request:
        request.execute("alter table views drop column session_number")
        request.execute("drop table session_counts")
        request.execute("update store_state set definitions = 'older'")


def test_the_views_of_an_older_file_are_numbered_when_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr("passerby.store.duckdb_sessions._AT_ONCE", 7)
    views = random_views(random.Random(2), 50)
    store = DuckDBStore(tmp_path / "facts.duckdb", memory_mb=512)
    load(store, views)
    forget_numbers(store)
    store.close()
    store = DuckDBStore(tmp_path / "facts.duckdb", memory_mb=512)
    assert numbers_of(store) == expected_of(views)
    load(store, [(1, None)])
    assert numbers_of(store) == expected_of([*views, (1, None)])
    assert store.check() == []
    store.close()


def test_the_views_of_an_older_backup_are_numbered_when_it_is_restored(open_store, tmp_path):
    views = random_views(random.Random(3), 50)
    store = open_store()
    load(store, views)
    folder = tmp_path / "backup"
    folder.mkdir()
    store.backup(folder)
    path = folder / "views.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["session_number"]), path)
    restored = open_store("restored")
    restored.restore(folder)
    assert numbers_of(restored) == expected_of(views)


def test_a_check_tells_of_numbers_that_are_missing_or_wrong(open_store):
    store = open_store()
    load(store, [(1, None), (1, None), (2, None), (2, 7)])
    with store._request() as request:
        request.execute("update views set session_number = 5 where sensor_id = 1 and session_number = 2")
        request.execute("update views set session_number = null where session = 7")
    assert store.check() == [
        "views: 1 rows have no session number",
        "views: the session numbers of 1 sensors are not 1, 2, 3 ...",
    ]
