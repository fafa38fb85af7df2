"""Requests made from the OpenAPI document: none ends in a 5xx or in an answer that the document does not have."""

import os

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks
from tests.support.networks import KEY, network

NETWORK = {
    **network(),
    "credentials": [
        *network()["credentials"],
        {"dialect": "analytiks", "client_id": "demo", "client_secret": "demo-secret"},
    ],
}
EXAMPLES = int(os.environ.get("PASSERBY_SCHEMATHESIS", "12"))
NATIVE_ROUTES = {"/v1/observations", "/v1/observations/{kind}", "/v1/rejected", "/v1/catalogue", "/healthz", "/readyz"}

load_all_checks()
CHECKED = [
    CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture(scope="module")
def address(server):
    return server(NETWORK).url


@pytest.fixture(scope="module")
def token(address):
    """An Analytiks token."""
    body = {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "audience": "https://gql.analytiks.ai",
        "grant_type": "client_credentials",
    }
    answer = httpx.post(f"{address}/", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def test_no_route_fails_or_answers_in_a_way_that_is_not_documented(address, token):
    api = schemathesis.openapi.from_url(f"{address}/docs/openapi.json")
    operations = [result.ok() for result in api.get_all_operations()]
    assert {operation.path for operation in operations} >= NATIVE_ROUTES
    for operation in operations:
        native = operation.path.startswith("/v1") and operation.path != "/v1/graphql"
        headers = {"Authorization": f"Bearer {KEY if native else token}"}
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.POSITIVE or has_input(operation):
                probe(operation, mode, headers)


def has_input(operation):
    """Whether anything about a request can be wrong."""
    if operation.path.startswith("/feed/"):
        return False  # any text may be asked for as the id of a report
    return any((operation.body, operation.query, operation.path_parameters, operation.headers))


def probe(operation, mode, headers):
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(headers=headers, checks=CHECKED)

    check()
