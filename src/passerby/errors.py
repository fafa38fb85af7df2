"""The errors that Passerby raises on purpose.

Each class's docstring is its default message. Layers that face people (HTTP, dialects, CLI) turn these
into their own shape; nothing else in the program formats an error for a person.
"""

from __future__ import annotations

from dataclasses import dataclass


class PasserbyError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        """The text for a person."""
        return str(self.args[0])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where (`path`, such as `brands[0].sites[1].timezone`) and what."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class InvalidInputError(PasserbyError):
    """The input is not valid."""

    def __init__(self, problems: list[Problem] | str, path: str = "") -> None:
        self.problems = [Problem(path, problems)] if isinstance(problems, str) else problems
        super().__init__("; ".join(str(problem) for problem in self.problems))


class UnauthorizedError(PasserbyError):
    """The credential is missing or wrong."""


class ForbiddenError(PasserbyError):
    """The credential may not do this."""


class NotFoundError(PasserbyError):
    """There is no such thing, or the credential may not see it."""


class ConflictError(PasserbyError):
    """The request contradicts an earlier one."""


class UnavailableError(PasserbyError):
    """Passerby cannot do this at the moment; try again later."""

    def __init__(self, message: str | None = None, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class CorruptDataError(PasserbyError):
    """Stored data is not what was written."""
