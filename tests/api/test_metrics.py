"""`GET /v1/metrics` over HTTP: what is answered, in each format, and what is refused."""

import csv
import io

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.networks import network

from passerby.metrics.registry import METRICS

DAY = {"start": "2026-03-28T00:00:00Z", "end": "2026-03-29T00:00:00Z"}


def visit(sensor, start, duration_ms=60_000, **more):
    return {"kind": "visit", "sensor": sensor, "start": start, "duration_ms": duration_ms, **more}


@pytest.fixture
def filled(client):
    rows = [
        visit(3024, "2026-03-28T12:00:00Z"),
        visit(3024, "2026-03-28T12:20:00Z", 1000),
        visit(3024, "2026-03-28T12:20:00Z", role="staff"),
        visit(3026, "2026-03-28T11:00:00Z"),
        visit(3026, "2026-03-29T01:30:00+01:00"),
        {
            "kind": "count",
            "sensor": 3026,
            "line": 1,
            "start": "2026-03-28T11:00:00Z",
            "duration_ms": 0,
            "in": 0.5,
            "out": 0,
        },
        {"kind": "uptime", "sensor": 3024, "start": "2026-03-28T12:00:00Z", "duration_ms": 3_600_000},
    ]
    answer = client.post("/v1/observations?wait=visible", json=rows).json()
    assert answer["rejected"] == []
    return client


def asked(client, **parameters):
    response = client.get("/v1/metrics", params={"bucket": "1h", **DAY, **parameters})
    assert response.status_code == 200, response.text
    return response.json()


def test_a_series_has_the_form_of_the_contract(filled):
    assert asked(filled, metric=["visits", "bounces"], site=1, bucket="15m") == {
        "bucket": "15m",
        "timezone": "UTC",
        "series": [
            {"site": 1, "metric": "visits", "points": [["2026-03-28T12:00:00Z", 1]]},
            {"site": 1, "metric": "bounces", "points": [["2026-03-28T12:15:00Z", 1]]},
        ],
    }


def test_screens(client):
    def view(sensor, minute, attention_ms):
        start = f"2026-03-28T12:{minute:02}:00Z"
        return {
            "kind": "view",
            "sensor": sensor,
            "start": start,
            "duration_ms": 4000,
            "attention_ms": attention_ms,
        }

    uptime = {"kind": "uptime", "sensor": 3024, "start": "2026-03-28T12:30:00Z", "duration_ms": 5_400_000}
    rows = [view(3024, 5, 900), *(view(3024, minute, 0) for minute in range(6, 14)), uptime]
    assert client.post("/v1/observations?wait=visible", json=rows).json()["rejected"] == []
    names = ["ots", "watchers", "conversion_ratio", "dwell", "attention", "duration"]
    series = asked(client, metric=names, site=1, fill="null")["series"]
    points = {
        each["metric"]: [value for label, value in each["points"] if "T11" < label[10:13] < "T15"] for each in series
    }
    assert points == {
        "ots": [9, 0, None],
        "watchers": [1, 0, None],
        "conversion_ratio": [11.11111111111111, 0, None],
        "dwell": [4000, 0, None],
        "attention": [900, 0, None],
        "duration": [1800, 3600, None],
    }


def test_contents_narrow_the_places(client):
    def view(sensor, minute, content):
        start = f"2026-03-28T12:{minute:02}:00Z"
        shown = [{"content": content, "start_ms": 0, "duration_ms": 3000, "attention_ms": 2500}]
        return {
            "kind": "view",
            "sensor": sensor,
            "start": start,
            "duration_ms": 4000,
            "attention_ms": 2500,
            "contents": shown,
        }

    play = {"kind": "play", "sensor": 3024, "content": "spring", "start": "2026-03-28T12:00:00Z", "duration_ms": 5000}
    ots = {"kind": "view", "sensor": 3024, "start": "2026-03-28T12:50:00Z", "duration_ms": 900, "attention_ms": 0}
    rows = [play, view(3024, 1, "spring"), view(3024, 2, "autumn"), view(3026, 3, "spring"), ots]
    assert client.post("/v1/observations?wait=visible", json=rows).json()["rejected"] == []
    names = ["watchers", "impressions", "impressions_per_play"]
    series = asked(client, metric=names, site=1, sensor="3026", content=["spring", "autumn"])["series"]
    shown = [{**each, "points": [value for _, value in each["points"]]} for each in series]
    assert shown[0] == {"site": 1, "content": "spring", "metric": "watchers", "points": [1]}
    assert shown[1] == {"site": 1, "content": "spring", "metric": "impressions", "points": [1.5]}
    assert shown[4] == {"site": 1, "content": "autumn", "metric": "impressions", "points": [1.5]}
    assert shown[6] == {"sensor": 3026, "content": "spring", "metric": "watchers", "points": [1]}
    together = asked(client, metric="watchers", content="spring", timezone="site")["series"]
    assert [(each["content"], sum(value for _, value in each["points"])) for each in together] == [("spring", 2)]
    table = client.get(
        "/v1/metrics",
        params={"metric": "play_count", "bucket": "1h", **DAY, "site": 1, "content": "spring", "format": "csv"},
    ).text
    assert [*csv.DictReader(io.StringIO(table))] == [
        {
            "level": "site",
            "place": "1",
            "metric": "play_count",
            "bucket": "2026-03-28T12:00:00Z",
            "value": "1",
            "content": "spring",
        }
    ]
    assert asked(client, metric="play_count", site=1)["series"][0]["points"] == [["2026-03-28T12:00:00Z", 1]]


def test_what_a_content_cannot_be_asked_for_is_refused(client):
    play = {"kind": "play", "sensor": 3024, "content": "spring", "start": "2026-03-28T12:00:00Z", "duration_ms": 5000}
    client.post("/v1/observations?wait=visible", json=[play])
    params = {"bucket": "1h", **DAY, "site": 1}
    response = client.get("/v1/metrics", params={**params, "metric": "ots", "content": "spring"})
    assert response.status_code == 400
    assert "ask for it without content" in response.text
    response = client.get("/v1/metrics", params={**params, "metric": "watchers", "content": "winter"})
    assert (response.status_code, response.json()["detail"]) == (
        404,
        "there is no content winter that this key may see",
    )
    assert client.get("/v1/metrics", params={**params, "metric": "impressions"}).status_code == 400


def test_without_a_place_every_site_that_the_key_sees_is_answered(filled):
    series = asked(filled, metric="visits")["series"]
    assert [each["site"] for each in series] == [1, 2, 3]
    assert series[2]["points"] == []


def test_places_are_named_as_they_were_asked_for(filled):
    document = asked(
        filled,
        metric=["visits", "line_in", "zone_visits"],
        brand=1234,
        sensor=["door-1", "3026"],
        line="3026/1",
        zone="3024/11",
    )
    shown = [[*each.items()][:2] for each in document["series"]]
    assert shown == [
        [("brand", 1234), ("metric", "visits")],
        [("sensor", "door-1"), ("metric", "visits")],
        [("sensor", 3026), ("metric", "visits")],
        [("zone", "3024/11"), ("metric", "zone_visits")],
        [("line", "3026/1"), ("metric", "line_in")],
    ]
    assert document["series"][4]["points"] == [["2026-03-28T11:00:00Z", 0.5]]


def test_labels_carry_the_offset_of_the_zone(filled):
    document = asked(filled, metric="visits", site=[1, 2], timezone="site", start="2026-03-28", end="2026-03-30")
    assert document["timezone"] == "site"
    assert [each["points"] for each in document["series"]] == [
        [["2026-03-28T08:00:00-04:00", 1]],
        [["2026-03-28T12:00:00+01:00", 1.5], ["2026-03-29T01:00:00+01:00", 1]],
    ]


def test_a_brand_over_several_zones_adds_what_has_one_local_label(filled):
    rows = [visit(3026, "2026-03-28T08:30:00+01:00"), visit(3026, "2026-03-28T08:40:00+01:00")]
    filled.post("/v1/observations?wait=visible", json=rows)
    asked_for = {"brand": 1234, "timezone": "site", "start": "2026-03-28", "end": "2026-03-28T13:00"}
    document = asked(filled, metric=["visits", "peak_occupancy"], **asked_for)
    assert [each["points"] for each in document["series"]] == [
        [["2026-03-28T08:00:00", 3], ["2026-03-28T12:00:00", 1.5]],
        [["2026-03-28T08:00:00", 1], ["2026-03-28T12:00:00", 1]],
    ]


def test_fill_tells_zero_from_not_observed(filled):
    shown = {"metric": "visits", "site": 1, "start": "2026-03-28T11:00:00Z", "end": "2026-03-28T14:00:00Z"}
    values = {
        fill: [value for _, value in asked(filled, fill=fill, bucket="30m", **shown)["series"][0]["points"]]
        for fill in ("none", "zero", "null")
    }
    assert values == {"none": [1], "zero": [0, 0, 1, 0, 0, 0], "null": [None, None, 1, 0, None, None]}


@pytest.mark.parametrize(("role", "visits"), [(None, 1), ("any", 2), ("staff", 1), ("courier", 0)])
def test_role(filled, role, visits):
    more = {} if role is None else {"role": role}
    points = asked(filled, metric="visits", site=1, **more)["series"][0]["points"]
    assert sum(value for _, value in points) == visits


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_tables_say_the_same_as_json(filled, form):
    parameters = {"metric": ["visits", "dwell_time"], "fill": "null", "bucket": "1h", **DAY}
    document = asked(filled, **parameters)
    response = filled.get("/v1/metrics", params={**parameters, "format": form})
    assert response.status_code == 200
    if form == "csv":
        rows = [
            {**row, "value": float(row["value"]) if row["value"] else None}
            for row in csv.DictReader(io.StringIO(response.text))
        ]
    elif form == "parquet":
        rows = pq.read_table(io.BytesIO(response.content)).to_pylist()
    else:
        rows = pa.ipc.open_stream(response.content).read_all().to_pylist()
    assert rows == [
        {"level": "site", "place": str(each["site"]), "metric": each["metric"], "bucket": label, "value": value}
        for each in document["series"]
        for label, value in each["points"]
    ]


@pytest.mark.parametrize(
    ("parameters", "path", "message"),
    [
        ({"metric": "vists"}, "metric", "there is no metric 'vists' in this release; there are all_visits"),
        ({"metric": "faces"}, "metric", "there is no metric 'faces'"),
        ({"metric": "zone_visits", "site": 1}, "metric", "zone_visits exists for a zone, and none is asked for"),
        ({"site": 1, "line": "3026/1"}, "line", "none of the metrics asked for exists for a line"),
        ({"start": "2026-03-28T00:00"}, "start", "has no offset"),
        ({"start": "yesterday"}, "start", "expected RFC 3339"),
        ({"end": "0001-01-01T00:00:00+14:00"}, "end", "between the years 1900 and 2199"),
        ({"timezone": "Mars/Olympus"}, "timezone", "unknown time zone"),
        ({"timezone": "../etc/passwd"}, "timezone", "unknown time zone"),
        ({"end": "2026-03-28T00:00:00Z"}, "end", "must be later than start"),
        (
            {"start": "1990-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z", "bucket": "5m"},
            "bucket",
            "too many buckets",
        ),
        ({"start": "1990-01-01T00:00:00Z", "bucket": "10m"}, "bucket", "at most 5,000,000"),
        ({"metric": "im", "bucket": "1d"}, "bucket", "ask for bucket=1h"),
        ({"bucket": "2h"}, "bucket", "expected one of 5m, 10m, 15m, 30m, 1h, 1d, 1w, 1M, 1y"),
        ({"fill": "nil"}, "fill", "expected one of none, zero, null"),
        ({"format": "xml"}, "format", "expected one of json, csv, parquet, arrow"),
        ({"metrics": "visits"}, "metrics", "no such parameter"),
        ({"role": ""}, "role", "expected a role"),
    ],
)
def test_what_is_wrong_is_named(client, parameters, path, message):
    response = client.get("/v1/metrics", params={"metric": "visits", "bucket": "1h", **DAY, **parameters})
    assert response.status_code == 400, response.text
    (error,) = response.json()["errors"]
    assert error["path"] == path
    assert message in error["message"]


def test_all_that_is_missing_is_named_at_once(client):
    response = client.get("/v1/metrics", params={"metric": "visits", "fill": "nil"})
    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"path": "start", "message": "required"},
        {"path": "end", "message": "required"},
        {"path": "bucket", "message": "required"},
        {"path": "fill", "message": "expected one of none, zero, null"},
    ]


def test_a_csv_answer_names_its_charset_once(client):
    response = client.get("/v1/metrics", params={"metric": "visits", "bucket": "1h", "format": "csv", **DAY})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    "place",
    [{"site": "1"}, {"site": "77"}, {"sensor": "3024"}, {"zone": "3024/11"}, {"line": "nothing"}, {"brand": "1235"}],
)
def test_what_a_key_may_not_see_does_not_exist(client, place):
    response = client.get(
        "/v1/metrics",
        params={"metric": list(METRICS), "bucket": "1h", **DAY, **place},
        headers={"Authorization": "Bearer psb_site_2"},
    )
    ((level, text),) = place.items()
    assert response.status_code == 404
    assert response.json()["detail"] == f"there is no {level} {text} that this key may see"


def test_a_brand_is_the_sum_over_the_sites_that_the_key_sees(filled):
    everything = asked(filled, metric="visits", brand=1234, bucket="1d")
    narrowed = filled.get(
        "/v1/metrics",
        params={"metric": "visits", "brand": 1234, "bucket": "1d", **DAY},
        headers={"Authorization": "Bearer psb_site_2"},
    )
    assert everything["series"][0]["points"] == [["2026-03-28T00:00:00Z", 2.5]]
    assert narrowed.json()["series"][0]["points"] == [["2026-03-28T00:00:00Z", 1.5]]


def test_a_site_without_sensors_has_no_values(services, client):
    document = network()
    document["brands"][1]["sites"][0].pop("sensors")
    services.catalogue.apply(document, prune=True)
    names = [name for name, metric in METRICS.items() if "site" in metric.levels]
    answer = client.get("/v1/metrics", params={"metric": names, "site": 3, "bucket": "1h", **DAY})
    assert answer.status_code == 200
    assert [series["points"] for series in answer.json()["series"]] == [[]] * len(names)


def test_names_lists_every_metric(client):
    listed = client.get("/v1/metrics/names").json()
    assert [each["name"] for each in listed] == list(METRICS)
    assert listed[0].keys() == {"name", "unit", "description", "formula", "levels", "combine"}


def test_long_answers_are_one_document(filled):
    parameters = {
        "metric": "visits",
        "fill": "zero",
        "bucket": "5m",
        "start": "2025-01-01T00:00:00Z",
        "end": DAY["end"],
    }
    response = filled.get("/v1/metrics", params=parameters)
    series = orjson.loads(response.content)["series"]
    assert len(series) == 3
    assert len({len(each["points"]) for each in series}) == 1
