from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.facts import row

from passerby import observations
from passerby.errors import InvalidInputError
from passerby.journal import Entry
from passerby.store.arrow import fact_batch

_ROWS = st.dictionaries(st.sampled_from(observations.KINDS), st.integers(0, 4), max_size=4)


@given(st.lists(_ROWS, min_size=1, max_size=6))
def test_each_row_keeps_its_values_its_arrival_and_its_number(planned):
    entries, expected, seq = [], {}, 100
    for number, plan in enumerate(planned, start=7):
        rows = {kind: [row(kind, seq * 10 + n) for n in range(count)] for kind, count in plan.items()}
        entries.append(Entry(number, 1000 + number, seq, sum(plan.values()), "test", rows))
        for kind, some in rows.items():
            for one in some:
                expected.setdefault(kind, []).append((number, (*one, 1000 + number, seq)))
                seq += 1
    batch = fact_batch(entries)
    made = {
        kind: list(zip(batch.entries[kind].tolist(), (tuple(r.values()) for r in table.to_pylist()), strict=True))
        for kind, table in batch.rows.items()
    }
    assert made == expected
    assert (batch.cursor, batch.last_seq) == (entries[-1].number, seq - 1)
    assert all(batch.rows[kind].schema == observations.table(kind).schema for kind in batch.rows)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"sensor_id": None}, "sensor_id"),
        ({"started_ms": "yesterday"}, "visits"),
        ({"identity": 2**63}, "visits"),
        ({"role": 5}, "visits"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_with_its_table(values, named):
    with pytest.raises(InvalidInputError, match=named):
        fact_batch([Entry(1, 1, 1, 1, "test", {"visit": [row("visit", 1, **values)]})])


def test_a_row_of_the_wrong_length_is_refused():
    with pytest.raises(InvalidInputError, match="visits"):
        fact_batch([Entry(1, 1, 1, 1, "test", {"visit": [row("visit", 1)[:-1]]})])
    with pytest.raises(InvalidInputError, match="visits"):
        fact_batch([Entry(1, 1, 1, 2, "test", {"visit": [row("visit", 1), row("visit", 2)[:-1]]})])
