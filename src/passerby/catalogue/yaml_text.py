"""YAML in and out, in the small safe part that a catalogue file needs.

Read are mappings, lists and scalars as YAML 1.2's core schema reads them, so `22:00`, `no` and `2026-01-01` are
texts, not 1320, false and a date. Refused, each naming its line: a key given twice, anchors and aliases (a file
of a kilobyte can unfold to gigabytes), tags (they name types to construct), several documents, and nesting deeper
than any catalogue has. libyaml does the parsing; values are built from its events, which no construction hook sees.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from passerby.errors import InvalidInputError, Problem

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 32

_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    form: word == "true" for word in ("true", "false") for form in (word, word.capitalize(), word.upper())
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}")
_PREFIXED = re.compile(r"0x[0-9a-fA-F]{1,16}|0o[0-7]{1,22}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def from_yaml(text: str | bytes) -> object:
    """The value of a YAML (or JSON) text; InvalidInputError whose path is the line."""
    if len(text) > MAX_BYTES:
        raise InvalidInputError(f"larger than {MAX_BYTES >> 20} MB")
    try:
        return _Builder().build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _problem(mark.line if mark else 0, error.problem or "not YAML") from None
    except yaml.reader.ReaderError as error:
        raise InvalidInputError(f"not readable as text at position {error.position}: {error.reason}") from None
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"not UTF-8 text at byte {error.start}") from None


def to_yaml(value: object) -> str:
    """`value` as YAML that `from_yaml` reads back to the same value."""
    return str(yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=110))


def plain_scalar(text: str) -> object:
    """What an unquoted scalar means."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _PREFIXED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return float(text.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text


class _Builder:
    """Builds one value from a stream of events, with an explicit stack."""

    def __init__(self) -> None:
        # Open containers, innermost last; a mapping carries the key that waits for its value.
        self._stack: list[_Open] = []
        self._result: object = None
        self._documents = 0

    def build(self, text: str | bytes) -> object:
        for event in yaml.parse(text, Loader=_Loader):
            self._take(event)
        return self._result

    def _take(self, event: yaml.Event) -> None:
        line = event.start_mark.line if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _problem(line, "a second document begins here; one file is one catalogue")
        elif isinstance(event, yaml.AliasEvent):
            raise _problem(line, f"the alias *{event.anchor}: aliases are not allowed; write the value out")
        elif isinstance(event, yaml.NodeEvent):
            self._take_node(event, line)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._put(self._stack.pop().value, line)

    def _take_node(self, event: yaml.NodeEvent, line: int) -> None:
        if event.anchor is not None:
            raise _problem(line, f"the anchor &{event.anchor}: anchors are not allowed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _problem(line, f"the tag {tag}: tags are not allowed")
        if isinstance(event, yaml.ScalarEvent):
            self._put(plain_scalar(event.value) if event.implicit[0] else event.value, line)
            return
        if len(self._stack) >= MAX_DEPTH:
            raise _problem(line, f"nested deeper than {MAX_DEPTH} levels")
        self._stack.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else []))

    def _put(self, value: object, line: int) -> None:
        if not self._stack:
            self._result = value
            return
        self._stack[-1].add(value, line)


class _Open:
    """A container whose end has not come yet."""

    __slots__ = ("has_key", "key", "value")

    def __init__(self, value: dict[object, object] | list[object]) -> None:
        self.value = value
        self.has_key = False
        self.key: object = None

    def add(self, item: object, line: int) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.has_key:
            self.value[self.key] = item
            self.has_key = False
        else:
            self._add_key(item, line)

    def _add_key(self, key: object, line: int) -> None:
        if isinstance(key, (dict, list)):
            raise _problem(line, "a mapping or a list cannot be a key")
        if key in self.value:
            raise _problem(line, f"the key {key!r} is given twice")
        self.key, self.has_key = key, True


class _Writer(_Dumper):  # type: ignore[misc]  # chosen at run time
    """Quotes every text that would read back as something else; keeps coordinates on one line."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  # the signature is PyYAML's
        return True


def _write_text(writer: yaml.SafeDumper, text: str) -> yaml.Node:
    quoted = plain_scalar(text) is not text
    node: yaml.Node = writer.represent_scalar("tag:yaml.org,2002:str", text, style="'" if quoted else None)
    return node


def _write_list(writer: yaml.SafeDumper, values: list[object]) -> yaml.Node:
    flat = all(not isinstance(value, (dict, list)) or _is_point(value) for value in values)
    node: yaml.Node = writer.represent_sequence("tag:yaml.org,2002:seq", values, flow_style=flat)
    return node


def _is_point(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(number, (int, float)) for number in value)


_Writer.add_representer(str, _write_text)
_Writer.add_representer(list, _write_list)


def _problem(line: int, message: str) -> InvalidInputError:
    return InvalidInputError([Problem(f"line {line + 1}", message)])
