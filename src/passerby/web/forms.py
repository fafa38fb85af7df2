"""Reads forms: fields with their problems side by side, so that a page shows all that is wrong at once.

form = await Form.of(request)
name = form.text("name", most=100)
days = form.integer("days", least=1, most=365)
role = form.choice("role", ROLES)
if form.errors:
    return page(request, "people/new.html", title="Add a person", form=form, status=422)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

from litestar.datastructures import UploadFile

from passerby.errors import InvalidInputError
from passerby.web.viewer import WebRequest

T = TypeVar("T")
C = TypeVar("C", bound=str)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class Form:
    """The fields that were sent, and what is wrong with them (`errors`, by name of the field; "" for the whole form).

    A page that is shown for the first time uses `Form(values)` with what its fields begin with.
    """

    def __init__(self, values: Mapping[str, Sequence[str] | str] | None = None) -> None:
        self._values = {
            name: [value] if isinstance(value, str) else list(value) for name, value in (values or {}).items()
        }
        self.files: dict[str, UploadFile] = {}
        self.errors: dict[str, str] = {}

    @classmethod
    async def of(cls, request: WebRequest) -> Form:
        """The form of a request."""
        found: dict[str, list[str]] = {}
        files = {}
        for name, value in (await request.form()).multi_items():
            if isinstance(value, UploadFile):
                files[name] = value
            else:
                found.setdefault(name, []).append(str(value).replace("\r\n", "\n"))  # browsers send lines so
        made = cls(found)
        made.files = files
        return made

    def value(self, name: str) -> str:
        """What was typed, to be shown again; empty when nothing was."""
        return next(iter(self._values.get(name, ())), "")

    def values(self, name: str) -> list[str]:
        """Everything that was chosen of a field that may have several."""
        return self._values.get(name, [])

    def flag(self, name: str) -> bool:
        """Whether a box was ticked."""
        return self.value(name) not in {"", "0", "false"}

    def text(self, name: str, *, most: int, needed: bool = True, lines: bool = False) -> str:
        """A text without spaces around it."""
        value = self.value(name).strip()
        if needed and not value:
            return self._wrong(name, "please fill this in", "")
        if len(value) > most:
            return self._wrong(name, f"at most {most} characters", "")
        if _CONTROL.search(value) or (not lines and ("\n" in value or "\t" in value)):
            return self._wrong(name, "one line of text without control characters", "")
        return value

    def integer(self, name: str, *, least: int, most: int, otherwise: int | None = None) -> int:
        """A whole number; `otherwise` where nothing was typed."""
        value = self.value(name).strip()
        if not value and otherwise is not None:
            return otherwise
        if not re.fullmatch(r"[+-]?\d{1,18}", value, re.ASCII) or not least <= int(value) <= most:
            return self._wrong(name, f"a whole number from {least} to {most}", least)
        return int(value)

    def number(self, name: str, *, least: float, most: float, otherwise: float | None = None) -> float:
        """A number; `otherwise` where nothing was typed."""
        value = self.value(name).strip()
        if not value and otherwise is not None:
            return otherwise
        if not re.fullmatch(r"[+-]?\d{1,12}([.]\d{1,12})?", value, re.ASCII) or not least <= float(value) <= most:
            return self._wrong(name, f"a number from {least:g} to {most:g}", least)
        return float(value)

    def choice(self, name: str, choices: Collection[C]) -> C:
        """One of several."""
        value = self.value(name)
        found = next((each for each in choices if each == value), None)
        return self._wrong(name, "please choose one", next(iter(choices))) if found is None else found

    def ids(self, name: str, allowed: Collection[int]) -> list[int]:
        """Ids that were ticked, all of them among `allowed`."""
        known = {str(each): each for each in allowed}
        values = self.values(name)
        if any(value not in known for value in values):
            return self._wrong(name, "please choose again: not everything that was chosen exists", [])
        return [known[value] for value in values]

    def refuse(self, error: InvalidInputError) -> None:
        """Take over what a deeper layer found wrong: at the field that it names, or for the whole form."""
        for problem in error.problems:
            name = problem.path if problem.path in self._values else ""
            text = problem.message if name or not problem.path else str(problem)
            self.errors[name] = f"{self.errors[name]}; {text}" if name in self.errors else text

    def _wrong(self, name: str, message: str, value: T) -> T:
        self.errors.setdefault(name, message)
        return value
