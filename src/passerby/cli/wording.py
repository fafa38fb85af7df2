"""What is wrong with a command's arguments, in one plain sentence instead of the validator's words."""

from __future__ import annotations

import re

_INVALID = re.compile(r"Invalid value for '?(?P<where>[^':]+)'?: (?P<message>.*)", re.DOTALL)
# The validator's sentences, and what they mean to whoever types the command.
_PLAIN = (
    (r"Input should be a valid integer.*", "expected a whole number"),
    (r"Input should be a valid number.*", "expected a number"),
    (r"Input should be a valid boolean.*", "expected true or false"),
    (r"Input should be greater than or equal to (\S+)", r"expected at least \1"),
    (r"Input should be less than or equal to (\S+)", r"expected at most \1"),
    (r"Input should be greater than (\S+)", r"expected more than \1"),
    (r"Input should be less than (\S+)", r"expected less than \1"),
    (r"Value error, '(.*)' does not match the formats '%Y-%m-%d'.*", r"'\1' is no date, such as 2026-03-29"),
    (r"Value error, (.*)", r"\1"),
    (r"Input should be (.*)", r"expected \1"),
)


def plain(message: str) -> str:
    """The text of a usage error; what is not about a value stays as it is."""
    found = _INVALID.fullmatch(message)
    if found is None:
        return message
    for pattern, words in _PLAIN:
        if (said := re.fullmatch(pattern, found["message"], re.DOTALL)) is not None:
            return f"{found['where']}: {said.expand(words)}"
    return message
