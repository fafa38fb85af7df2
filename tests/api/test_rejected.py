import httpx
import pytest
from tests.support.networks import KEY, OTHER_KEY, network, other_network, sensor

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


# -- taking them again

LATER = [
    {"kind": "visit", "sensor": uid, "start": "2026-01-01T00:00:00Z", "duration_ms": 1} for uid in ("new", "newer")
]


@pytest.fixture
def mended(client, services):
    """Rows of two sensors that nobody knew; now one of them is in the catalogue, at site 2."""
    assert client.post("/v1/observations", json=[*LATER, *ROWS]).json()["accepted"] == 0
    document = network()
    document["brands"][0]["sites"][1]["sensors"].append(sensor(3050, "new"))
    services.catalogue.apply(document)
    services.catalogue.apply(other_network())


def replayed(url, key, **parameters):
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{url}/v1/rejected/replay", headers=headers, params=parameters, timeout=30)


def test_what_is_mended_is_accepted_and_the_rest_says_why_it_is_not(client, url, services, mended):
    ids = [one["id"] for one in client.get("/v1/rejected").json()["rejected"]]
    answer = replayed(url, KEY).json()
    left = client.get("/v1/rejected").json()["rejected"]
    assert (answer["accepted"], answer["next"]) == (1, None)
    assert [one["id"] for one in left] == ids[1:]
    assert answer["rejected"] == [{"id": one["id"], "error": one["error"]} for one in left]
    services.loader.wait_visible(services.journal.last_entry).result(timeout=30)
    (row,) = client.get("/v1/observations/visit").text.splitlines()
    assert '"sensor":3050' in row
    assert replayed(url, KEY).json()["accepted"] == 0


def test_pages_and_filters_of_the_replay(url, mended):
    first = replayed(url, KEY, limit=4).json()
    assert (first["accepted"], len(first["rejected"])) == (1, 3)
    rest = replayed(url, KEY, limit=4, after=first["next"]).json()
    assert (len(rest["rejected"]), rest["next"]) == (2, None)
    assert len(replayed(url, KEY, sensor="nobody").json()["rejected"]) == 1
    assert replayed(url, KEY, end="2020-01-01T00:00:00Z").json() == {"accepted": 0, "rejected": [], "next": None}
    assert replayed(url, KEY, limit=0).status_code == 400


def test_a_narrowed_key_takes_rows_of_its_own_sensors_again(client, url, mended):
    answer = replayed(url, "psb_site_2").json()
    assert (answer["accepted"], len(answer["rejected"])) == (1, 1)
    left = [one["row"].get("sensor") for one in client.get("/v1/rejected").json()["rejected"]]
    assert left == ["newer", 3024, "door-2", "nobody", None]


def test_nobody_takes_rows_again_that_they_may_not_send(client, url, mended):
    listed = client.get("/v1/rejected").json()
    assert replayed(url, OTHER_KEY).json() == {"accepted": 0, "rejected": [], "next": None}
    assert replayed(url, "psb_reader").status_code == 403
    assert replayed(url, "psb_nobody").status_code == 401
    assert client.get("/v1/rejected").json() == listed
