"""Parameters, and what becomes of wrong ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.dialects.camlytics import requests
from passerby.dialects.camlytics.codes import CamlyticsError, Code
from passerby.dialects.camlytics.requests import METHODS, Asked


def code(method, query):
    with pytest.raises(CamlyticsError) as refused:
        requests.read(method, query)
    return refused.value.code


def test_everything_at_once():
    query = (
        b"location_id=32&channel_id=a%20b&trigger_id=-1&event_type=RegionJoin&origin=Face&limit=10&order=desc&nonce=1"
        b"&since=2020-10-13T06%3A12%3A00.000%2B01%3A00&until=2020-10-13T14%3A00%3A00Z&since_id=17"
    )
    asked = requests.read("events", query)
    assert asked == Asked(32, "a b", "-1", "RegionJoin", "Face", 1602565920000, 1602597600000, 17, 10, True)
    assert asked.without_trigger


@pytest.mark.parametrize(
    ("written", "ms"),
    [
        ("2020-10-12T14%3A00%3A00Z", 1602511200000),
        ("2020-10-12T14:00Z", 1602511200000),
        ("2020-10-12t14:00:00z", 1602511200000),
        ("2020-10-12%2014:00:00.5-0400", 1602525600500),
        ("2020-10-12T14:00:00+01:00", 1602507600000),  # the plus is a space by now
        ("2020-10-12T14:00:00.0000000Z", 1602511200000),
        ("2020-10-12T14:00:00.0000001Z", 1602511200001),
        ("1969-12-31T23:30:00-01:00", 1800000),
    ],
)
def test_times(written, ms):
    assert requests.read("events", f"since={written}".encode()).since_ms == ms


@pytest.mark.parametrize(
    "query",
    [
        "since=2020-10-12",
        "since=2020-10-12T14:00:00",
        "since=2020-13-12T14:00:00Z",
        "since=2020-02-30T14:00:00Z",
        "since=2020-10-12T24:00:01Z",
        "since=0001-01-01T00:00:00%2B01:00",
        "since=2300-01-01T00:00:00Z",
        "since=1602511200",
        "since=yesterday",
        "since=",
        "since=2020-10-13T00:00:00Z&until=2020-10-12T00:00:00Z",
        "location_id=one",
        "location_id=-1",
        "location_id=1.0",
        "location_id=99999999999999999999",
        "location_id=%D9%A3",
        "limit=0",
        "limit=many",
        "order=up",
        "since_id=-1",
        "event_type=",
        f"event_type={'x' * 65}",
        "channel_id=",
        "origin=%ff",
    ],
)
def test_wrong_values(query):
    assert code("events", query.encode()) is Code.WRONG_VALUE


def test_bytes_that_are_not_encoded():
    assert code("events", b"origin=\xff") is Code.WRONG_VALUE


def test_twice():
    assert code("events", b"limit=1&limit=1") is Code.REPEATED_PARAMETER


@pytest.mark.parametrize("method", METHODS)
def test_a_method_takes_its_parameters_and_no_others(method):
    assert code(method, b"colour=red") is Code.UNKNOWN_PARAMETER
    assert requests.read(method, b"nonce=1") == Asked()
    every = set(METHODS["events"])
    for name in every - set(METHODS[method]):
        assert code(method, f"{name}=1".encode()) is Code.UNKNOWN_PARAMETER


@given(st.sampled_from(list(METHODS)), st.binary(max_size=60))
def test_no_query_fails(method, query):
    try:
        requests.read(method, query)
        found = None
    except CamlyticsError as refused:
        found = refused.code
    assert found in {None, Code.UNKNOWN_PARAMETER, Code.REPEATED_PARAMETER, Code.WRONG_VALUE}
