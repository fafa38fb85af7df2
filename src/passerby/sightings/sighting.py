"""One sighting: a WiFi device was heard by a sensor at an instant, this strongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from passerby.observations import STRUCTS, Instant, Reference, Reported

KIND = "sighting"
# In the journal only: nothing more will come that is older than this instant, so sessions before it may end.
END_KIND = "sightings_end"

# A sighting as the journal keeps it. `scope` is within which sightings of one device belong together: the number of
# a site, or minus the number of a sensor that does not count for its site. `device` is the hash, never the address.
ROW_COLUMNS = ("scope", "sensor_id", "zone_id", "device", "seen_ms", "rssi", "randomized")
END_COLUMNS = ("scope", "until_ms")
# Rows that the journal holds and no fact table does.
JOURNAL_ONLY = {KIND: ROW_COLUMNS, END_KIND: END_COLUMNS}


class Sighting(Reported, tag=KIND, kw_only=True, frozen=True, gc=False):
    """A sensor heard a WiFi device at an instant. Sightings make sessions; a session becomes a `wifi_visit`."""

    at: Instant
    device: Annotated[str, Meta(min_length=1, max_length=128, description="A MAC address or an opaque text.")]
    rssi: Annotated[int, Meta(ge=-200, lt=0, description="Signal strength in dBm.")]
    zone: Reference | None = None
    randomized: bool | None = None


# Everything that can be sent, by the name of its kind.
INPUTS: dict[str, type[Reported]] = {**STRUCTS, KIND: Sighting}


def ends(
    rows: Mapping[str, Sequence[Sequence[Any]]], scopes: Set[int], until_ms: int
) -> dict[str, list[tuple[int, int]]]:
    """The row that says that nothing before `until_ms` will come any more, for each scope.

    Of no scope in particular: of those of the sightings among `rows`.
    """
    named = scopes or {row[0] for row in rows.get(KIND, ())}
    return {END_KIND: [(scope, until_ms) for scope in sorted(named)]} if named else {}


def json_schema() -> dict[str, Any]:
    """Component schemas (JSON Schema 2020-12) of a sighting as it is sent."""
    _, components = msgspec.json.schema_components([Sighting], ref_template="#/components/schemas/{name}")
    components["Sighting"]["required"].remove("kind")  # all rows of a body are of this kind
    return components
