from __future__ import annotations

import os
import subprocess
import sys

import pytest

from passerby.errors import ConflictError
from passerby.lock import FolderLock, holder

_HOLD = (
    "import sys; from pathlib import Path; from passerby.lock import FolderLock\n"
    "lock = FolderLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def other(tmp_path):
    """Another process that holds the folder."""
    command = [sys.executable, "-c", _HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_message_names_the_process_that_holds_the_folder(tmp_path, other):
    with pytest.raises(ConflictError, match=rf"{tmp_path} is in use by another process \(process {other.pid}\)"):
        FolderLock(tmp_path)
    assert holder(tmp_path) == other.pid


def test_a_killed_process_holds_nothing(tmp_path, other):
    other.kill()
    other.wait()
    assert holder(tmp_path) is None
    with FolderLock(tmp_path):
        assert holder(tmp_path) == os.getpid()
    assert holder(tmp_path) is None


def test_nobody_holds_a_new_folder_and_asking_makes_nothing(tmp_path):
    assert holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_does_not_get_it_leaves_it_as_it_is(tmp_path):
    with FolderLock(tmp_path):
        with pytest.raises(ConflictError):
            FolderLock(tmp_path)
        assert holder(tmp_path) == os.getpid()
