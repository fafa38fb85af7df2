"""A network of screens, and a client as a customer's page would be one."""

import contextlib

import httpx
from tests.support.servers import serving

from passerby.services import open_services

KEY = "psb_seemetrix_tests"
USER_KEY = "d482d4c3c4bd4dd796abccf726ae1266"
NARROW_KEY = "42208b8df38b4e97878ce00fa765bc38"
OTHER_KEY = "8b00aa55853f403186b5678fde019750"
USER = 632


def catalogue(**changes):
    """User 632 with devices 3024, 3026 (site 1) and 3027 (site 2, narrow), and a frozen one; movies 8482 and 9457."""
    return {
        "account": {"id": USER, "name": "Acme"},
        "credentials": [
            {"dialect": "native", "name": "tests", "key": KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "seemetrix", "name": "user", "user_key": USER_KEY},
            {"dialect": "seemetrix", "name": "narrow", "user_key": NARROW_KEY, "sites": [2]},
        ],
        "contents": [
            {"id": 8482, "content_id": "spring", "name": "Spring"},
            {"id": 9457, "content_id": "summer", "name": "Summer"},
        ],
        "brands": [
            {
                "id": 1234,
                "name": "Screens",
                "sites": [
                    {
                        "id": 1,
                        "name": "Mall",
                        "timezone": "Europe/Zurich",
                        "sensors": [screen(3024), screen(3026), screen(3035, active=False)],
                    },
                    {"id": 2, "name": "Station", "timezone": "Asia/Kathmandu", "sensors": [screen(3027)]},
                ],
            }
        ],
        **changes,
    }


def other_account():
    """User 371 with device 1842."""
    site = {"id": 90, "name": "Elsewhere", "timezone": "UTC", "sensors": [screen(1842)]}
    return {
        "account": {"id": 371, "name": "Other"},
        "credentials": [{"dialect": "seemetrix", "name": "other", "user_key": OTHER_KEY}],
        "brands": [{"id": 2000, "name": "Other", "sites": [site]}],
    }


def screen(number, **more):
    return {"id": number, "uid": f"screen-{number}", "name": f"Device #{number}", **more}


@contextlib.contextmanager
def running(folder, *documents):
    """A Passerby in `folder` with these catalogues, behind a real port: (services, client)."""
    services = open_services(folder)
    try:
        for document in documents or (catalogue(), other_account()):
            services.catalogue.apply(document)
        with serving(services) as url, Page(url) as page:
            yield services, page
    finally:
        services.close()


def view(sensor, start, ms=1000, attention=None, **more):
    """Somebody who looked for the whole time unless it is said for how long."""
    looked = {} if "attention" in more else {"attention_ms": ms if attention is None else attention}
    return {"kind": "view", "sensor": sensor, "start": start, "duration_ms": ms, **looked, **more}


class Page(httpx.Client):
    """Somebody's page: asks with the key of the user in the address, or another one."""

    def __init__(self, url):
        super().__init__(base_url=url, timeout=30)

    def ask(self, path, prefix="/api", **query):
        return self.get(f"{prefix}{path}", params={"key": USER_KEY, **query})

    def document(self, path, **query):
        answer = self.ask(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def observe(self, observations):
        """Post observations and wait until queries see them."""
        head = {"Authorization": f"Bearer {KEY}"}
        answer = self.post("/v1/observations?wait=visible", json=observations, headers=head)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rejected"] == []
