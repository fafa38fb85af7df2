"""A sheet: its drawing is whole, its files are what they say, and no text becomes markup."""

import re
import struct
from dataclasses import dataclass
from xml.etree import ElementTree as ET

import pytest

from passerby.web.sheet import Listing, Sheet, Tile, chart_png, fitted

SVG = "{http://www.w3.org/2000/svg}"


@dataclass
class Bars:
    """Bars whose parts are clipped, so that the drawing has ids."""

    title: str = "Visitors <by> hour & day"
    empty: bool = False

    def picture(self, *, dark=False, width=720):
        return {
            "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
            "title": self.title,
            "width": width,
            "height": 120,
            "autosize": {"type": "fit-x", "contains": "padding"},
            "data": {"values": [{"hour": 9, "visits": 3}, {"hour": 10, "visits": 5}]},
            "mark": {"type": "bar", "clip": True},
            "encoding": {
                "x": {"field": "hour", "type": "ordinal"},
                "y": {"field": "visits", "type": "quantitative"},
            },
        }


def texts(svg):
    return ["".join(each.itertext()) for each in ET.fromstring(svg).iter(f"{SVG}text")]


def test_everything_is_on_it():
    tiles = [Tile("Visitors", "1 234", (("+12 % against 1 100, Fri 13 Nov", "good"), ("97 % observed", "same")))]
    listing = Listing("Sites", ["Site", "Visitors"], [["Zürich & Söhne", "7"], ["<script>", "8"]])
    svg = Sheet("Acme", "Yesterday", tiles, [Bars()], [listing], "Passerby").svg()
    said = texts(svg)
    for text in ("Acme", "Yesterday", "Visitors", "1 234", "97 % observed", "Zürich & Söhne", "<script>", "Passerby"):
        assert text in said
    assert "<script" not in svg


def test_each_of_several_charts_is_cut_by_its_own_shape():
    svg = Sheet("Acme", "Yesterday", charts=[Bars(), Bars()]).svg()
    ids = re.findall(r'\bid="([^"]+)"', svg)
    used = re.findall(r"url\(#([^)]+)\)", svg)
    assert len(ids) == len(set(ids)) >= 2
    assert used
    assert set(used) <= set(ids)


def test_nothing_stands_below_the_end_of_the_sheet():
    sheet = Sheet(
        "Acme",
        "Yesterday",
        [Tile("a", "1")] * 9,
        [Bars(), Bars(empty=True)],
        [Listing("Sites", ["Site"], [["x"]] * 30)],
    )
    root = ET.fromstring(sheet.svg())
    lowest = max(float(each.get("y", 0)) for each in root.findall(f"{SVG}text"))
    assert lowest < float(root.get("height"))


def test_a_chart_without_data_says_so():
    assert "Nothing was observed in this period." in texts(Sheet("Acme", "Today", charts=[Bars(empty=True)]).svg())


def test_a_long_list_ends():
    said = texts(Sheet("Acme", "Today", listings=[Listing("Sites", ["Site"], [["x"]] * 500)]).svg())
    assert said.count("x") == 200
    assert "and 300 more" in said


def test_the_files():
    sheet = Sheet("Acme", "Yesterday", [Tile("Visitors", "3")], [Bars()])
    assert sheet.pdf().startswith(b"%PDF-")
    width, height = struct.unpack(">II", sheet.png()[16:24])
    assert (width, height) == (1588, 2 * round(float(ET.fromstring(sheet.svg()).get("height"))))
    assert chart_png(Bars()).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("Zürich", 100, "Zürich"),
        ("A very long name of a shop", 60, "A very lo…"),
        ("two\nlines\x07", 200, "twolines"),
        ("27\u202fmin\u00a048", 200, "27 min 48"),
        ("", 10, ""),
    ],
)
def test_texts_are_cut(text, width, shown):
    assert fitted(text, 11, width) == shown
