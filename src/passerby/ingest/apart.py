"""Parquet bodies are opened in a process of their own.

A damaged Parquet file can make its C++ reader end the whole process, where no exception is raised that could be caught.
So a helper process reads it and hands back the rows as an Arrow stream; when the helper dies, the body was damaged,
the server goes on and the next body gets a new helper. The helper ends with its standard input, so also when the
server is killed. It is started when it is first needed.
"""

from __future__ import annotations

import atexit
import io
import json
import os
import struct
import subprocess
import sys
import threading
from typing import IO

import pyarrow as pa

from passerby.errors import InvalidInputError, Problem
from passerby.ingest import arrow_tables
from passerby.ingest.arrow_tables import ArrowBody
from passerby.ingest.compression import TooLargeError

_LONGEST_S = 60.0
_LENGTH = struct.Struct("<Q")
_ROWS, _INVALID, _TOO_LARGE = b"r", b"i", b"l"
_DAMAGED = "the body is not Parquet, or it is damaged"


def parquet(body: bytes, limit: int) -> ArrowBody:
    """As `arrow_tables.parquet`, safe from what the body may do to its reader. Blocks; meant for worker threads."""
    try:
        answer = _HELPER.ask(_LENGTH.pack(limit) + body)
    except OSError:
        raise InvalidInputError(_DAMAGED) from None
    status, content = answer[:1], answer[1:]
    if status == _TOO_LARGE:
        raise TooLargeError
    if status == _INVALID:
        raise InvalidInputError([Problem(path, message) for path, message in json.loads(content)])
    reader = pa.ipc.open_stream(pa.py_buffer(content))
    return ArrowBody(reader.schema.names, iter(reader))


class _Helper:
    """One helper process, asked by one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes) -> bytes:
        """The helper's answer; OSError when it died of the question or took too long over it."""
        with self._lock:
            process = self._running()
            too_long = threading.Timer(_LONGEST_S, process.kill)
            too_long.start()
            try:
                assert process.stdin is not None  # noqa: S101 - asked for below
                assert process.stdout is not None  # noqa: S101 - asked for below
                _write(process.stdin, question)
                return _read(process.stdout)
            except (OSError, EOFError) as error:
                self.close()
                raise OSError("the helper died") from error
            finally:
                too_long.cancel()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            # A death is expected and explained to the sender: what it prints would only alarm.
            command = [sys.executable, "-c", f"from {__name__} import serve; serve()"]
            self._process = subprocess.Popen(  # noqa: S603 - our own program, nothing from outside
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        return self._process

    def close(self) -> None:
        """End the helper; the next question starts another."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


_HELPER = _Helper()
atexit.register(_HELPER.close)


def serve() -> None:
    """What the helper process does: answer questions until its standard input ends."""
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            question = _read(questions)
        except EOFError:
            return
        (limit,) = _LENGTH.unpack_from(question)
        _write(answers, _answer(question[_LENGTH.size :], limit))


def _answer(body: bytes, limit: int) -> bytes:
    try:
        opened = arrow_tables.parquet(body, limit)
        sink = io.BytesIO()
        writer: pa.ipc.RecordBatchStreamWriter | None = None
        for batch in opened.batches:
            writer = writer or pa.ipc.new_stream(sink, batch.schema)
            writer.write_batch(batch)
        if writer is None:
            writer = pa.ipc.new_stream(sink, pa.schema([pa.field(name, pa.null()) for name in opened.names]))
        writer.close()
    except TooLargeError:
        return _TOO_LARGE
    except InvalidInputError as error:
        return _INVALID + json.dumps([[problem.path, problem.message] for problem in error.problems]).encode()
    return _ROWS + sink.getvalue()


def _write(stream: IO[bytes], message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _read(stream: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise EOFError
    return found
