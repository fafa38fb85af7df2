"""No WiFi device can be found in anything that Passerby keeps."""

import json
import re
from contextlib import closing

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.support.bodies import MEDIA_TYPES, OF_KIND, body, packed
from tests.support.networks import network
from tests.support.observations import macs
from tests.support.servers import ServerProcess

from passerby.ingest.intake import without_devices
from passerby.ingest.privacy import is_randomized, normalised, scrubbed
from passerby.journal import Journal


@pytest.mark.parametrize(
    ("device", "text", "randomized"),
    [
        ("AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff", True),
        ("a8-bb-cc-dd-ee-ff", "a8:bb:cc:dd:ee:ff", False),
        ("A8BB.CCDD.EEFF", "a8:bb:cc:dd:ee:ff", False),
        ("a8bbccddeeff", "a8:bb:cc:dd:ee:ff", False),
        ("Anna's phone", "Anna's phone", None),
        ("a8:bb-cc:dd:ee:ff", "a8:bb-cc:dd:ee:ff", None),
    ],
)
def test_forms_of_an_address(device, text, randomized):
    assert normalised(device) == text
    assert is_randomized(device) is randomized


@given(mac=macs(), before=st.sampled_from(["", "x ", '"', "device="]), after=st.sampled_from(["", " y", '"', ","]))
def test_nothing_that_looks_like_an_address_is_left(mac, before, after):
    assert mac not in scrubbed(before + mac + after)


ROW = {"kind": "wifi_visit", "sensor": "door-1", "start": "2026-01-01T00:00:00Z", "duration_ms": 1, "rssi": -60}


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ({**ROW, "device": "Anna", "id": "a8bbccddeeff", "rssi": 5}, {**ROW, "rssi": 5}),
        ({**ROW, "kind": "visit", "device": "Anna"}, {**ROW, "kind": "visit"}),
        ({**ROW, "kind": "wifi", "zone": "a8:bb:cc:dd:ee:ff"}, {**ROW, "kind": "wifi", "zone": "[removed]"}),
        ({**ROW, "sensor": "a8:bb:cc:00:00:01", "device": "Anna"}, {**ROW, "sensor": "a8:bb:cc:00:00:01"}),
        ({**ROW, "sensor": "A8BBCC000001", "device": "a8:bb:cc:00:00:01"}, {**ROW, "sensor": "[removed]"}),
        ({"kind": "visit", "sensor": "a8:bb:cc:00:00:01"}, {"kind": "visit", "sensor": "a8:bb:cc:00:00:01"}),
        (["a8:bb:cc:dd:ee:ff", {"device": "Anna"}], ["[removed]", {"device": "Anna"}]),
    ],
)
def test_what_is_kept_of_a_refused_row(row, kept):
    assert json.loads(without_devices(json.dumps(row).encode())) == kept


@pytest.mark.parametrize(
    "text",
    [
        b'{"kind": "wifi_visit", "device": "Anna", ',
        b'{"device" "Anna"',
        b"{a8:bb:cc:dd:ee:ff",
        b'{"\\u0064evice": "Anna",',
        b"\xff Device Anna a8bbccddeeff",
    ],
)
def test_what_is_kept_of_text_that_is_not_json(text):
    kept = without_devices(text)
    assert "Anna" not in kept
    assert "a8" not in kept


MACS = ["a8:bb:cc:dd:ee:01", "A8-BB-CC-DD-EE-02", "a8bb.ccdd.ee03", "a8bbccddee04"]


def traces(mac):
    """What of an address could be found: its text in any form, and its bytes."""
    digits = re.sub(r"[^0-9a-f]", "", mac.lower())
    pairs = [digits[at : at + 2] for at in range(0, 12, 2)]
    forms = [":".join(pairs), "-".join(pairs), digits, ".".join(digits[at : at + 4] for at in (0, 4, 8))]
    texts = [form.encode() for text in forms for form in (text, text.upper())]
    return [*texts, bytes.fromhex(digits), bytes.fromhex(digits)[::-1]]


def test_no_address_is_in_any_file_of_a_server(tmp_path):
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(network()))
    server = ServerProcess(tmp_path / "data", "--catalogue", file)
    try:
        headers = {"Authorization": "Bearer psb_test_key"}
        with httpx.Client(base_url=server.url, headers=headers) as http:
            for mac in MACS:
                send_in_every_way(http, mac)
            assert http.get("/v1/rejected").json()["rejected"]
            everything = http.get("/v1/rejected").content + http.get("/metrics").content
            everything += httpx.get(f"{server.url}/v1/observations/wifi_visit", headers=headers).content
    finally:
        server.kill()  # what a crash leaves counts as well
    with closing(Journal(tmp_path / "data" / "journal.sqlite")) as journal:  # its payloads are compressed in the file
        everything += repr([entry.rows for entry in journal.walk()]).encode()
        assert b"wifi_visit" in everything
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("journal" in path.name for path in files)
    for mac in MACS:
        for trace in traces(mac):
            assert trace not in everything
            assert [path.name for path in files if trace in path.read_bytes()] == []


def send_in_every_way(http, mac):
    good = {**ROW, "device": mac, "id": f"visit of {mac}"}
    bad = [{**good, "rssi": 1}, {**good, "sensor": mac}, {**good, "kind": "visit"}, {**good, "extra": mac}, {mac: mac}]
    for format_, media_type in MEDIA_TYPES.items():
        parameters = {"kind": "wifi_visit", "wait": "visible"} if format_ in OF_KIND else {"wait": "visible"}
        for encoding in ("", "gzip", "zstd"):
            sent = {"Content-Type": media_type, "Idempotency-Key": f"{mac}-{format_}-{encoding}."}
            if encoding:
                sent["Content-Encoding"] = encoding
            rows = [good] if format_ in OF_KIND else [good, *bad]
            answer = http.post(
                "/v1/observations", content=packed(body(format_, rows), encoding), headers=sent, params=parameters
            )
            assert answer.status_code == 200, answer.text
    for text in (f'{{"kind":"wifi_visit","device":"{mac}"', f'["{mac}"', mac, f'{{"kind":"visit" {mac}}}'):
        for media_type in ("application/json", "application/x-ndjson"):
            http.post("/v1/observations", content=text, headers={"Content-Type": media_type})
    csv = {"Content-Type": "text/csv"}
    for text in (f"sensor,device\n1,{mac},2\n", f"{mac}\n", f"sensor,device,rssi\n1,x,{mac}\n"):
        http.post("/v1/observations", content=text, headers=csv, params={"kind": "wifi_visit"})
    http.get(f"/v1/observations/{mac}")
    http.get("/v1/observations/wifi_visit", params={"sensor": mac})
