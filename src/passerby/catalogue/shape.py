"""Reads a value into the structs of `document.py`, noting every problem instead of stopping at the first.

msgspec decides about each single value; this module walks the containers, so that one bad value does not hide
the next. What could not be read becomes the field's default, or None: the caller goes on looking for problems and
uses the result only when there are none.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, reduce
from types import UnionType
from typing import Literal, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, UnsetType
from msgspec.structs import FieldInfo

from passerby.catalogue.document import MAX_ID, CatalogueFile
from passerby.errors import Problem

_NOUNS = {
    "int": "an integer",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
_MESSAGE = re.compile(r"^(?P<text>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
# Characters that no name needs and that break terminals, logs or the database: controls and lone surrogates.
BAD_CHARACTER = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass
class Notes:
    """What is wrong so far. `lost`: a value could not be read, so that what refers to it may seem to dangle."""

    problems: list[Problem] = field(default_factory=list)
    lost: bool = False

    def lose(self, path: str, message: str) -> None:
        """Notes a problem that leaves a value out."""
        self.problems.append(Problem(path, message))
        self.lost = True


def read(value: object, notes: Notes) -> CatalogueFile | None:
    """The file in `value`, or None when it is not even a mapping; `notes` gets what is wrong."""
    if not isinstance(value, dict):
        notes.lose("", f"expected a mapping with the key account, got {_noun(value)}")
        return None
    result = _read(value, CatalogueFile, "", notes)
    return result if isinstance(result, CatalogueFile) else None


def suggest(given: object, known: Iterable[str]) -> str:
    """`; did you mean x?` with the nearest of `known`, or nothing."""
    near = difflib.get_close_matches(str(given), list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _bad_scalars(value: object, path: str) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _bad_scalars(item, _join(path, str(key)))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _bad_scalars(item, f"{path}[{index}]")
    elif isinstance(value, float) and not math.isfinite(value):
        yield Problem(path, "expected a finite number")
    elif isinstance(value, int) and abs(value) > MAX_ID:
        yield Problem(path, "larger than 2^53 - 1, the largest integer that every reader of JSON keeps exact")
    elif isinstance(value, str) and BAD_CHARACTER.search(value):
        yield Problem(path, "has a control character")


def _read(value: object, type_: object, path: str, notes: Notes) -> object:
    """`value` as `type_`, or None with at least one problem noted."""
    structs = _structs_of(type_)
    if structs:
        if value is None and type(None) in get_args(type_):
            return None
        return _read_struct(value, structs, path, notes)
    if get_origin(type_) is list:
        return _read_list(value, get_args(type_)[0], path, notes)
    if get_origin(type_) is dict:
        return _read_dict(value, type_, path, notes)
    return _read_leaf(value, type_, path, notes)


def _read_list(value: object, item: object, path: str, notes: Notes) -> list[object] | None:
    if not isinstance(value, list):
        notes.lose(path, f"expected a list, got {_noun(value)}")
        return None
    found = [_read(entry, item, f"{path}[{index}]", notes) for index, entry in enumerate(value)]
    if None in found and not _structs_of(item):
        return None  # half a list of points or ids would only seem to break more rules
    return [entry for entry in found if entry is not None]


def _read_dict(value: object, type_: object, path: str, notes: Notes) -> dict[str, object] | None:
    if not isinstance(value, dict):
        notes.lose(path, f"expected a mapping, got {_noun(value)}")
        return None
    key_type, item_type = get_args(type_)
    result = {}
    for key, item in value.items():
        if get_origin(key_type) is Literal and key not in get_args(key_type):
            known = get_args(key_type)
            notes.lose(_join(path, str(key)), f"unknown{suggest(key, known)}; there are: {', '.join(known)}")
        elif not isinstance(key, str):
            notes.lose(_join(path, str(key)), f"expected a text as key, got {_noun(key)}")
        else:
            result[key] = _read(item, item_type, _join(path, key), notes)
    return {key: item for key, item in result.items() if item is not None or value[key] is None}


def _read_struct(value: object, structs: list[type[msgspec.Struct]], path: str, notes: Notes) -> object:
    if not isinstance(value, dict):
        notes.lose(path, f"expected a mapping, got {_noun(value)}")
        return None
    struct = _by_tag(value, structs, path, notes)
    if struct is None:
        return None
    fields = _fields(struct)
    tag_field = struct.__struct_config__.tag_field
    known = [*([tag_field] if tag_field else []), *fields]
    unknown = [key for key in value if key not in known]
    notes.problems.extend(Problem(_join(path, str(key)), f"unknown key{suggest(key, known)}") for key in unknown)
    return struct(**{name: _read_field(value, info, path, notes) for name, info in fields.items()})


def _read_field(value: dict[str, object], info: FieldInfo, path: str, notes: Notes) -> object:
    where = _join(path, info.name)
    if info.name in value:
        result = _read(value[info.name], info.type, where, notes)
        if result is not None or (value[info.name] is None and type(None) in get_args(info.type)):
            return result
    elif info.required:
        notes.lose(where, "missing")
    if info.default is not NODEFAULT:
        return info.default
    return None if info.default_factory is NODEFAULT else info.default_factory()


def _by_tag(
    value: dict[str, object], structs: list[type[msgspec.Struct]], path: str, notes: Notes
) -> type[msgspec.Struct] | None:
    """The struct that the tag field of `value` names; with one struct, that one."""
    tag_field = structs[0].__struct_config__.tag_field
    if tag_field is None:
        return structs[0]
    by_tag = {str(struct.__struct_config__.tag): struct for struct in structs}
    tag = value.get(tag_field)
    if isinstance(tag, str) and tag in by_tag:
        return by_tag[tag]
    hint = suggest(tag, by_tag) if tag_field in value else ""
    notes.lose(_join(path, tag_field), f"expected one of {', '.join(by_tag)}{hint}")
    return None


def _read_leaf(value: object, type_: object, path: str, notes: Notes) -> object:
    choices = get_args(type_) if get_origin(type_) is Literal else ()
    if choices:
        if value in choices:
            return value
        notes.lose(path, f"expected one of {', '.join(choices)}{suggest(value, choices)}")
        return None
    bad = list(_bad_scalars(value, path))
    if bad:
        notes.lost = True
        notes.problems += bad
        return None
    try:
        converted: object = msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        notes.lose(*_explain(str(error), path))
        return None
    return converted


def _explain(message: str, path: str) -> tuple[str, str]:
    """The path, and msgspec's sentence in this program's words: no type names, a hint where YAML commonly surprises."""
    match = _MESSAGE.match(message)
    text, inner = (match["text"], match["path"] or "") if match else (message, "")
    hint = "; put it in quotes" if re.match(r"Expected `str.*got `(int|float|bool)`", text) else ""
    text = re.sub(r"`(\w+)( \| null)?`", lambda found: _NOUNS.get(found[1], found[1]), text)
    return f"{path}{inner}", text[:1].lower() + text[1:] + hint


@cache
def _fields(struct: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    return {info.name: _without_unset(info) for info in msgspec.structs.fields(struct)}


def _without_unset(info: FieldInfo) -> FieldInfo:
    members = tuple(member for member in get_args(info.type) if member is not UnsetType)
    if len(members) == len(get_args(info.type)):
        return info
    return msgspec.structs.replace(info, type=reduce(operator.or_, members))


def _structs_of(type_: object) -> list[type[msgspec.Struct]]:
    members = get_args(type_) if get_origin(type_) in (Union, UnionType) else (type_,)
    return [member for member in members if isinstance(member, type) and issubclass(member, msgspec.Struct)]


def _noun(value: object) -> str:
    names = {dict: "object", list: "array", type(None): "null"}
    return _NOUNS.get(names.get(type(value), type(value).__name__), type(value).__name__)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
