"""No WiFi device can be found in anything that Passerby keeps."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

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
from passerby.ingest.privacy import KEPT_MS, Devices, KeyGoneError, is_randomized, normalised, scrubbed
from passerby.journal import Journal

DAY = 86_400_000
NOON = int(datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp() * 1000)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, now):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock(NOON)


@pytest.fixture
def devices(tmp_path, clock):
    with closing(Devices(tmp_path / "wifi-keys.sqlite", clock)) as opened:
        yield opened


def test_one_device_has_one_hash_within_a_site_and_local_day(devices):
    first = devices.hash(1, "Europe/Zurich", NOON, "AA-BB-CC-00-11-22")
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert devices.hash(1, "Europe/Zurich", NOON + 1000, "aabb.cc00.1122") == first
    assert devices.hash(2, "Europe/Zurich", NOON, "aa:bb:cc:00:11:22") != first
    # 22:00 UTC is midnight in Zurich on the first day of summer time.
    midnight = NOON + 10 * 3_600_000
    assert devices.hash(1, "Europe/Zurich", midnight - 1, "aa:bb:cc:00:11:22") == first
    assert devices.hash(1, "Europe/Zurich", midnight, "aa:bb:cc:00:11:22") != first


def test_a_key_is_destroyed_48_hours_after_its_day(devices, clock, tmp_path):
    path = tmp_path / "wifi-keys.sqlite"
    devices.hash(1, "UTC", NOON, "phone")
    (key,) = sqlite3.connect(path).execute("select key from wifi_keys").fetchone()
    assert key in path.read_bytes()
    end = NOON + DAY // 2 + KEPT_MS
    clock.now = end - 1
    assert devices.sweep() == 0
    devices.hash(1, "UTC", NOON, "phone")
    clock.now = end
    with pytest.raises(KeyGoneError):
        devices.hash(1, "UTC", NOON, "phone")
    assert devices.sweep() == 1
    assert devices.sweep() == 0
    with pytest.raises(KeyGoneError):
        devices.hash(1, "UTC", NOON, "phone")
    assert all(key not in file.read_bytes() for file in tmp_path.iterdir())


def test_an_old_day_has_48_hours_from_the_making_of_its_key(devices, clock):
    year_ago = NOON - 365 * DAY
    first = devices.hash(1, "UTC", year_ago, "phone")
    clock.now += KEPT_MS - 1
    assert devices.hash(1, "UTC", year_ago, "phone") == first
    clock.now += 1
    with pytest.raises(KeyGoneError):
        devices.hash(1, "UTC", year_ago, "phone")


def test_keys_survive_a_restart(tmp_path, clock):
    hashes = []
    for _ in range(2):
        with closing(Devices(tmp_path / "keys", clock)) as devices:
            hashes.append(devices.hash(1, "UTC", NOON, "phone"))
    assert hashes[0] == hashes[1]
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o600


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
