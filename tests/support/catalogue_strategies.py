"""Random catalogue files for property tests."""

from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
IDS = st.integers(1, 2**53 - 1) | st.integers(1, 50)
COORDINATES = st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
ZONES = st.sampled_from(["America/New_York", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"])
CLOCKS = st.sampled_from(["00:00", "06:30", "08:00", "22:00", "23:59"])
HOURS = st.lists(CLOCKS, min_size=2, max_size=2, unique=True).map(lambda two: {"open": two[0], "close": two[1]})
SIDES = st.sampled_from(["left", "right"])


def optional(**fields):
    return st.fixed_dictionaries({}, optional=fields)


def distinct_points(least):
    return st.lists(st.tuples(COORDINATES, COORDINATES), min_size=least, max_size=5, unique=True)


@st.composite
def drawings(draw):
    """Lines and zones that share one space of ids."""
    numbers = draw(st.lists(IDS, max_size=4, unique=True))
    lines, zones = [], []
    for number in numbers:
        more = draw(optional(name=NAMES))
        if draw(st.booleans()):
            chosen = draw(optional(entrance=st.booleans(), direction=st.sampled_from(["in", "out"]), inside=SIDES))
            lines.append({"id": number, "points": list(map(list, draw(distinct_points(2)))), **more, **chosen})
        else:
            chosen = draw(optional(min_dwell_s=st.floats(0, 100), queue=st.booleans()))
            corners = [
                [0, 0],
                [1, 0],
                *map(list, draw(st.lists(st.tuples(COORDINATES, COORDINATES), max_size=3))),
                [5, 7],
            ]
            distinct = [corner for index, corner in enumerate(corners) if corner not in corners[:index]]
            zones.append({"id": number, "polygon": distinct, **more, **chosen})
    return {"lines": lines, "zones": zones}


def places(site):
    """Ways to name the site, its sensors, and their zones."""
    sensors = [{"sensor": sensor["id"]} for sensor in site["sensors"]]
    zones = [{"zone": f"{one['id']}/{zone['id']}"} for one in site["sensors"] for zone in one["zones"]]
    return [{"site": site["id"]}, *sensors, *zones]


@st.composite
def webhooks(draw, sites):
    """A webhook of one of the sites or of a part of it."""
    url = f"https://example.com/{draw(st.integers(0, 99))}"
    place = draw(st.sampled_from(places(draw(st.sampled_from(sites)))))
    whats = ["events"] if "sensor" in place else ["events", "occupancy", "queue"]
    chosen = draw(optional(what=st.sampled_from(whats), every_s=st.floats(1, 100)))
    return {"url": url, **place, **chosen}


@st.composite
def feeds(draw, sites):
    """A feed of one of the sites."""
    place = {"site": draw(st.sampled_from(sites))["id"]}
    kinds = st.sampled_from(["number", "series", "distribution"])
    chosen = draw(
        optional(
            period=st.sampled_from(["today", "yesterday", "7d", "30d", "month"]),
            bucket=st.sampled_from(["15m", "30m", "1h", "1d", "1w", "1M"]),
            by=st.sampled_from(["hour", "weekday"]),
            compare=st.booleans(),
        )
    )
    return {"name": draw(NAMES), "type": draw(kinds), "metric": "visits", **place, **chosen}


@st.composite
def documents(draw):
    """A catalogue file of one account, every key of it sometimes there."""
    numbers = iter(draw(st.lists(IDS, min_size=40, max_size=40, unique=True)))
    site_tags, sensor_tags = [next(numbers), next(numbers)], [next(numbers)]
    flags = {"entry_point": st.booleans(), "active": st.booleans(), "expert": st.booleans()}

    def sensor():
        tags = st.lists(st.sampled_from(sensor_tags), unique=True)
        return {"id": next(numbers), **draw(optional(name=NAMES, tags=tags, **flags)), **draw(drawings())}

    def site(number):
        factors = st.dictionaries(st.sampled_from(["car", "van", "unknown"]), st.floats(0, 10))
        settings = optional(bounce_s=st.floats(0, 60), occupancy_reset=CLOCKS)
        more = optional(
            opening_hours=HOURS,
            settings=settings,
            vehicle_factors=factors,
            reference=NAMES.map(lambda name: f"{number} {name}"),
            tags=st.lists(st.sampled_from(site_tags), unique=True),
        )
        sensors = [sensor() for _ in range(draw(st.integers(0, 2)))]
        return {"id": number, "name": draw(NAMES), "timezone": draw(ZONES), "sensors": sensors, **draw(more)}

    def brand():
        tags = [{"id": tag, "label": draw(NAMES), "of": "sites"} for tag in site_tags]
        tags += [{"id": tag, "label": draw(NAMES), "of": "sensors"} for tag in sensor_tags]
        sites = [site(next(numbers)) for _ in range(draw(st.integers(0, 3)))]
        return {"id": next(numbers), "name": draw(NAMES), "tags": tags, "sites": sites}

    contents = [
        {"id": next(numbers), "content_id": text, **draw(optional(name=NAMES, app_id=NAMES, duration_ms=IDS))}
        for text in draw(st.lists(NAMES, max_size=3, unique=True))
    ]
    account = {"id": next(numbers), "name": draw(NAMES)}
    brands = [brand() for _ in range(draw(st.integers(0, 2)))]
    sites = [site for one in brands for site in one["sites"]]
    return {
        "webhooks": draw(st.lists(webhooks(sites), max_size=2, unique_by=str)) if sites else [],
        "feeds": draw(st.lists(feeds(sites), max_size=2, unique_by=lambda feed: feed["name"])) if sites else [],
        "account": account,
        "settings": draw(optional(group_gap_s=st.integers(0, 9))),
        "contents": contents,
        "brands": brands,
    }
