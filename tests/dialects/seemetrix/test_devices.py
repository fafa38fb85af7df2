"""The list of devices: states, keys that send, and who sees what."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import orjson
from tests.support.seemetrix import NARROW_KEY, OTHER_KEY, catalogue, other_account, running, screen, view

from passerby.acting import ask
from passerby.catalogue.model import Credential
from passerby.maintenance.backup import backup, restore
from passerby.server import App

RFC_1123 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")
# The document's devices: a key of their own each; the first sent something a minute ago.
KEYS = {3024: "23f69c44cd964dcc9caac2d08217705d", 3035: "9909e1d0933740f0811913647e3662e8"}


def network():
    found = catalogue()
    for site in found["brands"][0]["sites"]:
        for sensor in site["sensors"]:
            if sensor["id"] in KEYS:
                sensor["key"] = KEYS[sensor["id"]]
    return found


def ago(**length):
    return (datetime.now(UTC) - timedelta(**length)).isoformat()


def states(found):
    return {name: [device["d"] for device in found[name]] for name in ("online", "offline", "frozen")}


def test_the_shape_and_types_of_the_documents_sample(tmp_path):
    before = datetime.now(UTC).replace(microsecond=0)
    with running(tmp_path / "data", network()) as (services, page):
        page.observe([view(3024, ago(seconds=60)), view(3027, ago(hours=1))])
        found = page.document("/user/632/devices/")
        assert list(found) == ["frozen", "frozen_total", "offline", "offline_total", "online", "online_total"]
        assert states(found) == {"online": [3024], "offline": [3026, 3027], "frozen": [3035]}
        assert [found[f"{name}_total"] for name in ("online", "offline", "frozen")] == [1, 2, 1]
        devices = {device["d"]: device for name in ("online", "offline", "frozen") for device in found[name]}
        for number, device in devices.items():
            assert device == {
                "acl": [632],
                "created": device["created"],
                "d": number,
                "f": int(number == 3035),
                "ip": "-",
                "k": device["k"],
                "modified": device["modified"],
                "n": f"Device #{number}",
                "o": int(number == 3024),
                "or": 0,
                "sid": 0,
            }
            assert list(device) == sorted(device)
            assert re.fullmatch("[0-9a-f]{32}", device["k"])
            for name in ("created", "modified"):
                assert RFC_1123.fullmatch(device[name])
                assert before <= parsedate_to_datetime(device[name]) <= datetime.now(UTC)
        assert {number: devices[number]["k"] for number in KEYS} == KEYS
        assert page.document("/user/632/devices/") == found
        changed = network()
        changed["settings"] = {"seemetrix_online_s": 7200}
        services.catalogue.apply(changed)
        assert states(page.document("/user/632/devices/"))["online"] == [3024, 3027]


def test_a_listed_key_sends_for_its_device_alone_and_reads_nothing(page):
    (device,) = page.document("/user/632/devices/", key=NARROW_KEY)["offline"]
    assert device["d"] == 3027
    head = {"Authorization": f"Bearer {device['k']}"}

    def send(sensor):
        row = view(sensor, "2019-01-01T00:00:00Z", id="sent with the device's key")
        return page.post("/v1/observations?wait=visible", json=[row], headers=head).json()

    assert send(3027)["accepted"] == 1
    assert send(3024)["accepted"] == 0
    assert page.get("/v1/catalogue", headers=head).status_code == 403
    assert page.ask("/user/632/devices/", key=device["k"]).status_code == 401


def test_whoever_sees_less_is_shown_less(page):
    seen = {
        key: sorted(
            number
            for numbers in states(page.document(f"/user/{user}/devices/", key=key)).values()
            for number in numbers
        )
        for user, key in ((632, NARROW_KEY), (371, OTHER_KEY))
    }
    assert seen == {NARROW_KEY: [3027], OTHER_KEY: [1842]}
    assert page.document("/user/371/devices/", key=OTHER_KEY)["offline"][0]["acl"] == [371]
    assert page.ask("/user/632/devices/", key=OTHER_KEY).status_code == 403


def test_who_looks_at_the_dashboard_sees_devices_without_their_keys(tmp_path):
    with running(tmp_path / "data") as (services, _):
        viewer = Credential(-1, 632, "native", "viewer@example.com", frozenset({"read"}), None, None)
        asking = ask(App(services), viewer, method="GET", path="/api/user/632/devices/")
        found = orjson.loads(asyncio.run(asking).body)
        assert [device["k"] for device in (*found["offline"], *found["frozen"])] == [""] * 4
        assert not [one for one in services.catalogue.current().credentials.values() if one.sensor_id]


def test_no_list_is_missing_where_there_are_no_devices(tmp_path):
    with running(tmp_path / "data", catalogue(brands=[])) as (_, page):
        empty = {"frozen": [], "frozen_total": 0, "offline": [], "offline_total": 0, "online": [], "online_total": 0}
        assert page.document("/user/632/devices/") == empty
        assert page.document("/user/632/counters")["dev_num"] == 0
        assert page.document("/statistics/user/632/", last_week="")["objects"] == []


def test_keys_and_times_survive_a_restart_and_a_backup(tmp_path):
    def devices(page):
        return page.document("/user/632/devices/")

    with running(tmp_path / "data") as (services, page):
        before = devices(page)
        backup(services, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "again")
    for folder in ("data", "again"):
        with running(tmp_path / folder) as (_, page):
            assert devices(page) == before


def test_keys_whose_server_key_is_lost_are_left_out_until_they_are_given_again(tmp_path, caplog):
    def keys(page):
        found = page.document("/user/632/devices/")
        return {device["d"]: device["k"] for name in ("online", "offline", "frozen") for device in found[name]}

    with running(tmp_path / "data", network()) as (_, page):
        before = keys(page)
    (tmp_path / "data" / "server.key").unlink()
    with running(tmp_path / "data", other_account()) as (services, page):
        assert keys(page) == dict.fromkeys(before, "")
        assert "4 keys of sensors cannot be shown: the secret of the native credential" in caplog.text
        head = {"Authorization": f"Bearer {before[3027]}"}
        sent = page.post("/v1/observations?wait=visible", json=[view(3027, "2019-02-01T00:00:00Z")], headers=head)
        assert sent.json()["accepted"] == 1
        held = services.catalogue.current().credentials.values()
        services.catalogue.revoke(next(one.id for one in held if one.name == "sensor-3027-device"))
        services.catalogue.apply(network())
        after = keys(page)
        assert {number: after[number] for number in KEYS} == KEYS
        assert after[3026] == ""
        assert re.fullmatch("[0-9a-f]{32}", after[3027])
        assert after[3027] != before[3027]


def test_a_new_device_is_in_the_next_list(opened, page):
    more = catalogue()
    more["brands"][0]["sites"][1]["sensors"].append(screen(3050))
    opened.catalogue.apply(more)
    assert 3050 in states(page.document("/user/632/devices/"))["offline"]
    assert httpx.get(f"{page.base_url}/api/user/632/devices/?key=no").status_code == 401
