"""Every field of every kind, wrong in every way that its type allows, is refused with the field's name."""

import json
import re
from contextlib import closing

import msgspec.inspect as inspection
import pytest
from tests.support.networks import network

from passerby.catalogue.repository import Repository
from passerby.ingest.intake import resolve
from passerby.ingest.native import decode_json
from passerby.ingest.resolve import Resolver
from passerby.ingest.wifi_keys import Devices
from passerby.ingest.wording import parts, type_of
from passerby.observations import KINDS

MARK = "value-that-nobody-must-see"
GOOD = {
    "sensor": 3024,
    "start": "2026-01-01T00:00:00Z",
    "at": "2026-01-01T00:00:00Z",
    "duration_ms": 1000,
    "attention_ms": 10,
    "zone": 11,
    "line": 1,
    "content": "spring",
    "direction": "in",
    "in": 1,
    "out": 1,
    "value": 1,
    "device": "phone",
    "rssi": -60,
    "type": "Loitering",
}
NESTED = {
    "looking": True,
    "ms": 1,
    "emotion": "happy",
    "content": "spring",
    "start_ms": 0,
    "duration_ms": 1,
}


def good(kind):
    fields = {field.encode_name for field in type_of(kind).fields if field.required}
    if kind == "view":
        fields.add("attention_ms")
    return {"kind": kind, **{name: GOOD[name] for name in fields}}


def wrong_values(wanted):
    """(path inside the field, value) for each way in which a value of this type can be wrong."""
    allowed = {type(part) for part in parts(wanted)}
    for value, kinds in EVERY_JSON_TYPE:
        if not kinds & allowed:
            yield "", value
    for part in parts(wanted):
        yield from WRONG.get(type(part), lambda _: ())(part)


EVERY_JSON_TYPE = [
    (None, {inspection.NoneType}),
    (True, {inspection.BoolType}),
    (7, {inspection.IntType, inspection.FloatType}),
    (1.5, {inspection.FloatType}),
    (MARK, {inspection.StrType}),
    ([], {inspection.ListType}),
    ({}, {inspection.StructType}),
]


def wrong_integers(wanted):
    yield "", 2**70 if wanted.le is not None or wanted.lt is not None else []
    yield "", -(2**70) if wanted.ge is not None else []
    if wanted.ge is not None:
        yield "", wanted.ge - 1
    if wanted.le is not None:
        yield "", wanted.le + 1
    if wanted.lt is not None:
        yield "", wanted.lt


def wrong_numbers(wanted):
    yield "", wanted.ge - 1
    yield "", wanted.le * 2
    yield "", 10**400


def wrong_texts(wanted):
    if wanted.min_length:
        yield "", ""
    yield "", "x" * (wanted.max_length + 1)


def wrong_lists(wanted):
    for inside, value in wrong_values(wanted.item_type):
        yield f"[0]{inside}", [value]


def wrong_structs(wanted):
    names = {field.encode_name for field in wanted.fields if field.required}
    base = {name: NESTED[name] for name in names}
    yield ".unknown_field", {**base, "unknown_field": 1}
    for name in names:
        yield f".{name}", {key: value for key, value in base.items() if key != name}
    for field in wanted.fields:
        for inside, value in wrong_values(field.type):
            yield f".{field.encode_name}{inside}", {**base, field.encode_name: value}


def wrong_times(_):
    for text in ("2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "1767225600", "", "now"):
        yield "", text
    for text in (
        "1969-12-31T23:59:59.999Z",
        "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
    ):
        yield "", text


WRONG = {
    inspection.IntType: wrong_integers,
    inspection.FloatType: wrong_numbers,
    inspection.StrType: wrong_texts,
    inspection.LiteralType: lambda _: [("", "IN"), ("", "")],
    inspection.ListType: wrong_lists,
    inspection.StructType: wrong_structs,
    inspection.DateTimeType: wrong_times,
}
REFERENCES = {"sensor": ["no-such-sensor", 3025, 9000], "zone": [12, 1], "line": [11, "zone-door-1"], "trigger": [99]}


def cases(kind):
    base = good(kind)
    yield "unknown_field", {**base, "unknown_field": 1}
    for field in type_of(kind).fields:
        name = field.encode_name
        if field.required:
            yield name, {key: value for key, value in base.items() if key != name}
        for inside, value in wrong_values(field.type):
            yield name + inside, {**base, name: value}
        for value in REFERENCES.get(name, ()):
            yield name, {**base, name: value}
        if name == "content":
            yield name, {**base, name: 999}
    for value in (None, 7, [], {}, "", "Visit", MARK):
        yield "kind", {**base, "kind": value}
    yield "kind", {key: value for key, value in base.items() if key != "kind"}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory):
    """refusals(rows) -> {place: error}"""
    folder = tmp_path_factory.mktemp("catalogue")
    with closing(Repository(folder)) as catalogue, closing(Devices(folder / "wifi-keys.sqlite")) as devices:
        catalogue.apply(network())
        credential = catalogue.verify("native", "psb_test_key")

        def of(rows):
            resolver = Resolver(catalogue.current(), credential, devices)
            resolved = resolve(decode_json(json.dumps(rows).encode()), resolver, lambda _: 1)
            return {one.index: one.error for one in resolved.refused}

        yield of


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_wrong_is_refused_with_its_name(refusals, kind):
    assert refusals([good(kind)]) == {}
    tried = list(cases(kind))
    assert len(tried) > 40
    found = refusals([row for _, row in tried])
    for index, (path, row) in enumerate(tried):
        error = found.get(index, "accepted")
        assert error.startswith(f"{path}: "), (error, row)
        assert MARK not in error
        assert re.search(r"expected|required|unknown|not active|no such", error), error


EITHER = "attention_ms: give either attention_ms or attention, not both and not neither"
VIEW = {**good("view"), "duration_ms": 100, "attention_ms": 10}


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({**VIEW, "attention": []}, "attention_ms: give either attention_ms or attention, not both and not neither"),
        (
            {**VIEW, "attention_ms": None},
            "attention_ms: give either attention_ms or attention, not both and not neither",
        ),
        ({**VIEW, "attention_ms": 101}, "attention: attention is longer than duration_ms"),
        ({**VIEW, "contents": [{**NESTED, "content": 999}]}, "contents[0].looking: unknown field"),
        (
            {**VIEW, "contents": [{"content": 999, "start_ms": 0, "duration_ms": 1}]},
            "contents[0].content: unknown content",
        ),
        ([], "expected a JSON object"),
        (None, "expected a JSON object"),
        (7, "expected a JSON object"),
        ({**VIEW, "duration_ms": 2**70}, "duration_ms: expected an integer <= 31622400000"),
        ({**good("event"), "object_id": "x"}, "object_id: expected an integer or null"),
        ({**VIEW, "kind": "visit"}, "attention_ms: unknown field"),
        ({**VIEW, "a8:bb:cc:dd:ee:ff": 1}, "(a field): unknown field"),
    ],
)
def test_exact_words(refusals, row, error):
    assert refusals([row]) == {0: error}
