"""What the document does not say: statuses, error bodies, cursors, limits, tokens, other people's data."""

import base64

import pytest
import time_machine
from tests.support.analytiks import (
    AUDIENCE,
    KEY,
    Program,
    catalogue,
    credentials,
    other_catalogue,
    running,
    send,
    site,
    visits,
)

from passerby.dialects.analytiks import auth, routes, series
from passerby.dialects.throttle import FailureLimit
from passerby.errors import CorruptDataError, UnavailableError

PERIOD = {"startDate": "2023-06-08T11:30:00.000Z", "endDate": "2023-06-08T23:45:00.000Z"}


@pytest.fixture(autouse=True)
def no_earlier_failures(monkeypatch):
    monkeypatch.setattr(routes, "_wrong_secrets", FailureLimit())


# -- the token endpoint --


@pytest.mark.parametrize("wrong", [("demo", "wrong"), ("nobody", "demo-secret"), ("demo", ""), ("tests", KEY)])
def test_a_wrong_secret_is_401_with_an_oauth_error(http, wrong):
    answer = http.post("/", json=credentials(*wrong))
    assert answer.status_code == 401
    assert answer.json() == {"error": "access_denied", "error_description": "Unauthorized"}


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"audience": "https://exports.analytiks.ai"}, "invalid_target"),
        ({"client_secret": None}, "invalid_request"),
    ],
)
def test_a_bad_token_request_is_400_with_an_oauth_error(http, changes, error):
    answer = http.post("/", json=credentials("demo", "demo-secret", **changes))
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


def test_a_token_is_not_kept_by_caches(http):
    assert http.post("/", json=credentials("demo", "demo-secret")).headers["Cache-Control"] == "no-store"


def test_guessing_secrets_is_slowed_down_for_that_client_only(http):
    for _ in range(10):
        assert http.post("/", json=credentials("demo", "guess")).status_code == 401
    answer = http.post("/", json=credentials("demo", "demo-secret"))
    assert (answer.status_code, answer.json()["error"]) == (429, "access_denied")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert http.post("/", json=credentials("all", "all-secret")).status_code == 200


def test_right_secrets_are_never_slowed_down(http):
    for _ in range(30):
        assert http.post("/", json=credentials("demo", "demo-secret")).status_code == 200


# -- tokens on the exports --


@pytest.mark.parametrize("path", ["/json/v1", "/json/v2", "/json/v3", "/wifi/json/v1", "/wifi/json/v4"])
@pytest.mark.parametrize("header", [None, "Bearer", "Bearer nonsense", f"Bearer {KEY}", "Basic ZGVtbzpkZW1v"])
def test_without_a_valid_token_every_version_is_401(http, path, header):
    answer = http.post(path, json={}, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "unauthorized",
        "message": "The access token is missing, malformed, expired or revoked; ask POST / for a new one.",
        "field": None,
    }
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_expired_token_is_401(world):
    services, http = world
    asked = auth.token_request(str(credentials("demo", "demo-secret")).replace("'", '"').encode())
    with time_machine.travel("2020-01-01T00:00:00Z"):
        old = auth.issue(services.catalogue, asked)
    answer = http.post("/json/v1", json=PERIOD | {"locations": [1]}, headers={"Authorization": f"Bearer {old}"})
    assert answer.status_code == 401


def test_a_token_changed_or_signed_with_none_is_401(demo, http):
    header, payload, signature = demo.token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    for token in (f"{header}.{payload}.{signature[::-1]}", f"{none}.{payload}.", f"{none}.{payload}.{signature}"):
        answer = http.post("/json/v1", json=PERIOD | {"locations": [1]}, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


def test_a_revoked_credentials_token_is_401_at_once(tmp_path):
    with running(tmp_path / "data", catalogue()) as (services, http):
        program = Program(http, "all")
        assert program.day(1, "2023-01-01", locations=[1]).status_code == 200
        (known,) = [each for each in services.catalogue.current().credentials.values() if each.name == "all"]
        services.catalogue.revoke(known.id)
        assert program.day(1, "2023-01-01", locations=[1]).status_code == 401


def test_tokens_and_cursors_survive_a_restart(tmp_path):
    document = catalogue() | {"settings": {"analytiks_page_size": 2}}
    with running(tmp_path / "data", document) as (_, http):
        program = Program(http, "all")
        cursor = program.day(3, "2023-01-01", brandId=1234).json()["cursor"]
    with running(tmp_path / "data") as (_, http):
        program.http = http
        answer = program.day(3, "2023-01-01", brandId=1234, cursor=cursor)
        assert [location["locationId"] for location in answer.json()["data"]] == [3, 4]


# -- requests --


@pytest.mark.parametrize(
    ("version", "body", "field"),
    [
        (1, {"locations": [1]}, "startDate"),
        (1, PERIOD, "locations"),
        (1, PERIOD | {"locations": [1], "brandId": 1234}, "locations"),
        (1, PERIOD | {"locations": ["1"]}, "locations[0]"),
        (2, PERIOD | {"locations": [1], "interval": "5min"}, "interval"),
        (2, PERIOD | {"brandId": 1234}, "referenceNumbers"),
        (2, PERIOD | {"locations": [1], "endDate": "2023-06-08T23:45:00.000+02:00"}, "endDate"),
        (3, PERIOD, "brandId"),
        (3, PERIOD | {"brandId": 1234, "locations": [1]}, "locations"),
        (3, PERIOD | {"brandId": 1234, "cursor": "nonsense"}, "cursor"),
    ],
)
def test_a_bad_request_is_400_and_names_the_field(demo, version, body, field):
    answer = demo.ask(version, **body)
    assert answer.status_code == 400
    document = answer.json()
    assert (document["error"], document["field"]) == ("invalid_request", field)
    assert document["message"].startswith(f"{field}: ")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null"])
def test_a_body_that_is_no_json_object_is_400(demo, http, content):
    answer = http.post("/json/v1", content=content, headers=demo.headers | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["field"]) == (400, None)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (None, 200),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("application/vnd.api+json", 200),
        ("application/x-www-form-urlencoded", 415),
        ("text/plain", 415),
    ],
)
def test_content_types_are_checked_leniently(demo, http, content_type, status):
    body = b'{"startDate": "2023-06-08T11:30:00Z", "endDate": "2023-06-08T11:30:00Z", "locations": [1]}'
    headers = demo.headers | ({"Content-Type": content_type} if content_type else {})
    answer = http.post("/json/v1", content=body, headers=headers)
    assert answer.status_code == status
    if status == 415:
        assert answer.json()["error"] == "unsupported_media_type"


@pytest.mark.parametrize("path", ["/", "/json/v1", "/wifi/json/v4"])
def test_a_body_over_a_megabyte_is_413(demo, http, path):
    content = b'{"x": "' + b"x" * routes.MAX_BODY_BYTES + b'"}'
    answer = http.post(path, content=content, headers=demo.headers | {"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (413, "payload_too_large")


def test_fifteen_minutes_can_be_switched_off(tmp_path):
    with running(tmp_path / "data", catalogue() | {"settings": {"analytiks_15min": False}}) as (_, http):
        answer = Program(http).day(1, "2023-01-01", locations=[1], interval="15min")
        assert (answer.status_code, answer.json()["field"]) == (400, "interval")


# -- other people's data --


def test_a_foreign_location_and_one_that_does_not_exist_are_the_same(demo):
    foreign = demo.day(1, "2023-01-01", locations=[90])
    missing = demo.day(1, "2023-01-01", locations=[91])
    assert foreign.status_code == missing.status_code == 401
    assert foreign.json() == missing.json() | {"locations": [90]}


@pytest.mark.parametrize("brand", [2000, 4711, 1235])
def test_a_brand_that_may_not_be_seen_is_401(demo, brand):
    answer = demo.day(3, "2023-01-01", brandId=brand)
    assert answer.status_code == 401
    assert answer.json()["field"] == "brandId"
    references = demo.day(1, "2023-01-01", brandId=brand, referenceNumbers=["US0658"])
    assert (references.status_code, references.json()["field"]) == (401, "referenceNumbers")


def test_v3_skips_locations_of_the_brand_that_may_not_be_seen(demo, everything):
    data = demo.day(3, "2023-01-01", brandId=1234).json()["data"]
    assert [location["locationId"] for location in data] == [1, 2, 3]
    data = everything.day(3, "2023-01-01", brandId=1234).json()["data"]
    assert [location["locationId"] for location in data] == [1, 2, 3, 4]


def test_a_reference_number_is_looked_up_in_its_brand_only(everything):
    for brand, number in ((1234, 1), (1235, 5)):
        answer = everything.day(1, "2023-01-01", brandId=brand, referenceNumbers=["US0658"])
        assert answer.json() == [{"locationId": number, "referenceNumber": "US0658"}]


# -- cursors --


def pages(program, **body):
    """All pages of a brand: the lists of location ids."""
    found, cursor = [], None
    while True:
        answer = program.day(3, "2023-01-01", brandId=1234, cursor=cursor, **body)
        assert answer.status_code == 200, answer.text
        found.append([location["locationId"] for location in answer.json()["data"]])
        cursor = answer.json()["cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize(("size", "expected"), [(1, [[1], [2], [3], [4]]), (3, [[1, 2, 3], [4]]), (4, [[1, 2, 3, 4]])])
def test_a_brand_comes_in_pages_and_the_last_has_no_cursor(tmp_path, size, expected):
    document = catalogue() | {"settings": {"analytiks_page_size": size}}
    with running(tmp_path / "data", document) as (_, http):
        assert pages(Program(http, "all")) == expected


def test_a_cursor_goes_on_where_it_stopped_while_data_and_sites_arrive(tmp_path):
    document = catalogue() | {"settings": {"analytiks_page_size": 2}}
    document["credentials"] = [each for each in document["credentials"] if each.get("client_id") != "demo"]
    sites = document["brands"][0]["sites"]
    sites[:] = [each for each in sites if each["id"] != 2]
    with running(tmp_path / "data", document) as (services, http):
        program = Program(http, "all")
        first = program.day(3, "2023-01-01", brandId=1234).json()
        assert [location["locationId"] for location in first["data"]] == [1, 3]
        sites += [site(2, "UTC"), site(6, "UTC"), site(7, "UTC")]
        services.catalogue.apply(document)
        send(http, visits(30, "2023-01-01T10:00:00Z") + visits(40, "2023-01-01T10:00:00Z"))
        second = program.day(3, "2023-01-01", brandId=1234, cursor=first["cursor"]).json()
        assert [location["locationId"] for location in second["data"]] == [4, 6]
        assert second["data"][0]["visits"] == {"2023-01-01T10:00:00Z": 1}
        third = program.day(3, "2023-01-01", brandId=1234, cursor=second["cursor"]).json()
        assert third == {"cursor": None, "data": [{"locationId": 7}]}


def test_a_cursor_of_another_question_or_client_is_400(tmp_path):
    document = catalogue() | {"settings": {"analytiks_page_size": 1}}
    with running(tmp_path / "data", document) as (_, http):
        demo, everything = Program(http, "demo"), Program(http, "all")
        body = PERIOD | {"brandId": 1234, "interval": "15min"}
        cursor = demo.ask(3, **body).json()["cursor"]
        assert demo.ask(3, **body, cursor=cursor).json()["data"] == [{"locationId": 2}]
        others = [
            (everything, body),
            (demo, body | {"interval": "hourly"}),
            (demo, body | {"endDate": "2023-06-08T23:45:01.000Z"}),
            (demo, body | {"startDate": "2023-06-08T11:30:01.000Z"}),
            (demo, body | {"startDate": "2023-06-08T11:30:00.000", "endDate": "2023-06-08T23:45:00.000"}),
        ]
        for program, other in others:
            answer = program.ask(3, **other, cursor=cursor)
            assert (answer.status_code, answer.json()["field"]) == (400, "cursor")
        changed = ("B" if cursor[0] == "A" else "A") + cursor[1:]
        assert demo.ask(3, **body, cursor=changed).status_code == 400


def test_a_cursor_stays_good_with_a_new_token_of_the_same_client(tmp_path):
    document = catalogue() | {"settings": {"analytiks_page_size": 2}}
    with running(tmp_path / "data", document) as (_, http):
        cursor = Program(http, "demo").day(3, "2023-01-01", brandId=1234).json()["cursor"]
        with time_machine.travel("2100-01-01T00:00:00Z"):
            renewed = Program(http, "demo")
            answer = renewed.day(3, "2023-01-01", brandId=1234, cursor=cursor)
        assert answer.json() == {"cursor": None, "data": [{"locationId": 3}]}


# -- settings --


def test_dwell_time_can_be_the_mean(tmp_path):
    with running(tmp_path / "data", catalogue() | {"settings": {"analytiks_dwell_time": "mean"}}) as (_, http):
        unknown = [{"kind": "visit", "sensor": 10, "start": "2023-01-01T10:30:00Z", "duration_ms": None}]
        stays = visits(10, "2023-01-01T10:05:00Z", seconds=10) + visits(10, "2023-01-01T10:15:00Z", seconds=61)
        bounce = visits(10, "2023-01-01T10:45:00Z", seconds=1)
        send(http, stays + unknown + bounce)
        (location,) = Program(http).day(1, "2023-01-01", locations=[1]).json()
        assert location["visits"] == {"2023-01-01T10:00:00Z": 3}
        assert location["dwellTime"] == {"2023-01-01T10:00:00Z": 35_500}


def test_the_audience_is_the_documents():
    assert auth.AUDIENCE == AUDIENCE


def test_both_accounts_can_hold_their_own(tmp_path):
    with running(tmp_path / "data", catalogue(), other_catalogue()) as (_, http):
        other = Program(http, "other")
        assert other.day(1, "2023-01-01", locations=[90]).json() == [{"locationId": 90}]
        assert other.day(1, "2023-01-01", locations=[1]).status_code == 401


# -- faults --


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (RuntimeError("secret detail"), 500, "internal"),
        (CorruptDataError("secret detail"), 500, "internal"),
        (UnavailableError("the store is closed", retry_after_s=7), 503, "unavailable"),
    ],
)
def test_a_fault_is_answered_in_the_shape_of_errors_without_its_detail(demo, monkeypatch, fault, status, code):
    def broken(*_args, **_more):
        raise fault

    monkeypatch.setattr(series, "columns", broken)
    answer = demo.day(1, "2023-01-01", locations=[1])
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json().keys() == {"error", "message", "field"}
    assert answer.headers.get("Retry-After") == ("7" if status == 503 else None)
    assert "secret detail" not in answer.text
