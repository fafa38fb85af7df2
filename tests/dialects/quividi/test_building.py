"""Making an export whose sensors left the catalogue after it was asked for."""

import json

import msgspec
import pytest
from tests.support.networks import network

from passerby.catalogue.model import Credential
from passerby.dialects.quividi.building import builder
from passerby.dialects.quividi.requests import data_request

WHO = Credential(0, 632, "quividi", "demo", frozenset({"read"}), None, None)


class Waiting:
    """A job that was asked for and not begun."""

    created_ms = 0

    def __init__(self, services, data_type, resolution):
        query = {
            "data_type": data_type,
            "time_resolution": resolution,
            "locations": "3024,3026",
            "start": "2026-01-01T00:00:00",
            "end": "2026-01-01T23:59:59",
            "extrapolation_amount": "",
        }
        self.request = msgspec.to_builtins(data_request(list(query.items()), services.catalogue.current(), WHO))


def rows(services, job):
    return json.loads(b"".join(bytes(piece) for piece in builder(services)(job)))["data"]


def without(services, *sites):
    document = network()
    for brand in document["brands"]:
        brand["sites"] = [site for site in brand["sites"] if site["id"] not in sites]
    services.catalogue.apply(document, prune=True)


@pytest.mark.parametrize(
    ("data_type", "resolution"),
    [
        ("viewers", "1h"),
        ("viewers", "finest"),
        ("viewers_apc", "finest"),
        ("ots", "1d"),
        ("gate", "1h"),
        ("proof_of_play_by_location", "1d"),
        ("proof_of_play_by_site", "1d"),
        ("extrapolated_watchers", "1d"),
        ("extrapolated_ots", "1d"),
        ("vehicles", "1h"),
        ("footfall", "1h"),
        ("vehicles_footfall", "1h"),
        ("im", "1h"),
    ],
)
def test_of_sensors_that_are_gone_there_are_no_rows(services, data_type, resolution):
    job = Waiting(services, data_type, resolution)
    without(services, 1, 2)
    assert rows(services, job) == []


def test_the_others_have_theirs(services, client):
    seen = [
        {"kind": "view", "sensor": sensor, "start": "2026-01-01T12:00:00Z", "duration_ms": 5000, "attention_ms": 1000}
        for sensor in (3024, 3026)
    ]
    assert client.post("/v1/observations?wait=visible", json=seen).json()["accepted"] == 2
    job = Waiting(services, "ots", "1d")
    without(services, 1)
    assert [(row["location_id"], row["ots_count"]) for row in rows(services, job)] == [(3026, 1)]
