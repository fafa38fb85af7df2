"""Reads a file with an import format and shows what it said."""

from datetime import UTC, datetime

import msgspec

from passerby.ingest.files import format_named
from passerby.ingest.files.base import Options, Tally

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def write(folder, name, text):
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def read(format_name, path, **options):
    """(observations as documents, tally) of one file."""
    tally = Tally()
    found = []
    for parcel in format_named(format_name).read(path, Options(**{"sensor": 5, "start": START, **options}), tally):
        rows = [msgspec.json.decode(line) for line in parcel.body.split(b"\n")]
        assert len(rows) == len(parcel.places)
        found += rows
    return found, tally
