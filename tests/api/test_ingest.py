import pytest
from tests.support.networks import SENSOR_KEY

PATH = "/v1/observations"
VISIT = {"kind": "visit", "sensor": 3024, "start": "2026-03-29T01:30:00+01:00", "duration_ms": 5000}


def test_new_rows_are_accepted_and_repeated_ones_are_duplicates(client):
    assert client.post(PATH, json=[VISIT], params={"wait": "visible"}).json() == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
    }
    other_words = {**VISIT, "sensor": "door-1", "start": "2026-03-29T00:30:00Z"}
    answer = client.post(PATH, json=[other_words, VISIT], params={"wait": "visible"})
    assert answer.json() == {"accepted": 0, "duplicates": 2, "rejected": []}


def test_without_waiting_duplicates_are_not_known(client):
    assert client.post(PATH, json=VISIT).json() == {"accepted": 1, "duplicates": None, "rejected": []}


def test_good_rows_are_kept_and_bad_ones_are_told(client, services):
    bad = {**VISIT, "duration_ms": -1}
    answer = client.post(PATH, json=[VISIT, bad, 3, {**VISIT, "id": "two"}], params={"wait": "visible"})
    assert answer.json() == {
        "accepted": 2,
        "duplicates": 0,
        "rejected": [
            {"index": 1, "error": "duration_ms: expected an integer >= 0 or null"},
            {"index": 2, "error": "expected a JSON object"},
        ],
    }
    assert services.store.counts()["visit"] == 2


def test_contents_named_by_new_ids_are_refused_unless_the_request_lets_them_register(client):
    play = {"kind": "play", "sensor": 3024, "content": 777, "start": VISIT["start"], "duration_ms": 5}
    refused = [{"index": 0, "error": "content: unknown content"}]
    assert client.post(PATH, json=play).json()["rejected"] == refused
    assert client.post(PATH, json=play, params={"contents": "register"}).json()["rejected"] == []
    assert client.post(PATH, json=play).json()["rejected"] == []
    assert client.post(PATH, json=play, params={"contents": "yes"}).status_code == 400


@pytest.mark.parametrize(
    ("sensor", "error"),
    [
        (1, "sensor: unknown sensor"),
        ("nobody", "sensor: unknown sensor"),
        (3025, "sensor: not active, it accepts no observations"),
    ],
)
def test_sensors_that_may_not_be_written(client, sensor, error):
    answer = client.post(PATH, json={**VISIT, "sensor": sensor})
    assert answer.json() == {"accepted": 0, "duplicates": None, "rejected": [{"index": 0, "error": error}]}


@pytest.mark.parametrize(
    ("key", "accepted"), [(SENSOR_KEY, [3024]), ("psb_site_2", [3026]), ("psb_sender", [3024, 3026, 3027])]
)
def test_a_credential_sends_only_for_what_it_sees(client, key, accepted):
    rows = [{**VISIT, "sensor": sensor} for sensor in (3024, 3026, 3027)]
    answer = client.post(PATH, json=rows, headers={"Authorization": f"Bearer {key}"}).json()
    refused = {one["index"] for one in answer["rejected"]}
    assert [row["sensor"] for index, row in enumerate(rows) if index not in refused] == accepted


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": ""}, 401),
        ({"Authorization": "Basic psb_test_key"}, 401),
        ({"Authorization": "Bearer psb_wrong"}, 401),
        ({"Authorization": "Bearer psb_reader"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "br"}, 415),
    ],
)
def test_requests_that_are_refused_whole(client, headers, status):
    answer = client.post(PATH, json=VISIT, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("query", ["?wait=later", "?kind=visit", "?no=1", "?wait=visible&wait=visible"])
def test_unknown_parameters_are_errors(client, query):
    answer = client.post(PATH + query, json=VISIT)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] in query


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods(client, method):
    answer = client.request(method, PATH)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/problem+json"
