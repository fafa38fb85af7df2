"""`python -m bench`: measure, print, and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

from bench import (
    dashboard,
    exports,
    facts,
    ingest,
    outlets,
    raw,
    raw_sessions,
    report,
    seemetrix,
    sightings,
    vidicenter,
    wifi,
    year,
)

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
SECTIONS = "abcdefghijkl"


def main() -> None:
    """Run the sections that are asked for."""
    options = _options()
    folder = options.data.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(options.only.split(",")) if options.only else set(SECTIONS)
    largest = facts.SIZES[options.size]
    sizes = [size for size in facts.SIZES.values() if size.days <= largest.days]
    parts: list[tuple[str, Callable[[], list[report.Section]]]] = [
        ("a", lambda: [ingest.run(folder, options.seconds)]),
        ("bc", lambda: exports.run(folder, sizes if "c" in wanted else [largest], min(options.seconds, 5))),
        ("d", lambda: [raw.run(folder, largest, options.rows)]),
        ("e", lambda: [year.run(folder, largest)]),
        ("f", lambda: [wifi.run(folder, options.wifi_days)]),
        ("g", lambda: [sightings.run(folder, options.seconds)]),
        ("h", lambda: [outlets.run(folder, min(options.seconds, 5))]),
        ("i", lambda: [vidicenter.run(folder)]),
        ("j", lambda: [seemetrix.run(folder)]),
        ("k", lambda: [raw_sessions.run(folder)]),
        ("l", lambda: [dashboard.run(folder)]),
    ]
    sections = [section for letters, run in parts if wanted & set(letters) for section in run()]
    if options.no_page:
        return
    if wanted != set(SECTIONS):
        report.renew(PAGE, sections, options.remark)
        print(f"renewed in {PAGE}: {', '.join(section.letter for section in sections)}")
        return
    stored = f"{largest.name} visits ({largest.sites:,} sites, {largest.days} days)"
    setting = [
        f"Facts: {stored}, half as many passages and as many zone visits, some crossings, an uptime for each",
        "  sensor and day; stored in order of arrival.",
        f"Load generator, clients and server share the machine; {options.seconds:g} s of load.",
        f"Load average of the machine over the last 15 minutes: {os.getloadavg()[2]:.1f}.",
        *options.remark,
    ]
    report.write(PAGE, sections, setting)
    print(f"written: {PAGE}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", default="", help="sections to run, such as a,b; the others stay on the page as they are"
    )
    parser.add_argument("--size", choices=list(facts.SIZES), default="100M", help="visits stored (default 100M)")
    parser.add_argument("--rows", type=int, default=raw.ROWS, help="rows of the raw export")
    parser.add_argument(
        "--wifi-days", type=int, default=365, help="days of 137,000 WiFi visits each (default 365: 50 M)"
    )
    parser.add_argument("--seconds", type=float, default=60, help="how long to send load")
    parser.add_argument("--data", type=Path, default=Path("bench-data"), help="where to keep the facts between runs")
    parser.add_argument("--remark", action="append", default=[], help="what a reader of the page must know as well")
    parser.add_argument("--no-page", action="store_true", help="do not write docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
