"""The reference pages say what the program does: nothing is missing, nothing is made up."""

import re
from pathlib import Path

from passerby.settings import SETTINGS, Setting

DOCS = Path(__file__).parents[2] / "docs"


def row(setting: Setting) -> str:
    default = str(setting.default).lower() if isinstance(setting.default, bool) else str(setting.default)
    unit = f" {setting.unit}" if setting.unit else ""
    choices = f" One of: {', '.join(setting.choices)}." if setting.choices else ""
    return f"| `{setting.name}` | {default}{unit} | {', '.join(setting.levels)} | {setting.description}{choices} |"


def test_the_settings_page_lists_every_setting_as_it_is():
    lines = (DOCS / "reference" / "settings.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("| `")] == [row(setting) for setting in SETTINGS.values()]


def test_every_link_between_pages_leads_somewhere():

    pages = [*DOCS.rglob("*.md"), *(DOCS.parent.glob("*.md"))]
    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []
