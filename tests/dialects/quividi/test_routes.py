"""The protocol of `data/`: states, limits, sources, and what is refused."""

import time

import httpx
import pytest
from tests.support.quividi import USER, VidiCenter, catalogue

from passerby.dialects.quividi import auth

ASK = {"start": "2019-03-01T00:00:00", "end": "2019-03-01T23:59:59", "data_type": "ots", "time_resolution": "1h"}
VIEW = {"kind": "view", "sensor": 1056, "start": "2019-03-01T12:00:00Z", "duration_ms": 2000, "attention_ms": 100}


def wait_until(condition):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_three_calls_of_the_document(vidi, post):
    post([VIEW])
    rows = vidi.export(**ASK, locations="1056")
    assert len(rows) == 24
    again = vidi.ask(**ASK, locations="1056").json()
    assert again["state"] == "finished"
    assert again["data"] == rows
    assert vidi.ask(**ASK, locations="1056", force_rebuild="false").json() == {"state": "started"}


def test_a_cached_answer_is_sent_as_it_is_kept_to_a_client_that_takes_zstd(vidi, post):
    post([VIEW])
    asked = {**ASK, "locations": "1056", "sites": "179"}
    vidi.export(**asked)
    plain, packed = (
        vidi.http.get("/api/v1/data/", params=asked, headers={"Accept-Encoding": coding})
        for coding in ("gzip, zstd;q=0", "gzip, zstd")
    )
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "zstd"
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    assert int(plain.headers["content-length"]) == len(plain.content)
    assert {answer.headers["vary"] for answer in (plain, packed)} == {"Accept-Encoding"}
    assert {answer.headers["content-type"] for answer in (plain, packed)} == {"application/json"}
    # The client unpacks it.
    assert packed.content == plain.content
    assert len(packed.json()["data"]) == 24


def test_the_order_of_parameters_and_ids_does_not_make_another_export(vidi):
    vidi.export(**ASK, locations="1056,1467")
    reordered = dict(reversed({**ASK, "locations": " 1467,1056,"}.items()))
    assert vidi.ask(**reordered).json()["state"] == "finished"
    assert vidi.ask(**ASK, locations="1467", sites="").json()["state"] == "started"


def test_status_only_leaves_the_rows_out(vidi):
    asked = {**ASK, "locations": "8866"}
    vidi.export(**asked)
    assert list(vidi.ask(**asked, status_only="").json()) == ["state", "creation_date"]


def test_sources_are_united(vidi, post):
    post([{**VIEW, "sensor": sensor, "start": "2019-04-01T12:00:00Z"} for sensor in (1056, 4636, 8264, 26549)])
    asked = {**ASK, "start": "2019-04-01T00:00:00", "end": "2019-04-01T23:59:59", "time_resolution": "1d"}

    def locations(**sources):
        return {row["location_id"] for row in vidi.export(**asked, **sources)}

    assert locations(locations="1056", sites="178", location_tags="8") == {1056, 4636, 8264}
    assert locations(site_tags="7") == {4636}


def test_a_range_ends_with_a_whole_bucket_and_counts_no_more_than_was_asked(vidi, post):
    """Paris is an hour ahead: 10:00:00 local is 09:00:00 UTC. The second named as the end still counts."""
    starts = ["08:59:59.999", "09:00:00.000", "09:00:00.999", "09:00:01.000"]
    post([{**VIEW, "sensor": 4636, "start": f"2019-03-04T{start}Z"} for start in starts])
    asked = {**ASK, "locations": "4636", "start": "2019-03-04T09:30:00", "end": "2019-03-04T10:00:00"}
    counted = [(row["period_start"], row["ots_count"]) for row in vidi.export(**asked)]
    assert counted == [("2019-03-04 09:00:00", 1), ("2019-03-04 10:00:00", 2)]


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ("7d", ["2018-01-25", "2018-02-01"]),  # Thursdays
        ("30d", ["2018-01-19"]),
        ("1M", ["2018-01-01", "2018-02-01"]),
        ("1d", ["2018-01-29", "2018-01-30", "2018-01-31", "2018-02-01"]),
    ],
)
def test_long_periods_are_counted_from_1970_or_are_months(vidi, post, resolution, expected):
    post([{**VIEW, "sensor": 38918, "start": f"2018-01-{day}T12:00:00Z"} for day in (29, 30, 31)])
    asked = {"start": "2018-01-29T00:00:00", "end": "2018-02-01T00:00:00", "data_type": "viewers"}
    rows = vidi.export(**asked, time_resolution=resolution, locations="38918")
    assert [row["period_start"] for row in rows] == [f"{date} 00:00:00" for date in expected]
    assert [row["period_start_date"] for row in rows] == expected
    assert {row["period_start_time"] for row in rows} == {"00:00:00"}


def test_an_hour_that_the_clock_shows_twice_is_one_period(vidi, post):
    """New York, 2018-11-04: 01:30 happens at 05:30 and at 06:30 UTC."""
    views = [{**VIEW, "sensor": 8264, "start": f"2018-11-04T0{hour}:30:00Z"} for hour in (5, 6)]
    post([*views, {"kind": "uptime", "sensor": 8264, "start": "2018-11-04T04:00:00Z", "duration_ms": 10_800_000}])
    asked = {"start": "2018-11-04T00:00:00", "end": "2018-11-04T01:59:59", "data_type": "ots"}
    rows = vidi.export(**asked, time_resolution="1h", locations="8264")
    assert [(row["period_start"], row["ots_count"], row["duration"]) for row in rows] == [
        ("2018-11-04 00:00:00", 0, 3600),
        ("2018-11-04 01:00:00", 2, 7200),
    ]


def test_a_period_that_nobody_observed_is_a_row_of_nulls_behind_the_others(vidi, post):
    post([{"kind": "uptime", "sensor": 9876, "start": "2016-04-30T04:00:00Z", "duration_ms": 86_400_000}])
    asked = {"start": "2016-04-29T00:00:00", "end": "2016-04-30T23:59:59", "data_type": "ots"}
    rows = vidi.export(**asked, time_resolution="1d", locations="9876")
    assert [(row["period_start"], row["ots_count"], row["watcher_count"], row["duration"]) for row in rows] == [
        ("2016-04-30 00:00:00", 0, 0, 86400),
        ("2016-04-29 00:00:00", None, None, None),
    ]


def test_a_location_without_data_has_no_rows(vidi):
    assert vidi.export(**{**ASK, "start": "2001-01-01T00:00:00", "end": "2001-01-02T00:00:00"}, sites="177") == []


def test_extrapolations_are_the_average_times_the_number_of_locations(vidi, post):
    post(
        [{**VIEW, "sensor": 1056, "start": f"2019-05-01T12:00:0{n}Z"} for n in range(4)]
        + [{**VIEW, "sensor": 1467, "start": "2019-05-01T12:00:00Z"}]
    )
    asked = {"start": "2019-05-01T00:00:00", "end": "2019-05-01T23:59:59", "time_resolution": "1d", "sites": "177"}
    for amount, watchers in (("", 3), ("1", 3), ("12", 30)):  # 5 watchers at 2 locations; halves are rounded up
        (row,) = vidi.export(**asked, data_type="extrapolated_watchers", extrapolation_amount=amount)
        assert row["watcher_count"] == watchers
        (row,) = vidi.export(**asked, data_type="extrapolated_ots", extrapolation_amount=amount)
        assert row["ots_count"] == watchers
        assert "location_id" not in row


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"data_type": "nothing"}, "data_type"),
        ({"time_resolution": "2h"}, "time_resolution"),
        ({"time_resolution": "finest"}, "time_resolution"),
        ({"data_type": "im", "time_resolution": "1d"}, "time_resolution"),
        ({"data_type": "viewers_apc"}, "time_resolution"),
        ({"start": "2019-03-01"}, "start"),
        ({"end": "2019-03-01T00:00:00Z"}, "end"),
        ({"end": "2019-02-28T00:00:00"}, "end"),
        ({"locations": ""}, "locations"),
        ({"locations": "abc"}, "locations"),
        ({"data_type": "extrapolated_ots"}, "extrapolation_amount"),
        ({"data_type": "extrapolated_ots", "extrapolation_amount": "0"}, "extrapolation_amount"),
        ({"data_type": "extrapolated_ots", "extrapolation_amount": "many"}, "extrapolation_amount"),
    ],
)
def test_what_cannot_be_asked_is_400_and_named(vidi, change, named):
    answer = vidi.ask(**{**ASK, "locations": "1056", **change})
    assert answer.status_code == 400
    assert answer.json()["error"] == 400
    assert answer.json()["message"].startswith(f"{named}: ")


def test_parameters_without_a_meaning_are_ignored(vidi):
    asked = {**ASK, "locations": "1056", "start": "2019-03-02T00:00:00"}
    asked["end"] = "2019-03-02T01:00:00"
    assert vidi.export(**asked, content_ids="a", group_by_demographics="1", average_content_duration="7", x="y") == []


@pytest.mark.parametrize("source", ["locations", "sites", "location_tags", "site_tags"])
def test_foreign_and_unknown_sources_are_403_alike(address, source):
    theirs = {"locations": "4636", "sites": "178", "location_tags": "8", "site_tags": "7"}[source]
    with VidiCenter(address, ("other", "other-token")) as other:
        foreign = other.ask(**ASK, **{source: theirs})
        unknown = other.ask(**ASK, **{source: "999999"})
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    assert foreign.status_code == 403
    with VidiCenter(address, ("narrow", "narrow-token")) as narrow:
        assert narrow.ask(**ASK, sites="177").status_code == 403


def test_of_four_exports_at_once_three_begin(opened, vidi, monkeypatch):
    wait_until(lambda: opened.exports.under_way() == 0)  # of the tests before
    monkeypatch.setattr(opened.exports._table, "claim", lambda: None)
    asked = {**ASK, "end": "2019-03-01T22:59:59"}  # nobody asked for that before
    answers = [vidi.ask(**asked, locations=location) for location in ("8264", "8866", "9876", "38918")]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["error"] == 429
    assert int(answers[3].headers["retry-after"]) > 0
    assert vidi.ask(**asked, locations="8264").json()["state"] == "in_progress"
    monkeypatch.undo()
    opened.exports._tell()


def test_calls_are_limited_per_user(opened, address, monkeypatch):
    monkeypatch.setattr(auth, "_calls", auth.RateLimit(clock=lambda: 1000.0))
    document = catalogue()
    document["settings"] = {"quividi_calls_per_minute": 2}
    opened.catalogue.apply(document)
    try:
        statuses = [httpx.get(f"{address}/api/v1/whoami/", auth=USER).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert httpx.get(f"{address}/api/v1/whoami/", auth=("narrow", "narrow-token")).status_code == 200
    finally:
        opened.catalogue.apply(catalogue())


def test_wrong_tokens_are_limited_but_lock_nobody_out(address, monkeypatch):
    monkeypatch.setattr(auth, "_wrong_tokens", auth.FailureLimit(failures=3))
    statuses = [httpx.get(f"{address}/api/v1/whoami/", auth=("demo", f"wrong {n}")).status_code for n in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    assert httpx.get(f"{address}/api/v1/whoami/", auth=("narrow", "narrow-token")).status_code == 200


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Bearer abc", "Basic ZGVtbw==", "Basic /////w=="])
def test_a_header_that_is_no_basic_authentication_is_401(address, header):
    answer = httpx.get(f"{address}/api/v1/whoami/", headers={"Authorization": header})
    assert answer.status_code == 401
