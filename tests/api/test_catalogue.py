import httpx
import pytest
from tests.support.networks import KEY, OTHER_KEY, SENSOR_KEY, other_network

PATH = "/v1/catalogue"


def sites(answer):
    return [site["id"] for brand in answer.json()["brands"] for site in brand["sites"]]


def get(url, key):
    return httpx.get(url + PATH, headers={"Authorization": f"Bearer {key}"})


def test_a_key_sees_its_account(client):
    answer = client.get(PATH).json()
    assert answer["account"] == {"id": 632, "name": "Acme"}
    assert [brand["id"] for brand in answer["brands"]] == [1234, 1235]
    door = answer["brands"][0]["sites"][0]["sensors"][0]
    assert (door["uid"], door["lines"][0]["uid"], door["zones"][0]["id"]) == ("door-1", "line-door-1", 11)
    assert answer["contents"][0]["content_id"] == "spring"


@pytest.mark.parametrize(
    ("key", "seen"), [(KEY, [1, 2, 3]), ("psb_reader", [1, 2, 3]), ("psb_site_2", [2]), (OTHER_KEY, [90])]
)
def test_a_foreign_site_does_not_appear(services, url, key, seen):
    services.catalogue.apply(other_network())
    assert sites(get(url, key)) == seen


def test_no_secret_and_no_credential_is_in_the_answer(client):
    text = client.get(PATH).text
    assert "psb_" not in text
    assert "credentials" not in text


@pytest.mark.parametrize(("key", "status"), [("psb_wrong", 401), ("psb_sender", 403), (SENSOR_KEY, 403)])
def test_keys_that_may_not_read_are_refused(url, key, status):
    assert get(url, key).status_code == status


def test_unknown_parameters_are_errors(client):
    assert client.get(PATH, params={"site": 1}).json()["errors"][0]["path"] == "site"


def test_a_revoked_key_stops_working_at_once(services, url):
    issued = services.catalogue.create_credential("native")
    assert get(url, issued.secret).status_code == 200
    services.catalogue.revoke(issued.credential.id)
    assert get(url, issued.secret).status_code == 401
