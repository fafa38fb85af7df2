"""What all methods have in common: prefixes, slashes, keys, errors, CORS."""

import re

import httpx
import pytest
from tests.support.seemetrix import NARROW_KEY, OTHER_KEY, USER, USER_KEY

from passerby.dialects.seemetrix import auth
from passerby.dialects.seemetrix.routes import METHODS

# Every method with its own user's and device's numbers, and some resources.
OWN = {"{user:str}": "632", "{device:str}": "3024", "{resources:path}": "devices/dates/emotions"}
PATHS = [re.sub(r"\{\w+:\w+\}", lambda part: OWN[part[0]], method.path) for method in METHODS]
SPAN = {"b": "2017/09/12 12:00:00", "e": "2017/09/14 12:00:00"}


@pytest.mark.parametrize("prefix", ["/api", "/analytics/api"])
@pytest.mark.parametrize("path", PATHS)
def test_every_method_answers_under_both_prefixes(page, prefix, path):
    answer = page.ask(f"{path}/", prefix, **SPAN)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("method", METHODS, ids=PATHS)
def test_a_path_without_its_final_slash_is_none_but_for_the_counters(page, method):
    answer = page.ask(PATHS[METHODS.index(method)], **SPAN)
    assert answer.status_code == (200 if method.bare else 404)
    if not method.bare:
        assert answer.json()["ok"] == 0
        assert "must end with a slash" in answer.json()["error"]


@pytest.mark.parametrize("prefix", ["/api", "/analytics/api"])
@pytest.mark.parametrize(
    "path", ["/", "/nothing/", "/user/632/", "/statistics/user/632/raw/", "/v2/statistics/", "/v2/statistics/user/632/"]
)
def test_where_there_is_no_path_pages_of_other_sites_may_read_that(page, prefix, path):
    answer = page.ask(path, prefix)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, "*")
    assert answer.json() == {"ok": 0, "status": 404, "error": f"there is no {prefix}{path}"}


def test_what_is_not_asked_with_get_is_refused_in_the_same_form(page):
    answer = page.post(f"/api/user/{USER}/devices/", params={"key": USER_KEY})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (405, "*")
    assert answer.json() == {"ok": 0, "status": 405, "error": "Method Not Allowed"}


@pytest.fixture
def no_wrong_keys_yet(monkeypatch):
    """As after a start."""
    monkeypatch.setattr(auth, "_wrong", auth.FailureLimit())
    monkeypatch.setattr(auth, "_tried", auth.FailureLimit(failures=1))


@pytest.mark.usefixtures("no_wrong_keys_yet")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("key", [None, "", "0" * 32, "psb_seemetrix_tests"])
def test_what_is_no_user_key_is_refused(page, path, key):
    query = {**SPAN, "key": key} if key is not None else SPAN
    answer = page.get(f"/api{path}/", params=query)
    assert (answer.status_code, answer.json()["ok"], answer.json()["status"]) == (401, 0, 401)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("path", [path for path in PATHS if "/user/" in path])
def test_another_user_is_refused(page, path):
    for number in ("371", "999", "0632000"):
        answer = page.ask(f"{path.replace('632', number)}/", **SPAN)
        assert (answer.status_code, answer.json()["ok"]) == (403, 0), number
    assert page.ask(f"{path.replace('632', 'me')}/", **SPAN).status_code == 404
    assert page.ask(f"{path}/", key=OTHER_KEY, **SPAN).status_code == 403
    assert page.ask(f"{path.replace('632', '371')}/", key=OTHER_KEY, **SPAN).status_code == 200


@pytest.mark.usefixtures("no_wrong_keys_yet")
def test_many_different_wrong_keys_close_an_address_and_one_wrong_key_only_itself(page):
    def status(key):
        return page.ask("/user/632/counters", key=key).status_code

    assert [status("old") for _ in range(12)] == [401] * 10 + [429] * 2
    assert status(USER_KEY) == 200
    assert [status(f"guess {number}") for number in range(9)] == [401] * 9
    answer = page.ask("/user/632/counters")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_browser_may_ask_beforehand(page):
    head = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    for path in PATHS:
        answer = page.options(f"/api{path}/", headers=head | {"Access-Control-Request-Headers": "x-anything"})
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "GET" in answer.headers["Access-Control-Allow-Methods"]
        assert answer.headers["Access-Control-Allow-Headers"] == "*"


def test_the_quividi_dialect_keeps_its_paths(page):
    answer = httpx.get(f"{page.base_url}/api/v1/whoami/", auth=("nobody", "x"))
    assert (answer.status_code, answer.json()["error"]) == (401, 401)


def test_the_document_has_the_final_slashes(page):
    paths = page.get("/docs/openapi.json").json()["paths"]
    ours = [path for path, one in paths.items() if {"seemetrixKey": []} in one.get("get", {}).get("security", ())]
    assert len(ours) == len(METHODS)
    assert all(path.endswith("/") != path.endswith("/counters") for path in ours)


def test_a_failure_is_told_without_its_reason(page, monkeypatch):
    monkeypatch.setattr("passerby.dialects.seemetrix.calls.span", lambda *_: 1 / 0)
    monkeypatch.setattr("passerby.dialects.seemetrix.counters.statuses", lambda *_: 1 / 0)
    answer = page.ask("/user/632/counters")
    assert (answer.status_code, answer.json()["ok"]) == (500, 0)
    assert "ZeroDivision" not in answer.text


def test_a_narrowed_key_is_the_same_user(page):
    narrow = page.document(f"/user/{USER}/counters", key=NARROW_KEY)
    assert (narrow["dev_num"], page.document(f"/user/{USER}/counters")["dev_num"]) == (1, 4)
