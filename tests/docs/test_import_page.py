"""The page on imports names every format and only options that exist."""

import re
from pathlib import Path

import typer

from passerby import cli
from passerby.ingest.files import FORMATS

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "import-recordings.md").read_text()


def options():
    command = typer.main.get_command(cli.build()).commands["import"]
    return {name for parameter in command.params for name in parameter.opts if name.startswith("--")}


def test_every_format_is_explained():
    assert [name for name in FORMATS if f"--format {name}" not in PAGE and f"`{name}`" not in PAGE] == []


def test_every_option_on_the_page_exists():
    assert set(re.findall(r"--[a-z][a-z-]*", PAGE)) <= options()


def test_every_option_is_on_the_page():
    assert options() - {"--help"} <= set(re.findall(r"--[a-z][a-z-]*", PAGE))
