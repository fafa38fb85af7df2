"""A day of two WiFi sniffers, through the command line, against a twin that knows nothing of Passerby.

The twin is `docs/pictures/wifi_addresses.py`, which also draws the picture of the documentation: the picture, the page
beside it and Passerby's answers are the same numbers.
"""

import importlib.util
import os
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

FOLDER = os.environ.get("PASSERBY_REALDATA", "")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not FOLDER, reason="PASSERBY_REALDATA names no folder with recordings"),
]

ROOT = Path(__file__).parents[2]
_SPEC = importlib.util.spec_from_file_location("wifi_addresses", ROOT / "docs" / "pictures" / "wifi_addresses.py")
twin = importlib.util.module_from_spec(_SPEC)
sys.modules["wifi_addresses"] = twin  # dataclasses look their module up
_SPEC.loader.exec_module(twin)

KEY = "psb_brno"
PAGE = (ROOT / "docs" / "explanation" / "wifi-accuracy.md").read_text()
# One site for each of the settings that the page speaks of, by its number.
SETTINGS = {
    1: {},
    2: {"wifi_session_gap_s": 60},
    3: {"wifi_session_gap_s": 1800},
    4: {"wifi_visit_rssi": -85},
    5: {"wifi_visit_rssi": -65},
    6: {"wifi_randomized": "drop"},
    7: {"wifi_randomized": "visits_only"},
}
NAMES = {
    "visits": "visits",
    "bounces": "bounces",
    "allVisits": "all_visits",
    "walkBys": "walk_bys",
    "dwellTime": "dwell_time",
    "newVisitors": "new_visitors",
    "returningVisitors": "returning_visitors",
    "under15Mins": "under_15",
    "from15To30Mins": "15_30",
    "from30To45Mins": "30_45",
    "from45To60Mins": "45_60",
    "over60Mins": "over_60",
}


def catalogue():
    sites = [
        {
            "id": number,
            "name": f"Laboratory {number}",
            "timezone": "Europe/Prague",
            "settings": settings,
            "sensors": [{"id": number * 10 + place, "uid": f"sniffer-{number}-{place}"} for place in (1, 2)],
        }
        for number, settings in SETTINGS.items()
    ]
    return {
        "account": {"id": 1, "name": "Brno"},
        "credentials": [
            {"dialect": "native", "key": KEY, "scopes": ["ingest", "read"]},
            {"dialect": "analytiks", "client_id": "demo", "client_secret": "demo-secret"},
        ],
        "brands": [{"id": 1, "name": "Brno", "sites": sites}],
    }


@pytest.fixture(scope="module")
def frames():
    return twin.frames(Path(FOLDER))


@pytest.fixture(scope="module")
def url(server):
    """A server that has the recording at every site."""
    running = server(catalogue())
    for number in SETTINGS:
        first, second = (Path(FOLDER) / "wifi_probe_brno" / name for name in twin.FILES)
        imported(running.url, first, number * 10 + 1, "--keep-open")
        imported(running.url, second, number * 10 + 2)
    everything_seen(running.url)
    return running.url


def everything_seen(url):
    """Wait until queries see the visits of all that was sent."""
    answer = httpx.post(
        f"{url}/v1/sightings",
        params={"wait": "visible"},
        headers={"Authorization": f"Bearer {KEY}"},
        json=[],
        timeout=60,
    )
    assert answer.status_code == 200, answer.text


def of_site(frames, number):
    """(sessions of the twin, strength of a visit) under the settings of a site."""
    settings = SETTINGS[number]
    heard = [one for one in frames if not (one.made_up and settings.get("wifi_randomized") == "drop")]
    made = twin.sessions(heard, settings.get("wifi_session_gap_s", twin.GAP_S))
    return made, settings.get("wifi_visit_rssi", twin.RSSI)


def expected(made, rssi, number):
    """The twelve metrics by local hour, counted one by one."""
    maps = {name: defaultdict(int) for name in NAMES}
    for one in made:
        hour = one.first.replace(minute=0, second=0, microsecond=0).isoformat()
        if one.rssi < rssi:
            maps["walkBys"][hour] += 1
            continue
        maps["allVisits"][hour] += 1
        if one.seconds < twin.BOUNCE_S:
            maps["bounces"][hour] += 1
            continue
        maps["visits"][hour] += 1
        maps["dwellTime"][hour] += round(one.seconds * 1000)
        quarter = min(int(one.seconds // 900), 4)
        maps[("under15Mins", "from15To30Mins", "from30To45Mins", "from45To60Mins", "over60Mins")[quarter]][hour] += 1
        if one.made_up and SETTINGS[number].get("wifi_randomized") == "visits_only":
            continue
        before = any(
            other.address == one.address and other.first < one.first and other.first.date() == one.first.date()
            for other in made
        )
        maps["returningVisitors" if before else "newVisitors"][hour] += 1
    return {name: dict(found) for name, found in maps.items() if found}


@pytest.fixture(scope="module")
def ask(url):
    """Asks a version of the WiFi exports about the two days, in local time."""
    credentials = {
        "client_id": "demo",
        "client_secret": "demo-secret",
        "audience": "https://gql.analytiks.ai",
        "grant_type": "client_credentials",
    }
    token = httpx.post(f"{url}/", json=credentials).json()["access_token"]

    def post(version, **where):
        body = {"startDate": "2024-02-08T00:00:00", "endDate": "2024-02-10T00:00:00", **where}
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx.post(f"{url}/wifi/json/{version}", headers=headers, json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return post


@pytest.mark.parametrize("number", SETTINGS)
def test_the_wifi_exports_equal_the_twin(ask, frames, number):
    wanted = {"locationId": number, **expected(*of_site(frames, number), number)}
    assert ask("v1", locations=[number]) == [wanted]
    assert ask("v2", locations=[number, 99])["successes"] == [wanted]
    assert ask("v3", brandId=1)["data"][number - 1] == wanted
    (complete,) = ask("v4", locations=[number])
    hours = [f"2024-02-{day:02}T{hour:02}:00:00" for day in (8, 9) for hour in range(24)] + ["2024-02-10T00:00:00"]
    for name in NAMES:
        assert complete[name] == {hour: wanted.get(name, {}).get(hour, 0) for hour in hours}, name


@pytest.mark.parametrize("number", SETTINGS)
def test_the_metrics_equal_the_twin(url, frames, number):
    answer = httpx.get(
        f"{url}/v1/metrics",
        params={
            "metric": [f"wifi_{name}" for name in NAMES.values()],
            "site": number,
            "start": "2024-02-08T00:00:00",
            "end": "2024-02-10T00:00:00",
            "timezone": "Europe/Prague",
            "bucket": "1h",
        },
        headers={"Authorization": f"Bearer {KEY}"},
        timeout=60,
    ).json()
    names = {f"wifi_{native}": name for name, native in NAMES.items()}
    found = {
        names[one["metric"]]: {label[:19]: number for label, number in one["points"] if number}
        for one in answer["series"]
    }
    assert {name: points for name, points in found.items() if points} == expected(*of_site(frames, number), number)


def test_the_page_says_what_was_found(frames):
    """Every number of the page's table and text that is counted."""
    visits = {
        number: sum(one.visits(rssi) for one in made) for number in SETTINGS for made, rssi in [of_site(frames, number)]
    }
    for phrase in (
        f"{visits[2]} visits at 60 s",
        f"{visits[3]} visits at 1,800 s, against {visits[1]}",
        f"{visits[4]} visits at -85 dBm",
        f"{visits[5]} at -65 dBm",
        f"{visits[6]} of the {visits[1]} visits remain",
        f"{len(frames):,} probe requests",
        f"{len({one.address for one in frames}):,}. Of these {len({one.address for one in frames if one.made_up}):,}",
        f"{len({one.address for one in frames if not one.made_up})} addresses were not made up",
        f"{sum(one.rssi >= twin.RSSI for one in twin.sessions(frames))} visits at 0 s",
    ):
        assert phrase in PAGE, phrase
    rows = twin.over_time(frames)
    under_way = defaultdict(set)
    for people, addresses, visiting in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        assert (people["what"], addresses["what"], visiting["what"]) == ("people", "addresses", "visits")
        under_way[people["number"]].add(visiting["number"])
    assert max(row["number"] for row in rows[::3]) == max(one.people for one in frames) == 15
    for people in (15, 10):
        assert f"{min(under_way[people])} to {max(under_way[people])}" in PAGE


def test_a_session_of_the_twin_ends_at_the_gap(frames):
    one = frames[0]
    parts = [twin.Frame(one.at + timedelta(seconds=at), one.address, False, -60, 1) for at in (0, 599, 1199)]
    assert [made.seconds for made in twin.sessions(parts)] == [599, 0]


def imported(url, file, sensor, *options):
    """The command as an operator types it; it must not complain of anything."""
    command = [sys.executable, "-c", "from passerby.cli import main; main()", "import", str(file)]
    where = ["--format", "sightings-csv", "--timezone", "Europe/Prague", "--sensor", str(sensor), "--url", url]
    done = subprocess.run(
        [*command, *where, *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PASSERBY_KEY": KEY},
        check=False,
    )
    assert done.returncode == 0, done.stderr
