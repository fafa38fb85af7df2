"""One observation is one fact, whatever format, encoding or wording it comes in."""

import json
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.bodies import MEDIA_TYPES, OF_KIND, body
from tests.support.networks import network
from tests.support.observations import observations

from passerby.catalogue.repository import Repository
from passerby.errors import InvalidInputError
from passerby.ingest.formats import by_media_type
from passerby.ingest.intake import resolve
from passerby.ingest.resolve import Resolver
from passerby.ingest.wifi_keys import Devices
from passerby.observations import KINDS, table

LIMIT = 1 << 24
FIELDS = "kind, sensor, id, start, duration_ms"


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """facts(format, rows) -> rows by kind, and the refused ones."""
    folder = tmp_path_factory.mktemp("catalogue")
    with closing(Repository(folder)) as catalogue, closing(Devices(folder / "wifi-keys.sqlite")) as devices:
        catalogue.apply(network())
        credential = catalogue.verify("native", "psb_test_key")

        def register(name):
            return catalogue.register_content(
                credential.account_id, name.text, name.app_id, name.campaign_id, name.number
            )

        def of(format_, rows):
            kind = rows[0]["kind"] if format_ in OF_KIND else None
            decoded = by_media_type(MEDIA_TYPES[format_]).decode(body(format_, rows), kind, LIMIT)
            resolver = Resolver(catalogue.current(), credential, devices)
            return resolve(decoded, resolver, register)

        yield of


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_gives_the_same_facts(facts, kind):
    @given(st.lists(observations(kinds=[kind]), min_size=1, max_size=5))
    def check(rows):
        expected = facts("json", rows)
        assert expected.refused == []
        assert len(expected.rows[kind]) == len(rows)
        for row in expected.rows[kind]:
            assert len(row) == len(table(kind).row_columns)
        for format_ in ("ndjson", *OF_KIND):
            assert facts(format_, rows) == expected, format_

    check()


@given(rows=st.lists(observations(), max_size=8))
def test_mixed_kinds_in_json_and_ndjson(facts, rows):
    assert facts("ndjson", rows) == facts("json", rows)


def refused(format_, text, kind=None):
    return [(one.index, one.error) for one in by_media_type(MEDIA_TYPES[format_]).decode(text, kind, LIMIT).refused]


HALF = "half of a surrogate pair, which is no character"
VISIT = b'{"kind":"visit","sensor":1,"start":"2026-01-01T00:00:00Z","duration_ms":1}'


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "not JSON: it ends too early"),
        (b"[" + VISIT, "not JSON: it ends too early"),
        (b"[" + VISIT + b",\n]", f"not JSON: trailing comma in array (line 2, byte {len(VISIT) + 3})"),
        (b'[{"kind":"visit"},\n{,}]', "not JSON: expected '\"' (line 2, byte 20)"),
        (b'"\xff"', "the body is not UTF-8 text"),
        (rb'["\ud800"]', f"not JSON: {HALF} (line 1, byte 2)"),
        (b'[\n"ab\\uD83D"]', f"not JSON: {HALF} (line 2, byte 5)"),
        (rb'["\\\udc00"]', f"not JSON: {HALF} (line 1, byte 4)"),
        (rb'["\ud83d\ude00\ud800"]', f"not JSON: {HALF} (line 1, byte 14)"),
        (rb'["\ud83d', "not JSON: it ends too early"),
        (rb'["\ud83d\ude00', "not JSON: it ends too early"),
        (rb'["\\ud800', "not JSON: it ends too early"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_json_that_cannot_be_taken_apart_is_an_error_as_a_whole(text, error):
    with pytest.raises(InvalidInputError) as caught:
        refused("json", text)
    assert caught.value.message == error


def test_ndjson_lines_fail_alone():
    not_text = VISIT.replace(b"1,", b'"\xff",')
    text = b"\n".join([VISIT, b"", b"{", VISIT + b"\r", not_text, b"[]", b"[" * 100_000, VISIT])
    decoded = by_media_type(MEDIA_TYPES["ndjson"]).decode(text, None, LIMIT)
    assert list(decoded.indexes) == [0, 2, 6]
    assert [(one.index, one.error) for one in decoded.refused] == [
        (1, "not JSON: it ends too early"),
        (3, "the body is not UTF-8 text"),
        (4, "expected a JSON object"),
        (5, "expected a JSON object"),
    ]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "expected a header line with the names of the columns"),
        (b"\xff\xfe", "the body is not UTF-8 text"),
        (b"sensor,begin\n", "begin: no such field of a uptime; there are: kind, sensor, id, start, duration_ms"),
        (b"sensor,start,start,duration_ms\n", "start: two columns of this name"),
        (b'sensor\n"1', "not CSV: line 2: unexpected end of data"),
        (
            b"aa:bb:cc:dd:ee:ff\n",
            "[removed]: no such field of a uptime; there are: kind, sensor, id, start, duration_ms",
        ),
    ],
)
def test_csv_that_cannot_be_taken_apart(text, error):
    with pytest.raises(InvalidInputError) as caught:
        refused("csv", text, "uptime")
    assert caught.value.message == error


def test_csv_rows_fail_alone():
    text = (
        b"sensor,start,duration_ms,kind\n"
        b"1,2026-01-01T00:00:00Z,5,uptime\n"
        b"1,2026-01-01T00:00:00Z,,\n"
        b"1,2026-01-01T00:00:00Z,5.5,\n"
        b"1,2026-01-01T00:00:00Z,5,visit\n"
        b"1,2026-01-01T00:00:00Z\n"
        b"1,1767225600,5,\n"
    )
    assert refused("csv", text, "uptime") == [
        (1, "duration_ms: required"),
        (2, "duration_ms: expected an integer >= 0"),
        (3, "kind: expected uptime"),
        (4, "expected 4 cells, as in the header line; found 2"),
        (5, "start: expected a time in RFC 3339 with an offset, such as 2026-03-29T01:30:00+01:00"),
    ]


def test_an_empty_duration_of_a_visit_is_unknown(facts):
    row = {"kind": "visit", "sensor": 3024, "start": "2026-01-01T00:00:00Z", "duration_ms": None}
    for format_ in ("json", *OF_KIND):
        assert facts(format_, [row]).rows["visit"][0][2] is None, format_


def test_documents_in_the_kept_row_are_what_was_sent(facts):
    row = {"kind": "visit", "sensor": 1, "start": "2026-01-01T00:00:00Z", "duration_ms": None}
    (kept,) = facts("csv", [row]).refused
    assert json.loads(kept.row)["sensor"] == 1
