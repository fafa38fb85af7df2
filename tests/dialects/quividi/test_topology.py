"""Networks, sites, locations, boxes, zones and tags: what is listed, for whom, and what was last received."""

import httpx
import pytest
from tests.support.quividi import USER

from passerby.dialects.quividi import auth
from passerby.dialects.quividi.topology import LISTS

NARROW = ("narrow", "narrow-token")
OTHER = ("other", "other-token")


def get(address, path, user=USER):
    return httpx.get(f"{address}/api/v1{path}", auth=user, timeout=30)


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()]


def test_whoami(address):
    assert get(address, "/whoami/").json() == {"username": "demo"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/networks/", [55]),
        ("/sites/", [177, 178, 179]),
        ("/network/55/sites/", [177, 178, 179]),
        ("/site_tag/my%20special%20tag/sites/", [178]),
        ("/sites/vehicles/", [177, 178, 179]),
        ("/network/55/sites/vehicles/", [177, 178, 179]),
        ("/locations/", [1056, 1467, 4636, 8264, 8866, 9876, 26549, 38918, 60628]),
        ("/network/55/locations/", [1056, 1467, 4636, 8264, 8866, 9876, 26549, 38918, 60628]),
        ("/site/178/locations/", [4636]),
        ("/site_tag/my%20special%20tag/locations/", [4636]),
        ("/location_tag/window/locations/", [8264]),
        ("/site/179/boxes/", [26549]),
        ("/location/26549/boxes/", [26549]),
        ("/location_tag/window/boxes/", [8264]),
        ("/site_tag/50%25%20%C3%A9%2F%C3%BC+a%2f%2Fb/sites/", [179]),
        ("/site_tag/50%25%20%C3%A9%2F%C3%BC%2Ba%2f%2Fb/boxes/", [26549]),
        ("/location_tag/indoor%2Fleft/locations/", [9876]),
        ("/zones/", []),
        ("/site_tags/", [7, 9]),
        ("/location_tags/", [8, 10]),
        ("/network/55/site_tags/", [7, 9]),
        ("/network/55/location_tags/", [8, 10]),
    ],
)
def test_lists(address, path, expected):
    assert ids(get(address, path)) == expected
    assert ids(get(address, path.rstrip("/"))) == expected


def test_the_keys_of_a_site(address):
    site = get(address, "/network/55/sites/vehicles/").json()[0]
    assert {name: site[name] for name in ("network_id", "id", "label", "active", "upload_period_alert")} == {
        "network_id": 55,
        "id": 177,
        "label": "Site 177",
        "active": True,
        "upload_period_alert": 780,
    }
    assert site["vehicles_factors"] == {"factor_car": 1.6, "factor_van": 3.5, "factor_bus": 9.5, "factor_truck": 1.2}


def test_a_location_tells_what_was_last_received_of_it(address, post):
    post(
        [
            {"kind": "view", "sensor": 4636, "start": "2018-07-01T10:00:00Z", "duration_ms": 1000, "attention_ms": 0},
            {"kind": "uptime", "sensor": 4636, "start": "2018-07-01T11:00:00Z", "duration_ms": 1000},
        ]
    )
    location = get(address, "/site/178/locations/").json()[0]
    assert (location["last_seen"], location["last_upload_timestamp"]) == ("2018-07-01T11:00:00",) * 2
    assert location["last_ots_uploaded"] == "2018-07-01T10:00:00"
    assert location["last_timezone"] == 7200  # Paris in summer, in seconds
    assert get(address, "/location/26549/boxes/").json()[0]["last_upload_timestamp"] is None


def test_zones_of_a_location(address):
    assert get(address, "/location/26549/zones/").json() == {
        "zones": [],
        "input_mask": {},
        "input_original_size": {},
    }


def test_tags_name_their_sites_and_locations(address):
    site_tag, _ = get(address, "/network/55/site_tags/").json()
    assert [site["id"] for site in site_tag.pop("sites")] == [178]
    assert site_tag == {"network_id": 55, "id": 7, "label": "my special tag", "extrapolation": False}
    location_tag, _ = get(address, "/network/55/location_tags/").json()
    assert [location["id"] for location in location_tag["locations"]] == [8264]


@pytest.mark.parametrize("path", sorted(LISTS))
def test_another_account_sees_nothing_of_it(address, path):
    """What a path names is 403, whether it is somebody else's or nobody's; a list of all is one of one's own."""
    theirs = (
        "site/178" if "/site/" in path else "location/4636" if "/location/" in path else "network/55",
        "my%20special%20tag" if "site_tag/" in path else "window",
    )
    filled = path.replace("{key:str}", theirs[1]).replace("{key:int}", theirs[0].split("/")[1])
    answer = get(address, filled, OTHER)
    if "{" in path:
        nobodys = get(address, path.replace("{key:str}", "nothing").replace("{key:int}", "999999"), OTHER)
        assert (answer.status_code, answer.content) == (nobodys.status_code, nobodys.content)
        assert answer.status_code == 403
        assert answer.json()["error"] == 403
    else:
        assert answer.status_code == 200
        assert {56, 190, 9000}.issuperset(each["id"] for each in answer.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/alerts/", 404),
        ("GET", "/network/55/alerts/", 404),
        ("GET", "/site_tag/indoor/left/sites/", 404),
        ("GET", "/network/55%2Fsites/", 404),
        ("POST", "/data/", 405),
    ],
)
def test_what_is_not_there_is_answered_in_the_dialects_own_shape(address, method, path, status):
    answer = httpx.request(method, f"{address}/api/v1{path}", auth=USER)
    assert answer.status_code == status
    assert list(answer.json()) == ["message", "error"]
    assert answer.json()["error"] == status


def test_a_narrowed_user_sees_its_sites_only(address):
    assert ids(get(address, "/sites/", NARROW)) == [178]
    assert ids(get(address, "/locations/", NARROW)) == [4636]
    assert get(address, "/site/177/locations/", NARROW).status_code == 403
    assert ids(get(address, "/networks/", NARROW)) == [55]


@pytest.mark.parametrize("path", ["/whoami/", "/data/", *sorted(LISTS)])
@pytest.mark.parametrize("user", [None, ("demo", "wrong"), ("nobody", "demo-token"), ("", "")])
def test_without_a_valid_token_there_is_nothing(address, path, user, monkeypatch):
    monkeypatch.setattr(auth, "_wrong_tokens", auth.FailureLimit())
    answer = get(address, path.replace("{key:str}", "window").replace("{key:int}", "55"), user)
    assert answer.status_code == 401
    assert answer.text == '{"message":"Invalid API Token","error":401}'
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_program_that_sends_cookies_and_asks_without_a_slash_works(address):
    headers = {"Cookie": "csrftoken=x", "Accept": "application/json"}
    answer = httpx.get(f"{address}/api/v1/whoami", auth=USER, headers=headers)
    assert answer.json() == {"username": "demo"}
