import httpx
import pytest
from tests.support.networks import OTHER_KEY, other_network

ROWS = [
    {"kind": "visit", "sensor": 3024, "start": "2026-01-01T00:00:00Z", "duration_ms": -1},
    {"kind": "visit", "sensor": "door-2", "start": "2026-01-01T00:00:00Z", "duration_ms": -2},
    {"kind": "visit", "sensor": "nobody", "start": "2026-01-01T00:00:00Z", "duration_ms": 1},
    {"kind": "visit", "start": "2026-01-01T00:00:00Z"},
]


@pytest.fixture
def refused(client):
    answer = client.post("/v1/observations", json=ROWS)
    assert [one["index"] for one in answer.json()["rejected"]] == [0, 1, 2, 3]
    return answer.json()["rejected"]


def indexes(answer):
    assert answer.status_code == 200, answer.text
    return [one["index"] for one in answer.json()["rejected"]]


def test_refused_rows_are_kept_as_they_were_sent(client, refused):
    kept = client.get("/v1/rejected").json()
    assert kept["next"] is None
    assert [one["row"] for one in kept["rejected"]] == ROWS
    assert [{"index": one["index"], "error": one["error"]} for one in kept["rejected"]] == refused
    assert {one["source"] for one in kept["rejected"]} == {"native"}


def test_filters_and_pages(client, refused):
    cases = [
        ({"sensor": "3024"}, [0]),
        ({"sensor": "door-1"}, [0]),
        ({"sensor": "3026"}, [1]),
        ({"sensor": "nobody"}, [2]),
        ({"start": "2100-01-01T00:00:00Z"}, []),
        ({"end": "2020-01-01T00:00:00Z"}, []),
        ({"start": "2020-01-01T00:00:00Z", "end": "2100-01-01T00:00:00Z"}, [0, 1, 2, 3]),
    ]
    for parameters, expected in cases:
        assert indexes(client.get("/v1/rejected", params=parameters)) == expected, parameters
    seen, after = [], 0
    while after is not None:
        page = client.get("/v1/rejected", params={"limit": 3, "after": after})
        seen += indexes(page)
        after = page.json()["next"]
    assert seen == [0, 1, 2, 3]


def test_a_credential_sees_the_rows_of_its_sensors(url, refused):
    with httpx.Client(base_url=url) as http:

        def seen(key):
            return indexes(http.get("/v1/rejected", headers={"Authorization": f"Bearer {key}"}))

        assert seen("psb_reader") == [0, 1, 2, 3]
        assert seen("psb_site_2") == [1]


def test_another_account_sees_nothing_of_it(services, url, refused):
    services.catalogue.apply(other_network())
    answer = httpx.get(f"{url}/v1/rejected", headers={"Authorization": f"Bearer {OTHER_KEY}"})
    assert indexes(answer) == []
