"""Whatever is sent, the answer is one that the reference page describes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

PATHS = ["/", "/json/v1", "/json/v2", "/json/v3", "/v1/graphql"]
PATHS += ["/wifi/json/v1", "/wifi/json/v2", "/wifi/json/v3", "/wifi/json/v4"]
ZONES = ["11111111-1111-1111-1111-111111111111", "10/11", "90/11", "nowhere"]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
dates = st.sampled_from(
    ["2023-06-08T11:30:00.000Z", "2023-06-08T11:30", "2199-12-31T23:59:59Z", "1970-01-01T00:00:00", "0000-00-00T00:00"]
)
ids = st.integers(-1, 6) | st.integers(0, 2**70)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "startDate": dates | anything,
        "endDate": dates | anything,
        "interval": st.sampled_from(["hourly", "15min"]) | anything,
        "locations": st.lists(ids, max_size=60) | anything,
        "brandId": st.sampled_from([1234, 1235, 2000]) | anything,
        "referenceNumbers": st.lists(st.sampled_from(["US0658", "x"]) | st.text(), max_size=60) | anything,
        "zoneId": st.sampled_from(ZONES) | st.text() | anything,
        "cursor": st.text() | anything,
        "client_id": st.text() | anything,
        "client_secret": st.text() | anything,
        "audience": st.just("https://gql.analytiks.ai") | anything,
        "grant_type": st.just("client_credentials") | anything,
        "query": st.sampled_from(["{ locationList { id } }", "query($a: Int!) { location(id: $a) { name } }"])
        | anything,
        "variables": st.dictionaries(st.sampled_from(["a", "b"]), anything) | anything,
        "operationName": anything,
    },
)


@pytest.mark.parametrize("path", PATHS)
@given(body=bodies)
def test_any_body_is_answered_or_refused(demo, path, body):
    answer = demo.http.post(path, json=body, headers=demo.headers)
    assert answer.status_code in {200, 400, 401, 429}, answer.text
    document = answer.json()
    if answer.status_code == 200:
        return
    if path == "/":
        assert document.keys() == {"error", "error_description"}
    elif path == "/v1/graphql":
        assert document["errors"]
    elif "successes" in document:
        assert document["successes"] == []
        assert document["failures"]["locations"]
    else:
        assert document.keys() - {"locations"} == {"error", "message", "field"}


@pytest.mark.parametrize("path", PATHS)
@given(content=st.binary())
def test_any_bytes_are_refused(demo, path, content):
    answer = demo.http.post(path, content=content, headers=demo.headers | {"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text


# What HTTP lets into a header.
header_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200)


@pytest.mark.parametrize("path", ["/json/v1", "/v1/graphql"])
@given(token=header_text | st.tuples(header_text, header_text, header_text).map(".".join))
def test_any_token_is_refused(demo, path, token):
    answer = demo.http.post(path, json={}, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401, answer.text
