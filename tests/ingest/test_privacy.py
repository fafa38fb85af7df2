"""No WiFi device can be found in anything that Passerby keeps."""

import base64
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import duckdb
import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from tests.support.bodies import MEDIA_TYPES, OF_KIND, body, packed
from tests.support.networks import network
from tests.support.observations import macs
from tests.support.privacy import assert_nowhere
from tests.support.servers import ServerProcess

from passerby.ingest.intake import without_devices
from passerby.ingest.privacy import is_randomized, normalised, scrubbed


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


def test_fields_that_never_hold_an_address_stay_whole_and_others_do_not():
    record = {"event_time": "2000-01-23 04:56:07.000", "channel_id": "aa:bb:cc:dd:ee:01", "note": "aa:bb:cc:dd:ee:02"}
    whole = frozenset({"event_time", "channel_id"})
    kept = record | {"note": "[removed]"}
    assert json.loads(without_devices(json.dumps(record).encode(), whole)) == kept
    # What is in them is not looked into, and a record that speaks of a device keeps nothing of that kind.
    nested = record | {"channel_id": ["aa:bb:cc:dd:ee:03"]}
    assert json.loads(without_devices(json.dumps(nested).encode(), whole))["channel_id"] == ["[removed]"]
    spoken = record | {"device": "aa:bb:cc:dd:ee:01"}
    assert "ee:01" not in without_devices(json.dumps(spoken).encode(), whole)


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


def test_no_address_is_in_anything_that_is_kept(tmp_path):
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump(network()))
    data = tmp_path / "kept" / "data"
    data.parent.mkdir()
    server = ServerProcess(data, "--catalogue", file)
    try:
        headers = {"Authorization": "Bearer psb_test_key"}
        with httpx.Client(base_url=server.url, headers=headers) as http:
            for mac in MACS:
                send_in_every_way(http, mac)
                send_sightings(http, mac)
            rejected = http.get("/v1/rejected")
            assert rejected.json()["rejected"]
            later = [rejected.content, http.get("/metrics").content, http.get("/v1/observations/wifi_visit").content]
    finally:
        server.kill()  # what a crash leaves counts as well
    assert_nowhere(data.parent, MACS, [server.log, *later])  # server.log lies beside the data directory
    for number, mac in enumerate(MACS):
        send_with_the_command(tmp_path, data, number, mac)
    assert run("backup", tmp_path / "kept" / "backup", "--data", data).returncode == 0
    assert_nowhere(data.parent, MACS)
    # The search finds what is there: hashes are, in the facts and in the backup.
    with pytest.raises(AssertionError, match="is in"):
        assert_nowhere(data.parent, [json.loads(later[2].splitlines()[0])["device"][:12]])


def run(*arguments):
    command = [sys.executable, "-c", "from passerby.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False)


HEARD = {"sensor": "door-1", "at": "2026-01-01T00:00:00Z", "rssi": -60}


def send_sightings(http, mac):
    """Good and bad ones in every format; of some the session is over, the others stay open."""
    good = {**HEARD, "device": mac}
    bad = [{**good, "rssi": 1}, {**good, "sensor": mac}, {**good, "zone": mac}, {**good, "extra": mac}, {mac: mac}]
    bad += [{**good, mac: 1}, {**good, "at": mac}]
    taken = 0
    for name, media_type in MEDIA_TYPES.items():
        rows = [good] if name in OF_KIND else [good, *bad]
        sent = {"Content-Type": media_type, "Idempotency-Key": f"sightings of {mac} as {name}"}
        content = body(name, rows)
        answer = http.post("/v1/sightings", content=content, headers=sent)
        assert answer.status_code in {200, 400, 415}, answer.text
        taken += answer.status_code == 200 and answer.json()["accepted"]
    assert taken >= 2
    over = {"until": "2026-01-01T06:00:00Z", "sensor": "door-1", "wait": "visible"}
    assert http.post("/v1/sightings", json=[], params=over).status_code == 200
    http.post("/v1/sightings", json=[{**good, "at": "2026-01-01T07:00:00Z"}])
    http.post("/v1/sightings", json=[good], params={mac: mac, "sensor": mac})
    for text in (f'{{"sensor": 1, "device":"{mac}"', mac):
        http.post("/v1/sightings", content=text, headers={"Content-Type": "application/json"})


def send_with_the_command(folder, data, number, mac):
    """Through `passerby import`, good rows and bad, straight into the data directory; the files stay outside of it."""
    start = f"2026-01-01T0{number}:00:00Z"
    good = {**ROW, "start": start, "device": mac, "id": f"import of {mac}"}
    bad = [{**good, "rssi": 1}, {**good, "kind": "visit"}, {mac: mac}]
    source = folder / f"{number}.ndjson"
    source.write_bytes(body("ndjson", [good, *bad]))
    done = run("import", source, "--format", "native", "--data", data)
    assert b"accepted 1" in done.stdout, (done.stdout, done.stderr)
    assert done.returncode == 1


@pytest.mark.parametrize("packing", ["text", "upper", "dash", "bytes", "base64", "zstd", "sqlite", "duckdb", "parquet"])
def test_the_search_finds_an_address_however_it_is_packed(tmp_path, packing):
    mac = "a8:bb:cc:dd:ee:01"
    raw = bytes.fromhex(mac.replace(":", ""))
    file = tmp_path / "kept.bin"
    if packing == "sqlite":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("create table t (payload blob)")
            connection.execute("insert into t values (?)", (zstandard.compress(mac.encode() * 40),))
            connection.commit()
    elif packing == "duckdb":
        with closing(duckdb.connect(file)) as connection:
            connection.execute("create table t as select 'x' || ? as device from range(100000)", (mac,))
    elif packing == "parquet":
        pq.write_table(pa.table({"device": [mac] * 1000}), file, compression="zstd")
    else:
        whole = f"device={mac}, gone"
        file.write_bytes(
            {
                "text": whole.encode(),
                "upper": whole.upper().encode(),
                "dash": whole.replace(":", "-").encode(),
                "bytes": b"x" + raw + b"y",
                "base64": base64.b64encode(whole.encode()),
                "zstd": zstandard.compress(whole.encode() * 40),
            }[packing]
        )
    with pytest.raises(AssertionError, match="is in"):
        assert_nowhere(tmp_path, [mac])
    assert_nowhere(tmp_path, ["a8:bb:cc:dd:ee:02"], ["something else"])


def send_in_every_way(http, mac):
    good = {**ROW, "device": mac, "id": f"visit of {mac}"}
    bad = [{**good, "rssi": 1}, {**good, "sensor": mac}, {**good, "kind": "visit"}, {**good, "extra": mac}, {mac: mac}]
    bad += [{**good, mac: 1}, {"kind": "visit", mac: 1}, {**good, "kind": mac}, {**good, "start": mac}]
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
    http.get("/v1/metrics", params={"metric": mac, "site": mac, "zone": mac})
    http.post("/v1/observations", params={"kind": mac, mac: mac}, json=[])
    http.post(f"/in/{mac}/{mac}", content=mac)
    http.get(f"/{mac}", headers={"User-Agent": mac, "Authorization": f"Bearer {mac}"})
    http.get("/v1/observations/wifi_visit", params={"sensor": mac})
