"""The options of an import as people write them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from passerby import calendar
from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Format, Options

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def reference(text: str | None) -> int | str | None:
    """An id (digits only) or a uid."""
    return int(text) if text and text.isascii() and text.isdigit() else text


def timezone(name: str | None) -> str | None:
    """The name of an IANA zone, checked."""
    return calendar.zone(name).key if name else None


def instant(text: str | None, zone: str | None) -> datetime | None:
    """A time with an offset, or a local one of `zone` (of a time that occurs twice the first).

    Raises:
        InvalidInputError: not a time, or a local one without a zone.
    """
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(
            f"expected a time such as 2026-03-02T10:00:00+01:00, found {text!r}", "--start"
        ) from None
    if time.tzinfo is not None:
        return time
    if zone is None:
        raise InvalidInputError("the time has no offset; add one, or give --timezone", "--start")
    return _EPOCH + timedelta(milliseconds=calendar.to_utc(time, zone))


def frame_rate(fps: float | None) -> float | None:
    """Frames per second, checked."""
    if fps is not None and not 0 < fps < math.inf:
        raise InvalidInputError(f"expected a number of frames per second > 0, found {fps:g}", "--fps")
    return fps


def length_ms(text: str | None) -> int | None:
    """Milliseconds from 900s, 30m, 1h or 1d."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d{1,6})([smhd])", text)
    if found is None or int(found[1]) == 0:
        raise InvalidInputError(f"expected a length such as 900s, 30m, 1h or 1d, found {text!r}", "--every")
    return int(found[1]) * _UNITS_MS[found[2]]


def renamed(texts: Sequence[str], chosen: Format) -> dict[str, str]:
    """The columns of a file by the format's names, from texts such as `in=Entries,out=Exits`."""
    columns: dict[str, str] = {}
    for text in ",".join(texts).split(",") if texts else ():
        name, equals, column = text.partition("=")
        if not equals or not column or name not in chosen.columns:
            known = ", ".join(chosen.columns) or "none"
            raise InvalidInputError(f"expected NAME=COLUMN, NAME one of: {known}; found {text!r}", "--columns")
        columns[name] = column
    return columns


def check(chosen: Format, options: Options) -> None:
    """Raise InvalidInputError when the format needs an option that was not given."""
    given = {"sensor": options.sensor, "start": options.start, "fps": options.fps}
    missing = [f"--{name}" for name, value in given.items() if name in chosen.needs and value is None]
    if missing:
        raise InvalidInputError(f"{chosen.name} needs {', '.join(missing)}")
