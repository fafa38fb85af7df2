from datetime import UTC, datetime

import pytest

from passerby.errors import InvalidInputError
from passerby.importing import options
from passerby.ingest.files import FORMATS
from passerby.ingest.files.base import Options


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("12", 12), ("door-1", "door-1"), ("1²", "1²")])
def test_references(text, expected):
    assert options.reference(text) == expected


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-02T10:00:00+01:00", None, "2026-03-02T09:00:00"),
        ("2026-03-02 10:00", "Europe/Zurich", "2026-03-02T09:00:00"),
        ("2026-10-25T02:30", "Europe/Zurich", "2026-10-25T00:30:00"),  # twice: the first
        ("2026-03-02T10:00:00Z", "Europe/Zurich", "2026-03-02T10:00:00"),
    ],
)
def test_instants(text, zone, expected):
    assert options.instant(text, zone) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [(None, None), ("900s", 900_000), ("30m", 1_800_000), ("1h", 3_600_000), ("1d", 86_400_000)],
)
def test_lengths(text, milliseconds):
    assert options.length_ms(text) == milliseconds


def test_columns():
    counts = FORMATS["counts-csv"]
    assert options.renamed([], counts) == {}
    assert options.renamed(["in=Ein,out=Aus", "start=Zeit von"], counts) == {
        "in": "Ein",
        "out": "Aus",
        "start": "Zeit von",
    }


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: options.instant("soon", None), "--start: expected a time such as"),
        (lambda: options.instant("2026-03-02T10:00", None), "--start: the time has no offset"),
        (lambda: options.timezone("Zurich"), "unknown time zone 'Zurich'"),
        (lambda: options.frame_rate(0), "--fps: expected a number"),
        (lambda: options.frame_rate(float("inf")), "--fps: expected a number"),
        (lambda: options.length_ms("30"), "--every: expected a length"),
        (lambda: options.length_ms("0m"), "--every: expected a length"),
        (lambda: options.renamed(["in"], FORMATS["counts-csv"]), "--columns: expected NAME=COLUMN"),
        (lambda: options.renamed(["when=x"], FORMATS["counts-csv"]), "NAME one of: start, in, out, duration_s"),
        (lambda: options.renamed(["a=b"], FORMATS["mot"]), "NAME one of: none"),
        (lambda: options.check(FORMATS["tracks-csv"], Options(sensor=1)), "tracks-csv needs --start, --fps"),
    ],
)
def test_what_is_wrong_is_named(call, message):
    with pytest.raises(InvalidInputError) as raised:
        call()
    assert message in raised.value.message
