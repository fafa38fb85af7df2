"""The commands printed in the pages work as printed: each is run, in order, and answers what the page says."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RUN = re.compile(r"<!-- run -->\n```sh\n(.*?)```\n```(\w+)\n(.*?)```", re.DOTALL)
PAGES = ["README.md", "docs/tutorial/first-counts.md"]


def test_every_page_with_commands_is_tested():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    assert sorted(str(page.relative_to(ROOT)) for page in pages if "<!-- run -->" in page.read_text()) == sorted(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_the_commands_of_a_page_answer_as_printed(page, server):
    steps = RUN.findall((ROOT / page).read_text())
    assert steps
    url = server(yaml.safe_load((ROOT / "docs/examples/store.yaml").read_text())).url
    for command, form, answer in steps:
        # The page's address and environment stand for those of this run.
        here = command.replace("http://127.0.0.1:8080", url).replace(".venv/bin/", f"{Path(sys.executable).parent}/")
        done = subprocess.run(["bash", "-c", here], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, (command, done.stderr)
        if form == "json":
            assert json.loads(done.stdout) == json.loads(answer), command
        else:
            assert done.stdout.strip() == answer.strip(), command
