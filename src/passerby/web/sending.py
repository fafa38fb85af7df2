"""How a sensor sends: lines to copy, with the address of this server and the sensor's own key."""

from __future__ import annotations

from dataclasses import dataclass, field

from passerby.catalogue.model import Sensor
from passerby.ingest.producers import PRODUCERS
from passerby.web.viewer import WebRequest

NO_KEY = "YOUR_KEY"


@dataclass(frozen=True, slots=True)
class Sending:
    """What there is to copy. `secret` is None unless it was made just now."""

    address: str
    sensor_id: int
    secret: str | None = field(repr=False)

    @classmethod
    def of(cls, request: WebRequest, sensor: Sensor, secret: str | None) -> Sending:
        """The lines of a sensor, with the address under which the browser knows this server."""
        host = request.headers.get("host", "127.0.0.1:8080")
        return cls(f"{request.scope['scheme']}://{host}", sensor.id, secret)

    @property
    def key(self) -> str:
        """The key, or what stands for it."""
        return self.secret or NO_KEY

    @property
    def curl(self) -> str:
        """One visitor, now. An open visit, because nobody knows yet how long it lasts."""
        row = (
            f'{{"kind": "visit", "sensor": {self.sensor_id}, '
            f'"start": "\'$(date -u +%Y-%m-%dT%H:%M:%SZ)\'", "duration_ms": null}}'
        )
        return (
            f"curl {self.address}/v1/observations \\\n"
            f"  -H 'Authorization: Bearer {self.key}' \\\n"
            f"  -H 'Content-Type: application/json' \\\n"
            f"  -d '{row}'"
        )

    @property
    def pushes(self) -> list[tuple[str, str]]:
        """(product, the address that it pushes to)."""
        return [(one.title, f"{self.address}/in/{one.name}/{self.key}") for one in PRODUCERS.values()]
