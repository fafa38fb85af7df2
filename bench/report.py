"""Figures, their floors and targets: printed as they come, and written to docs/benchmarks.md at the end."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

LIBRARIES = ("duckdb", "pyarrow", "numpy", "orjson", "msgspec", "litestar", "uvicorn", "sqlalchemy")


@dataclass(frozen=True)
class Target:
    """What a figure should reach, and what would get there where it does not."""

    limit: float
    at_least: bool = False
    unit: str = ""
    remedy: str = ""

    def met(self, value: float) -> bool:
        """Whether a value reaches the target."""
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {number(self.limit)}{self.unit and ' ' + self.unit}"

    def verdict(self, value: float) -> str:
        """Pass, or by how much it misses."""
        if self.met(value):
            return "pass"
        gap = abs(value / self.limit - 1) * 100
        return f"**miss** by {gap:.0f} %"


@dataclass(frozen=True)
class Figure:
    """One measured number. With a floor, the target is for the ratio value / floor, else for the value."""

    name: str
    value: float
    unit: str
    floor: float | None = None
    floor_name: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        """The value over its floor."""
        return self.value / self.floor if self.floor else None

    @property
    def judged(self) -> float:
        """What the target is about."""
        return self.value if self.ratio is None else self.ratio

    def cells(self) -> list[str]:
        """The figure as a row of the table."""
        floor = "" if self.floor is None else f"{number(self.floor)} {self.unit} ({self.floor_name})"
        return [
            self.name,
            f"{number(self.value)} {self.unit}",
            floor,
            "" if self.ratio is None else f"{self.ratio:.2f}",
            "" if self.target is None else str(self.target),
            "" if self.target is None else self.target.verdict(self.judged),
        ]


@dataclass
class Section:
    """One question of the benchmark, with its figures and what one has to know to read them."""

    letter: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    measured: str = ""
    """When, where it was not with the rest of the page."""

    def add(self, figure: Figure) -> None:
        """Keep a figure and print it."""
        self.figures.append(figure)
        print("  " + " | ".join(cell for cell in figure.cells() if cell), flush=True)

    def note(self, text: str) -> None:
        """Keep a remark and print it."""
        self.notes.append(text)
        print(f"  ({text})", flush=True)

    def markdown(self) -> Iterable[str]:
        """The section as lines of the page."""
        yield f"## ({self.letter}) {self.title}"
        yield ""
        if self.measured:
            yield self.measured
            yield ""
        yield "| figure | measured | floor | ratio | target | result |"
        yield "|---|--:|--:|--:|--:|---|"
        for figure in self.figures:
            yield "| " + " | ".join(figure.cells()) + " |"
        remedies = [
            f"{figure.name}: {figure.target.remedy}"
            for figure in self.figures
            if figure.target and figure.target.remedy and not figure.target.met(figure.judged)
        ]
        for text in [*self.notes, *(f"What would get there: {remedy}" for remedy in remedies)]:
            yield ""
            yield text
        yield ""


def number(value: float) -> str:
    """A number as a reader wants it: three significant digits, thousands set apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def spread(seconds: Sequence[float]) -> tuple[float, float]:
    """(p50, p99) in milliseconds."""
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    return float(p50), float(p99)


def machine() -> list[str]:
    """What the figures were measured on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = psutil.virtual_memory().total / 2**30
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return [
        f"- Machine: {os.cpu_count()} cores ({model}), {memory:.0f} GiB of memory, {platform.system()}.",
        f"- Python {platform.python_version()}, {versions}.",
    ]


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []


def write(path: Path, sections: Sequence[Section], setting: Sequence[str]) -> None:
    """Write the page. `setting` = lines saying what the run was."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Each figure stands beside a floor taken in the same run: what the machine and",
        "the libraries do when nothing else is asked of them. Targets are ratios to those floors, so that they",
        "mean the same on another machine.",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC.",
        *machine(),
        *(line if line.startswith(" ") else f"- {line}" for line in setting),
        "",
    ]
    for section in sections:
        lines += section.markdown()
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n")


def renew(page: Path, sections: Iterable[Section], remarks: Sequence[str]) -> None:
    """Put sections in place of those of the same letters, and leave the others as they are."""
    head, *parts = re.split(r"(?m)^(?=## \()", page.read_text(encoding="utf-8"))
    held = {part[len("## (")]: part for part in parts}
    load = os.getloadavg()[0]
    now = f"Measured by itself on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, load average {load:.1f} at its end."
    for section in sections:
        section.measured = " ".join([now, *remarks])
        held[section.letter] = "\n".join(section.markdown()).rstrip() + "\n\n"
    page.write_text(head + "".join(held[letter] for letter in sorted(held)).rstrip() + "\n", encoding="utf-8")
