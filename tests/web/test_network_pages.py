"""The pages of sensors, rejected rows and the catalogue: what they show, to whom, and what their forms do."""

import html
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.support.importing import read, write
from tests.support.networks import KEY, network, other_network
from tests.support.pictures import jpeg, png
from tests.support.servers import serving
from tests.support.visitors import Browser

from passerby.ingest.files.base import Drawn
from passerby.services import open_services

NOW = datetime.now(UTC)
CROSSING = {"kind": "crossing", "sensor": 3024, "at": NOW.isoformat(), "direction": "in"}
TAGS = [{"id": 7, "label": "flagship", "of": "sites"}, {"id": 8, "label": "window", "of": "sensors"}]


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """One Passerby for all tests of the module; each works on things of its own."""
    services = open_services(tmp_path_factory.mktemp("pages") / "data")
    try:
        document = network()
        document["brands"][0]["tags"] = TAGS
        services.catalogue.apply(document)
        services.catalogue.apply(other_network())
        yield services
    finally:
        services.close()


@pytest.fixture(scope="module")
def address(opened):
    with serving(opened) as url:
        yield url


@pytest.fixture(scope="module")
def editor(opened, address):
    return Browser(opened, address, "editor")


def text_of(answer, status=200):
    assert answer.status_code == status, (answer.status_code, answer.headers.get("location"), told(answer))
    return told(answer)


def told(answer):
    """What a page says, without its marks."""
    body = re.sub(
        r"<script.*?</script>|<datalist.*?</datalist>|<template.*?</template>", " ", answer.text, flags=re.DOTALL
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def value_of(answer, name):
    found = re.search(rf'name="{re.escape(name)}"[^>]*? value="([^"]*)"', answer.text)
    return html.unescape(found[1]) if found else None


def send(address, *rows):
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.post(f"{address}/v1/observations?wait=visible", json=list(rows), headers=headers).json()


def new_site(editor, name, brand=1234):
    answer = editor.post(f"/app/catalogue/new?what=sites&of={brand}", {"name": name, "timezone": "Europe/Zurich"})
    assert answer.status_code == 303, told(answer)
    return int(answer.headers["location"].rpartition("/")[2])


def new_sensor(editor, site, **fields):
    ticked = {"entry_point": "1", "active": "1", "expert": "1"}
    answer = editor.post(f"/app/catalogue/new?what=sensors&of={site}", {**ticked, **fields})
    assert answer.status_code == 303, told(answer)
    return int(answer.headers["location"].rpartition("/")[2])


# -- sensors


def test_a_sensor_is_shown_with_its_state_its_days_and_its_clock(opened, address, editor):
    site = new_site(editor, "Clock shop")
    sensor, quiet = new_sensor(editor, site, name="Fast"), new_sensor(editor, site, name="Unheard")
    now = datetime.now(UTC)  # of this moment: a clock is judged by when its rows arrive
    ahead = now + timedelta(hours=2)
    send(
        address,
        {"kind": "level", "sensor": sensor, "at": ahead.isoformat(), "value": 1},
        {
            "kind": "uptime",
            "sensor": sensor,
            "start": (now - timedelta(hours=60)).isoformat(),
            "duration_ms": 172_800_000,
        },
    )
    page = text_of(editor.get(f"/app/sensors?site={site}"))
    assert "Fast" in page
    assert "Nothing yet" in page
    assert "2 h ahead" in page
    page = editor.get(f"/app/sensors/{sensor}")
    assert "as with a wrong time zone: see whether it sends local time as UTC" in text_of(page)
    assert "100 %" in told(page)
    assert "Nothing yet" in text_of(editor.get(f"/app/sensors/{quiet}"))
    assert "Fast" not in text_of(editor.get(f"/app/sensors?site={site}&status=waiting"))
    assert "Unheard" not in text_of(editor.get(f"/app/sensors?site={site}&search=fast"))
    assert editor.get(f"/app/sensors/{sensor}/arrival").json()["last_ms"] == int(ahead.timestamp() * 1000)


def test_a_mended_row_is_replayed_from_its_page(address, editor):
    sensor = new_sensor(editor, new_site(editor, "Mending"))
    send(address, CROSSING | {"sensor": sensor, "line": 5}, CROSSING | {"sensor": sensor, "line": 6})
    page = editor.get(f"/app/rejected?sensor={sensor}")
    assert "2 rows of Sensor" in text_of(page)
    group = value_of(page, "group")
    assert "Nothing was taken; 2 were refused again" in followed(editor, "/app/rejected/replay", {"group": group})
    drawing = {"lines[0].id": "5", "lines[0].points[0].x": "0", "lines[0].points[0].y": "0"}
    more = {
        "lines[0].points[1].x": "9",
        "lines[0].points[1].y": "0",
        "lines[0].inside": "left",
        "lines[0].direction": "in",
    }
    assert editor.post(f"/app/sensors/{sensor}/drawing", drawing | more).status_code == 303
    back = f"/app/sensors/{sensor}"
    assert "1 row taken; 1 was refused again" in followed(
        editor, "/app/rejected/replay", {"group": group, "back": back}
    )
    assert "1 row of Sensor" in text_of(editor.get(f"/app/rejected?sensor={sensor}"))
    found = httpx.get(f"{address}/v1/observations/crossing?sensor={sensor}", headers={"Authorization": f"Bearer {KEY}"})
    assert found.text.count("\n") == 1


def followed(editor, path, data):
    answer = editor.post(path, data)
    assert answer.status_code == 303, told(answer)
    return text_of(editor.get(answer.headers["location"]))


def test_replaying_leads_nowhere_else(editor):
    for back in (
        "https://example.com/app/sensors/1",
        "//example.com/app/sensors/1",
        "/app/sign-out",
        "\\\\example.com",
    ):
        answer = editor.post("/app/rejected/replay", {"group": "none", "back": back})
        assert answer.headers["location"] == "/app/rejected"


def test_a_key_is_shown_once_in_the_line_to_copy(opened, address, editor):
    sensor = new_sensor(editor, new_site(editor, "Keys"))
    page = editor.post(f"/app/sensors/{sensor}/key")
    key = value_of(page, "") or re.search(r'value="(psb_[^"]+)"', page.text)[1]
    assert opened.catalogue.verify("native", key).sensor_id == sensor
    assert f"Authorization: Bearer {key}" in told(page)
    assert f"/in/camlytics/{key}" in told(page)
    assert key not in editor.get(f"/app/sensors/{sensor}").text


# -- the catalogue


def test_a_site_is_added_and_changed_by_the_rules_of_the_file(opened, editor):
    path = "/app/catalogue/new?what=sites&of=1234"
    wrong = {
        "name": "",
        "timezone": "Europe/Zuerich",
        "opening_hours.open": "8",
        "opening_hours.close": "22:00",
        "settings.bounce_s": "-3",
        "reference": "R-1",
    }
    page = editor.post(path, wrong)
    said = text_of(page, 422)
    for problem in ("did you mean Europe/Zurich?", 'expected a local time such as "08:00"', "expected a number >= 0"):
        assert problem in said
    for name, typed in wrong.items():
        assert value_of(page, name) == typed
    assert 'aria-invalid="true"' in page.text
    right = wrong | {
        "name": "Bern",
        "timezone": "Europe/Zurich",
        "opening_hours.open": "08:00",
        "settings.bounce_s": "3",
    }
    answer = editor.post(path, right | {"tags": "7", "vehicle_factors.car": "1.9", "id": "77"})
    assert answer.headers["location"] == "/app/catalogue/sites/77"
    site = opened.catalogue.current().sites[77]
    assert (site.opening_hours, site.tags, site.vehicle_factors) == (("08:00", "22:00"), (7,), {"car": 1.9})
    assert site.settings == {"bounce_s": 3}
    page = editor.get("/app/catalogue/sites/77")
    assert value_of(page, "settings.bounce_s") == "3"
    assert 'placeholder="by default: 3"' in page.text  # what holds of a setting that the site does not set
    assert "by default: daily" in told(page)


def test_whoever_saves_second_is_told_and_keeps_what_they_typed(opened, editor):
    site = new_site(editor, "Corner")
    path = f"/app/catalogue/sites/{site}"
    seen = value_of(editor.get(path), "seen")
    form = {"seen": seen, "timezone": "Europe/Zurich"}
    assert editor.post(path, form | {"name": "Corner A"}).status_code == 303
    page = editor.post(path, form | {"name": "Corner B"})
    said = text_of(page, 409)
    assert "Somebody else changed this while you had it open" in said
    assert "name: Corner A" in said
    assert value_of(page, "name") == "Corner B"
    assert opened.catalogue.current().sites[site].name == "Corner A"
    again = {"seen": value_of(page, "seen"), "timezone": "Europe/Zurich", "name": "Corner B"}
    assert editor.post(path, again).status_code == 303
    assert opened.catalogue.current().sites[site].name == "Corner B"


def test_a_sensor_keeps_what_is_unticked(opened, editor):
    site = new_site(editor, "Ticks")
    sensor = new_sensor(editor, site, uid="tick-1")
    fields = {"name": "Inner", "uid": "tick-1", "site": str(site), "active": "1", "tags": "8"}
    assert editor.post(f"/app/catalogue/sensors/{sensor}", fields).status_code == 303
    held = opened.catalogue.current().sensors[sensor]
    assert (held.name, held.entry_point, held.active, held.expert, held.tags) == ("Inner", False, True, False, (8,))
    page = editor.post(f"/app/catalogue/sensors/{sensor}", fields | {"uid": "door-1"})
    assert "door-1 is taken already" in text_of(page, 422)


def test_a_brand_with_its_tags(opened, editor):
    fields = {"name": "Kiosks", "tags[0].label": "new", "tags[0].of": "sites", "tags[0].id": "", "tags[1].label": ""}
    answer = editor.post("/app/catalogue/new?what=brands", fields)
    brand = int(answer.headers["location"].rpartition("/")[2])
    assert [(tag.id, tag.label) for tag in opened.catalogue.current().brands[brand].tags] == [(1, "new")]
    fields = {"name": "Kiosks", "tags[0].id": "1", "tags[0].of": "sites", "tags[0].label": "", "tags[1].label": "old"}
    editor.post(f"/app/catalogue/brands/{brand}", fields | {"tags[1].of": "sensors"})
    assert [(tag.id, tag.label, tag.of) for tag in opened.catalogue.current().brands[brand].tags] == [
        (2, "old", "sensors")
    ]
    page = editor.post(
        f"/app/catalogue/brands/{brand}", {"name": "Kiosks", "tags[0].label": "x" * 300, "tags[0].of": "sites"}
    )
    assert "length <= 256" in text_of(page, 422)


def test_contents(opened, editor):
    answer = editor.post("/app/catalogue/new?what=contents", {"content_id": "autumn", "duration_ms": "8000"})
    path = answer.headers["location"]
    assert "autumn" in text_of(editor.get("/app/catalogue/contents"))
    assert "expected an integer" in text_of(editor.post(path, {"content_id": "autumn", "duration_ms": "long"}), 422)
    assert editor.post(path, {"content_id": "autumn", "name": "Autumn"}).status_code == 303
    assert "is counted for no content" in text_of(editor.get(f"{path}/remove")).replace("are counted", "is counted")
    assert editor.post(f"{path}/remove", {"seen": value_of(editor.get(f"{path}/remove"), "seen")}).status_code == 303
    assert opened.catalogue.current().content(632, "autumn") is None


def test_removing_says_what_goes_and_asks_again_when_it_changed(opened, editor):
    site = new_site(editor, "Closing down")
    sensor = new_sensor(editor, site)
    editor.post(f"/app/sensors/{sensor}/key")
    page = editor.get(f"/app/catalogue/sites/{site}/remove")
    assert "1 sensor 1 key of its own" in text_of(page)
    seen = value_of(page, "seen")
    editor.post(f"/app/catalogue/sites/{site}", {"name": "Still open", "timezone": "Europe/Zurich"})
    page = editor.post(f"/app/catalogue/sites/{site}/remove", {"seen": seen})
    assert "please look once more" in text_of(page)
    assert site in opened.catalogue.current().sites
    answer = editor.post(f"/app/catalogue/sites/{site}/remove", {"seen": value_of(page, "seen")})
    assert answer.headers["location"] == "/app/catalogue"
    assert sensor not in opened.catalogue.current().sensors


# -- drawing


def points(base, *pairs):
    return {
        f"{base}.points[{i}].{axis}": str(value)
        for i, pair in enumerate(pairs)
        for axis, value in zip("xy", pair, strict=True)
    }


def line(index, *pairs, **fields):
    base = f"lines[{index}]"
    usual = {"id": "", "name": "", "inside": "left", "direction": "in", "uid": ""}
    return {f"{base}.{name}": value for name, value in (usual | fields).items()} | points(base, *pairs)


def test_what_is_wrong_with_a_drawing_is_said_at_its_place(editor):
    sensor = new_sensor(editor, new_site(editor, "Drawn badly"))
    zone = {"zones[4].id": "", "zones[4].min_dwell_s": "soon", "zones[4].name": "Z"}
    zone |= points("zones[4]", (0, 0), (1, 1), (2, 2))
    page = editor.post(f"/app/sensors/{sensor}/drawing", line(3, (1, 2), ("far", 2), name="Door") | zone)
    said = text_of(page, 422)
    assert "point 2: expected a number, got a text" in said
    assert "expected a number" in said
    assert value_of(page, "lines[0].name") == "Door"
    assert value_of(page, "lines[0].points[1].x") == "far"
    page = editor.post(f"/app/sensors/{sensor}/drawing", line(0, (1, 2)))
    assert "a line needs at least two points, this one has 1" in text_of(page, 422)


def test_two_people_who_draw(opened, editor):
    sensor = new_sensor(editor, new_site(editor, "Drawn twice"))
    path = f"/app/sensors/{sensor}/drawing"
    seen = {"seen": value_of(editor.get(path), "seen")}
    assert editor.post(path, line(0, (1, 2), (3, 4), name="Mine") | seen).status_code == 303
    page = editor.post(path, line(0, (5, 6), (7, 8), name="Yours") | seen)
    assert "Somebody else drew here" in text_of(page, 409)
    assert value_of(page, "lines[0].name") == "Yours"
    assert [one.name for one in opened.catalogue.current().sensors[sensor].lines.values()] == ["Mine"]


def test_a_picture_is_checked_kept_and_shown_to_whoever_sees_the_sensor(opened, address, editor):
    site = new_site(editor, "Pictures")
    sensor = new_sensor(editor, site)
    path = f"/app/sensors/{sensor}/picture"
    page = editor.post(path, files={"picture": ("camera.png", b"<svg onload=alert(1)>", "image/png")})
    assert "expected a PNG or JPEG picture" in text_of(page, 422)
    assert "choose a PNG or JPEG file" in text_of(editor.post(path, files={"picture": ("", b"")}), 422)
    assert (
        editor.post(path, files={"picture": ("x.png", png(40, 30) + b"\0" * (9 << 20), "image/png")}).status_code == 413
    )
    for data, type_ in ((jpeg(), "image/jpeg"), (png(40, 30), "image/png")):
        assert editor.post(path, files={"picture": ("evil.html", data, "text/html")}).status_code == 303
        shown = re.search(r'"picture": ?"([^"]+)"', editor.get(f"/app/sensors/{sensor}/drawing").text)[1]
        answer = editor.get(shown)
        assert (answer.content, answer.headers["content-type"]) == (data, type_)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"].startswith("private")
    assert Browser(opened, address, "viewer", sites=[site]).get(shown).status_code == 200
    assert Browser(opened, address, "viewer", sites=[2]).get(shown).status_code == 404
    assert Browser(opened, address, account_id=633).get(shown).status_code == 404
    assert httpx.get(address + shown).status_code in {303, 401}
    assert editor.get(shown[:-1] + "x").status_code == 404
    assert editor.post(f"{path}/remove").status_code == 303
    assert editor.get(shown).status_code == 404


MOT = "{frame},1,{left},{top},20,40,1,-1,-1,-1\n"
SUPERVISION = "x_min,y_min,x_max,y_max,class_id,confidence,tracker_id,class_name,frame_index\n"


def walk(form, folder):
    """Somebody who walks down a picture, from y = 100 to y = 300 at x = 250; the file and how it is read."""
    feet = [(frame, 100 + 20 * frame) for frame in range(11)]
    if form == "mot":
        text = "".join(MOT.format(frame=frame + 1, left=240, top=y - 40) for frame, y in feet)
    elif form == "supervision-csv":
        text = SUPERVISION + "".join(f"240,{y - 40},260,{y},0,0.9,1,person,{frame}\n" for frame, y in feet)
    else:
        text = "frame,track_id,x,y,class\n" + "".join(f"{frame},1,250,{y},person\n" for frame, y in feet)
    return write(folder, "walk.txt", text)


@pytest.mark.parametrize(
    ("form", "options", "inside", "direction"),
    [
        ("mot", {}, "right", "in"),
        ("mot", {}, "left", "out"),
        ("supervision-csv", {}, "right", "in"),
        ("tracks-csv", {"y_down": True}, "right", "in"),
        ("tracks-csv", {}, "left", "in"),  # without a picture y grows upwards: who walks to a larger y walks up
    ],
)
def test_a_track_over_a_drawn_line_counts_where_the_arrow_points(  # noqa: PLR0917  # a table of cases
    opened, editor, tmp_path, form, options, inside, direction
):
    """From left to right in the picture the right-hand side is below, where the arrow of `drawing.js` points."""
    sensor = new_sensor(editor, new_site(editor, "Walked over"))
    drawing = line(0, (100, 200), (400, 200), inside=inside) | {"lines[0].entrance": "1"}
    assert editor.post(f"/app/sensors/{sensor}/drawing", drawing).status_code == 303
    held = opened.catalogue.current().sensors[sensor].lines[1]
    drawn = Drawn(((held.id, held.points, held.inside, held.entrance),), ())
    found, _ = read(form, walk(form, tmp_path), sensor=sensor, fps=10, drawn=drawn, **options)
    assert [one["direction"] for one in found if one["kind"] == "crossing"] == [direction]
    assert [one["kind"] == "visit" for one in found].count(True) == (direction == "in")


# -- who may what

EDITING = [
    "/app/catalogue/new?what=brands",
    "/app/catalogue/brands/1234",
    "/app/catalogue/new?what=sites&of=1234",
    "/app/catalogue/sites/1",
    "/app/catalogue/sites/1/remove",
    "/app/catalogue/new?what=sensors&of=1",
    "/app/catalogue/sensors/3024",
    "/app/catalogue/sensors/3024/remove",
    "/app/catalogue/new?what=contents",
    "/app/catalogue/contents/8482",
    "/app/sensors/3024/drawing",
    "/app/first-steps?sensor=3024",
]
LOOKING = ["/app/sensors/3024", "/app/sensors/3024/arrival", "/app/rejected?sensor=3024"]
CHANGING = [
    "/app/catalogue/sites/1",
    "/app/catalogue/sites/1/remove",
    "/app/catalogue/sensors/3024",
    "/app/catalogue/new?what=sensors&of=1",
    "/app/sensors/3024/drawing",
    "/app/sensors/3024/key",
    "/app/sensors/3024/picture",
    "/app/sensors/3024/picture/remove",
    "/app/first-steps/sensor?site=1",
    "/app/first-steps/key?sensor=3024",
]


def test_viewers_only_look(opened, address):
    viewer = Browser(opened, address, "viewer")
    assert [path for path in EDITING if viewer.get(path).status_code != 403] == []
    assert [path for path in LOOKING if viewer.get(path).status_code != 200] == []
    assert [path for path in [*CHANGING, "/app/rejected/replay"] if viewer.post(path).status_code != 403] == []
    for page in ("/app/sensors/3024", "/app/catalogue", "/app/sensors", "/app/rejected"):
        assert "Edit" not in text_of(viewer.get(page))
        assert "/app/first-steps" not in viewer.get(page).text


@pytest.mark.parametrize("limits", [{"account_id": 633}, {"sites": [2]}, {"brands": [1235]}])
def test_what_somebody_may_not_see_does_not_exist(opened, address, limits):
    before = opened.catalogue.current()
    other = Browser(opened, address, "editor", **limits)
    own = {"/app/catalogue/new?what=brands", "/app/catalogue/new?what=contents"} if "account_id" in limits else set()
    shown = {path for path in [*EDITING, *LOOKING] if other.get(path).status_code not in {403, 404}}
    assert shown == own  # forms of what they may add to their own account
    assert [path for path in CHANGING if other.post(path).status_code not in {403, 404}] == []
    assert opened.catalogue.current().version == before.version
    for page in ("/app/sensors", "/app/catalogue", "/app/first-steps", "/app/rejected"):
        assert "Manhattan" not in text_of(other.get(page))


def test_forms_without_token_change_nothing(opened, address, editor):
    before = opened.catalogue.current().version
    for path in [*CHANGING, "/app/rejected/replay", "/app/catalogue/new?what=brands", "/app/first-steps/site"]:
        assert editor.http.post(path, data={"name": "X", "timezone": "UTC"}).status_code == 403, path
    assert opened.catalogue.current().version == before


def test_who_is_limited_to_a_brand_works_within_it(opened, address):
    limited = Browser(opened, address, "editor", brands=[1234])
    assert "Acme Outlets" not in text_of(limited.get("/app/catalogue"))
    site = new_site(limited, "Own")
    assert "Own" in text_of(limited.get(f"/app/catalogue/sites/{site}"))
    assert limited.post("/app/catalogue/new?what=brands", {"name": "Mine"}).status_code == 403
    only = Browser(opened, address, "editor", sites=[site])
    assert only.post(f"/app/catalogue/sites/{site}", {"name": "Ours", "timezone": "UTC"}).status_code == 303
    assert only.get("/app/catalogue/new?what=sites&of=1234").status_code == 403


# -- first steps


def test_five_steps_from_nothing_to_a_visitor(opened, address):
    opened.catalogue.apply({"account": {"id": 700, "name": "Fresh"}})
    fresh = Browser(opened, address, "admin", account_id=700)
    assert "Connect the first one" in text_of(fresh.get("/app/sensors"))
    assert "no such IANA time zone" in text_of(
        fresh.post("/app/first-steps/site", {"name": "Shop", "timezone": "Mars"}), 422
    )
    at = fresh.post("/app/first-steps/site", {"name": "Shop", "timezone": "Europe/Bratislava"}).headers["location"]
    site = int(at.partition("site=")[2])
    at = fresh.post(f"/app/first-steps/sensor?site={site}", {"sensor_name": "Door"}).headers["location"]
    sensor = int(at.partition("sensor=")[2])
    page = fresh.post(f"/app/first-steps/key?sensor={sensor}")
    assert "Waiting for Door" in text_of(page)
    key = re.search(r'value="(psb_[^"]+)"', page.text)[1]
    line_ = html.unescape(re.search(r'<pre id="curl"[^>]*><code>(.*?)</code>', page.text, re.DOTALL)[1])
    row = re.search(r"-d '(.*)'$", line_)[1].replace(
        "'$(date -u +%Y-%m-%dT%H:%M:%SZ)'", NOW.strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    assert f"{address}/v1/observations" in line_
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    answer = httpx.post(f"{address}/v1/observations?wait=visible", content=row, headers=headers)
    assert answer.json() == {"accepted": 1, "duplicates": 0, "rejected": []}
    assert fresh.get(f"/app/sensors/{sensor}/arrival").json()["last_ms"] > 0
    page = fresh.get(f"/app/first-steps?sensor={sensor}")
    assert "It arrived" in text_of(page)
    assert f'href="/app/sites/{site}"' in page.text
