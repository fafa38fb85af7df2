"""What the document's examples of proof of play do not show."""

ASK = {"time_resolution": "1h", "data_type": "proof_of_play_by_location"}


def view(sensor, start, attention_ms=2500, content="content one", **more):
    shown = [{"content": content, "start_ms": 0, "duration_ms": 3000, "attention_ms": attention_ms}]
    contents = {"contents": shown} if content else {}
    return {
        "kind": "view",
        "sensor": sensor,
        "start": start,
        "duration_ms": 4000,
        "attention_ms": attention_ms,
        **contents,
        **more,
    }


def test_impressions_of_an_hour_that_the_clock_shows_twice_are_those_of_both_together(vidi, post):
    """New York, 2018-11-04: 2 watchers of 4 and 1 of 5, of whom 1 and 1 saw it: 2 * 9 / 3, not 1 * 2 + 1 * 5."""
    first = [
        view(1056, f"2018-11-04T05:0{n}:00Z", 100 if n < 2 else 0, "content one" if n < 1 else None)
        for n in (0, 1, 2, 3)
    ]
    second = [view(1056, f"2018-11-04T06:0{n}:00Z", 100 if n < 1 else 0) for n in range(5)]
    post([*first, *second])
    asked = {**ASK, "start": "2018-11-04T00:00:00", "end": "2018-11-04T23:59:59"}
    (row,) = vidi.export(**asked, locations="1056")
    assert (row["period_start"], row["watchers"], row["impressions"]) == ("2018-11-04 01:00:00", 2, 6)
    assert row["impressions_per_play"] == 0.0


def test_a_site_is_the_sum_over_the_sensors_that_were_asked_for(vidi, post):
    """1 of 2 watchers with 5 opportunities at one screen, 1 of 3 with 7 at the next: 2.5 + 2.33, not 2 of 5 with 12."""
    for sensor, others, ots in ((1467, 1, 5), (8866, 2, 7)):
        starts = [f"2019-06-01T12:{minute:02}:00Z" for minute in range(ots)]
        looks = [100] * (1 + others) + [0] * (ots - 1 - others)
        shown = ["content one"] + [None] * (ots - 1)
        post([view(sensor, *one) for one in zip(starts, looks, shown, strict=True)])
    post(
        [
            {"kind": "uptime", "sensor": s, "start": "2019-06-01T12:00:00Z", "duration_ms": 3_600_000}
            for s in (1467, 8866)
        ]
    )
    asked = {**ASK, "data_type": "proof_of_play_by_site", "start": "2019-06-01T00:00:00", "end": "2019-06-01T23:59:59"}
    (row,) = vidi.export(**asked, sites="177")
    assert (row["site_id"], row["watchers"], row["impressions"], row["duration"]) == (177, 2, 5, 7200)
    (row,) = vidi.export(**asked, locations="1467")
    assert (row["site_id"], row["watchers"], row["impressions"], row["duration"]) == (177, 1, 3, 3600)
    assert "location_id" not in row


def test_viewers_by_kind_and_averages(vidi, post):
    people = [("male", "adult"), ("male", "adult"), ("female", "young"), ("male", "unknown"), ("unknown", "child")]
    post(
        [
            view(9876, f"2019-06-02T12:0{n}:00Z", 1000 + 100 * n, gender=gender, age_group=age)
            for n, (gender, age) in enumerate(people)
        ]
    )
    asked = {**ASK, "start": "2019-06-02T00:00:00", "end": "2019-06-02T23:59:59", "locations": "9876"}
    (row,) = vidi.export(**asked, group_by_demographics="")
    told = {key: value for key, value in row.items() if key.startswith("watchers_") and value}
    assert told == {"watchers_masked": 2, "watchers_adult_male": 2, "watchers_young_adult_female": 1}
    assert row["watchers"] == 5
    assert (row["dwell_time_in_tenths_of_sec"], row["total_dwell_time_in_tenths_of_sec"]) == (150, 150.0)
    assert (row["attention_time_in_tenths_of_sec"], row["avg_attention_time_in_tenths_of_sec"]) == (60, 12)
    (row,) = vidi.export(**asked)
    assert not [key for key in row if key.startswith("watchers_") and key != "watchers_2sec"]


def test_content_ids_choose_contents_by_their_text(vidi, post):
    played = ["content one", "8482", "new one"]
    post(
        [
            {"kind": "play", "sensor": 26549, "content": text, "start": f"2019-06-03T12:0{n}:00Z", "duration_ms": 1500}
            for n, text in enumerate(played)
        ]
    )
    asked = {**ASK, "start": "2019-06-03T00:00:00", "end": "2019-06-03T23:59:59", "locations": "26549"}

    def shown(**more):
        return {row["content_id"] for row in vidi.export(**asked, **more)}

    assert shown() == set(played)
    assert shown(content_ids="new one,8482,nobody's") == {"new one", "8482"}
    assert shown(content_ids="nobody's") == set()
