"""What decoding a body gives: observations or sightings, and rows that were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from passerby.observations import Reported


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not accepted: its place in the body, "field: message", and the row as it was sent."""

    index: int
    error: str
    row: bytes


@dataclass(slots=True)
class Decoded:
    """The valid rows of a body with their places in it, and the others. Places count from 0."""

    observations: list[Reported] = field(default_factory=list)
    indexes: Sequence[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def add(self, index: int, observation: Reported) -> None:
        """One more valid row. Only for results whose `indexes` is a list."""
        assert isinstance(self.indexes, list)  # noqa: S101  # the caller made it so
        self.observations.append(observation)
        self.indexes.append(index)
