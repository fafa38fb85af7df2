"""Import formats: one file each. A new one is a file with a `FORMAT` and a line here."""

from __future__ import annotations

from passerby.errors import InvalidInputError
from passerby.ingest.files import counts_csv, mot, native, sightings_csv, supervision, tracks_csv
from passerby.ingest.files.base import Format

FORMATS: dict[str, Format] = {
    module.FORMAT.name: module.FORMAT
    for module in (
        native,
        tracks_csv,
        mot,
        supervision,
        counts_csv,
        sightings_csv,
    )
}


def format_named(name: str) -> Format:
    """The import format of that name.

    Raises:
        InvalidInputError: there is none.
    """
    if name not in FORMATS:
        raise InvalidInputError(f"unknown format {name!r}; known: {', '.join(FORMATS)}", "--format")
    return FORMATS[name]
