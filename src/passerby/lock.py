"""One process at a time on a data directory."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from passerby.errors import ConflictError


class FolderLock:
    """Holds `<folder>/lock` until `release`. The system lets go of it when the process ends, however it ends.

    Raises:
        ConflictError: another process holds it; the message names its process id.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "lock"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise ConflictError(f"{folder} is in use by another process{_named(holder(folder))}") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others in."""
        os.close(self._file)

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(folder: Path) -> int | None:
    """The id of the process that works on a data directory now; None when there is none."""
    path = folder / "lock"
    if not path.exists():
        return None
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            text = path.read_text().strip()
            return int(text) if text.isdigit() else 0
    return None


def _named(process: int | None) -> str:
    return f" (process {process})" if process else ""
