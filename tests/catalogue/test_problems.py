"""Every way in which a catalogue file can be wrong, beside what is said about it."""
# ruff: noqa: E501  # one case a line: input and message side by side

from copy import deepcopy
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.catalogues import contract_document, small_document

from passerby.catalogue.changes import prepare
from passerby.catalogue.repository import Repository
from passerby.catalogue.rows import no_rows
from passerby.catalogue.shape import Notes, read
from passerby.catalogue.wanted import wanted_rows
from passerby.errors import InvalidInputError

REMOVED = object()
BRAND, SITE, SENSOR = "brands[0]", "brands[0].sites[0]", "brands[0].sites[0].sensors[0]"
HOOK, FEED = "webhooks[0]", "feeds[0]"
LINE, ZONE = f"{SENSOR}.lines[0]", f"{SENSOR}.zones[0]"
TWO_LINES = [{"id": 1, "points": [[0, 0], [1, 0]]}, {"id": 1, "points": [[0, 0], [2, 0]]}]


def changed(place, value):
    """The contract's document with `value` at `place`."""
    document = contract_document()
    *parents, last = [
        int(part) if part.isdigit() else part for part in place.replace("]", "").replace("[", ".").split(".")
    ]
    target = document
    for part in parents:
        target = target[part]
    if value is REMOVED:
        del target[last]
    elif isinstance(target, list) and last == len(target):
        target.append(value)
    else:
        target[last] = value
    return document


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    with Repository(tmp_path_factory.mktemp("catalogue"), environment={"EMPTY": ""}) as opened:
        yield opened


def problems_of(repository, document):
    with pytest.raises(InvalidInputError) as refused:
        repository.apply(document)
    assert repository.current().version == 0
    return [str(problem) for problem in refused.value.problems]


# fmt: off
CASES = [
    # names and shapes
    ("acount", {}, "acount: unknown key; did you mean account?"),
    (f"{SITE}.timezon", "UTC", f"{SITE}.timezon: unknown key; did you mean timezone?"),
    (f"{LINE}.colour", "red", f"{LINE}.colour: unknown key"),
    ("credentials[0].client", "x", "credentials[0].client: unknown key; did you mean client_id?"),
    ("credentials[4].key", 12345678, "credentials[4].key: expected a text, got an integer; put it in quotes"),
    ("account", REMOVED, "account: missing"),
    ("account.id", REMOVED, "account.id: missing"),
    ("account", None, "account: expected a mapping, got nothing"),
    ("brands", {}, "brands: expected a list, got a mapping"),
    ("brands[0]", "Acme", "brands[0]: expected a mapping, got a text"),
    (f"{SITE}.name", REMOVED, f"{SITE}.name: missing"),
    (f"{SITE}.name", "", f"{SITE}.name: expected a text of length >= 1"),
    (f"{SITE}.name", "x" * 257, f"{SITE}.name: expected a text of length <= 256"),
    (f"{SITE}.name", "a\nb", f"{SITE}.name: has a control character"),
    (f"{SITE}.name", "a\ud800", f"{SITE}.name: has a control character"),
    (f"{SITE}.reference", 658, f"{SITE}.reference: expected a text, got an integer; put it in quotes"),
    (f"{SITE}.id", "1", f"{SITE}.id: expected an integer, got a text"),
    (f"{SITE}.id", True, f"{SITE}.id: expected an integer, got true or false"),
    (f"{SITE}.id", 1.5, f"{SITE}.id: expected an integer, got a number"),
    (f"{SITE}.id", 0, f"{SITE}.id: expected an integer >= 1"),
    (f"{SITE}.id", 2**53, f"{SITE}.id: larger than 2^53 - 1, the largest integer that every reader of JSON keeps exact"),
    (f"{SENSOR}.active", "yes", f"{SENSOR}.active: expected true or false, got a text"),
    (f"{SENSOR}.tags", 8, f"{SENSOR}.tags: expected a list, got an integer"),
    # webhooks and feeds
    (f"{HOOK}.url", REMOVED, f"{HOOK}.url: missing"),
    (f"{HOOK}.url", "ftp://example.com/x", f"{HOOK}.url: expected http:// or https:// and a host"),
    (f"{HOOK}.url", "https://me:secret@example.com/", f"{HOOK}.url: must not hold a user name or password; use a secret, or a token in the path"),
    (f"{HOOK}.url", "https://example.com/#x", f"{HOOK}.url: expected an address in ASCII without blanks and without a part after #"),
    (f"{HOOK}.url", "https://example.com:99999/", f"{HOOK}.url: not a valid address"),
    ("settings", {}, f"{HOOK}.url: the address is not public; settings: {{allow_private_webhooks: true}} allows it"),
    ("settings.allow_private_webhooks", "yes", "settings.allow_private_webhooks: expected true or false"),
    (f"{HOOK}.what", "event", f"{HOOK}.what: expected one of events, occupancy, queue; did you mean events?"),
    (f"{HOOK}.site", REMOVED, f"{HOOK}: expected exactly one of site, sensor, zone"),
    (f"{HOOK}.sensor", 3024, f"{HOOK}: expected exactly one of site, sensor, zone"),
    (f"{HOOK}.site", 2, f"{HOOK}.site: the account has no site 2"),
    (f"{HOOK}.secret", "whsec_short", f"{HOOK}.secret: expected whsec_ followed by base64 of 24 to 64 random bytes"),
    (f"{HOOK}.secret", "env:NOPE", f"{HOOK}.secret: the environment variable NOPE is not set"),
    (f"{HOOK}.every_s", 0.5, f"{HOOK}.every_s: expected a number >= 1.0"),
    ("webhooks[1]", {"url": "https://example.com/", "sensor": 3024, "what": "queue"}, "webhooks[1].sensor: queue is of a site or a zone, not of a sensor"),
    ("webhooks[1].zone", "3024/12", "webhooks[1].zone: the account has no zone 3024/12"),
    ("webhooks[2]", {"id": 7, "url": "https://example.com/", "site": 1}, "webhooks[2].id: the same as that of webhooks[1]"),
    (f"{FEED}.id", "0123", f"{FEED}.id: expected a text matching regex '^[0-9a-f]{{32}}$'"),
    (f"{FEED}.metric", "visit", f"{FEED}.metric: there is no such metric; did you mean visits?"),
    (f"{FEED}.metric", "line_in", f"{FEED}.site: line_in exists for a line"),
    (f"{FEED}.site", 5, f"{FEED}.site: the account has no site 5"),
    ("feeds[1]", {"name": "Visitors", "type": "series", "metric": "visits", "site": 1}, "feeds[1].name: the same as that of feeds[0]"),
    ("feeds[1]", {"id": "0123456789abcdef0123456789abcdef", "name": "B", "type": "series", "metric": "visits", "site": 1}, "feeds[1].id: another feed has this id"),
    ("feeds[1]", {"name": "B", "type": "series", "metric": "occupancy", "site": 1}, "feeds[1].metric: occupancy is a real-time number; use type: number"),
    ("feeds[1]", {"name": "B", "type": "distribution", "metric": "conversion_ratio", "site": 1}, "feeds[1].metric: conversion_ratio of several days is not a sum; use type: number or series"),
    ("feeds[1]", {"name": "B", "type": "number", "metric": "im", "site": 1}, "feeds[1].metric: im exists for one hour only: use type: series with bucket: 1h"),
    # ids that must be unique
    ("brands[1]", {"id": 1234, "name": "Again"}, "brands[1].id: the same as that of brands[0]"),
    (f"{BRAND}.sites[1]", {"id": 1, "name": "Again", "timezone": "UTC"}, f"{BRAND}.sites[1].id: the same as that of {SITE}"),
    (f"{SITE}.sensors[1]", {"id": 3024}, f"{SITE}.sensors[1].id: the same as that of {SENSOR}"),
    ("contents[1]", {"id": 8482, "content_id": "x"}, "contents[1].id: the same as that of contents[0]"),
    (f"{BRAND}.tags[2]", {"id": 7, "label": "x", "of": "sites"}, f"{BRAND}.tags[2].id: the same as that of {BRAND}.tags[0]"),
    (f"{SENSOR}.lines", TWO_LINES, f"{SENSOR}.lines[1].id: the same as that of {LINE}"),
    (f"{ZONE}.id", 1, f"{ZONE}.id: 1 is also that of {LINE}"),
    (f"{LINE}.uid", "35576ahb-56656-45781-acb45_000015E2", f"{LINE}.uid: 35576ahb-56656-45781-acb45_000015E2 is also that of {SENSOR}"),
    (f"{SITE}.sensors[1]", {"id": 9, "uid": "35576ahb-56656-45781-acb45_000015E2"}, f"{SITE}.sensors[1].uid: 35576ahb-56656-45781-acb45_000015E2 is also that of {SENSOR}"),
    ("contents[1]", {"id": 5, "content_id": "my_very_own_content_id"}, "contents[1].content_id: my_very_own_content_id is also that of contents[0]"),
    (f"{BRAND}.sites[1]", {"id": 2, "name": "B", "timezone": "UTC", "reference": "US0658"}, f"{BRAND}.sites[1].reference: US0658 is also that of {SITE}"),
    # time
    (f"{SITE}.timezone", "America/NewYork", f"{SITE}.timezone: no such IANA time zone: America/NewYork; did you mean America/New_York?"),
    (f"{SITE}.timezone", "+02:00", f"{SITE}.timezone: no such IANA time zone: +02:00"),
    (f"{SITE}.timezone", "../etc/passwd", f"{SITE}.timezone: no such IANA time zone: ../etc/passwd"),
    (f"{SITE}.timezone", 5, f"{SITE}.timezone: expected a text, got an integer; put it in quotes"),
    (f"{SITE}.opening_hours.open", "8:00", f'{SITE}.opening_hours.open: expected a local time such as "08:00"'),
    (f"{SITE}.opening_hours.open", "24:00", f'{SITE}.opening_hours.open: expected a local time such as "08:00"'),
    (f"{SITE}.opening_hours.close", "24:01", f'{SITE}.opening_hours.close: expected a local time such as "22:00", at most "24:00"'),
    (f"{SITE}.opening_hours.close", "08:00", f"{SITE}.opening_hours: open and close are the same; for a place that never closes leave opening_hours out"),
    (f"{SITE}.opening_hours.close", REMOVED, f"{SITE}.opening_hours.close: missing"),
    (f"{SITE}.opening_hours", ["08:00", "22:00"], f"{SITE}.opening_hours: expected a mapping, got a list"),
    # drawings
    (f"{LINE}.points", [[0, 0]], f"{LINE}.points: a line needs at least two points, this one has 1"),
    (f"{LINE}.points", [], f"{LINE}.points: a line needs at least two points, this one has 0"),
    (f"{LINE}.points", REMOVED, f"{LINE}.points: missing"),
    (f"{LINE}.points", [[0, 0], [0, 0], [1, 1]], f"{LINE}.points[1]: the same as points[0]; leave one out"),
    (f"{LINE}.points", [[0, 0], [0]], f"{LINE}.points[1]: expected a list of length 2, got 1"),
    (f"{LINE}.points", [[0, 0], [0, "1"]], f"{LINE}.points[1][1]: expected a number, got a text"),
    (f"{LINE}.points[1]", [nan, 0], f"{LINE}.points[1][0]: expected a finite number"),
    (f"{LINE}.points[1]", [0, -inf], f"{LINE}.points[1][1]: expected a finite number"),
    (f"{LINE}.points[1]", [2e9, 0], f"{LINE}.points[1]: a coordinate is larger than 1e9"),
    (f"{LINE}.points", [[i, 0] for i in range(1001)], f"{LINE}.points: more than 1000 points"),
    (f"{LINE}.inside", "top", f"{LINE}.inside: expected one of left, right"),
    (f"{LINE}.direction", "inn", f"{LINE}.direction: expected one of in, out; did you mean in?"),
    (f"{ZONE}.polygon", [[0, 0], [1, 0]], f"{ZONE}.polygon: a zone needs at least three corners, this one has 2"),
    (f"{ZONE}.polygon", [[0, 0], [1, 0], [0, 0]], f"{ZONE}.polygon: a zone needs at least three corners, this one has 2"),
    (f"{ZONE}.polygon", [], f"{ZONE}.polygon: a zone needs at least three corners, this one has 0"),
    (f"{ZONE}.polygon", [[0, 0], [1, 1], [2, 2]], f"{ZONE}.polygon: all corners lie on one straight line, so nothing is inside"),
    (f"{ZONE}.min_dwell_s", -1, f"{ZONE}.min_dwell_s: expected a number >= 0.0"),
    # tags, factors, settings
    (f"{SITE}.tags", [9], f"{SITE}.tags: tag 9 is not declared in brand 1234"),
    (f"{SITE}.tags", [8], f"{SITE}.tags: tag 8 is declared for sensors, not for sites"),
    (f"{SENSOR}.tags", [7], f"{SENSOR}.tags: tag 7 is declared for sites, not for sensors"),
    (f"{SITE}.tags", [7, 7], f"{SITE}.tags[1]: 7 is given twice"),
    (f"{BRAND}.tags[0].of", "site", f"{BRAND}.tags[0].of: expected one of sites, sensors; did you mean sites?"),
    (f"{SITE}.vehicle_factors", {"tram": 2}, f"{SITE}.vehicle_factors.tram: unknown; there are: car, bus, truck, van, bike, unknown"),
    (f"{SITE}.vehicle_factors.car", -1, f"{SITE}.vehicle_factors.car: expected a number >= 0.0"),
    ("settings.bounce_s", "5", "settings.bounce_s: expected a number"),
    ("settings.bounce_s", nan, "settings.bounce_s: expected a finite number"),
    (f"{SITE}.settings", {"max_body_mb": 5}, f"{SITE}.settings.max_body_mb: cannot be set for one site, only: global"),
    (f"{SITE}.settings", [], f"{SITE}.settings: expected a mapping, got a list"),
    # credentials
    ("credentials[0].dialect", "analytics", "credentials[0].dialect: expected one of native, analytiks, camlytics, quividi, seemetrix; did you mean analytiks?"),
    ("credentials[0].dialect", REMOVED, "credentials[0].dialect: expected one of native, analytiks, camlytics, quividi, seemetrix"),
    ("credentials[0].client_secret", REMOVED, "credentials[0]: no client_secret, and none is held for demo"),
    ("credentials[4].key", REMOVED, "credentials[4]: give key, or the name of one that is held"),
    ("credentials[0].client_secret", "env:NOT_THERE", "credentials[0].client_secret: the environment variable NOT_THERE is not set"),
    ("credentials[0].client_secret", "env:EMPTY", "credentials[0].client_secret: the environment variable EMPTY is not set"),
    (f"{SENSOR}.key", "env:NOT_THERE", f"{SENSOR}.key: the environment variable NOT_THERE is not set"),
    ("credentials[0].sites", [], "credentials[0].sites: empty; leave it out for all, or name some"),
    ("credentials[4].scopes", ["write"], "credentials[4].scopes[0]: expected one of ingest, read, admin"),
    ("credentials[4].scopes", [], "credentials[4].scopes: expected at least one of ingest, read, admin"),
    ("credentials[3].scopes", ["read"], "credentials[3].scopes: unknown key"),
    ("credentials[5]", {"dialect": "quividi", "username": "demo", "token": "x"}, "credentials[5]: the same quividi credential as credentials[2]"),
    ("credentials[5]", {"dialect": "native", "name": "b", "key": "psb_demo_key"}, "credentials[5]: its secret is also that of credential native key-4db53630"),
    ("credentials[5]", {"dialect": "native", "name": "b", "key": "9909e1d0933740f0811913647e3662e8"}, "credentials[5]: its secret is also that of credential native sensor-3024"),
    ("credentials[5]", {"dialect": "native", "name": "sensor-1", "key": "x"}, "credentials[5].name: reserved for the sensor's own key; choose another name"),
]
# fmt: on


@pytest.mark.parametrize(("place", "value", "problem"), CASES, ids=[case[2][:70] for case in CASES])
def test_what_is_wrong_is_named(repository, place, value, problem):
    assert problems_of(repository, changed(place, value)) == [problem]


def test_unknown_settings_list_the_known_ones(repository):
    (problem,) = problems_of(repository, changed("settings.bounce", 1))
    assert problem.startswith("settings.bounce: no such setting; there are: bounce_s, group_gap_s")


@pytest.mark.parametrize("document", [[], "text", None, 5])
def test_a_file_that_is_no_mapping(repository, document):
    (problem,) = problems_of(repository, document)
    assert problem.startswith("expected a mapping with the key account, got ")


def test_all_problems_are_told_at_once(repository):
    document = changed(f"{LINE}.points", [[1, 1]])
    document["colour"] = "red"
    document["brands"][0]["sites"][0]["timezone"] = "Mars/Olympus"
    document["brands"].append({"id": 1234, "nam": "x"})
    assert problems_of(repository, document) == [
        "colour: unknown key",
        "brands[1].nam: unknown key; did you mean name?",
        "brands[1].name: missing",
        f"{SITE}.timezone: no such IANA time zone: Mars/Olympus",
        f"{LINE}.points: a line needs at least two points, this one has 1",
        "brands[1].id: the same as that of brands[0]",
    ]


def test_a_secret_is_never_part_of_a_message(repository):
    document = contract_document()
    document["credentials"][0]["client_secret"] = ["hunter2-secret"]
    document["credentials"][1]["secret"] = "hunter2-secret\n"
    document["credentials"][2]["token"] = {"hunter2-secret": 1}
    document["credentials"][3]["user_key"] = "hunter2-secret" * 100
    assert len(problems := problems_of(repository, document)) == 4
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("account_id", "first", "problem"),
    [
        (2, 1, "brands[0]: brand 1 belongs to account 1"),
        (2, 1, "brands[0].sites[0]: site 1 belongs to account 1"),
        (2, 1, "brands[0].sites[0].sensors[0]: sensor 1 belongs to account 1"),
    ],
)
def test_what_another_account_has_is_refused(tmp_path, account_id, first, problem):
    with Repository(tmp_path) as repository:
        repository.apply(small_document(account_id=1))
        with pytest.raises(InvalidInputError) as refused:
            repository.apply(small_document(account_id=account_id, first=first))
        assert problem in map(str, refused.value.problems)


@pytest.mark.parametrize(
    ("dialect", "fields"),
    [
        ("quividi", {"username": "u", "token": "t"}),
        ("analytiks", {"client_id": "u", "client_secret": "t"}),
        ("camlytics", {"key": "u", "secret": "t"}),
        ("native", {"name": "u", "key": "t"}),
        ("seemetrix", {"name": "u", "user_key": "t"}),
    ],
)
def test_a_credential_of_another_account_is_refused(tmp_path, dialect, fields):
    with Repository(tmp_path) as repository:
        repository.apply(small_document(1) | {"credentials": [{"dialect": dialect, **fields}]})
        with pytest.raises(InvalidInputError, match=r"credentials\[0\]: credential \w+ u belongs to account 1"):
            repository.apply(small_document(2, first=2) | {"credentials": [{"dialect": dialect, **fields}]})


def test_what_is_held_and_not_named_still_counts(tmp_path):
    with Repository(tmp_path) as repository:
        document = small_document()
        repository.apply(document)
        sensor = document["brands"][0]["sites"][0]["sensors"][0]
        sensor["lines"], sensor["zones"] = [], [{"id": 1, "polygon": [[0, 0], [1, 0], [0, 1]]}]
        with pytest.raises(InvalidInputError) as refused:
            repository.apply(document)
        assert refused.value.message == (
            "brands[0].sites[0].sensors[0].zones[0].id: 1 is also that of line 1/1, which is held and which this file "
            "does not name"
        )
        assert [str(change) for change in repository.apply(document, prune=True)] == [
            "removed line 1/1",
            "added zone 1/1: Zone 1",
        ]


@pytest.mark.parametrize("account", [None, {}, {"id": "x", "name": "Acme"}, {"id": 0, "name": "Acme"}])
def test_an_unreadable_account_is_not_told_as_a_foreign_one(tmp_path, account):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        with pytest.raises(InvalidInputError) as refused:
            repository.apply(contract_document() | {"account": account})
    assert {problem.path.partition(".")[0] for problem in refused.value.problems} == {"account"}


ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1,
        7,
        2**53,
        2**70,
        0.5,
        nan,
        inf,
        "",
        "x",
        "\x00",
        "\ud800",
        "env:X",
        [],
        [1],
        [[]],
        {},
        {"id": 1},
        {1: 2},
    ]
)


def places_of(value):
    """Every (container, key) inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places_of(item)


@given(st.lists(st.tuples(st.integers(0, 10_000), ODD | st.just(REMOVED)), min_size=1, max_size=3))
def test_no_nonsense_does_more_than_name_its_places(edits):
    document = contract_document()
    for number, value in edits:
        places = list(places_of(document))
        container, key = places[number % len(places)]
        if value is not REMOVED:
            container[key] = deepcopy(value)
        elif isinstance(container, dict):
            del container[key]
    notes = Notes()
    file = read(document, notes)
    if file is not None:
        prepare(wanted_rows(file, {}, notes), no_rows(), prune=True, notes=notes)
    assert all(problem.path and problem.message for problem in notes.problems)
    assert len(set(notes.problems)) == len(notes.problems)
