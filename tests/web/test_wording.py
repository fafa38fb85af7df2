"""How numbers are written."""

import re

import pytest

from passerby.metrics.registry import METRICS
from passerby.web import wording

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, "persons", "–"),  # noqa: RUF001  # the sign for "none"
        (0, "persons", "0"),
        (1234567, "persons", f"1{THIN}234{THIN}567"),
        (2.5, "persons", "2.50"),
        (12.25, "persons", "12.2"),
        (46.25, "percent", f"46.2{THIN}%"),
        (950, "ms", f"0.9{THIN}s"),
        (12_400, "ms", f"12{THIN}s"),
        (59_600, "ms", f"1{THIN}min 00{THIN}s"),
        (848_000, "ms", f"14{THIN}min 08{THIN}s"),
        (3_599_900, "ms", f"1{THIN}h 00{THIN}min"),
        (88_200_000, "ms", f"24{THIN}h 30{THIN}min"),
    ],
)
def test_numbers(value, unit, text):
    assert wording.shown(value, unit) == text


@pytest.mark.parametrize(
    ("change", "metric", "text", "tone"),
    [
        (12.4, "visits", f"+12{THIN}%", "good"),
        (-3.0, "visits", f"\u22123{THIN}%", "bad"),
        (-3.0, "walk_bys", f"\u22123{THIN}%", "same"),
        (1.25, "turn_in_rate", f"+1.2{THIN}points", "good"),
        (0.0, "visits", f"0{THIN}%", "same"),
        (-0.3, "visits", f"0{THIN}%", "same"),
        (-0.3, "turn_in_rate", f"\u22120.3{THIN}points", "bad"),
    ],
)
def test_changes(change, metric, text, tone):
    assert wording.changed(change, METRICS[metric]) == text
    assert wording.tone(change, METRICS[metric]) == tone


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_has_a_name_and_a_meaning(metric):
    assert wording.label(metric)
    assert METRICS[metric].formula.replace("`", "") in wording.meaning(metric)


@pytest.mark.parametrize("metric", [*wording.LABELS, "im_backup", "impressions", "timed_visits"])
def test_what_pages_show_is_said_in_everyday_words_first(metric):
    plain = wording.plain(metric)
    assert plain == wording.PLAIN[metric]
    assert re.findall(r"[_*<>=/`]|\bbucket\b|\bots\b|\bunion\b", plain) == []
    assert wording.meaning(metric) == f"{plain} Exactly: {wording.rule(metric)}"
