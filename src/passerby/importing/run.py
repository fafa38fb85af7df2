"""The import itself: file by file, parcel by parcel."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from passerby.errors import InvalidInputError
from passerby.importing.delivery import Delivery
from passerby.ingest.files.base import Format, Options, Tally, sensor_of

# Called with a file and how many of its bytes have been read.
Progress = Callable[[Path, int], None]
_DROPPED = "made-up WiFi address (wifi_randomized: drop)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an import did. `accepted` and `duplicates` are observations; see `Tally` for the rows of the files."""

    accepted: int
    duplicates: int
    tally: Tally


def run(delivery: Delivery, chosen: Format, options: Options, files: Sequence[Path], progress: Progress) -> Outcome:
    """Read files and deliver what they say.

    Raises:
        PasserbyError: a file makes no sense as a whole, or delivery fails for good. What was delivered before
            stays; importing again delivers the rest.
    """
    if "scene" in chosen.needs:
        options = replace(options, drawn=delivery.drawn(sensor_of(options)))
    if "zone" in chosen.needs and options.timezone is None:
        options = replace(options, zone_of=delivery.timezone)
    tally = Tally()
    accepted = duplicates = 0
    for path in files:
        tally.progress = partial(progress, path)
        for parcel in chosen.read(path, options, tally):
            delivered = delivery.send(parcel)
            accepted += delivered.accepted
            duplicates += delivered.duplicates
            if delivered.dropped:
                tally.left_out[_DROPPED] += delivered.dropped
            for index, reason in delivered.rejected:
                tally.reject(parcel.places[index], reason)
        progress(path, path.stat().st_size)
    for parcel in chosen.finish(options, tally):
        try:
            delivery.send(parcel)
        except InvalidInputError:
            if not tally.rejected:  # else its sensor is why
                raise
    return Outcome(accepted, duplicates, tally)
