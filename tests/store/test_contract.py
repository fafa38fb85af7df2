"""What every fact store must do."""

from __future__ import annotations

import random
import threading
from collections import Counter
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.examples import about
from tests.support.facts import BASE_MS, row

from passerby import observations
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.journal import Entry
from passerby.store import queries
from passerby.store.arrow import fact_batch

HOUR = 3_600_000


def entry(number, first_seq, rows, received_ms=1):
    return Entry(number, received_ms, first_seq, sum(map(len, rows.values())), "test", rows)


def entries(*per_entry, number=1, seq=1):
    """Consecutive entries, each with these rows by kind."""
    made = []
    for rows in per_entry:
        made.append(entry(number, seq, rows))
        number, seq = number + 1, seq + made[-1].row_count
    return made


def load(store, *per_entry):
    """Load these rows as the entries that follow the store's cursor."""
    return store.load(fact_batch(entries(*per_entry, number=store.cursor() + 1, seq=store.last_seq() + 1)))


def asked(monkeypatch, store, sql, parameters=None, tables=None, *, how="query"):
    """The answer to SQL text, run as a named query."""
    monkeypatch.setattr(queries, "text", lambda _: sql)
    if how == "query":
        return store.query("any", parameters or {}, tables)
    return store.stream("any", parameters or {}, tables)


@pytest.fixture
def ask(store, monkeypatch):
    """Runs SQL text as a named query."""
    return partial(asked, monkeypatch, store)


# -- loading


def test_a_new_store_is_empty(store):
    assert store.counts() == dict.fromkeys(observations.KINDS, 0)
    assert (store.cursor(), store.last_seq(), store.safe_cursor()) == (0, 0, 0)
    assert store.check() == []


def test_rows_of_every_kind_come_back_as_they_went_in(store, ask):
    for kind in observations.KINDS:
        load(store, {kind: [row(kind, 1)]})
        table = observations.table(kind)
        (held,) = ask(f"select * from {table.name}").to_pylist()
        expected = dict(zip([c.name for c in table.row_columns], row(kind, 1), strict=True))
        own = {"session_number": 1} if kind == "view" else {}  # what the store itself adds
        assert held == {**expected, "received_ms": 1, "seq": store.last_seq(), **own}


def test_nested_values_come_back_as_they_went_in(store, ask):
    mood = {"very_happy": 1, "happy": 2, "neutral": 3, "unhappy": 4, "very_unhappy": 5}
    values = {
        "attention": [{"looking": True, "ms": 5}, {"looking": False, "ms": 6}],
        "mood": mood,
        "emotions": [{"emotion": "happy", "ms": 7}],
        "contents": [
            {"content_id": 1, "start_ms": 0, "duration_ms": 9, "attention_ms": None, "mood": None},
            {"content_id": 2, "start_ms": 9, "duration_ms": 9, "attention_ms": 3, "mood": mood},
        ],
    }
    load(store, {"view": [row("view", 1, **values), row("view", 2)]})
    held = ask("select attention, mood, emotions, contents from views order by identity").to_pylist()
    assert held == [values, dict.fromkeys(values)]


def test_what_was_accepted_is_counted_by_entry(store):
    loaded = load(
        store,
        {"visit": [row("visit", 1), row("visit", 2)], "passage": [row("passage", 1)]},
        {"visit": [row("visit", 2), row("visit", 3)]},
        {"visit": [row("visit", 3)]},
        {},
    )
    assert (loaded.accepted, loaded.duplicates) == (4, 2)
    assert [loaded.accepted_by_entry.get(number, 0) for number in (1, 2, 3, 4)] == [3, 1, 0, 0]
    assert (store.cursor(), store.last_seq()) == (4, 6)


def test_the_first_arrival_wins(store, ask):
    load(store, {"visit": [row("visit", 1, role="staff"), row("visit", 1, role="guest")]})
    load(store, {"visit": [row("visit", 1, role="late")]})
    assert ask("select role, seq from visits").to_pylist() == [{"role": "staff", "seq": 1}]


def test_the_same_identity_at_another_time_or_of_another_kind_is_another_row(store):
    load(store, {"visit": [row("visit", 1), row("visit", 1, started_ms=BASE_MS - 1)], "passage": [row("passage", 1)]})
    loaded = load(store, {"visit": [row("visit", 1, started_ms=BASE_MS - 2)]})
    assert loaded.accepted == 1
    assert store.counts()["visit"] == 3


def test_rows_scattered_over_years_meet_their_repeats(store):
    times = [BASE_MS + n * 97 * HOUR for n in range(200)]  # more separate hours than there are ranges
    load(store, {"visit": [row("visit", n, started_ms=at) for n, at in enumerate(times)]})
    again = load(store, {"visit": [row("visit", n, started_ms=at) for n, at in reversed(list(enumerate(times)))]})
    assert (again.accepted, again.duplicates) == (0, 200)


def test_loading_a_batch_again_changes_nothing(store, ask):
    batch = fact_batch(entries({"visit": [row("visit", 1)]}, {"crossing": [row("crossing", 1), row("crossing", 1)]}))
    store.load(batch)
    before = (store.counts(), store.cursor(), ask("select * from visits").to_pylist())
    assert store.load(batch).accepted == 0
    assert (store.counts(), store.cursor(), ask("select * from visits").to_pylist()) == before


def broken_batch():
    """The second entry: a visit, and a passage of no sensor."""
    batch = fact_batch(entries({"visit": [row("visit", 2)], "passage": [row("passage", 2)]}, number=2, seq=2))
    passages = batch.rows["passage"]
    place = passages.schema.get_field_index("sensor_id")
    batch.rows["passage"] = passages.set_column(place, pa.field("sensor_id", pa.int64()), pa.nulls(1, pa.int64()))
    return batch


def test_a_batch_that_cannot_be_loaded_leaves_nothing_behind(store):
    load(store, {"visit": [row("visit", 1)]})
    with pytest.raises(InvalidInputError, match="passages"):
        store.load(broken_batch())
    store.refresh()
    assert store.cursor() == 1
    assert store.counts()["visit"] == 1


def test_missing_says_what_is_not_held(store):
    load(store, {"visit": [row("visit", 1), row("visit", 2)]})
    asked = fact_batch(entries({"visit": [row("visit", n) for n in (1, 2, 3, 4)], "event": [row("event", 1)]}))
    assert store.missing(asked) == {"visit": 2, "event": 1}
    load(store, {"visit": [row("visit", 3), row("visit", 4)], "event": [row("event", 1)]})
    assert store.missing(asked) == {}


def spread(kind, offset, numbers):
    """Rows an hour apart, with identities that no other example of a property has."""
    return [row(kind, offset + n, started_ms=BASE_MS + n * HOUR) for n in numbers]


# One store for all examples.
@settings(max_examples=about(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    planned=st.lists(
        st.dictionaries(
            st.sampled_from(["visit", "count", "level"]), st.lists(st.integers(0, 12), max_size=5), max_size=3
        ),
        min_size=1,
        max_size=12,
    ),
    step=st.integers(1, 4),
    offset=st.integers(0, 2**40).map(lambda n: n << 5),
    chance=st.randoms(use_true_random=False),
)
def test_batches_repeats_and_shuffles_end_like_a_set(store, seen, *, planned, step, offset, chance):
    made = entries(
        *({kind: spread(kind, offset, numbers) for kind, numbers in plan.items()} for plan in planned),
        number=store.cursor() + 1,
        seq=store.last_seq() + 1,
    )
    expected: Counter[int] = Counter()
    for one, plan in zip(made, planned, strict=True):
        for kind, numbers in plan.items():
            new = {(kind, offset + n) for n in numbers} - seen
            seen |= new
            expected[one.number] += len(new)
    counted: Counter[int] = Counter()
    for start in range(0, len(made), step):
        counted.update(store.load(fact_batch(made[start : start + step])).accepted_by_entry)
    assert +counted == +expected
    held = Counter(kind for kind, _ in seen)
    assert store.counts() == {kind: held[kind] for kind in observations.KINDS}
    again = [(kind, n) for plan in planned for kind, numbers in plan.items() for n in numbers]
    chance.shuffle(again)
    assert load(store, {}, *({kind: spread(kind, offset, [n])} for kind, n in again)).accepted == 0


@pytest.fixture
def seen():
    """What the store of this test holds, as the twin knows it."""
    return set()


# -- keeping


def test_everything_is_there_after_opening_again(open_store):
    store = open_store()
    load(store, {"visit": [row("visit", 1)]}, {"event": [row("event", 1)]})
    store.close()
    again = open_store()
    assert (again.cursor(), again.last_seq(), again.counts()["event"]) == (2, 2, 1)
    assert again.safe_cursor() == 2
    assert load(again, {"visit": [row("visit", 1)]}).accepted == 0


def test_a_backup_restores_to_the_same_facts(open_store, tmp_path):
    store = open_store()
    load(store, *({kind: [row(kind, n) for n in range(50)]} for kind in observations.KINDS))
    folder = tmp_path / "backup"
    folder.mkdir()
    store.backup(folder)
    assert pq.read_table(folder / "visits.parquet").num_rows == 50
    other = open_store("other")
    other.restore(folder)
    assert (other.counts(), other.cursor(), other.last_seq()) == (store.counts(), store.cursor(), store.last_seq())
    assert load(other, {"visit": [row("visit", 3), row("visit", 51)]}).accepted == 1
    with pytest.raises(ConflictError, match="not empty"):
        other.restore(folder)


def named(ask):
    """Which of these names were used, and when."""
    names = pa.table({"sensor_id": [2, 3, 1], "visit_group": ["h", "g", "g"]})
    sql = "select visit_group, started_ms from named_visits join names on name_key = group_key(sensor_id, visit_group)"
    return ask(f"{sql} order by started_ms", tables={"names": names}).to_pylist()


def test_visits_that_name_their_group_are_found_without_reading_all_others(open_store, tmp_path, monkeypatch):
    store = open_store()
    ask = partial(asked, monkeypatch, store)
    load(store, {"visit": [row("visit", 1), row("visit", 2, visit_group="g"), row("visit", 2, visit_group="g")]})
    load(store, {"visit": [row("visit", 2, visit_group="g"), row("visit", 4, visit_group="h")]})
    expected = [
        {"visit_group": "g", "started_ms": BASE_MS + 2000},
        {"visit_group": "h", "started_ms": BASE_MS + 4000},
    ]
    assert named(ask) == expected
    monkeypatch.undo()
    folder = tmp_path / "backup"
    folder.mkdir()
    store.backup(folder)
    other = open_store("other")
    other.restore(folder)
    assert other.check() == []
    assert named(partial(asked, monkeypatch, other)) == expected


def test_a_backup_is_one_moment_while_rows_keep_coming(open_store, tmp_path):
    store = open_store()
    load(store, {"visit": [row("visit", 0)], "uptime": [row("uptime", 0)]})
    stop = threading.Event()

    def keep_loading():
        number = 1
        while not stop.is_set():
            load(store, {"visit": [row("visit", number)], "uptime": [row("uptime", number)]})
            number += 1

    thread = threading.Thread(target=keep_loading)
    thread.start()
    try:
        folder = tmp_path / "backup"
        folder.mkdir()
        store.backup(folder)
    finally:
        stop.set()
        thread.join()
    other = open_store("other")
    other.restore(folder)
    assert other.counts()["visit"] == other.counts()["uptime"] == other.cursor()


def test_check_names_rows_that_break_the_rules(store):
    load(store, {"visit": [row("visit", 1, ended_ms=BASE_MS - 1)]})
    assert store.check() == ["visits: 1 rows end before they start"]


# -- named queries


def test_an_unknown_name_is_no_query(store):
    for name in ("no_such_query", "../secrets", "A", ""):
        with pytest.raises(NotFoundError, match="no query is named"):
            store.query(name, {})


def test_parameters_are_values_not_text(store, ask):
    hostile = "x'; drop table visits; --"
    assert ask("select $text as t", {"text": hostile}).to_pylist() == [{"t": hostile}]
    assert ask("select $whole::bigint as w, $real::double as r", {"whole": 2**60, "real": 0.5}).to_pylist() == [
        {"w": 2**60, "r": 0.5}
    ]
    assert store.counts()["visit"] == 0


def test_a_null_parameter_leaves_a_condition_out(store, ask):
    load(store, {"visit": [row("visit", 1, role="staff"), row("visit", 2)]})
    sql = "select count(*) as n from visits where $role::varchar is null or role = $role"
    assert ask(sql, {"role": None}).to_pylist() == [{"n": 2}]
    assert ask(sql, {"role": "staff"}).to_pylist() == [{"n": 1}]


def test_tables_are_joined_by_name_and_gone_afterwards(store, ask):
    load(store, {"visit": [row("visit", n) for n in range(6)]})
    wanted = pa.table({"sensor_id": pa.array([1, 3], pa.int64())})
    sql = "select sensor_id, count(*) as n from visits join wanted using (sensor_id) group by sensor_id order by 1"
    assert ask(sql, tables={"wanted": wanted}).to_pylist() == [{"sensor_id": 1, "n": 2}, {"sensor_id": 3, "n": 2}]
    with pytest.raises(Exception, match="wanted"):
        ask(sql)


def test_tables_of_requests_at_the_same_time_do_not_mix(store, ask):
    wrong = []

    def many(value):
        mine = pa.table({"v": pa.array([value] * 100, pa.int64())})
        for _ in range(20):
            answer = ask("select distinct v from mine", tables={"mine": mine}).to_pylist()
            wrong.extend([] if answer == [{"v": value}] else [answer])

    threads = [threading.Thread(target=many, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_an_empty_answer_keeps_its_types(ask):
    sql = "select sensor_id, role, count(*) as n, sum(ended_ms)::bigint as s from visits group by sensor_id, role"
    answer = ask(sql)
    assert answer.num_rows == 0
    assert answer.schema.types == [pa.int64(), pa.string(), pa.int64(), pa.int64()]
    assert [batch.num_rows for batch in ask(sql, how="stream") if batch.num_rows] == []


def test_an_empty_sum_is_null_and_an_empty_count_is_zero(store, ask):
    load(store, {"visit": [row("visit", 1)]})
    sql = (
        "select sum(ended_ms)::bigint as s, count(*) as n,"
        " sum(ended_ms) filter (where false)::bigint as f, coalesce(sum(ended_ms), 0)::bigint as z"
        " from visits where sensor_id = 77"
    )
    assert ask(sql).to_pylist() == [{"s": None, "n": 0, "f": None, "z": 0}]


def test_a_left_join_miss_is_null(store, ask):
    load(store, {"visit": [row("visit", 1, sensor_id=1)]})
    wanted = pa.table({"sensor_id": pa.array([1, 9], pa.int64())})
    sql = (
        "select w.sensor_id, v.identity, v.started_ms is null as missed from wanted w"
        " left join visits v on v.sensor_id = w.sensor_id order by 1"
    )
    assert ask(sql, tables={"wanted": wanted}).to_pylist() == [
        {"sensor_id": 1, "identity": 1, "missed": False},
        {"sensor_id": 9, "identity": None, "missed": True},
    ]


def test_lag_beyond_the_edge_is_null(ask):
    numbers = pa.table({"n": pa.array([5, 6], pa.int64())})
    answer = ask("select n, lag(n) over (order by n) as before from numbers order by n", tables={"numbers": numbers})
    assert answer.to_pylist() == [{"n": 5, "before": None}, {"n": 6, "before": 5}]


def test_whole_division_rounds_towards_zero_and_halves_round_away_from_it(ask):
    numbers = pa.table({"n": pa.array([-7, 7, 2**53 + 1], pa.int64()), "h": pa.array([-2.5, 0.5, 1.5])})
    answer = ask("select whole(n, 2) as w, round(h) as r from numbers order by n", tables={"numbers": numbers})
    assert answer.to_pylist() == [{"w": -3, "r": -3.0}, {"w": 3, "r": 1.0}, {"w": 2**52, "r": 2.0}]


def test_each_unfolds_a_list_in_step_with_its_neighbours(ask):
    lists = pa.table({"a": pa.array([[1, 2]], pa.list_(pa.int64()))})
    assert ask("select each(a) as x from lists order by x", tables={"lists": lists}).to_pylist() == [{"x": 1}, {"x": 2}]


def test_a_stream_gives_what_a_query_gives_in_order_of_arrival(store, ask):
    numbers = list(range(5000))
    random.Random(1).shuffle(numbers)
    for start in range(0, 5000, 500):
        load(store, {"visit": [row("visit", n) for n in numbers[start : start + 500]]})
    sql = "select seq, identity from visits where started_ms >= $from_ms"
    streamed = [r for batch in ask(sql, {"from_ms": BASE_MS}, how="stream") for r in batch.to_pylist()]
    assert streamed == ask(sql, {"from_ms": BASE_MS}).to_pylist()
    assert [r["seq"] for r in streamed] == list(range(1, 5001))


def test_a_stream_sees_one_moment_and_holds_up_nobody(store, ask):
    load(store, {"visit": [row("visit", n) for n in range(200_000)]})
    stream = ask("select identity from visits", how="stream")
    first = next(stream)
    load(store, {"visit": [row("visit", 200_000)]})
    assert store.counts()["visit"] == 200_001
    assert first.num_rows + sum(batch.num_rows for batch in stream) == 200_000


def test_a_stream_can_be_left_unfinished(store, ask):
    load(store, {"visit": [row("visit", n) for n in range(100_000)]})
    stream = ask("select identity from visits", how="stream")
    next(stream)
    stream.close()
    load(store, {"visit": [row("visit", 100_000)]})
    assert store.counts()["visit"] == 100_001


def test_sensors_with_facts(store):
    assert store.query("sensors_with_facts", {}).column("sensor_id").to_pylist() == []
    load(store, {"visit": [row("visit", 1, sensor_id=5)]}, {"uptime": [row("uptime", 1, sensor_id=3)]})
    assert store.query("sensors_with_facts", {}).column("sensor_id").to_pylist() == [3, 5]


# -- versions


def test_a_version_rises_when_facts_of_its_kinds_and_days_are_added_and_only_then(store):
    day = 24 * HOUR
    first = BASE_MS // day * day

    def versions():
        spans = [(first, first + day), (first + day, first + 2 * day), (first - day, first + day + 1)]
        return [store.version(kinds, *span) for span in spans for kinds in (["visit"], ["passage"], ["visit", "event"])]

    def changed(batch):
        before = versions()
        store.load(batch)
        pairs = list(zip(before, versions(), strict=True))
        assert all(old <= new for old, new in pairs)
        return [number for number, (old, new) in enumerate(pairs) if old != new]

    rows = {"visit": [row("visit", 1, started_ms=first), row("visit", 2, started_ms=first + day - 1)]}
    (one,) = entries(rows)
    assert changed(fact_batch([one])) == [0, 2, 6, 8]
    assert changed(fact_batch([one])) == []
    (late,) = entries({"event": [row("event", 3, started_ms=first + day)]}, number=2, seq=3)
    assert changed(fact_batch([late])) == [5, 8]


def test_a_version_rises_when_nobody_knows_what_a_failure_left(store):
    load(store, {"visit": [row("visit", 1)]})
    before = store.version(["visit"], BASE_MS, BASE_MS + 1)
    with pytest.raises(InvalidInputError):
        store.load(broken_batch())
    failed = store.version(["visit"], BASE_MS, BASE_MS + 1)
    store.refresh()
    assert before < failed < store.version(["visit"], BASE_MS, BASE_MS + 1)


def test_a_version_rises_with_a_restored_backup(open_store, tmp_path):
    full, empty = open_store("full"), open_store("empty")
    load(full, {"visit": [row("visit", 1)]})
    folder = tmp_path / "backup"
    folder.mkdir()
    full.backup(folder)
    before = empty.version(["visit"], BASE_MS, BASE_MS + 1)
    empty.restore(folder)
    assert empty.version(["visit"], BASE_MS, BASE_MS + 1) > before
