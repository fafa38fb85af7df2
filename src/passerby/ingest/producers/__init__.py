"""Who may push in its own format, at `/in/<producer>/<key>`. A new producer is one file here, and one line below."""

from __future__ import annotations

from passerby.ingest.producers.base import Producer

_ALL: tuple[Producer, ...] = ()

PRODUCERS: dict[str, Producer] = {producer.name: producer for producer in _ALL}
