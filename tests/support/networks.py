"""Small catalogues that tests start from."""

KEY = "psb_test_key"
SENSOR_KEY = "psb_sensor_3024"
OTHER_KEY = "psb_other_key"


def network():
    """Two brands of one account: sites 1 and 2 in New York and Zurich, site 3 in Kathmandu of another brand."""
    return {
        "account": {"id": 632, "name": "Acme"},
        "credentials": [
            {"dialect": "native", "name": "all", "key": KEY, "scopes": ["ingest", "read", "admin"]},
            {"dialect": "native", "name": "reader", "key": "psb_reader", "scopes": ["read"]},
            {"dialect": "native", "name": "sender", "key": "psb_sender", "scopes": ["ingest"]},
            {
                "dialect": "native",
                "name": "site2",
                "key": "psb_site_2",
                "scopes": ["ingest", "read", "admin"],
                "sites": [2],
            },
        ],
        "contents": [{"id": 8482, "content_id": "spring", "name": "Spring", "duration_ms": 10000}],
        "brands": [
            {
                "id": 1234,
                "name": "Acme Stores",
                "sites": [
                    {
                        "id": 1,
                        "name": "Manhattan store",
                        "timezone": "America/New_York",
                        "sensors": [
                            sensor(3024, "door-1", key=SENSOR_KEY),
                            {"id": 3025, "uid": "frozen-1", "name": "Frozen", "active": False},
                        ],
                    },
                    {"id": 2, "name": "Zurich store", "timezone": "Europe/Zurich", "sensors": [sensor(3026, "door-2")]},
                ],
            },
            {
                "id": 1235,
                "name": "Acme Outlets",
                "sites": [
                    {"id": 3, "name": "Patan", "timezone": "Asia/Kathmandu", "sensors": [sensor(3027, "door-3")]},
                ],
            },
        ],
    }


def other_network():
    """Another account, with one site and one sensor."""
    return {
        "account": {"id": 633, "name": "Other"},
        "credentials": [
            {"dialect": "native", "name": "other", "key": OTHER_KEY, "scopes": ["ingest", "read", "admin"]}
        ],
        "brands": [
            {
                "id": 2000,
                "name": "Other",
                "sites": [
                    {"id": 90, "name": "Elsewhere", "timezone": "UTC", "sensors": [sensor(9000, "elsewhere")]},
                ],
            }
        ],
    }


def sensor(number, uid, **more):
    """A sensor with an entrance line 1, another line 2 and a zone 11."""
    return {
        "id": number,
        "uid": uid,
        "name": f"Door {number}",
        "lines": [
            {"id": 1, "uid": f"line-{uid}", "name": "Enter", "entrance": True, "points": [[0, 0], [1, 1]]},
            {"id": 2, "uid": f"line-2-{uid}", "name": "Aisle", "points": [[0, 5], [1, 6]]},
        ],
        "zones": [{"id": 11, "uid": f"zone-{uid}", "name": "Shelf", "polygon": [[0, 0], [10, 0], [10, 10], [0, 10]]}],
        **more,
    }
