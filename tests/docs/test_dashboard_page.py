"""The page on the dashboard has a paragraph with a picture for every entry of the menu, and shows every picture."""

import re
from pathlib import Path

import pytest

from passerby.people.person import ROLES
from passerby.web import routes
from passerby.web.rendering import NAVIGATION

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "reference" / "dashboard.md").read_text()
PICTURES = re.findall(r"!\[[^\]]+\]\(\.\./images/(dashboard-[a-z-]+\.png)\)", PAGE)


def part(label: str) -> str:
    """The paragraphs under the heading of an entry."""
    return PAGE.partition(f"\n### {label}\n")[2].partition("\n##")[0]


def test_the_menu_and_the_page_have_the_same_order():
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == [
        item.label
        for group in dict.fromkeys(each.group for each in NAVIGATION)
        for item in NAVIGATION
        if item.group == group
    ]


@pytest.mark.parametrize("item", NAVIGATION, ids=lambda item: item.label)
def test_every_entry_says_who_may_open_it_and_has_a_picture(item):
    text = part(item.label)
    assert text.strip().startswith(f"{item.role.capitalize()}s")
    assert f"`{item.path}`" in text
    assert "](../images/dashboard-" in text


def test_every_role_opens_something():
    assert {item.role for item in NAVIGATION} == set(ROLES)
    assert routes.PAGES


def test_every_picture_of_the_dashboard_is_shown_once():
    assert sorted(PICTURES) == sorted(path.name for path in (DOCS / "images").glob("dashboard-*.png"))
