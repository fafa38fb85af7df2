"""Ready requests: asked inside the process on somebody's behalf, sent by a shell, and as a collection."""

import asyncio
import json
import shutil
import subprocess
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from tests.support.networks import network, other_network

from passerby.acting import acting, ask
from passerby.catalogue.model import Credential
from passerby.ready import SHELL_VARIABLES, collection, curl, ready_requests
from passerby.server import create_app

NOW = datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
SECRETS = {
    "analytiks": {"client_id": "mine", "client_secret": "s3cret $ word"},
    "camlytics": {"key": "pub-7", "secret": "sign"},
    "quividi": {"username": "me@example.com", "token": "token-7"},
    "seemetrix": {"user_key": "0" * 32},
    "native": {"key": "psb_seven"},
}


def reader(account_id=632, **limits):
    return Credential(0, account_id, "native", "Ann", frozenset({"read"}), limits.get("brands"), limits.get("sites"))


@pytest.fixture
def sites(services):
    return services.catalogue.current().visible_sites(reader())


@pytest.fixture
def asked(services):
    app = create_app(services)
    return lambda credential, **request: asyncio.run(ask(app, credential, **request))


def requests_of(services, credential):
    return ready_requests(credential.account_id, services.catalogue.current().visible_sites(credential), NOW)


def test_every_request_is_answered_on_behalf_of_whoever_is_signed_in(services, asked):
    for request in requests_of(services, reader()):
        body = b"" if request.body is None else json.dumps(request.body).encode()
        headers = [("content-type", "application/json")] if body else []
        answer = asked(
            reader(),
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=headers,
            body=body,
        )
        assert (request.name, answer.status) == (request.name, 200), answer.body
        assert "error" not in json.loads(answer.body), answer.body


def test_nobody_sees_more_than_their_own(services, asked):
    services.catalogue.apply(other_network())
    for credential, seen in ((reader(), [1, 2, 3]), (reader(sites=frozenset({2})), [2]), (reader(633), [90])):
        answer = asked(credential, method="GET", path="/service/api/v1/locations")
        assert [one["id"] for one in json.loads(answer.body)["result"]] == seen
    answer = asked(
        reader(633),
        method="GET",
        path="/v1/metrics",
        query="metric=visits&site=1&start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z&bucket=1h",
    )
    assert answer.status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/observations"), ("POST", "/v1/sightings"), ("POST", "/v1/live/1"), ("GET", "/v1/webhooks")],
)
def test_a_reader_does_nothing_but_read(asked, method, path):
    headers = [("content-type", "application/json")]
    answer = asked(reader(), method=method, path=path, headers=headers, body=b"[]")
    assert answer.status == 403


def test_a_request_from_outside_is_on_nobodys_behalf(client, asked):
    asked(reader(), method="GET", path="/v1/live")
    assert acting() is None
    assert client.get("/v1/live", headers={"Authorization": ""}).status_code == 401


def test_a_long_answer_is_cut_and_a_failure_is_raised(asked):
    whole = asked(reader(), method="GET", path="/v1/catalogue")
    cut = asked(reader(), method="GET", path="/v1/catalogue", most_bytes=10)
    assert (whole.cut, cut.cut, cut.body) == (False, True, whole.body[:10])

    async def broken(_scope, _receive, _send):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        asyncio.run(ask(broken, reader(), method="GET", path="/"))


def test_whoever_has_no_site_yet_still_gets_requests():
    names = {request.dialect for request in ready_requests(632, [], NOW)}
    assert names == {"native", "analytiks", "camlytics", "quividi", "seemetrix"}


def test_the_days_are_the_last_two_whole_ones(sites):
    data = next(one for one in ready_requests(632, sites, NOW) if one.name == "quividi-data")
    assert data.target == (
        "/api/v1/data/?sites=1&data_type=viewers&time_resolution=1h&start=2026-11-19T00:00:00&end=2026-11-20T23:59:59"
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_command_lines_work_in_a_shell(services, url):
    credentials = [{"dialect": dialect, **secrets} for dialect, secrets in SECRETS.items()]
    services.catalogue.apply({**network(), "credentials": credentials})
    names = {value[1:]: SECRETS[d][name] for d, held in SHELL_VARIABLES.items() for name, value in held.items()}
    for request in requests_of(services, reader()):
        command = curl(url, request)
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, check=True, env={**names, "PATH": "/usr/bin:/bin"}
        )
        assert not any(word in done.stdout for word in ("problem", "rror", "nauthorized")), (command, done.stdout)
        assert json.loads(done.stdout) is not None


def test_the_collection_asks_the_same(sites):
    requests = ready_requests(632, sites, NOW)
    made = collection("Acme", "https://counts.example.com", requests)
    assert [folder["name"] for folder in made["item"]] == ["Passerby", "Analytiks", "Camlytics", "Quividi", "Seemetrix"]
    items = [item for folder in made["item"] for item in folder["item"]]
    assert [item["name"] for item in items] == [request.title for request in requests]
    for item, request in zip(items, requests, strict=True):
        raw = urlsplit(item["request"]["url"]["raw"].replace("{{base_url}}", "https://x"))
        assert (raw.path, tuple(parse_qsl(raw.query))) == (request.path, request.query)
        assert "/" + "/".join(item["request"]["url"]["path"]) == request.path
        body = item["request"].get("body")
        assert (None if body is None else json.loads(body["raw"])) == request.body
    used = json.dumps(made).count("{{")
    defined = {variable["key"] for variable in made["variable"]}
    assert used > len(items)
    assert {"base_url", "passerby_key", "camlytics_secret_key", "seemetrix_user_key"} <= defined
    assert httpx.URL(made["info"]["schema"]).path.endswith("v2.1.0/collection.json")
