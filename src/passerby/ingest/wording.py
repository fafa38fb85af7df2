"""What is wrong with a row, in words: "field: what was expected". Values are never repeated, they may be personal."""

from __future__ import annotations

import re
from functools import cache

import msgspec
import msgspec.inspect as inspection

from passerby.observations import KINDS
from passerby.sightings.sighting import INPUTS

_PLACE = re.compile(r" - at `(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.?(?P<name>[^.\[\]]+)|\[(?P<index>[^\]]*)\]")
_MISSING = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL)
_AT_MOST = re.compile(r"(?P<sign><=|<) (?P<bound>\S+)")

EXPECTED_KIND = f"kind: expected one of {', '.join(KINDS)}"
EXPECTED_OBJECT = "expected a JSON object"
EXPECTED_TIME = "expected a time in RFC 3339 with an offset, such as 2026-03-29T01:30:00+01:00"


def refusal(error: msgspec.ValidationError, kind: object) -> str:
    """The message for a row of `kind` (whatever the row said) that msgspec did not accept."""
    message = str(error)
    found = _PLACE.search(message)
    path = found["path"].removeprefix("$").removeprefix(".") if found else ""
    message = message[: found.start()] if found else message
    if not isinstance(kind, str) or kind not in INPUTS:
        return EXPECTED_KIND if kind is not None or "`kind`" in message or path == "kind" else EXPECTED_OBJECT
    if missing := _MISSING.fullmatch(message):
        return f"{_join(path, missing['name'])}: required"
    if unknown := _UNKNOWN.fullmatch(message):
        return f"{_join(path, _safe(unknown['name']))}: unknown field"
    if not path and message.startswith("Expected `object`"):
        return EXPECTED_OBJECT
    if not path:
        return _about_fields(message, kind)
    return f"{path}: {_expectation(kind, path, message)}"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _safe(name: str) -> str:
    """A field's name as sent, unless it could be something else than a name."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name) else "(a field)"


def _about_fields(message: str, kind: str) -> str:
    """A rule between fields, led by the first field that it names."""
    named = re.search(r"\b(" + "|".join(INPUTS[kind].__struct_fields__) + r")\b", message)
    return f"{named[1]}: {message}" if named else message


def _expectation(kind: str, path: str, message: str) -> str:
    if path == "kind":
        return f"expected {kind}"
    at_most = _AT_MOST.search(message)
    wanted = _type_at(kind, path)
    if at_most and wanted is not None and "length" not in message:
        return f"expected {_noun(wanted)} {at_most['sign']} {at_most['bound']}"
    return f"expected {describe(wanted)}" if wanted is not None else "another value"


def _type_at(kind: str, path: str) -> inspection.Type | None:
    current: inspection.Type | None = type_of(kind)
    for step in _STEP.finditer(path):
        current = _inside(current, step["name"])
    return current


@cache
def type_of(kind: str) -> inspection.StructType:
    """What msgspec knows about the struct of a kind."""
    found = inspection.type_info(INPUTS[kind])
    if not isinstance(found, inspection.StructType):
        raise TypeError(kind)
    return found


def parts(wanted: inspection.Type) -> list[inspection.Type]:
    """The plain types that `wanted` allows: unions and metadata opened."""
    if isinstance(wanted, inspection.Metadata):
        return parts(wanted.type)
    if isinstance(wanted, inspection.UnionType):
        return [part for member in wanted.types for part in parts(member)]
    return [wanted]


def _inside(wanted: inspection.Type | None, name: str | None) -> inspection.Type | None:
    for part in parts(wanted) if wanted is not None else ():
        if name is None and isinstance(part, inspection.ListType):
            return part.item_type
        if name is not None and isinstance(part, inspection.StructType):
            return next((field.type for field in part.fields if field.encode_name == name), None)
    return None


def describe(wanted: inspection.Type) -> str:
    """`wanted` in words, such as "an integer >= 0 or null"."""
    return " or ".join(dict.fromkeys(_one(part) for part in parts(wanted)))


def _noun(wanted: inspection.Type) -> str:
    return next((_NOUNS[type(part)] for part in parts(wanted) if type(part) in _NOUNS), "a value")


def _one(wanted: inspection.Type) -> str:
    if isinstance(wanted, (inspection.IntType, inspection.FloatType)):
        least = next(
            (
                f" {sign} {bound:g}"
                for sign, bound in ((">=", wanted.ge), (">", wanted.gt))
                if bound is not None and bound != -(2**63)  # all that fits: no bound worth a word
            ),
            "",
        )
        below = f" < {wanted.lt:g}" if wanted.lt is not None else ""
        return f"{_NOUNS[type(wanted)]}{least}{' and' if least and below else ''}{below}"
    if isinstance(wanted, inspection.StrType):
        return f"a text of {wanted.min_length or 0} to {wanted.max_length} characters"
    if isinstance(wanted, inspection.LiteralType):
        return f"one of {', '.join(str(value) for value in wanted.values)}"
    return _NOUNS.get(type(wanted), "a value")


_NOUNS: dict[type[inspection.Type], str] = {
    inspection.IntType: "an integer",
    inspection.FloatType: "a number",
    inspection.BoolType: "true or false",
    inspection.NoneType: "null",
    inspection.DateTimeType: EXPECTED_TIME.removeprefix("expected "),
    inspection.ListType: "a list",
    inspection.StructType: "an object",
}
