"""Observations: the fact tables follow from the structs, and instants become exact milliseconds."""

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.observations import KINDS, STRUCTS, AnyObservation, encoder, json_schema, milliseconds, table

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAIVE = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1))  # noqa: DTZ001 - hypothesis wants them naive


@given(NAIVE, st.integers(-14 * 60, 14 * 60))
def test_milliseconds_are_exact_and_cut_off(naive, offset_minutes):
    instant = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    exact = Fraction((instant - EPOCH) // timedelta(microseconds=1), 1000)
    assert milliseconds(instant) == exact.numerator // exact.denominator


DESCRIBED = "origin suborigin age_range gender object_id snapshot_id record_id"
VIEW = "attention_ms attention gender age_group age glasses mustache beard mood emotions contents session role"


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        ("visit", "started_ms ended_ms id identity visit_group role"),
        ("zone_visit", f"started_ms ended_ms id identity {DESCRIBED} zone_id role also_events"),
        ("passage", "started_ms ended_ms id identity class color"),
        ("view", f"started_ms ended_ms id identity {VIEW}"),
        ("play", "started_ms ended_ms id identity content_id"),
        ("crossing", f"started_ms id identity {DESCRIBED} line_id direction class also_visit role"),
        ("count", "started_ms ended_ms id identity line_id count_in count_out class"),
        ("level", "started_ms id identity value zone_id"),
        ("wifi_visit", "started_ms ended_ms id identity device rssi zone_id randomized"),
        ("event", f"started_ms id identity {DESCRIBED} event_type trigger_id"),
        ("uptime", "started_ms ended_ms id identity"),
    ],
)
def test_the_table_of_each_kind(kind, columns):
    names = table(kind).schema.names
    assert names == ["sensor_id", *columns.split(), "received_ms", "seq"]
    assert [column.name for column in table(kind).row_columns] == names[:-2]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"kind":"visit","sensor":1,"start":"2026-01-01T00:00:00","duration_ms":1}', "timezone"),
        ('{"kind":"visit","sensor":1,"start":"2026-01-01T00:00:00Z"}', "duration_ms"),
        ('{"kind":"visit","sensor":1,"start":"2026-01-01T00:00:00Z","duration_ms":1,"dwell":1}', "dwell"),
        ('{"kind":"view","sensor":1,"start":"2026-01-01T00:00:00Z","duration_ms":9}', "either attention_ms or"),
        (
            '{"kind":"view","sensor":1,"start":"2026-01-01T00:00:00Z","duration_ms":9,"attention_ms":10}',
            "attention is longer",
        ),
        ('{"kind":"stroll","sensor":1}', "stroll"),
    ],
)
def test_what_a_struct_refuses(row, message):
    with pytest.raises(msgspec.ValidationError, match=message):
        msgspec.json.decode(row, type=AnyObservation)


def test_the_json_schema_names_every_kind():
    root, components = json_schema()
    assert set(root["discriminator"]["mapping"]) == set(KINDS)
    assert {STRUCTS[kind].__name__ for kind in KINDS} <= set(components)


def test_what_is_not_said_is_not_written():
    visit = msgspec.json.decode(
        b'{"kind": "visit", "sensor": 1, "start": "2026-03-29T01:30:00+01:00", "duration_ms": null}',
        type=AnyObservation,
    )
    assert encoder().encode(visit) == (
        b'{"kind":"visit","sensor":1,"start":"2026-03-29T01:30:00+01:00","duration_ms":null}'
    )
