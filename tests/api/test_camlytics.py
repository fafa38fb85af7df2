"""Events that Camlytics posts to `/in/camlytics/<key>`, and what the service API and the metrics make of them."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from tests.ingest.producers.test_camlytics import CLOUD, DESKTOP
from tests.support import camlytics
from tests.support.camlytics import Program
from tests.support.networks import KEY

from passerby.maintenance.backup import backup, restore

JOIN = CLOUD
LEAVE = CLOUD | {"event_type": "RegionLeave", "event_time": "2000-01-23 04:58:07.500", "record_id": 9, "snapshot_id": 9}


class Camera:
    """Posts events, and reads what became of them."""

    def __init__(self, services, http):
        self.services = services
        self.http = http
        self.program = Program(http)

    def post(self, body):
        answer = self.http.post(f"/in/camlytics/{KEY}", content=json.dumps(body))
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == []
        self.services.loader.catch_up()

    def events(self):
        return [event["event_type"] for event in self.program.result("events")]

    def stays(self):
        asked = {"start": "2000-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z", "sensor": 3024}
        answer = self.http.get("/v1/observations/zone_visit", params=asked, headers=camlytics.NATIVE)
        assert answer.status_code == 200, answer.text
        return [(row["start"], row["duration_ms"]) for row in map(json.loads, answer.text.splitlines())]


@pytest.fixture
def camera(tmp_path):
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as opened:
        yield Camera(*opened)


STAY = [("2000-01-23T04:56:07.000Z", 120_500)]


@pytest.mark.parametrize("order", [(JOIN, LEAVE), (LEAVE, JOIN)])
def test_a_stay_in_either_order_of_arrival(camera, order):
    first, second = order
    camera.post([first])
    assert camera.events() == [first["event_type"]]
    assert camera.stays() == []
    ids = [event["id"] for event in camera.program.result("events")]
    camera.post([second])
    assert camera.events() == [first["event_type"], second["event_type"]]
    assert [event["id"] for event in camera.program.result("events")][:1] == ids
    assert camera.stays() == STAY
    assert {row["type"]: row["count"] for row in camera.program.result("totals/types")} == {
        "RegionJoin": 1,
        "RegionLeave": 1,
    }
    # Sent again, in one body: nothing new.
    camera.post([first, second, first])
    assert (len(camera.events()), camera.stays()) == (2, STAY)


@pytest.mark.parametrize("order", [(JOIN, LEAVE), (LEAVE, JOIN)])
def test_a_stay_across_a_restart(tmp_path, order):
    data = tmp_path / "data"
    for nonce, event in enumerate([order[0], *order], 1):
        with camlytics.running(data, camlytics.catalogue()) as opened:
            camera = Camera(*opened)
            camera.program.nonces = iter(range(nonce * 10, nonce * 10 + 10))
            camera.post([event])
            assert len(camera.events()) == (1 if nonce < 3 else 2)
    with camlytics.running(data) as opened:
        camera = Camera(*opened)
        camera.post([*order])
        assert camera.stays() == STAY


def test_a_stay_across_a_restore(tmp_path):
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as opened:
        Camera(*opened).post([JOIN])
        backup(opened[0], tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    with camlytics.running(tmp_path / "restored") as opened:
        camera = Camera(*opened)
        camera.post([LEAVE])
        assert camera.stays() == STAY


def test_a_stay_across_a_crash(server):
    def post(url, event):
        assert httpx.post(f"{url}/in/camlytics/{KEY}", content=json.dumps([event])).status_code == 200

    one = server(camlytics.catalogue())
    post(one.url, JOIN)
    one.kill()
    again = server(camlytics.catalogue(), data=one.data)
    post(again.url, LEAVE)
    assert again.stop() == 0
    with camlytics.running(one.data) as opened:
        assert Camera(*opened).stays() == STAY


def test_many_at_once_make_each_stay_once(camera):
    bodies = [[event | {"object_id": number}] for number in range(40) for event in (JOIN, LEAVE)]

    def post(body):
        with httpx.Client(base_url=camera.http.base_url) as http:
            return http.post(f"/in/camlytics/{KEY}", content=json.dumps(body)).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, bodies + bodies[::3])) == {200}
    camera.services.loader.catch_up()
    assert camera.stays() == STAY * 40
    assert len(camera.events()) == 80


def test_after_a_failure_the_facts_are_asked_again(camera):
    camera.post([JOIN])
    camera.services.stays.forget()
    camera.post([LEAVE])
    assert camera.stays() == STAY


def test_crossings_count_for_the_site(camera):
    camera.post(DESKTOP)
    asked = {"metric": ["all_visits", "line_in"], "site": 1, "line": "3024/1", "bucket": "1h"}
    span = {"start": "2020-09-24T00:00:00Z", "end": "2020-09-25T00:00:00Z"}
    answer = camera.http.get("/v1/metrics", params=asked | span, headers=camlytics.NATIVE).json()
    points = {series["metric"]: series["points"] for series in answer["series"]}
    assert points == {"all_visits": [["2020-09-24T03:00:00Z", 1]], "line_in": [["2020-09-24T03:00:00Z", 1]]}
    (event,) = camera.program.result("events")
    assert event["event_time"] == "2020-09-24T03:59:41.644+00:00"
    assert (event["origin"], event["object_id"], event["trigger_id"]) == ("Pedestrian", 12, "line-door-1")


def test_stays_are_in_the_histograms(camera):
    camera.post([JOIN, LEAVE])
    (row,) = camera.program.result("histograms")
    assert row["counting_data"] == [3479.5, 120.5]
    assert row["lifetime_data"] == [0, 0, 1]


def test_a_native_join_is_an_event_and_nothing_else(camera):
    event = {"kind": "event", "sensor": 3024, "trigger": 11, "object_id": 6, "at": "2000-01-23T04:56:07Z"}
    camlytics.send(camera.http, [event | {"type": "RegionJoin"}, event | {"type": "RegionLeave"}])
    assert camera.stays() == []
    assert camera.events() == ["RegionJoin", "RegionLeave"]


def test_a_foreign_channel_is_refused(camera):
    answer = camera.http.post("/in/camlytics/psb_site_2", content=json.dumps([JOIN]))
    assert answer.json() == {
        "accepted": 0,
        "rejected": [{"index": 0, "error": "channel_id: no sensor has the uid 'door-1'"}],
        "ignored": {},
    }
