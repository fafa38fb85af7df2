"""The document's own network, and a client that polls as the document's curl calls do."""

import time

import httpx

USER = ("demo", "demo-token")
KEY = "psb_quividi_test"

GENDERS = ("unknown", "male", "female")
AGES = ("unknown", "child", "young", "adult", "senior")


def catalogue(vehicle_factors=None):
    """Locations of the document's examples in zones that have no clock change on their days."""
    new_york = [1056, 1467, 8264, 8866, 9876, 38918, 60628]
    return {
        "account": {"id": 632, "name": "Acme"},
        "credentials": [
            {"dialect": "native", "key": KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "quividi", "username": USER[0], "token": USER[1]},
            {"dialect": "quividi", "username": "narrow", "token": "narrow-token", "sites": [178]},
        ],
        "settings": {"quividi_calls_per_minute": 0},
        "contents": [
            {"id": 8482, "content_id": "my_very_own_content_id", "app_id": "my_app_id", "name": "Spring"},
            {
                "id": 8483,
                "content_id": "another_content_id",
                "app_id": "my_app_id",
                "campaign_id": "A campaign id",
                "name": "Summer",
            },
            {"id": 8484, "content_id": "content one", "name": "One"},
        ],
        "brands": [
            {
                "id": 55,
                "name": "Screens",
                "tags": [
                    {"id": 7, "label": "my special tag", "of": "sites"},
                    {"id": 8, "label": "window", "of": "sensors"},
                    {"id": 9, "label": "50% é/ü+a//b", "of": "sites"},
                    {"id": 10, "label": "indoor/left", "of": "sensors"},
                ],
                "sites": [
                    site(177, "America/New_York", new_york, factors=vehicle_factors),
                    site(178, "Europe/Paris", [4636], tags=[7], factors=vehicle_factors),
                    site(179, "Asia/Kathmandu", [26549], tags=[9], lines=True),
                ],
            }
        ],
    }


def site(number, zone, sensors, *, tags=(), lines=False, factors=None):
    """A site whose sensors have no drawings, or one gate."""
    gate = [{"id": 1, "uid": f"gate-{number}", "name": "Gate", "points": [[0, 0], [1, 1]]}] if lines else []
    return {
        "id": number,
        "name": f"Site {number}",
        "timezone": zone,
        "tags": list(tags),
        "vehicle_factors": factors or {},
        "sensors": [
            {
                "id": sensor,
                "uid": f"location-{sensor}",
                "name": f"Location {sensor}",
                "lines": gate,
                "tags": {8264: [8], 9876: [10]}.get(sensor, []),
                "expert": sensor != 8264,
            }
            for sensor in sensors
        ],
    }


def other_account():
    """Another account with a location of its own."""
    return {
        "account": {"id": 633, "name": "Other"},
        "credentials": [{"dialect": "quividi", "username": "other", "token": "other-token"}],
        "brands": [{"id": 56, "name": "Other", "sites": [site(190, "UTC", [9000])]}],
    }


def send(url, observations):
    """Post observations and wait until queries see them."""
    headers = {"Authorization": f"Bearer {KEY}"}
    answer = httpx.post(f"{url}/v1/observations?wait=visible", json=observations, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


class VidiCenter:
    """Somebody's program: asks, waits, asks again."""

    def __init__(self, url, user=USER):
        self.http = httpx.Client(base_url=url, auth=user, timeout=30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.close()

    def ask(self, **parameters):
        """One call of `data/`."""
        return self.http.get("/api/v1/data/", params=parameters)

    def export(self, **parameters):
        """The rows, after as many calls as it takes; the states on the way are those of the document."""
        answer = self.ask(**parameters)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"state": "started"}
        parameters.pop("force_rebuild", None)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            document = self.ask(**parameters).json()
            if document["state"] == "finished":
                assert list(document) == ["state", "data", "creation_date"]
                return document["data"]
            assert document["state"] == "in_progress", document
            assert list(document) == ["state", "creation_date"]
            time.sleep(0.02)
        raise AssertionError("the export is not finished")
