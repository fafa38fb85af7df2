"""What each export must be, worked out of the posted observations with plain loops, from the vendor's documents.

Nothing here shares a line with `passerby`. Instants are UTC milliseconds, numbers exact fractions until they are
rounded once, halves up. Clocks only ever change, and buckets only ever begin, at multiples of five minutes UTC here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from zoneinfo import ZoneInfo

CELL = 300_000
HOUR = 3_600_000
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no offset
MINUTES = {"5m": 5, "10m": 10, "15m": 15, "30m": 30, "1h": 60}
GENDERS = ["unknown", "male", "female"]
AGES = ["unknown", "child", "young", "adult", "senior"]
FACTORS = {"car": "1.6", "bus": "9.5", "truck": "1.2", "van": "3.5", "bike": "1.1", "unknown": "1"}
TYPES = {"car": 1, "bus": 2, "truck": 3, "van": 4, "bike": 5, "unknown": 0}
COLORS = ["unknown", "white", "gray", "yellow", "red", "green", "blue", "black"]
GLASSES = {None: 0, "unknown": 0, "none": 1, "glasses": 2, "sunglasses": 3}
MOODS = ["very_happy", "happy", "neutral", "unhappy", "very_unhappy"]


def rounded(value, decimals=0):
    scaled = math.floor(Fraction(value) * 10**decimals + Fraction(1, 2))
    return scaled if not decimals else float(Fraction(scaled, 10**decimals))


def tenths(ms):
    return rounded(Fraction(ms, 100))


def ratio(part, whole):
    return Fraction(part) / whole if whole else Fraction(0)


def instant(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@cache
def wall_of_cell(cell, zone):
    """The wall clock at which a five-minute cell begins."""
    at = datetime.fromtimestamp(cell * CELL / 1000, UTC).astimezone(ZoneInfo(zone))
    return at.replace(tzinfo=None), at.utcoffset()


def wall(ms, zone):
    begin, _ = wall_of_cell(ms // CELL, zone)
    return begin + timedelta(milliseconds=ms % CELL)


def floor(time, resolution):
    """The period that a wall-clock time lies in."""
    if resolution in MINUTES:
        size = timedelta(minutes=MINUTES[resolution])
        return time - (time - EPOCH) % size
    date = time.replace(hour=0, minute=0, second=0, microsecond=0)
    if resolution == "1M":
        return date.replace(day=1)
    return date - (date - EPOCH) % timedelta(days={"1d": 1, "7d": 7, "30d": 30}[resolution])


def asked_range(start, end, zone):
    """[begin, end): the second named as the end still counts; of a time that occurs twice, all is meant.

    A time that does not exist moves forward by the gap, perhaps past the end: then only that instant is asked for.
    """

    def utc(text, fold):
        naive = datetime.fromisoformat(text)
        return round(naive.replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp() * 1000)

    begin = utc(start, 0)
    return begin, max(utc(end, 0) + 1000, utc(end, 1) + 1000, begin + 1)


class Location:
    """A sensor and what it sent."""

    def __init__(self, number, site, zone, observations, *, expert=True, lines=()):
        self.number, self.site, self.zone, self.expert, self.lines = number, site, zone, expert, lines
        self.factors = FACTORS
        self.facts = [
            {**one, "at_ms": instant(one.get("start") or one["at"]), "of": number}
            for one in observations
            if one["sensor"] == number and one.get("role") != "staff"
        ]
        everything = [one for one in observations if one["sensor"] == number]
        self.observed = merged(observing(everything, zone))

    def observed_ms(self, start, end):
        return sum(max(0, min(b, end) - max(a, start)) for a, b in self.observed)


def observing(everything, zone):
    """When a sensor observed: its uptimes, and on local days without any the five minutes of each observation."""
    days = set()
    for one in everything:
        if one["kind"] == "uptime":
            start = instant(one["start"])
            end = start + one["duration_ms"]
            days.update(wall(at, zone).date() for at in [*range(start, end, CELL), max(start, end - 1)])
            yield start, end
    for one in everything:
        if one["kind"] != "uptime":
            slot = instant(one.get("start") or one["at"]) // CELL * CELL
            if wall(slot, zone).date() not in days:
                yield slot, slot + CELL


def merged(intervals):
    found = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return found


class Period:
    """One named period of a location: its facts, how long it was observed, how many buckets of the clock it is."""

    def __init__(self):
        self.facts, self.observed, self.pieces = [], 0, []

    def of(self, kind):
        return [fact for fact in self.facts if fact["kind"] == kind]

    @property
    def watchers(self):
        return [view for view in self.of("view") if view["attention_ms"] > 0]

    @property
    def seen(self):
        return self.observed > 0 or bool(self.of("view"))

    @property
    def seconds(self):
        return rounded(Fraction(self.observed, 1000))


def periods(location, asked):
    """{wall-clock floor: period} of a location, every period of the range."""
    begin, end = asked_range(asked["start"], asked["end"], location.zone)
    found, offset_of = defaultdict(Period), {}
    for cell in range(begin // CELL, (end - 1) // CELL + 1):
        time, offset = wall_of_cell(cell, location.zone)
        label = floor(time, asked["time_resolution"])
        low, high = max(begin, cell * CELL), min(end, cell * CELL + CELL)
        period = found[label]
        if not period.pieces or offset_of[label] != offset or period.pieces[-1][1] != low:
            period.pieces.append([low, high])
        period.pieces[-1][1] = high
        offset_of[label] = offset
    for period in found.values():
        period.observed = sum(location.observed_ms(*piece) for piece in period.pieces)
    for fact in location.facts:
        if begin <= fact["at_ms"] < end:
            found[floor(wall(fact["at_ms"], location.zone), asked["time_resolution"])].facts.append(fact)
    return dict(found)


def times(label):
    text = f"{label:%Y-%m-%d %H:%M:%S}"
    return {"period_start": text, "period_start_date": text[:10], "period_start_time": text[11:]}


def duration(facts):
    return sum(fact["duration_ms"] for fact in facts)


def attention(views):
    return sum(view["attention_ms"] for view in views)


# -- one function for each data type: (locations, asked) to rows


def each(locations, asked):
    for location in locations:
        found = periods(location, asked)
        yield location, found


def ots(locations, asked):
    for location, found in each(locations, asked):
        for label, period in found.items() if any(one.seen for one in found.values()) else ():
            known = period.seen
            yield {
                "location_id": location.number,
                **times(label),
                "ots_count": len(period.of("view")) if known else None,
                "watcher_count": len(period.watchers) if known else None,
                "duration": period.seconds if known else None,
            }


def gate(locations, asked):
    for location, found in each(locations, asked):
        for line in location.lines:
            rows = []
            for label, period in found.items():
                counts = [one for one in period.of("count") if one["line"] == line]
                crossings = [one["direction"] for one in period.of("crossing") if one["line"] == line]
                come = sum(one["in"] for one in counts) + crossings.count("in")
                gone = sum(one["out"] for one in counts) + crossings.count("out")
                known = bool(period.observed or come or gone)
                values = (come, gone, period.seconds) if known else (None, None, None)
                names = ("in_count", "out_count", "duration")
                row = {"location_id": location.number, **times(label), "gate_id": line}
                rows.append((known, row | dict(zip(names, values, strict=True))))
            if any(known for known, _ in rows):
                yield from (row for _, row in rows)


def viewers(locations, asked):
    for location, found in each(locations, asked):
        for label, period in found.items() if any(one.seen for one in found.values()) else ():
            head = {"location_id": location.number, **times(label)}
            if "group_by_demographics" in asked:
                yield from demographics(head, period)
                continue
            yield head | {
                "watcher_count": len(period.watchers),
                "dwell_time_in_tenths_of_sec": tenths(duration(period.watchers)),
                "attention_time_in_tenths_of_sec": tenths(attention(period.watchers)),
                "conversion_ratio": float(ratio(100 * len(period.watchers), len(period.of("view")))),
            }


def kind_of(view):
    return view.get("gender", "unknown"), view.get("age_group", "unknown")


def demographics(head, period):
    for gender in GENDERS:
        for age in AGES:
            own = [view for view in period.watchers if kind_of(view) == (gender, age)]
            yield head | {
                "gender": GENDERS.index(gender),
                "age": AGES.index(age),
                "watcher_count": len(own),
                "dwell_time_in_tenths_of_sec": tenths(duration(own)) if own else None,
                "attention_time_in_tenths_of_sec": tenths(attention(own)) if own else None,
            }


def passed(facts, *, person):
    return [one for one in facts if one["kind"] == "passage" and (one["class"] == "person") == person]


def impressions(vehicles):
    return sum((Fraction(FACTORS[one["class"]]) for one in vehicles), Fraction(0))


def street(locations, asked, persons, vehicles, row):
    for location, found in each(locations, asked):
        own = {
            label: (passed(period.facts, person=False), passed(period.facts, person=True))
            for label, period in found.items()
        }
        if any((vehicles and cars) or (persons and people) for cars, people in own.values()):
            for label, (cars, people) in own.items():
                yield {"location_id": location.number, **times(label), **row(cars, people)}


def vehicles(locations, asked):
    return street(
        locations,
        asked,
        persons=False,
        vehicles=True,
        row=lambda cars, _: {
            "vehicle_count": len(cars),
            "vehicle_presence_time": tenths(duration(cars)),
            "vehicle_impressions": rounded(impressions(cars), 2),
            "impressions_per_vehicle": rounded(ratio(impressions(cars), len(cars)), 2),
        },
    )


def footfall(locations, asked):
    return street(
        locations,
        asked,
        persons=True,
        vehicles=False,
        row=lambda _, people: {
            "footfall_impressions": len(people),
            "footfall_presence_time": tenths(duration(people)),
        },
    )


def vehicles_footfall(locations, asked):
    def row(cars, people):
        each_car = ratio(impressions(cars), len(cars))
        presence = (each_car * duration(cars) + duration(people)) / 100
        total = impressions(cars) + len(people)
        return {
            "vehicle_count": len(cars),
            "vehicle_impressions": rounded(impressions(cars)),
            "vehicle_presence_time": tenths(duration(cars)),
            "impressions_per_vehicle": rounded(each_car, 2),
            "footfall_impressions": len(people),
            "footfall_presence_time": tenths(duration(people)),
            "total_impressions": rounded(total),
            "total_presence_time": rounded(presence),
            "avg_presence_time": rounded(ratio(presence, total)),
        }

    return street(locations, asked, persons=True, vehicles=True, row=row)


def im(locations, asked):
    for location, found in each(locations, asked):
        rows = []
        for label, period in found.items():
            facts, backup = [], False
            for start, end in period.pieces:
                own, replaced = im_facts(location, label, start, end)
                facts += own
                backup |= replaced
            rows.append((label, facts, backup, 36_000 * len(period.pieces)))
        if any(facts for _, facts, _, _ in rows):
            for label, facts, backup, window in rows:
                yield {"location_id": location.number, **times(label), **im_row(facts, backup, window)}


def im_facts(location, label, start, end):
    """(the passages that make the multiplier of a bucket, whether they are those of one week before)."""
    own = between(location, start, end)
    cars, people = passed(own, person=False), passed(own, person=True)
    dark = 2 * location.observed_ms(start, end) < end - start
    if duration(people) or (impressions(cars) and duration(cars)) or label.hour < 6 or not dark:
        return own, False
    before = label - timedelta(days=7)
    first = next((c for c in range((start - 9 * 24 * HOUR) // CELL, start // CELL) if same(c, before, location)), None)
    if first is None:
        return own, False
    last = first
    while same(last + 1, before, location) and offset(last + 1, location) == offset(first, location):
        last += 1
    low, high = first * CELL, (last + 1) * CELL
    older = between(location, low, high)
    return (older, True) if older or location.observed_ms(low, high) else (own, False)


def same(cell, label, location):
    return floor(wall_of_cell(cell, location.zone)[0], "1h") == label


def offset(cell, location):
    return wall_of_cell(cell, location.zone)[1]


def between(location, start, end):
    return [one for one in location.facts if one["kind"] == "passage" and start <= one["at_ms"] < end]


def im_row(facts, backup, window):
    cars, people = passed(facts, person=False), passed(facts, person=True)
    each_car = ratio(impressions(cars), len(cars))
    of_people = Fraction(duration(people), 100) / window
    of_cars = each_car * Fraction(duration(cars), 100) / window
    return {
        "vehicle_count": len(cars),
        "vehicle_total_presence_time": tenths(duration(cars)),
        "vehicle_presence_time": tenths(duration(cars)),
        "vehicle_impressions": rounded(impressions(cars)),
        "impressions_per_vehicle": rounded(each_car, 2),
        "footfall_impressions": len(people),
        "footfall_total_dwell_time": tenths(duration(people)),
        "footfall_presence_time": tenths(duration(people)),
        "im_footfall": rounded(of_people, 2),
        "im_vehicle": rounded(of_cars, 2),
        "im": rounded(of_people + of_cars, 2),
        "backup_value": "yes" if backup else "",
        "analysis_window": window,
    }


def extrapolated(locations, asked):
    """{label: periods of all sampled locations}, and what a sum is multiplied with."""
    sampled = [found for _, found in each(locations, asked) if any(one.seen for one in found.values())]
    labels = defaultdict(list)
    for found in sampled:
        for label, period in found.items():
            labels[label].append(period)
    return labels, Fraction(int(asked["extrapolation_amount"] or 1), max(1, len(sampled)))


def extrapolated_watchers(locations, asked):
    labels, factor = extrapolated(locations, asked)
    for label, found in labels.items():
        watchers = [view for period in found for view in period.watchers]
        yield {
            **times(label),
            "watcher_count": rounded(len(watchers) * factor),
            "dwell_time_in_tenths_of_sec": rounded(duration(watchers) * factor / 100),
            "attention_time_in_tenths_of_sec": rounded(attention(watchers) * factor / 100),
        }


def extrapolated_ots(locations, asked):
    labels, factor = extrapolated(locations, asked)
    for label, found in labels.items():
        known = any(period.seen for period in found)
        values = (
            sum(len(period.of("view")) for period in found),
            sum(len(period.watchers) for period in found),
            Fraction(sum(period.observed for period in found), 1000),
        )
        names = ("ots_count", "watcher_count", "duration")
        yield {
            **times(label),
            **{name: rounded(value * factor) if known else None for name, value in zip(names, values, strict=True)},
        }


def looked(view, shown):
    """Attention to a content: as told, else how long the person looked while it was shown."""
    if "attention_ms" in shown:
        return shown["attention_ms"]
    found = at = 0
    start, end = shown["start_ms"], shown["start_ms"] + shown["duration_ms"]
    for look in view.get("attention", ()):
        if look["looking"]:
            found += max(0, min(at + look["ms"], end) - max(at, start))
        at += look["ms"]
    return found


def proof_of_play(locations, asked, key):
    groups = defaultdict(list)
    for location in locations:
        groups[location.number if key == "location_id" else location.site].append(location)
    wanted = set(asked["content_ids"].split(",")) if asked.get("content_ids") else None
    for number, own in groups.items():
        tables = [periods(location, asked) for location in own]
        for label in tables[0]:
            yield from proofs({key: number, **times(label)}, [table[label] for table in tables], wanted, asked)


def proofs(head, found, wanted, asked):
    contents = {play["content"] for period in found for play in period.of("play")}
    contents |= {shown["content"] for period in found for view in period.watchers for shown in view.get("contents", ())}
    for content in contents if wanted is None else contents & wanted:
        met, total = [], Fraction(0)
        for period in found:
            own = [
                (view, entries)
                for view in period.watchers
                if (entries := [shown for shown in view.get("contents", ()) if shown["content"] == content])
            ]
            met += own
            total += len(own) * ratio(len(period.of("view")), len(period.watchers))
        plays = [play for period in found for play in period.of("play") if play["content"] == content]
        dwell = sum(duration(entries) for _, entries in met)
        attentions = [sum(looked(view, shown) for shown in entries) for view, entries in met]
        row = head | {
            "content_id": content,
            "duration": rounded(Fraction(sum(period.observed for period in found), 1000)),
            "play_count": len(plays),
            "content_duration": rounded(Fraction(duration(plays), 1000)),
            "impressions": rounded(total),
            "impressions_per_play": rounded(ratio(total, len(plays)), 2),
            "watchers": len(met),
            "watchers_2sec": sum(one > 2000 for one in attentions),
            "total_dwell_time_in_tenths_of_sec": rounded(Fraction(dwell, 100), 1),
            "total_attention_time_in_tenths_of_sec": rounded(Fraction(sum(attentions), 100), 1),
            "dwell_time_in_tenths_of_sec": tenths(dwell),
            "attention_time_in_tenths_of_sec": tenths(sum(attentions)),
            "avg_dwell_time_in_tenths_of_sec": rounded(ratio(dwell, len(met)) / 100),
            "avg_attention_time_in_tenths_of_sec": rounded(ratio(sum(attentions), len(met)) / 100),
        }
        if "group_by_demographics" in asked:
            kinds = [kind_of(view) for view, _ in met]
            row["watchers_masked"] = sum("unknown" in kind for kind in kinds)
            for age in AGES[1:]:
                for gender in GENDERS[1:]:
                    name = {"young": "young_adult"}.get(age, age)
                    row[f"watchers_{name}_{gender}"] = kinds.count((gender, age))
        yield row


# -- finest


def finest(locations, asked, kind):
    for location in locations:
        begin, end = asked_range(asked["start"], asked["end"], location.zone)
        for fact in location.facts:
            if begin <= fact["at_ms"] < end and fact["kind"] == kind:
                text = f"{wall(fact['at_ms'], location.zone):%Y-%m-%dT%H:%M:%S}"
                head = {"location_id": location.number, "period_start": text}
                yield location, fact, head | {"period_start_date": text[:10], "period_start_time": text[11:]}


def viewers_finest(locations, asked):
    for location, view, head in finest(locations, asked, "view"):
        if view["attention_ms"] > 0:
            yield head | viewer(location, view)


def viewer(location, view):
    mood = view.get("mood")
    total = sum(mood.values()) if mood else 0
    shares = {name: 100 * mood.get(name, 0) / total if total else None for name in MOODS} if mood else {}
    expert = {
        "age_value": view.get("age"),
        "glasses": GLASSES[view.get("glasses")],
        "mustache": {None: 0, False: 1, True: 2}[view.get("mustache")],
        "beard": {None: 0, False: 1, True: 2}[view.get("beard")],
        **{name: shares.get(name) for name in MOODS},
    }
    return {
        "gender": GENDERS.index(view.get("gender", "unknown")),
        "age": AGES.index(view.get("age_group", "unknown")),
        "dwell_time_in_tenths_of_sec": tenths(view["duration_ms"]),
        "attention_time_in_tenths_of_sec": tenths(view["attention_ms"]),
        **{name: value if location.expert else None for name, value in expert.items()},
    }


def viewers_apc(locations, asked):
    wanted = set(asked["content_ids"].split(",")) if asked.get("content_ids") else None
    for location, view, head in finest(locations, asked, "view"):
        entries = [one for one in view.get("contents", ()) if wanted is None or one["content"] in wanted]
        if view["attention_ms"] > 0 and entries:
            shown = [
                apc(location, view, content, [one for one in entries if one["content"] == content])
                for content in dict.fromkeys(one["content"] for one in entries)
            ]
            yield head | {"start_time": head["period_start"], **viewer(location, view), "contents": shown}


def apc(location, view, content, entries):
    moods = [one["mood"] for one in entries if "mood" in one] if location.expert else []
    return {
        "content_id": content,
        "app_id": "an app" if content == "a" else None,
        "campaign_id": None,
        "dwell_time_in_milliseconds": duration(entries),
        "attention_time_in_milliseconds": sum(looked(view, one) for one in entries),
        **{f"{name}_time": sum(mood.get(name, 0) for mood in moods) if moods else None for name in MOODS},
    }


def vehicle(one):
    factor = float(FACTORS[one["class"]])
    return {
        "type": TYPES[one["class"]],
        "color": COLORS.index(one["color"]) if "color" in one else None,
        "vehicle_presence_time": tenths(one["duration_ms"]),
        "vehicle_impressions": factor,
        "impressions_per_vehicle": factor,
    }


def vehicles_finest(locations, asked):
    for _, one, head in finest(locations, asked, "passage"):
        if one["class"] != "person":
            yield head | vehicle(one)


def footfall_finest(locations, asked):
    for _, one, head in finest(locations, asked, "passage"):
        if one["class"] == "person":
            yield head | {"footfall_presence_time": tenths(one["duration_ms"])}


def vehicles_footfall_finest(locations, asked):
    for _, one, head in finest(locations, asked, "passage"):
        if one["class"] == "person":
            names = ("type", "color", "vehicle_presence_time", "vehicle_impressions", "impressions_per_vehicle")
            yield head | dict.fromkeys(names, 0) | {"footfall_presence_time": tenths(one["duration_ms"])}
        else:
            yield head | vehicle(one) | {"footfall_presence_time": 0}


FINEST = {
    "viewers": viewers_finest,
    "viewers_apc": viewers_apc,
    "vehicles": vehicles_finest,
    "footfall": footfall_finest,
    "vehicles_footfall": vehicles_footfall_finest,
}
AGGREGATED = {
    "gate": gate,
    "ots": ots,
    "viewers": viewers,
    "vehicles": vehicles,
    "footfall": footfall,
    "vehicles_footfall": vehicles_footfall,
    "extrapolated_watchers": extrapolated_watchers,
    "extrapolated_ots": extrapolated_ots,
    "proof_of_play_by_location": lambda locations, asked: proof_of_play(locations, asked, "location_id"),
    "proof_of_play_by_site": lambda locations, asked: proof_of_play(locations, asked, "site_id"),
}
