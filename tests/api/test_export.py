import io
import json

import httpx
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.bodies import MEDIA_TYPES
from tests.support.examples import about
from tests.support.observations import observations

from passerby.observations import KINDS, STRUCTS

PATH = "/v1/observations"
ALL = ("ndjson", "csv", "parquet", "arrow")
VISIT = {"kind": "visit", "sensor": 3024, "start": "2026-03-29T01:30:00+01:00", "duration_ms": 5000}


def post(client, rows, **parameters):
    answer = client.post(PATH, json=rows, params={"wait": "visible", **parameters})
    assert answer.status_code == 200, answer.text
    return answer.json()


def names_of(kind):
    return list(STRUCTS[kind].__struct_encode_fields__)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_can_be_posted_again_and_is_known(client, kind):
    @settings(max_examples=about(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(observations(kinds=[kind]), min_size=1, max_size=5))
    def check(rows):
        post(client, rows)
        for format_ in ALL:
            answer = client.get(f"{PATH}/{kind}", params={"format": format_})
            assert answer.headers["content-type"].startswith(MEDIA_TYPES[format_])
            again = client.post(
                PATH,
                content=answer.content,
                headers={"Content-Type": MEDIA_TYPES[format_]},
                params={"wait": "visible"} | ({} if format_ == "ndjson" else {"kind": kind}),
            ).json()
            assert again["rejected"] == []
            assert again["accepted"] == 0
            assert again["duplicates"] >= 1

    check()


def test_each_format_says_the_same(client):
    post(client, [VISIT, {**VISIT, "id": "two", "group": "a,b", "duration_ms": None}])
    expected = [
        {"kind": "visit", "sensor": 3024, "start": "2026-03-29T00:30:00.000Z", "duration_ms": 5000},
        {"kind": "visit", "sensor": 3024, "id": "two", "start": "2026-03-29T00:30:00.000Z", "group": "a,b"},
    ]
    lines = [json.loads(line) for line in client.get(f"{PATH}/visit").text.splitlines()]
    assert lines[0].pop("id").startswith("~")
    assert [{k: v for k, v in line.items() if v is not None} for line in lines] == expected
    table = pa_csv.read_csv(io.BytesIO(client.get(f"{PATH}/visit", params={"format": "csv"}).content))
    assert table.column_names == names_of("visit")
    parquet = pq.read_table(io.BytesIO(client.get(f"{PATH}/visit", params={"format": "parquet"}).content))
    arrow = pa.ipc.open_stream(client.get(f"{PATH}/visit", params={"format": "arrow"}).content).read_all()
    assert parquet.equals(arrow)
    assert parquet.column("group").to_pylist() == [None, "a,b"]
    assert str(parquet.column("start")[0]) == "2026-03-29 00:30:00+00:00"


@pytest.mark.parametrize("kind", KINDS)
def test_no_rows_are_an_empty_table_with_columns(client, kind):
    bodies = {name: client.get(f"{PATH}/{kind}", params={"format": name}).content for name in ALL}
    names = names_of(kind)
    assert bodies["ndjson"] == b""
    assert bodies["csv"].decode() == ",".join(f'"{name}"' for name in names) + "\n"
    assert pq.read_table(io.BytesIO(bodies["parquet"])).column_names == names
    assert pa.ipc.open_stream(bodies["arrow"]).schema.names == names


def ids(answer):
    return sorted(json.loads(line)["id"] for line in answer.text.splitlines())


def test_filters(client):
    post(
        client,
        [
            {**VISIT, "id": "a"},
            {**VISIT, "id": "b", "sensor": 3026},
            {**VISIT, "id": "c", "start": "2026-03-30T00:00:00Z"},
        ],
    )
    cases = [
        ({}, ["a", "b", "c"]),
        ({"sensor": "3026"}, ["b"]),
        ({"sensor": ["door-2", "door-1"]}, ["a", "b", "c"]),
        ({"site": "1"}, ["a", "c"]),
        ({"site": "1", "sensor": "3026"}, ["a", "b", "c"]),
        ({"start": "2026-03-30T02:00:00+02:00"}, ["c"]),
        ({"end": "2026-03-30T00:00:00Z"}, ["a", "b"]),
        ({"updated_since": "2020-01-01T00:00:00Z"}, ["a", "b", "c"]),
        ({"updated_since": "2100-01-01T00:00:00Z"}, []),
    ]
    for parameters, expected in cases:
        assert ids(client.get(f"{PATH}/visit", params=parameters)) == expected, parameters


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"start": "2026-01-01T00:00:00"}, "start"),
        ({"start": "yesterday"}, "start"),
        ({"format": "xml"}, "format"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
        ({"until": "1"}, "until"),
        ({"start": ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]}, "start"),
    ],
)
def test_parameters_that_are_refused(client, parameters, path):
    answer = client.get(f"{PATH}/visit", params=parameters)
    assert answer.status_code == 400, answer.text
    assert [error["path"] for error in answer.json()["errors"]] == [path]


@pytest.mark.parametrize(
    ("parameters", "missing"),
    [
        ({"site": "90"}, "unknown site:"),
        ({"site": "9" * 5000}, "unknown site:"),
        ({"site": "90", "sensor": "9000"}, "unknown site and sensor:"),
    ],
)
def test_places_that_do_not_exist(client, parameters, missing):
    answer = client.get(f"{PATH}/visit", params=parameters)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(missing)


def test_a_cursor_gives_what_came_since_and_nothing_twice(client):
    post(client, [{**VISIT, "id": "a"}])
    first = client.get(f"{PATH}/visit")
    post(client, [{**VISIT, "id": "b"}])
    second = client.get(f"{PATH}/visit", params={"cursor": first.headers["passerby-cursor"]})
    third = client.get(f"{PATH}/visit", params={"cursor": second.headers["passerby-cursor"]})
    assert (ids(first), ids(second), ids(third)) == (["a"], ["b"], [])
    elsewhere = client.get(f"{PATH}/uptime", params={"cursor": first.headers["passerby-cursor"]})
    assert elsewhere.status_code == 400


def test_what_a_credential_may_not_see_does_not_exist_for_it(client, url):
    post(client, [{**VISIT, "id": "a"}, {**VISIT, "id": "b", "sensor": 3026}])
    with httpx.Client(base_url=url, headers={"Authorization": "Bearer psb_site_2"}) as narrowed:
        assert ids(narrowed.get(f"{PATH}/visit")) == ["b"]
        unknown = narrowed.get(f"{PATH}/visit", params={"sensor": "no-such-sensor"})
        foreign = narrowed.get(f"{PATH}/visit", params={"sensor": "door-1"})
        assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert httpx.get(f"{url}{PATH}/visit", headers={"Authorization": "Bearer psb_sender"}).status_code == 403
    assert httpx.get(f"{url}{PATH}/visit").status_code == 401


@pytest.mark.parametrize("path", ["/v1/observations/visit", "/v1/rejected"])
@pytest.mark.parametrize("end", ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"])
def test_a_range_that_ends_before_it_begins_is_refused_by_its_field(client, path, end):
    answer = client.get(path, params={"start": "2026-01-02T00:00:00Z", "end": end})
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": "end", "message": "must be later than start"}]
