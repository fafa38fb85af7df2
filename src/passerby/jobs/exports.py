"""Making export results: worker threads, one compressed file per finished job, deleted when its time is over."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import structlog
import zstandard
from sqlalchemy import Engine

from passerby.errors import PasserbyError, UnavailableError
from passerby.jobs.table import Job, JobTable

KEPT_MS = 24 * 3_600_000
_FAILED_KEPT_MS = 3_600_000
_WORKERS = 2
_SWEEP_S = 60.0
# Results give way before observations do: below this much free space the oldest are deleted.
_FREE_BYTES = 1 << 30
_LEAST_FREE_BYTES = 1 << 28
# Small enough to stay in a core's cache between decompressing and sending: larger ones took more time.
_PIECE_BYTES = 1 << 19
# The store may be opening its file again; a job outlives that.
_RETRIES_S = (1.0, 5.0, 15.0)
# Threads beside the one that makes the answer: it goes on while a piece is compressed.
_COMPRESSING = 1
_SUFFIX = ".zst"
_PARTIAL = ".partial"
_log = structlog.get_logger("passerby.exports")

Piece = bytes | memoryview
Builder = Callable[[Job], Iterator[Piece]]
"""Makes the answer of a job piece by piece; raises JobFailedError when it cannot be made."""


class TooManyJobsError(PasserbyError):
    """Too many exports are under way already."""


class JobFailedError(PasserbyError):
    """The export cannot be made."""


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


class Exports:
    """Export jobs and their results under `folder`. Safe to ask from several threads.

    A job is on disk before `ask` returns, and is done even when the process ends before: it begins anew with the next
    one. Results are kept `KEPT_MS`, less when the disk fills up.
    """

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        *,
        at_most: int = 3,
        workers: int = _WORKERS,
        clock: Callable[[], int] = _utc_ms,
    ) -> None:
        self._table = JobTable(engine)
        self._folder = folder
        self._at_most = at_most
        self._clock = clock
        self._builders: dict[str, Builder] = {}
        self._changed = threading.Condition()
        self._news = True
        self._writing: set[str] = set()
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._work, name=f"export-{n}", daemon=True) for n in range(workers)]
        self._threads.append(threading.Thread(target=self._sweeping, name="export-sweep", daemon=True))

    def register(self, kind: str, builder: Builder) -> None:
        """Say who makes the answers of one kind of job; before `start`."""
        self._builders[kind] = builder

    def start(self) -> None:
        """Begin to work, first on what an earlier process left undone. Once; again it does nothing."""
        if self._threads[0].ident is not None:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        waiting = self._table.requeue()
        if waiting:
            _log.info("exports that were under way begin again", jobs=waiting)
        self.sweep()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what is under way is done anew by the next process."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()

    # -- asking

    def ask(self, kind: str, owner: str, request: Mapping[str, Any], *, rebuild: bool = False) -> tuple[Job, bool]:
        """(the job of a request, whether it is new).

        The same `request` is the same job, whoever asks. Raises TooManyJobsError when `owner` has as many others
        under way as one may have.
        """
        digest = hashlib.sha256(msgspec.json.encode(dict(request), order="deterministic")).hexdigest()
        now = self._clock()
        if not rebuild:
            found = self._table.current(kind, digest, now)
            if found is not None and not self._lost(found):
                return found, False
            rebuild = found is not None
        job, new = self._table.ask(
            kind=kind,
            owner=owner,
            digest=digest,
            request=request,
            now_ms=now,
            at_most=self._at_most,
            renew=rebuild,
        )
        if job is None:
            raise TooManyJobsError(f"{self._at_most} exports are under way already; wait until one is finished")
        if new:
            self._tell()
        return job, new

    def read(self, job: Job, *, packed: bool = False) -> Iterator[bytes]:
        """The result of a finished job, in pieces; `packed`: as it is kept, `job.bytes` of zstd.

        Raises UnavailableError when it was deleted this moment.
        """
        try:
            file = self._path(job).open("rb")
        except FileNotFoundError:
            raise UnavailableError("the export was deleted just now; ask again") from None
        if sys.platform == "linux":
            # All of it, from the disk while its beginning is sent: no reader waits for the disk then.
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
        return _packed(file) if packed else _opened(file)

    def under_way(self) -> int:
        """How many jobs wait or run."""
        return self._table.under_way()

    def _lost(self, job: Job) -> bool:
        """Whether a finished job has lost its file: after a restore, or by someone's hand."""
        return job.state == "finished" and not self._path(job).exists()

    def _path(self, job: Job) -> Path:
        return self._folder / str(job.file)

    def _tell(self) -> None:
        with self._changed:
            self._news = True
            self._changed.notify_all()

    # -- working

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._table.claim()
            except PasserbyError as error:
                _log.error("the export jobs cannot be read; trying again", error=str(error))
                self._stopping.wait(1.0)
                continue
            if job is None:
                with self._changed:
                    self._changed.wait_for(lambda: self._news or self._stopping.is_set())
                    self._news = False
                continue
            self._tell()  # there may be more: another worker looks
            self._do(job)

    def _do(self, job: Job) -> None:
        file = f"{job.id}-{secrets.token_hex(8)}{_SUFFIX}"
        self._writing.add(file)
        try:
            self._do_into(job, file)
        finally:
            self._writing.discard(file)

    def _do_into(self, job: Job, file: str) -> None:
        for pause in (*_RETRIES_S, None):
            try:
                size, length = self._write(job, self._folder / file)
            except _StoppedError:
                self._table.give_back(job.id)
                return
            except UnavailableError as error:
                if pause is None:
                    self._failed(job, error.message)
                    return
                self._stopping.wait(pause)
            except JobFailedError as error:
                self._failed(job, error.message)
                return
            except OSError as error:
                self._failed(job, f"the result cannot be written: {error.strerror}")
                return
            except Exception as error:  # noqa: BLE001 - one job's fault must not end the worker
                _log.error("an export failed", job=job.id, kind=job.kind, error=repr(error))
                self._failed(job, "an error inside the server; its log says more")
                return
            else:
                break
        if not self._table.finish(job.id, file=file, size=size, length=length, expires_ms=self._clock() + KEPT_MS):
            (self._folder / file).unlink(missing_ok=True)

    def _failed(self, job: Job, reason: str) -> None:
        self._table.fail(job.id, reason=reason, expires_ms=self._clock() + _FAILED_KEPT_MS)

    def _write(self, job: Job, path: Path) -> tuple[int, int]:
        """Make the result at `path`, whole or not at all; the bytes of the file, and those of the answer."""
        partial = path.with_suffix(_PARTIAL)
        builder = self._builders.get(job.kind)
        if builder is None:
            raise JobFailedError(f"this release makes no exports of the kind {job.kind}")
        try:
            with open(partial, "xb", opener=_private) as file:  # Path.open has no opener
                compressor = zstandard.ZstdCompressor(level=1, threads=_COMPRESSING)
                length = 0
                with compressor.stream_writer(file, closefd=False) as writer:
                    for piece in builder(job):
                        if self._stopping.is_set():
                            raise _StoppedError
                        writer.write(piece)
                        length += memoryview(piece).nbytes
                        if self._make_room() < _LEAST_FREE_BYTES:
                            raise JobFailedError("the server's disk is almost full")
                file.flush()
                os.fsync(file.fileno())
                size: int = file.tell()
            partial.replace(path)
            _sync_folder(self._folder)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return size, length

    # -- tidying

    def _sweeping(self) -> None:
        while not self._stopping.wait(_SWEEP_S):
            try:
                self.sweep()
            except (PasserbyError, OSError) as error:
                _log.error("old exports cannot be deleted; trying again", error=str(error))

    def sweep(self) -> None:
        """Delete jobs whose time is over, results that belong to none, and the oldest while the disk is full."""
        self._table.expire(self._clock())
        writing = set(self._writing)  # before the list of what is finished: nothing falls in between
        kept = {job.file for job in self._table.finished()}
        for path in self._folder.iterdir():
            if path.name not in kept and path.with_suffix(_SUFFIX).name not in writing:
                path.unlink(missing_ok=True)
        self._make_room()

    def _make_room(self) -> int:
        """Delete the oldest results while less than `_FREE_BYTES` are free; the bytes free now."""
        free = shutil.disk_usage(self._folder).free
        if free >= _FREE_BYTES:
            return free
        for job in self._table.finished():
            _log.warning("the disk is almost full; an export is deleted", job=job.id, bytes=job.bytes)
            self._table.forget(job.id)
            self._path(job).unlink(missing_ok=True)
            free = shutil.disk_usage(self._folder).free
            if free >= _FREE_BYTES:
                break
        return free


class _StoppedError(Exception):
    """The process ends."""


def _packed(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _opened(file: BinaryIO) -> Iterator[bytes]:
    with file, zstandard.ZstdDecompressor().stream_reader(file) as reader:
        while piece := reader.read(_PIECE_BYTES):
            yield piece


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
