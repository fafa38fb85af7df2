"""The chain of migrations: one line, numbered as it is read."""

from __future__ import annotations

import re
from pathlib import Path

from alembic.script import ScriptDirectory

from passerby.catalogue.migrations.running import config

SCRIPTS = ScriptDirectory.from_config(config())


def test_the_chain_has_one_head_and_no_branches():
    """Two migrations made side by side after the same one would both be heads: no database could be upgraded."""
    oldest_first = list(SCRIPTS.walk_revisions())[::-1]
    assert SCRIPTS.get_heads() == [oldest_first[-1].revision]
    assert [script.down_revision for script in oldest_first] == [None, *(each.revision for each in oldest_first[:-1])]


def test_files_are_numbered_without_gaps_in_the_order_of_the_chain():
    names = [Path(script.path).stem for script in SCRIPTS.walk_revisions()][::-1]
    found = [re.fullmatch(r"r(\d{4})_[a-z0-9_]+", name) for name in names]
    assert all(found), names
    assert [int(match[1]) for match in found if match] == list(range(1, len(names) + 1))
    assert [script.revision for script in SCRIPTS.walk_revisions()][::-1] == [match[1] for match in found if match]
