"""The demonstration: credentials for every dialect, and one command line for each that shows it at work."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from passerby.simulate.network import Network, catalogue_document

NATIVE_KEY = "psb_demo_key"
_ANALYTIKS = {"client_id": "demo", "client_secret": "demo-secret"}
_CAMLYTICS = {"key": "pub-1", "secret": "ehsd7485746548574"}
_QUIVIDI = {"username": "demo", "token": "demo-token"}
# Everybody knows these: the demonstration listens on this machine only.
CREDENTIALS: tuple[dict[str, Any], ...] = (
    {"dialect": "analytiks", **_ANALYTIKS},
    {"dialect": "camlytics", **_CAMLYTICS},
    {"dialect": "quividi", **_QUIVIDI},
    {"dialect": "seemetrix", "user_key": "d482d4c3c4bd4dd796abccf726ae1266"},
    {"dialect": "native", "key": NATIVE_KEY, "scopes": ["ingest", "read", "admin"]},
)


@dataclass(frozen=True, slots=True)
class Example:
    """A command line to try; it works once the server has a route for `path`."""

    title: str
    path: str
    command: str


def document(made: Network) -> dict[str, Any]:
    """The catalogue document of the demonstration."""
    return catalogue_document(made, [dict(credential) for credential in CREDENTIALS])


def examples(address: str, now: datetime, paths: Collection[str]) -> Iterator[Example]:
    """The command lines for those dialects that the server has, about the last two whole days before `now`."""
    today = datetime(now.year, now.month, now.day, tzinfo=UTC)
    for example in _all_examples(address, today - timedelta(days=2), today):
        if example.path in paths:
            yield example


def _all_examples(address: str, start: datetime, end: datetime) -> Iterator[Example]:
    question = {
        "metric": "visits",
        "site": 1,
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "bucket": "1h",
        "timezone": "site",
    }
    url = f"{address}/v1/metrics?{urlencode(question, safe=':')}"
    yield Example("Passerby, metrics", "/v1/metrics", f"curl -s -H 'Authorization: Bearer {NATIVE_KEY}' '{url}'")
    # Local time: without the Z.
    export = {
        "startDate": f"{start:%Y-%m-%dT%H:%M:%S.000}",
        "endDate": f"{end:%Y-%m-%dT%H:%M:%S.000}",
        "interval": "hourly",
        "locations": [1, 2, 3],
    }
    yield Example("Analytiks, JSON export", "/json/v1", _analytiks(address, "/json/v1", export))
    query = {"query": "{ locationList { id name referenceId } }"}
    yield Example("Analytiks, GraphQL", "/v1/graphql", _analytiks(address, "/v1/graphql", query))
    events = "/service/api/v1/events"
    yield Example("Camlytics, the last events", events, _camlytics(address, events, {"limit": 3, "order": "DESC"}))
    # As VidiCenter's clients do: the same call until the export is finished. A screen of every site has viewers.
    viewers = {
        "sites": 1,
        "data_type": "viewers",
        "time_resolution": "1h",
        "start": f"{start:%Y-%m-%dT%H:%M:%S}",
        "end": f"{end - timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}",
    }
    yield Example(
        "Quividi, data export", "/api/v1/data", _quividi(f"{address}/api/v1/data/?{urlencode(viewers, safe=':')}")
    )


def _quividi(url: str) -> str:
    """The second call, a second after the first, has the rows."""
    ask = f"curl -s -u {_QUIVIDI['username']}:{_QUIVIDI['token']} '{url}'"
    return f"until {ask} | grep -q finished; do sleep 1; done; {ask}"


def _camlytics(address: str, path: str, parameters: dict[str, object]) -> str:
    """A request that is signed in the shell. What is signed and what is asked for are one text, so it is made once."""
    sign = f"""printf %s "$t" | openssl dgst -sha512 -hmac {_CAMLYTICS["secret"]} -r | cut -d' ' -f1"""
    target = f't="{path}?{urlencode(parameters)}&nonce=$(date +%s)"'
    arguments = f"""printf ' -H X-Key:{_CAMLYTICS["key"]} -H X-Sign:%s %s' "$({sign})" "{address}$t\""""
    return f"curl -s $({target}; {arguments})"


def _analytiks(address: str, path: str, body: object) -> str:
    wanted = {**_ANALYTIKS, "audience": "https://gql.analytiks.ai", "grant_type": "client_credentials"}
    token = f"""curl -s {_json(wanted)} {address}/ | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'"""
    return f"""curl -s -H "Authorization: Bearer $({token})" {_json(body)} {address}{path}"""


def _json(body: object) -> str:
    return f"-H 'Content-Type: application/json' -d '{json.dumps(body, separators=(',', ':'))}'"
