"""Making the answer of an export job: a whole document, written piece by piece."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import pyarrow as pa

from passerby.catalogue.model import Catalogue
from passerby.dialects.quividi.aggregated import ALL_AT_ONCE, CELLS, SHAPES
from passerby.dialects.quividi.finest import finest
from passerby.dialects.quividi.requests import DataRequest
from passerby.dialects.quividi.rows import sensor_table
from passerby.jobs import Builder, Job, JobFailedError, Piece
from passerby.services import Services
from passerby.store.raw import listed, text_views

KIND = "quividi"
MAX_ROWS_AGGREGATED = 20_000_000
# Rows are held in memory until they are written: as many locations are computed at a time as have about so many. Each
# time the facts of all of them are read, so few large portions are faster than many small ones.
_ROWS_AT_ONCE = 500_000


def creation_date(job: Job) -> str:
    """When an export was asked for, UTC."""
    return f"{datetime.fromtimestamp(job.created_ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def builder(services: Services) -> Builder:
    """What makes the exports of this dialect."""

    def build(job: Job) -> Iterator[Piece]:
        request = msgspec.convert(job.request, DataRequest)
        yield b'{"state":"finished","data":['
        yield from listed(_rows(services, request))
        yield b'],"creation_date":"%s"}' % creation_date(job).encode()

    return build


def _rows(services: Services, request: DataRequest) -> Iterator[memoryview]:
    if request.time_resolution == "finest":
        yield from finest(services.store, services.catalogue.current(), request)
        return
    written = 0
    for table in _tables(services, request):
        written += table.num_rows
        if written > MAX_ROWS_AGGREGATED:
            raise JobFailedError(f"the export has more than {MAX_ROWS_AGGREGATED:,} rows: ask for less")
        yield from text_views(services.store.stream("json_rows", {}, {"rows": table}))


def _tables(services: Services, request: DataRequest) -> Iterator[pa.Table]:
    shape = SHAPES[request.data_type]
    catalogue = services.catalogue.current()
    # Between asking and making a sensor may have left the catalogue.
    held = [sensor for sensor in request.sensors if sensor in catalogue.sensors]
    if not held:
        return
    portions = [held] if request.data_type in ALL_AT_ONCE else _portions(catalogue, request, held)
    for sensors in portions:
        yield from shape(services.store, catalogue, request, sensors)


def _portions(catalogue: Catalogue, request: DataRequest, sensors: Sequence[int]) -> Iterator[Sequence[int]]:
    rows = len(sensor_table(request, catalogue, sensors[:1])) * (CELLS if request.by_demographics else 1)
    at_once = max(1, _ROWS_AT_ONCE // max(1, rows))
    for first in range(0, len(sensors), at_once):
        yield sensors[first : first + at_once]
