"""Import formats: one file each, or one for several that are alike. A new one is a file and a line here."""

from __future__ import annotations

from passerby.errors import InvalidInputError
from passerby.ingest.files import counts_csv, mot, native, seemetrix, sightings_csv, supervision, tracks_csv, vidicenter
from passerby.ingest.files.base import Format

FORMATS: dict[str, Format] = {
    found.name: found
    for found in (
        native.FORMAT,
        tracks_csv.FORMAT,
        mot.FORMAT,
        supervision.FORMAT,
        counts_csv.FORMAT,
        sightings_csv.FORMAT,
        *vidicenter.FORMATS,
        seemetrix.FORMAT,
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
