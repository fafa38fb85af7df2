"""The pages of brands, sites, screens and streets over HTTP: their numbers are those of `GET /v1/metrics`."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime

import httpx
import pytest
from tests.support import figures
from tests.support.dashboard import Dashboard, add_people
from tests.support.networks import KEY, network, other_network
from tests.support.servers import serving

from passerby.services import open_services
from passerby.web import looking
from passerby.web.figures.period import Choice
from passerby.web.pages import overview, screens, sites, streets

# On the day after clocks changed in Zurich; New York's changed three weeks before.
NOW_MS = round(datetime(2026, 3, 30, 10, 43, tzinfo=UTC).timestamp() * 1000)
ZONES = {"1": "America/New_York", "2": "Europe/Zurich"}
PAGES_OF_PLACES = [
    "/app/brands/1234",
    "/app/brands/1234/wall",
    "/app/sites/1",
    "/app/screens/3024",
    "/app/streets/1",
]
FILES = [
    "/app/brands/1234/charts/visits.csv",
    *(f"/app/sites/1/charts/{name}.csv" for name in ("visits", "week", "stays", "lines", "wifi")),
    *(f"/app/screens/3024/charts/{name}.csv" for name in ("audience", "attention", "people", "mood", "contents")),
    *(f"/app/streets/1/charts/{name}.csv" for name in ("passages", "classes", "multiplier")),
]
STREAMS = ["/app/brands/1234/live", "/app/brands/1234/wall/live", "/app/sites/1/live"]


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    """Two accounts, people, and a month of observations that ends at NOW_MS, which is the present of the pages."""
    services = open_services(tmp_path_factory.mktemp("figures") / "data")
    try:
        services.catalogue.apply(network())
        services.catalogue.apply(other_network())
        add_people(services)
        with serving(services) as url, pytest.MonkeyPatch.context() as patch:
            patch.setattr(looking, "clock", lambda: NOW_MS)
            with httpx.Client(base_url=url, timeout=60) as http:
                figures.post(http, figures.days_of_observations(NOW_MS))
            yield Dashboard(url, services)
    finally:
        services.close()


@pytest.fixture
def browsing(dashboard):
    """A client that is signed in as somebody: `browsing("narrow")`."""
    opened = []

    def signed_in(who="viewer"):
        cookies = {"passerby_session": dashboard.token(who)} if who else {}
        http = httpx.Client(base_url=dashboard.url, cookies=cookies, headers={"Accept": "text/html"}, timeout=60)
        opened.append(http)
        return http

    yield signed_in
    for http in opened:
        http.close()


def asked(http, metrics, level, key, span, **more):
    """The values of metrics over a span of instants, by the API: {metric: values}."""
    start, end = (datetime.fromtimestamp(each / 1000, UTC).isoformat() for each in span)
    answer = http.get(
        "/v1/metrics",
        params={"metric": metrics, level: key, "start": start, "end": end, "bucket": "1y", "fill": "null", **more},
        headers={"Authorization": f"Bearer {KEY}"},
    )
    assert answer.status_code == 200, answer.text
    return {series["metric"]: [value for _, value in series["points"]] for series in answer.json()["series"]}


def one(http, metric, level, key, span):
    """One of them, of a span that is one bucket."""
    return asked(http, [metric], level, key, span)[metric][0]


def span_of(choice, level, key):
    zone = ZONES[key] if level == "site" else ZONES["1"]
    return choice.span(zone, NOW_MS)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/app/brands/1234", ""),
        ("/app/brands/1234", "from=2026-03-23&to=2026-03-29&compare=week"),
        ("/app/sites/1", "period=30d&compare=before"),
        ("/app/screens/3024", "period=7d&compare=none"),
        ("/app/streets/1", "period=yesterday"),
    ],
)
def test_every_number_is_that_of_the_api(browsing, path, query):
    http = browsing()
    page = http.get(f"{path}?{query}")
    assert page.status_code == 200
    choice = Choice.read(dict(part.split("=") for part in query.split("&") if part))
    numbers = figures.shown(page.text)
    assert len(numbers) >= 5
    assert any(value for *_, value in numbers)
    of_sites = {(metric, key): value for metric, level, key, value in numbers if level == "site"}
    for level, key in dict.fromkeys((level, key) for _, level, key, _ in numbers):
        values = {metric: value for metric, *place, value in numbers if place == [level, key]}
        if level == "brand":
            assert values == pytest.approx(of_brand(http, choice), nan_ok=True)
            continue
        more = {"sensor": "3024", "bucket": "1d", "timezone": "site"} if level == "content" else {}
        found = asked(http, list(values), level, key, span_of(choice, level, key), **more)
        for metric, value in values.items():
            known = [each for each in found[metric] if each is not None]
            if value is None:
                # Not observed; or of a ratio, made of nothing, which the API gives as 0.
                assert not any(known), (metric, level, key)
                continue
            together = max if metric in {"peak_occupancy", "zone_peak_visits"} else sum
            assert value == pytest.approx(together(known)), (metric, level, key)
    if path == "/app/sites/1":
        assert of_sites["wifi_visits", "1"]


def test_what_arrives_late_is_in_the_next_page(dashboard, browsing):
    """Days that are over are not added up again, unless something of them arrives."""
    http = browsing()
    choice = Choice(period="7d")

    def visits():
        page = http.get(f"/app/brands/1234?{choice.query()}")
        assert {metric: value for metric, level, _, value in figures.shown(page.text) if level == "brand"} == (
            pytest.approx(of_brand(http, choice), nan_ok=True)
        )
        return {key: value for metric, level, key, value in figures.shown(page.text) if metric == "visits"}

    before = visits()
    assert visits() == before
    late = datetime.fromtimestamp(NOW_MS / 1000 - 3 * 86_400, UTC).isoformat()
    figures.post(http, [{"kind": "visit", "sensor": 3024, "id": "late", "start": late, "duration_ms": 60_000}])
    assert visits() == {**before, "1234": before["1234"] + 1, "1": before["1"] + 1}


def of_brand(http, choice):
    """What an overview says of all sites: the sum of them; a ratio is made of the parts of those that have both."""
    parts = ["visits", "walk_bys", "timed_visits", "dwell_time"]
    sites = [
        {name: values[0] or 0 for name, values in found.items()}
        for found in (asked(http, parts, "site", key, choice.span(zone, NOW_MS)) for key, zone in ZONES.items())
    ]
    visits, passed, timed, dwell = (sum(site[name] for site in sites) for name in parts)
    entered = sum(site["visits"] for site in sites if site["walk_bys"])
    return {
        "visits": visits,
        "turn_in_rate": 100 * entered / (entered + passed),
        "mean_dwell_time": dwell / timed,
        "walk_bys": passed,
    }


def test_a_chart_is_the_series_of_the_api(browsing):
    http = browsing()
    rows = list(csv.reader(io.StringIO(http.get("/app/sites/2/charts/visits.csv?period=7d&bucket=1h").text)))
    span = Choice(period="7d").span(ZONES["2"], NOW_MS)
    assert rows[0] == ["time", "this_period", "before"]
    start, end = (datetime.fromtimestamp(each / 1000, UTC).isoformat() for each in span)
    answer = http.get(
        "/v1/metrics",
        params={
            "metric": "visits",
            "site": 2,
            "start": start,
            "end": end,
            "bucket": "1h",
            "timezone": "site",
            "fill": "null",
        },
        headers={"Authorization": f"Bearer {KEY}"},
    ).json()
    wanted = [[label[:19], value] for label, value in answer["series"][0]["points"]]
    # 167 hours: one of the night in which clocks changed does not exist.
    assert [[time, float(value) if value else None] for time, value, _ in rows[1:]] == wanted
    assert any(value is None for _, value in wanted)


@pytest.mark.parametrize("path", FILES)
def test_every_chart_has_a_file(browsing, path):
    answer = browsing().get(f"{path}?period=7d&compare=none")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    head, *rows = csv.reader(io.StringIO(answer.text))
    assert len(head) >= 2
    assert any(any(float(cell or 0) for cell in row[1:] if not cell.endswith(":00")) for row in rows)


def test_a_day_of_multipliers_is_that_of_the_api(browsing):
    http = browsing()
    query = "from=2026-03-28&to=2026-03-28"
    rows = list(csv.reader(io.StringIO(http.get(f"/app/streets/1/charts/multiplier.csv?{query}").text)))[1:]
    span = Choice.read({"from": "2026-03-28"}).span(ZONES["1"], NOW_MS)
    for column, metric in ((1, "im_footfall"), (2, "im_vehicle")):
        wanted = asked(http, [metric], "site", "1", span, bucket="1h")[metric]
        assert [float(row[column] or 0) for row in rows] == pytest.approx([value or 0 for value in wanted])


def test_stays_add_up_to_the_visits_whose_length_is_known(browsing):
    http = browsing()
    rows = list(csv.reader(io.StringIO(http.get("/app/sites/1/charts/stays.csv?period=30d").text)))[1:]
    span = Choice(period="30d").span(ZONES["1"], NOW_MS)
    assert sum(float(row[1]) for row in rows) == one(http, "timed_visits", "site", "1", span) > 0
    # No stay of two to five minutes was sent: 90 s, 600 s and 4,000 s were.
    assert {row[0]: float(row[1]) > 0 for row in rows} == {
        "under 1 min": False, "1 to 2": True, "2 to 5": False, "5 to 10": False,
        "10 to 15": True, "15 to 30": False, "30 to 60": False, "over 1 h": True,
    }  # fmt: skip


def test_who_watches_adds_up_to_the_watchers(browsing):
    http = browsing()
    rows = list(csv.reader(io.StringIO(http.get("/app/screens/3024/charts/people.csv?period=30d").text)))[1:]
    span = Choice(period="30d").span(ZONES["1"], NOW_MS)
    for column, metric in ((1, "watchers_male"), (2, "watchers_female")):
        assert sum(float(row[column]) for row in rows) == one(http, metric, "sensor", "3024", span) > 0
    for row, metric in zip(rows, ("child", "young", "adult", "senior"), strict=True):
        both = one(http, f"watchers_{metric}", "sensor", "3024", span)
        assert 0 < float(row[1]) + float(row[2]) <= both
    moods = dict(csv.reader(io.StringIO(http.get("/app/screens/3024/charts/mood.csv?period=30d").text)))
    assert [float(moods[name]) for name in ("Very happy", "Happy", "Neutral", "Unhappy")] == [0, 70, 20, 10]


def test_moods_of_a_sensor_that_may_not_tell_them_are_not_shown(dashboard, browsing):
    document = network()
    document["brands"][0]["sites"][0]["sensors"][0]["expert"] = False
    dashboard.services.catalogue.apply(document)
    try:
        assert "Mood" not in browsing().get("/app/screens/3024?period=30d").text
    finally:
        dashboard.services.catalogue.apply(network())


# -- what is asked wrongly


@pytest.mark.parametrize("path", PAGES_OF_PLACES[:1] + PAGES_OF_PLACES[2:])
def test_a_wrong_choice_is_said_and_today_is_shown(browsing, path):
    answer = browsing().get(f"{path}?from=2026-03-02&to=2026-03-01")
    assert answer.status_code == 400
    assert "to: the last day comes before the first" in answer.text
    assert figures.shown(answer.text)


def test_a_file_of_a_wrong_choice_is_refused(browsing):
    answer = browsing().get("/app/sites/1/charts/visits.csv?period=ever", headers={"Accept": "text/csv"})
    assert answer.status_code == 400
    assert browsing().get("/app/sites/1/charts/nothing.csv").status_code == 404
    assert browsing().get("/app/sites/1/charts/visits.exe").status_code == 404


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sort=name", "Manhattan store"),
        ("sort=name&order=desc", "Zurich store"),
        ("q=zur", "Zurich store"),
        ("sort=hats&order=up&page=-3&q=", None),
        ("page=99", None),
    ],
)
def test_the_table_of_sites_is_sorted_and_searched(browsing, query, first):
    page = browsing().get(f"/app/brands/1234?{query}")
    names = re.findall(r'<th scope="row"><a href="/app/sites/\d+[^"]*">([^<]+)</a>', page.text)
    assert page.status_code == 200
    assert names[0] == (first or names[0])
    assert len(names) == (1 if "q=zur" in query else 2)


def test_what_is_searched_for_in_vain(browsing):
    page = browsing().get("/app/brands/1234?q=%3Cscript%3E")
    assert "No site is called so" in page.text
    assert "<script>" not in page.text.split("</head>")[1].replace('<script type="application/json">', "")


@pytest.mark.parametrize("path", [*PAGES_OF_PLACES, "/app/screens", "/app/streets"])
@pytest.mark.parametrize("query", ["from=2027-01-01&to=2027-01-31", "from=1975-06-01&compare=year"])
def test_times_of_which_nothing_can_be_known(browsing, path, query):
    page = browsing().get(f"{path}?{query}")
    assert page.status_code == 200
    if not path.endswith("wall"):
        assert not any(value for *_, value in figures.shown(page.text))


@pytest.mark.parametrize("path", ["/app/brands/1234", "/app/sites/1", "/app/screens/3024", "/app/streets/1"])
def test_where_it_is_not_known_how_complete_a_comparison_is_the_page_says_so(browsing, path):
    def said(query):
        return re.findall(r"How much of (.*?) was observed is not looked up", browsing().get(f"{path}?{query}").text)

    assert said("period=today") == []
    assert said("period=7d") == ["the times of the median"]
    assert said("period=90d&compare=days&against=2026-03-01") == ["1 Mar to 29 May 2026"]


def test_empty_places_lead_to_the_first_steps(dashboard, browsing):
    assert "Share</button>" in browsing().get("/app/brands/1235").text
    document = network()
    document["brands"][1]["sites"][0].pop("sensors")
    document["brands"].append({"id": 1236, "name": "Empty"})
    dashboard.services.catalogue.apply(document, prune=True)
    try:
        for path, words in (("/app/brands/1236", "No site yet"), ("/app/sites/3", "No sensor yet")):
            assert words in browsing().get(path).text
            assert "Share</button>" not in browsing().get(path).text
            assert "/app/first-steps" not in browsing().get(path).text
            assert "/app/first-steps" in browsing("editor").get(path).text
        # A site without a sensor stands in the overview, and nothing is known of it.
        page = browsing().get("/app/brands/1235").text
        assert "no sensor" in page
        assert [value for *_, value in figures.shown(page)] == [None] * 8
    finally:
        dashboard.services.catalogue.apply(network(), prune=True)


# -- who sees what


@pytest.mark.parametrize("path", [*PAGES_OF_PLACES, *FILES, *STREAMS])
def test_what_is_somebody_elses_does_not_exist(browsing, path):
    assert browsing("other").get(path).status_code == 404
    assert browsing(None).get(path).status_code in {303, 401}


@pytest.mark.parametrize("path", [path for path in (*PAGES_OF_PLACES, *FILES, *STREAMS) if "/brands/" not in path])
def test_what_a_person_is_not_allowed_to_see_does_not_exist(browsing, path):
    assert browsing("narrow").get(path).status_code == 404


@pytest.mark.parametrize("path", ["/app/brands/1235", "/app/sites/99", "/app/screens/99", "/app/streets/99"])
def test_what_is_nowhere(browsing, path):
    assert browsing("narrow").get(path).status_code == 404


def test_of_a_brand_a_person_sees_the_own_sites(browsing):
    everything, own = (figures.shown(browsing(who).get("/app/brands/1234").text) for who in ("viewer", "narrow"))
    assert {key for _, level, key, _ in own if level == "site"} == {"2"}
    assert [value for metric, level, _, value in own if (metric, level) == ("visits", "brand")] == [
        value for metric, level, key, value in everything if (metric, level, key) == ("visits", "site", "2")
    ]
    assert "3024" not in browsing("narrow").get("/app/screens?period=30d").text
    assert "/app/streets/1" not in browsing("narrow").get("/app/streets?period=30d").text


def test_every_route_of_these_pages_is_in_these_tests():
    tested = [*PAGES_OF_PLACES, *FILES, *STREAMS, "/app/screens", "/app/streets"]
    for module in (overview, sites, screens, streets):
        for path in (path for route in module.ROUTES for path in route.paths):
            pattern = re.sub(r"\{\w+:int\}", "[0-9]+", re.sub(r"\{\w+:str\}", "[^/]+", path))
            assert any(re.fullmatch(f"/app{pattern}", each) for each in tested), path


# -- now


def events(lines):
    """The data of each event."""
    return (json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: "))


def test_a_stream_tells_how_many_are_there_as_it_changes(dashboard, browsing):
    now = datetime.now(UTC).isoformat()
    with browsing("narrow").stream("GET", "/app/brands/1234/live") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = events(answer.iter_lines())
        state = next(told)
        assert [site["site"] for site in state["sites"]] == [2]
        crossing = {"kind": "crossing", "line": 1, "at": now, "direction": "in"}
        with httpx.Client(base_url=dashboard.url) as http:
            figures.post(http, [{**crossing, "sensor": 3024, "id": "s1"}, {**crossing, "sensor": 3026, "id": "s2"}])
        (changed,) = next(told)["sites"]
        assert changed["site"] == 2
        assert changed["occupancy"] == state["sites"][0]["occupancy"] + 1


def test_a_stream_ends_with_the_session(dashboard, browsing, monkeypatch):
    monkeypatch.setattr(looking, "_STILL_S", 0)
    token = dashboard.token("editor")
    cookies = {"passerby_session": token}
    with (
        httpx.Client(base_url=dashboard.url, cookies=cookies, timeout=60) as http,
        http.stream("GET", "/app/sites/2/live") as answer,
    ):
        lines = answer.iter_lines()
        next(events(lines))
        dashboard.services.sessions_of_people.end(token)
        crossing = {"kind": "crossing", "sensor": 3026, "line": 1, "at": datetime.now(UTC).isoformat()}
        with httpx.Client(base_url=dashboard.url) as sender:
            figures.post(sender, [{**crossing, "direction": "in", "id": "e1"}])
        assert list(events(lines)) == []
