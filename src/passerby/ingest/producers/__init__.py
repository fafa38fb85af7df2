"""Who may push in its own format, at `/in/<producer>/<key>`. A new producer is one file here, and one line below."""

from __future__ import annotations

from passerby.ingest.producers.base import Producer
from passerby.ingest.producers.camlytics import CAMLYTICS
from passerby.ingest.producers.meraki import MERAKI

_ALL: tuple[Producer, ...] = (CAMLYTICS, MERAKI)

PRODUCERS: dict[str, Producer] = {producer.name: producer for producer in _ALL}
