"""Rows of a JSON document that may be larger than memory: an array of objects, bare or under a key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from json.decoder import JSONDecodeError
from pathlib import Path

from passerby.errors import InvalidInputError
from passerby.ingest.files.base import Tally

_PIECE_CHARACTERS = 1 << 18
# Nothing in such a document is longer than this, so an object that does not end within it never will.
_LONGEST_VALUE = 4 << 20
_decode = json.JSONDecoder().raw_decode
_BLANK = " \t\r\n"


def rows(path: Path, tally: Tally, key: str = "data") -> Iterator[tuple[int, object]]:
    """(number from 1, value) of each item of the array, which is the document or stands in it under `key`.

    Where a document around the array has a `state`, it must be `finished`. Commas behind the last item, as the
    vendor prints them, are no error.

    Raises:
        InvalidInputError: not JSON, no array, or the answer of an export that was not finished.
    """
    with path.open("rb") as raw, TextIOWrapper(raw, encoding="utf-8-sig") as text:
        reader = _Reader(path, raw, text)
        try:
            if reader.peek() == "[":
                yield from _items(reader, tally)
            else:
                yield from _document(reader, tally, key)
            if reader.peek():
                raise reader.wrong("something stands behind the end of the document")
        except UnicodeDecodeError as error:
            raise InvalidInputError(f"not UTF-8 text: {error.reason} (is it compressed?)", str(path)) from None
        tally.progress(raw.tell())


class _Reader:
    """Reads values one after the other, holding no more of the text than the value under way."""

    def __init__(self, path: Path, raw: BufferedReader, text: TextIOWrapper) -> None:
        self._path = path
        self._raw = raw
        self._text = text
        self._held = ""
        self._at = 0
        self._before = 0  # characters that are not held any more

    def wrong(self, what: str) -> InvalidInputError:
        return InvalidInputError(
            f"not an export as JSON: {what}, at character {self._before + self._at + 1}", str(self._path)
        )

    def position(self) -> int:
        return self._raw.tell()

    def peek(self) -> str:
        """The next character that is not blank, empty at the end."""
        while True:
            while self._at < len(self._held) and self._held[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Go past one character."""
        if self.peek() != expected:
            raise self.wrong(f"expected {expected}")
        self._at += 1

    def value(self) -> object:
        """The next JSON value."""
        self.peek()
        while True:
            try:
                found, end = _decode(self._held, self._at)
            except (JSONDecodeError, RecursionError, ValueError) as error:
                if len(self._held) - self._at < _LONGEST_VALUE and self._more():
                    continue
                reason = error.msg if isinstance(error, JSONDecodeError) else "a value that is none"
                raise self.wrong(reason) from None
            # A number at the end of what is held may go on.
            if end < len(self._held) or not self._more():
                self._at = end
                return found

    def _more(self) -> bool:
        piece = self._text.read(_PIECE_CHARACTERS)
        if piece:
            self._before += self._at
            self._held = self._held[self._at :] + piece
            self._at = 0
        return bool(piece)


def _document(reader: _Reader, tally: Tally, key: str) -> Iterator[tuple[int, object]]:
    reader.take("{")
    found = False
    while reader.peek() != "}":
        name = reader.value()
        reader.take(":")
        if name == key and reader.peek() == "[":
            found = True
            yield from _items(reader, tally)
        else:
            _check(reader, name, reader.value())
        if reader.peek() == ",":
            reader.take(",")
    reader.take("}")
    if not found:
        raise reader.wrong(f"it has no array under {key}")


def _check(reader: _Reader, name: object, value: object) -> None:
    if name == "fail_reason" and value:
        raise reader.wrong(f"the export failed ({str(value)[:200]})")
    if name == "state" and value in {"started", "in_progress"}:
        raise reader.wrong(f"its state is {value}: ask for the export again until it is finished")


def _items(reader: _Reader, tally: Tally) -> Iterator[tuple[int, object]]:
    reader.take("[")
    number = 0
    while reader.peek() != "]":
        number += 1
        value = reader.value()
        if number % 1_000 == 0:
            tally.progress(reader.position())
        yield number, value
        if reader.peek() != "]":
            reader.take(",")
    reader.take("]")
