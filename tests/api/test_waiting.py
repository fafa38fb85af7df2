"""A request that stops waiting leaves the threads that work for it unharmed."""

import threading

from passerby.api import ingest

PATH = "/v1/observations"
ROW = {"kind": "visit", "sensor": 3024, "start": "2026-03-29T01:30:00+01:00", "duration_ms": 5000}


def test_rows_that_do_not_become_visible_in_time(client, services, monkeypatch):
    go_on = threading.Event()
    load = services.store.load

    def slow(batch):
        go_on.wait(30)
        return load(batch)

    monkeypatch.setattr(services.store, "load", slow)
    monkeypatch.setattr(ingest, "_LONGEST_WAIT_S", 0.05)
    answer = client.post(PATH, json=ROW, params={"wait": "visible"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    go_on.set()
    monkeypatch.undo()
    again = client.post(PATH, json=ROW, params={"wait": "visible"})
    assert again.json() == {"accepted": 0, "duplicates": 1, "rejected": []}
