"""Real recordings through the command line into a running server, and out again where customers' programs read.

The folder with the recordings is named by PASSERBY_REALDATA; each has a SOURCE.md that says where it comes from,
under which licence, and the numbers expected here.
"""

import csv
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

FOLDER = os.environ.get("PASSERBY_REALDATA", "")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER, reason="PASSERBY_REALDATA names no folder with recordings"),
]

DATA = Path(FOLDER)
KEY = "psb_realdata"
# One sensor, of a site of its own, per recording. Sites are numbered as their sensors.
ZARA_01, ZARA_02, CALIT2, MOT_09, MOT_09_TRACKER, MOT_02 = range(1, 7)
ZONES = {CALIT2: "America/Los_Angeles"}
DOORS = {
    ZARA_01: [[-400, 45], [-330, 45], [-330, 200]],
    ZARA_02: [[-400, 45], [-330, 45], [-330, 200]],
    CALIT2: [[0, 0], [1, 0]],
}
START = ["--start", "2026-03-02T10:00:00+01:00"]


def site_of(number):
    sensor = {"id": number, "uid": f"sensor-{number}", "name": f"Sensor {number}"}
    if number in DOORS:
        sensor["lines"] = [
            {"id": 1, "uid": f"door-{number}", "name": "Door", "entrance": True, "points": DOORS[number]},
        ]
    zone = ZONES.get(number, "Europe/Zurich")
    return {"id": number, "name": f"Site {number}", "timezone": zone, "sensors": [sensor]}


def catalogue():
    return {
        "account": {"id": 1, "name": "Recordings"},
        "credentials": [
            {"dialect": "native", "key": KEY, "scopes": ["ingest", "read"]},
            {"dialect": "analytiks", "client_id": "demo", "client_secret": "demo-secret"},
        ],
        "brands": [{"id": 1, "name": "Recordings", "sites": [site_of(number) for number in range(1, 7)]}],
    }


@pytest.fixture(scope="module")
def url(server):
    return server(catalogue()).url


@pytest.fixture(scope="module")
def load(url):
    """Runs `passerby import` as a person would; what it printed."""

    def run(file, *arguments):
        command = [sys.executable, "-c", "from passerby.cli import main; main()", "import", str(file)]
        ended = subprocess.run(
            [*command, *map(str, arguments), "--url", url],
            capture_output=True,
            text=True,
            env={**os.environ, "PASSERBY_KEY": KEY},
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


@pytest.fixture(scope="module")
def analytiks(url):
    """Asks the Analytiks v1 export for sums by metric and label over one site."""
    with httpx.Client(base_url=url, timeout=60) as client:
        body = {
            "client_id": "demo",
            "client_secret": "demo-secret",
            "audience": "https://gql.analytiks.ai",
            "grant_type": "client_credentials",
        }
        token = client.post("/", json=body).raise_for_status().json()["access_token"]

        def ask(site, start, end, **more):
            answer = client.post(
                "/json/v1",
                json={"startDate": start, "endDate": end, "locations": [site], **more},
                headers={"Authorization": f"Bearer {token}"},
            )
            (location,) = answer.raise_for_status().json()
            assert location["locationId"] == site
            return location

        yield ask


@pytest.fixture(scope="module")
def metrics(url):
    """Asks `GET /v1/metrics`: {label: value} of one site."""
    with httpx.Client(base_url=url, timeout=60, headers={"Authorization": f"Bearer {KEY}"}) as client:

        def ask(metric, **parameters):
            answer = client.get("/v1/metrics", params={"metric": metric, "timezone": "site", **parameters})
            (series,) = answer.raise_for_status().json()["series"]
            return dict(series["points"])

        yield ask


@pytest.fixture(scope="module")
def zara(load):
    """Both shop fronts, each imported twice: the second time everything is held already."""
    shown = {}
    for site, name in ((ZARA_01, "zara01"), (ZARA_02, "zara02")):
        arguments = ("--format", "tracks-csv", "--sensor", site, *START, "--fps", 25)
        shown[site] = [load(DATA / "zara" / name / "tracks.csv", *arguments) for _ in range(2)]
    return shown


# Track by track: those that enter give a visit and a crossing, those that leave a crossing, the others a passage,
# but for one of zara02 that stays inside.
@pytest.mark.parametrize(("site", "rows", "numbers"), [(ZARA_01, 11193, (9, 5, 134)), (ZARA_02, 20905, (29, 20, 154))])
def test_shop_fronts(zara, analytiks, site, rows, numbers):
    visits, outs, walk_bys = numbers
    observations = 2 * visits + outs + walk_bys
    assert zara[site] == [
        f"{rows} rows read; accepted {observations}, duplicates 0, rejected 0\n",
        f"{rows} rows read; accepted 0, duplicates {observations}, rejected 0\n",
    ]
    location = analytiks(site, "2026-03-02T09:00:00.000Z", "2026-03-02T10:00:00.000Z", interval="15min")
    assert sum(location["visits"].values()) == visits
    assert sum(location["allVisits"].values()) == visits
    assert sum(location["walkBys"].values()) == walk_bys
    assert min(location["visits"]) == "2026-03-02T09:00:00Z"


@pytest.fixture(scope="module")
def calit2(load):
    arguments = ("--format", "counts-csv", "--sensor", CALIT2, "--line", 1, "--every", "30m")
    return load(DATA / "calit2" / "counts.csv", *arguments, "--timezone", "America/Los_Angeles")


def file_days(column):
    days = Counter()
    with (DATA / "calit2" / "counts.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            days[row["start"][:10]] += int(row[column])
    return days


def test_a_building_for_15_weeks_through_the_clock_change(calit2, analytiks):
    assert calit2 == "5040 rows read; accepted 5040, duplicates 0, rejected 0\n"
    found = Counter()
    first, days = date(2005, 7, 24), 105
    for offset in range(0, days, 5):
        start, end = first + timedelta(days=offset), first + timedelta(days=min(offset + 5, days) - 1)
        # Whole buckets: the hour of the end belongs to the answer.
        location = analytiks(CALIT2, f"{start}T00:00:00.000", f"{end}T23:00:00.000")
        for label, value in location.get("allVisits", {}).items():
            found[label[:10]] += value
    expected = file_days("in")
    assert expected["2005-10-30"] > 0
    assert sum(expected.values()) == 19_597
    assert +found == +expected


@pytest.mark.parametrize(
    ("site", "arguments", "people"),
    [
        (MOT_09, ["MOT17-09-FRCNN/gt/gt.txt"], 26),
        (MOT_02, ["MOT17-02-FRCNN/gt/gt.txt"], 62),
        (MOT_09_TRACKER, ["MOT17-09-FRCNN/tracker_MPNTrack/MOT17-09-FRCNN.txt", "--fps", 30], 23),
    ],
)
def test_a_street_without_lines(load, analytiks, site, arguments, people):
    shown = load(DATA / "mot17" / arguments[0], "--format", "mot", "--sensor", site, *START, *arguments[1:])
    assert f"; accepted {people}, duplicates 0, rejected 0\n" in shown
    location = analytiks(site, "2026-03-02T09:00:00.000Z", "2026-03-02T09:00:00.000Z")
    assert location["walkBys"] == {"2026-03-02T09:00:00Z": people}
    assert "visits" not in location


@pytest.mark.parametrize(("site", "visits", "outs", "walk_bys"), [(ZARA_01, 9, 5, 134), (ZARA_02, 29, 20, 154)])
@pytest.mark.usefixtures("zara")
def test_shop_fronts_in_native_metrics(metrics, site, visits, outs, walk_bys):
    day = {"site": site, "start": "2026-03-02T00:00:00", "end": "2026-03-03T00:00:00", "bucket": "1d"}
    assert metrics("visits", **day) == {"2026-03-02T00:00:00+01:00": visits}
    assert metrics("walk_bys", **day) == {"2026-03-02T00:00:00+01:00": walk_bys}
    line = {name: value for name, value in day.items() if name != "site"} | {"line": f"{site}/1"}
    assert metrics("line_in", **line) == {"2026-03-02T00:00:00+01:00": visits}
    assert metrics("line_out", **line) == {"2026-03-02T00:00:00+01:00": outs}


@pytest.mark.usefixtures("calit2")
@pytest.mark.parametrize(("metric", "column", "total"), [("line_in", "in", 19_597), ("line_out", "out", 18_837)])
def test_the_building_by_local_days(metrics, metric, column, total):
    points = metrics(
        metric, line=f"{CALIT2}/1", start="2005-07-24T00:00:00", end="2005-11-06T00:00:00", bucket="1d", fill="zero"
    )
    found = {label[:10]: value for label, value in points.items()}
    expected = file_days(column)
    assert found == {day: expected[day] for day in expected}
    assert sum(found.values()) == total
    lengths = {label[-6:] for label in points if label[:10] <= "2005-10-30"}
    assert lengths == {"-07:00"}
