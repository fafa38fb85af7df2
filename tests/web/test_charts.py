"""What charts draw, as pictures have it."""

import re

import pytest

from passerby.web import charts
from passerby.web.sheet import chart_svg


@pytest.mark.parametrize("days", [3, 7, 14])
def test_the_axis_names_each_day_once(days):
    labels = [f"2026-11-{day:02d}T00:00:00" for day in range(2, 2 + days)]
    chart = charts.trend("visits", "Visits", "", "persons", "1d", labels, {charts.THIS: [5.0] * days})
    names = re.findall(r">((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d+)<", chart_svg(chart))
    assert len(names) == len(set(names)) >= min(days, 5)


def test_a_week_in_which_nobody_came_is_drawn_as_empty():
    quiet = {(day, hour): 0.0 for day in range(7) for hour in range(24)}
    empty = cells({**quiet, (4, 17): 9.0})
    assert len(empty) == 2
    assert cells(quiet) < empty


def cells(values):
    """The colours of the hours of a week."""
    drawn = chart_svg(charts.week("week", "A usual week", "", "visitors", values))
    return set(re.findall(r'aria-roledescription="rect mark"[^>]*? fill="([^"]+)"', drawn))
