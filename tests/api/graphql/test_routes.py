"""The HTTP side of GraphQL: who may ask, limits, errors without tracebacks."""

import pytest
from graphql import build_client_schema, get_introspection_query
from tests.support.analytiks import KEY, READ_KEY, SEND_KEY

from passerby.api.graphql import limits, routes, schema
from passerby.errors import UnavailableError

NAMES = "{ locationList { name } }"


@pytest.mark.parametrize("key", [KEY, READ_KEY])
def test_a_native_key_that_may_read_may_ask(http, key):
    answer = http.post("/v1/graphql", json={"query": NAMES}, headers={"Authorization": f"Bearer {key}"})
    assert [location["name"] for location in answer.json()["data"]["locationList"]] == [
        f"Site {i}" for i in range(1, 6)
    ]


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Bearer a.b.c", f"Bearer {SEND_KEY}", f"Basic {KEY}"])
def test_without_a_token_or_key_that_may_read_it_is_401(http, header):
    answer = http.post("/v1/graphql", json={"query": NAMES}, headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    (error,) = answer.json()["errors"]
    assert error["extensions"] == {"code": "unauthorized"}


def test_introspection_is_open_to_a_token(demo, http):
    answer = demo.graphql(get_introspection_query())
    read = build_client_schema(answer.json()["data"])
    assert set(read.query_type.fields) >= {"locationList", "location", "brandList", "cameraList"}
    assert http.post("/v1/graphql", json={"query": get_introspection_query()}).status_code == 401


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b"{", b"null", b'{"query": 5}', b'{"query": "{a}", "variables": []}', b"\xff"]
)
def test_a_body_that_is_no_graphql_request_is_400(demo, http, content):
    answer = http.post("/v1/graphql", content=content, headers=demo.headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["extensions"] == {"code": "invalid-request"}


def test_a_body_over_100_kb_is_413(demo, http):
    answer = http.post("/v1/graphql", content=b"x" * (routes.MAX_BODY_BYTES + 1), headers=demo.headers)
    assert answer.status_code == 413
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{", "Syntax Error"),
        ("{ nothing }", "Cannot query field 'nothing'"),
        ("{ locationList }", "must have a selection of subfields"),
        ("mutation { locationList { id } }", "mutation operation is not supported"),
        ("subscription { locationList { id } }", "subscription operation is not supported"),
        ("{ location { id } }", "is required, but it was not provided"),
        ('{ location(id: "1") { id } }', "Int cannot represent"),
        ("{ location(id: 99999999999) { id } }", "Int cannot represent"),
        ("query A { brandList { id } } query B { brandList { id } }", "say which one with operationName"),
        ("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }", "Cannot spread fragment"),
        ("query($x: Int!) { location(id: $x) { id } }", "Expected a value of non-null type"),
    ],
)
def test_what_is_wrong_with_a_query_is_said_in_errors(demo, query, message):
    answer = demo.graphql(query)
    assert answer.status_code == 200
    assert not answer.json()["data"]
    assert any(message in error["message"] for error in answer.json()["errors"])
    assert "Traceback" not in answer.text


def test_an_operation_is_chosen_by_name(demo, http):
    body = {"query": "query A { brandList { id } } query B { brandList { name } }", "operationName": "B"}
    answer = http.post("/v1/graphql", json=body, headers=demo.headers)
    assert answer.json() == {"data": {"brandList": [{"name": "Acme Stores"}]}}


def test_a_query_that_nests_too_deeply_is_refused(demo):
    deep = "{ brandList { " + "locations { brand { " * 6 + "id" + " } }" * 6 + " } }"
    answer = demo.graphql(deep)
    assert (
        answer.json()["errors"][0]["message"] == f"the query is 14 levels deep; at most {limits.MAX_DEPTH} are allowed"
    )


def test_a_query_with_too_many_aliases_is_refused(demo):
    many = " ".join(f"a{i}: location(id: 1) {{ id }}" for i in range(501))
    answer = demo.graphql(f"{{ {many} }}")
    assert "at most" in answer.json()["errors"][0]["message"] or "tokens" in answer.json()["errors"][0]["message"]


def test_a_query_that_would_answer_too_much_is_refused(everything):
    nested = (
        "{ brandList { locations { brand { locations { brand { locations { brand { locations { id } } } } } } } } }"
    )
    assert everything.graphql(nested).status_code == 200
    aliases = " ".join(
        f"a{i}: locations {{ brand {{ locations {{ brand {{ locations {{ id }} }} }} }} }}" for i in range(60)
    )
    answer = everything.graphql(f"{{ brandList {{ {aliases} }} }}")
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["message"].startswith("the answer would be too large")
    assert answer.json()["errors"][0]["extensions"]["code"] == "too-expensive"


def test_questions_to_the_metrics_are_limited(everything):
    one = 'presenceAnalytics(from: "2023-01-01", to: "2023-01-07") { visitsByDay { source } }'
    few = " ".join(f"a{i}: location(id: 1) {{ {one} }}" for i in range(20))
    assert "errors" not in everything.graphql(f"{{ {few} }}").json()
    many = " ".join(f"a{i}: {one}" for i in range(60))
    answer = everything.graphql(f"{{ locationList {{ {many} }} }}")
    assert answer.json()["errors"][0]["message"].startswith("the answer would be too large")


def test_an_unexpected_failure_says_only_that_it_happened(demo, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(schema, "presence", broken)
    answer = demo.graphql(
        '{ location(id: 1) { presenceAnalytics(from: "2023-01-01", to: "2023-01-01") { visitsByDay { source } } } }'
    )
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["message"] == "internal error"
    assert "secret detail" not in answer.text


def test_an_error_raised_on_purpose_says_what_it_is(demo, monkeypatch):
    def unavailable(*_args, **_more):
        raise UnavailableError("the store is closed")

    monkeypatch.setattr(schema, "presence", unavailable)
    answer = demo.graphql(
        '{ location(id: 1) { presenceAnalytics(from: "2023-01-01", to: "2023-01-01") { visitsByDay { source } } } }'
    )
    assert answer.json()["errors"][0]["message"] == "the store is closed"


@pytest.mark.parametrize("depth", [150, 900, 20_000])
def test_variables_that_nest_too_deeply_are_refused(demo, http, depth):
    where = '{"_and":[' * depth + '{"id":{"_eq":1}}' + "]}" * depth
    query = "query($w: Location_bool_exp) { locationList(where: $w) { id } }"
    content = f'{{"query": "{query}", "variables": {{"w": {where}}}}}'[: routes.MAX_BODY_BYTES]
    answer = http.post("/v1/graphql", content=content, headers=demo.headers)
    assert answer.status_code in {200, 400}
    assert answer.json()["errors"]
