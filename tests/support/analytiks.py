"""A network and a client of the Analytiks dialect, as a customer's program would be one."""

import contextlib

import httpx
from tests.support.servers import serving

from passerby.services import open_services

KEY = "psb_analytiks_tests"
READ_KEY = "psb_analytiks_reader"
SEND_KEY = "psb_analytiks_sender"
AUDIENCE = "https://gql.analytiks.ai"
POI_1 = "11111111-1111-1111-1111-111111111111"
POI_2 = "22222222-2222-2222-2222-222222222222"


def catalogue():
    """Account 632. Client `demo` sees sites 1, 2 and 3 of brand 1234; `all` sees every site of the account.

    Sensor 10 * n stands in site n, with entrance line 1.
    """
    sites = [
        site(1, "America/New_York", reference="US0658", zones=(POI_1, POI_2)),
        site(2, "Europe/Zurich", reference="FR2561"),
        site(3, "Australia/Lord_Howe"),
        site(4, "Asia/Kathmandu", reference="NP0004"),
    ]
    return {
        "account": {"id": 632, "name": "Acme"},
        "credentials": [
            {"dialect": "analytiks", "client_id": "demo", "client_secret": "demo-secret", "sites": [1, 2, 3]},
            {"dialect": "analytiks", "client_id": "all", "client_secret": "all-secret"},
            {"dialect": "native", "name": "tests", "key": KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "native", "name": "reader", "key": READ_KEY, "scopes": ["read"]},
            {"dialect": "native", "name": "sender", "key": SEND_KEY, "scopes": ["ingest"]},
        ],
        "brands": [
            {"id": 1234, "name": "Acme Stores", "sites": sites},
            {"id": 1235, "name": "Acme Outlets", "sites": [site(5, "UTC", reference="US0658")]},
        ],
    }


def other_catalogue():
    """Account 633 with a brand and a site of its own."""
    return {
        "account": {"id": 633, "name": "Other"},
        "credentials": [{"dialect": "analytiks", "client_id": "other", "client_secret": "other-secret"}],
        "brands": [{"id": 2000, "name": "Elsewhere", "sites": [site(90, "UTC", reference="XX0001")]}],
    }


def site(number, timezone, *, reference=None, zones=()):
    sensor = {
        "id": number * 10,
        "uid": f"camera-{number}",
        "name": f"Camera {number}",
        "lines": [{"id": 1, "name": "Door", "entrance": True, "points": [[0, 0], [1, 1]]}],
        "zones": [
            {"id": 10 + i, "uid": uid, "name": f"Shelf {i}", "polygon": [[0, 0], [9, 0], [9, 9], [0, 9]]}
            for i, uid in enumerate(zones, 1)
        ],
    }
    made = {"id": number, "name": f"Site {number}", "timezone": timezone, "sensors": [sensor]}
    return made | ({"reference": reference} if reference else {})


@contextlib.contextmanager
def running(folder, *documents):
    """A Passerby in `folder` with these catalogues, behind a real port: (services, http client)."""
    services = open_services(folder)
    try:
        for document in documents:
            services.catalogue.apply(document)
        with serving(services) as url, httpx.Client(base_url=url, timeout=60) as http:
            yield services, http
    finally:
        services.close()


def send(http, observations):
    """Post observations and wait until queries see them."""
    answer = http.post(
        "/v1/observations", params={"wait": "visible"}, json=observations, headers={"Authorization": f"Bearer {KEY}"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


def visits(sensor, *starts, seconds=60):
    return [{"kind": "visit", "sensor": sensor, "start": start, "duration_ms": seconds * 1000} for start in starts]


def devices(sensor, *starts, seconds=600, rssi=-50, device=None, zone=None):
    """WiFi visits; each of a device of its own unless one is named."""
    return [
        {
            "kind": "wifi_visit",
            "sensor": sensor,
            "start": start,
            "duration_ms": seconds * 1000,
            "device": device or f"phone {i}, {start}, {seconds}, {rssi}",
            "rssi": rssi,
        }
        | ({"zone": zone} if zone else {})
        for i, start in enumerate(starts)
    ]


def credentials(client_id, secret, **changes):
    return {
        "client_id": client_id,
        "client_secret": secret,
        "audience": AUDIENCE,
        "grant_type": "client_credentials",
    } | changes


class Program:
    """A customer's program: it has a token and asks for exports, of the cameras or of WiFi."""

    def __init__(self, http, client_id="demo", secret=None, *, page="json"):
        self.http = http
        self.page = page
        answer = http.post("/", json=credentials(client_id, secret or f"{client_id}-secret"))
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def ask(self, version, **body):
        return self.http.post(f"/{self.page}/v{version}", json=body, headers=self.headers)

    def day(self, version, date, z="Z", **body):
        """Ask for the 24 hours of a date."""
        return self.ask(version, startDate=f"{date}T00:00:00.000{z}", endDate=f"{date}T23:59:59.999{z}", **body)

    def graphql(self, query, **variables):
        return self.http.post("/v1/graphql", json={"query": query, "variables": variables}, headers=self.headers)
