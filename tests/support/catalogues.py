"""Catalogue documents for tests."""

from copy import deepcopy

from passerby.catalogue.yaml_text import from_yaml

CONTRACT = """
account: {id: 632, name: Acme}
settings: {bounce_s: 5, allow_private_webhooks: true}
credentials:
  - {dialect: analytiks, client_id: demo, client_secret: demo-secret, sites: [1, 2, 3]}
  - {dialect: camlytics, key: pub-1, secret: ehsd7485746548574}
  - {dialect: quividi, username: demo, token: demo-token}
  - {dialect: seemetrix, user_key: d482d4c3c4bd4dd796abccf726ae1266}
  - {dialect: native, key: psb_demo_key, scopes: [ingest, read, admin]}
contents:
  - {id: 8482, content_id: my_very_own_content_id, app_id: my_app_id, campaign_id: null,
     name: Spring, duration_ms: 10000}
webhooks:
  - {url: "http://127.0.0.1:9000/hook", site: 1, what: events, secret: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz}
  - {id: 7, url: "https://example.com/queue?token=t", what: queue, zone: 11111111-1111-1111-1111-111111111111,
     every_s: 10}
feeds:
  - {id: 0123456789abcdef0123456789abcdef, name: Visitors, type: number, metric: visits, site: 1, period: today}
brands:
  - id: 1234
    name: Acme Stores
    tags: [{id: 7, label: flagship, of: sites}, {id: 8, label: window, of: sensors}]
    sites:
      - id: 1
        name: Manhattan store
        reference: US0658
        timezone: America/New_York
        opening_hours: {open: "08:00", close: "22:00"}
        settings: {group_gap_s: 3}
        tags: [7]
        vehicle_factors: {car: 1.6}
        sensors:
          - id: 3024
            uid: 35576ahb-56656-45781-acb45_000015E2
            name: Door camera
            tags: [8]
            entry_point: true
            active: true
            expert: true
            key: 9909e1d0933740f0811913647e3662e8
            lines:
              - {id: 1, uid: 47576ahb-56656-45786-acb45_000015E2, name: Enter, entrance: true, direction: in,
                 points: [[-400, 45], [-330, 45], [-330, 200]], inside: left}
            zones:
              - {id: 11, uid: 11111111-1111-1111-1111-111111111111, name: Shelf, min_dwell_s: 3, queue: false,
                 polygon: [[0, 0], [10, 0], [10, 10], [0, 10]]}
"""
SECRETS = (
    "demo-secret",
    "ehsd7485746548574",
    "demo-token",
    "d482d4c3c4bd4dd796abccf726ae1266",
    "psb_demo_key",
    "9909e1d0933740f0811913647e3662e8",
    "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
    "0123456789abcdef0123456789abcdef",
)


def contract_document():
    """The example of the catalogue file, as a value that a test may change."""
    return deepcopy(from_yaml(CONTRACT))


def small_document(account_id=1, first=1):
    """One account with one brand, one site and one sensor, all numbered `first`."""
    sensor = {"id": first, "lines": [{"id": 1, "points": [[0, 0], [1, 0]]}]}
    site = {"id": first, "name": "Site", "timezone": "Europe/Zurich", "sensors": [sensor]}
    return {
        "account": {"id": account_id, "name": "Account"},
        "brands": [{"id": first, "name": "Brand", "sites": [site]}],
    }
