"""What charts draw, as pictures have it."""

import re

import pytest

from passerby.metrics.registry import METRICS
from passerby.web import charts
from passerby.web.boards import side_by_side
from passerby.web.figures.comparing import Trend
from passerby.web.sheet import chart_svg


@pytest.mark.parametrize("days", [3, 7, 14])
def test_the_axis_names_each_day_once(days):
    labels = [f"2026-11-{day:02d}T00:00:00" for day in range(2, 2 + days)]
    chart = charts.trend("visits", "Visits", "", "persons", "1d", labels, {charts.THIS: [5.0] * days})
    names = re.findall(r">((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+)<", chart_svg(chart))
    assert len(names) == len(set(names)) >= min(days, 5)


def test_what_is_there_in_part_is_a_ring_that_no_line_joins_to_the_rest():
    labels = [f"2026-11-20T{hour:02d}:00:00" for hour in range(4)]
    chart = charts.trend(
        "visits", "Visits", "", "persons", "1h", labels, {charts.THIS: [5, 7, 6, 1]}, whole=[True, True, True, False]
    )
    drawn = chart_svg(chart)
    (ring,) = re.findall(r'aria-label="([^"]*, in part[^"]*)"', drawn)
    assert "Time: Fri 20 Nov 2026, 03:00, in part" in ring
    lines = re.findall(r'aria-roledescription="line mark"[^>]*? d="([^"]+)"', drawn)
    assert sorted(line.count("L") for line in lines if "L" in line) == [2]
    assert "least 5 at Fri 20 Nov 2026, 00:00" in chart.description
    assert chart.table()["this_period"].to_pylist() == [5, 7, 6, 1]


def test_a_mean_of_nothing_is_left_out_and_not_called_unobserved():
    metric = METRICS["mean_attention"]
    labels = [f"2026-11-{day:02d}T00:00:00" for day in (18, 19, 20)]
    trend = Trend(metric, "1d", labels, [2000, None, 0], [True] * 3)
    chart = side_by_side("attention", "Attention", [trend], ["Attention"], "", empty_is_gap=True)
    assert list(chart.rows) == [(labels[0], 2.0), (labels[1], None), (labels[2], None)]
    assert [row["time"][:10] for row in chart.spec()["datasets"]["table"] if "dark" in row] == ["2026-11-19"]


def test_a_week_in_which_nobody_came_is_drawn_as_empty():
    quiet = {(day, hour): 0.0 for day in range(7) for hour in range(24)}
    empty = cells({**quiet, (4, 17): 9.0})
    assert len(empty) == 2
    assert cells(quiet) < empty


def cells(values):
    """The colours of the hours of a week."""
    drawn = chart_svg(charts.week("week", "A usual week", "", "visitors", values))
    return set(re.findall(r'aria-roledescription="rect mark"[^>]*? fill="([^"]+)"', drawn))
