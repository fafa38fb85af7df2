"""`passerby check`: do journal, facts and catalogue agree, and is every byte of them readable?"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from passerby.catalogue.database import FILE_NAME as CATALOGUE_FILE
from passerby.errors import PasserbyError
from passerby.journal import DamagedEntryError, Entry
from passerby.services import Services
from passerby.sightings.state import FILE_NAME as SESSIONS_FILE
from passerby.sightings.state import State
from passerby.store.arrow import fact_batch

Tell = Callable[[str], None]
_BATCH_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Area:
    """What the check of one area came to: how much there is, and one sentence for each thing wrong."""

    name: str
    summary: str
    wrong: tuple[str, ...]


def check(services: Services, tell: Tell = lambda _: None) -> list[Area]:
    """Re-read everything. Ingest and queries go on meanwhile; what arrives during the check is not part of it."""
    services.loader.catch_up()
    services.sessions.catch_up()
    return [
        _journal(services, tell),
        _loaded(services, tell),
        _sessions(services, tell),
        _facts(services, tell),
        _catalogue(services, tell),
    ]


def _journal(services: Services, tell: Tell) -> Area:
    """Every entry readable, numbered without gaps, its rows too."""
    tell("journal: reading every entry")
    wrong = [f"journal: {text}" for text in _damage(services.journal.path)]
    aside = services.journal.aside()
    wrong += [f"entry {number} was set aside: {error}" for number, error in aside.items()]
    count = rows = 0
    number = seq = None
    for entry in services.journal.walk():
        count += 1
        if isinstance(entry, DamagedEntryError):
            if entry.number not in aside:
                wrong.append(entry.message)
            number, seq = entry.number, None
            continue
        rows += entry.row_count
        if number is not None and entry.number != number + 1:
            wrong.append(f"entries {number + 1} to {entry.number - 1} are missing")
        if seq is not None and entry.first_seq != seq + 1:
            wrong.append(f"entry {entry.number} begins with row {entry.first_seq}; expected {seq + 1}")
        if sum(map(len, entry.rows.values())) != entry.row_count:
            wrong.append(f"entry {entry.number} does not hold {entry.row_count} rows")
        number, seq = entry.number, entry.last_seq
    return Area("journal", f"{count} entries with {rows} rows held", tuple(wrong))


def _loaded(services: Services, tell: Tell) -> Area:
    """Every row of the journal up to the store's cursor is among the facts."""
    tell("journal against facts: looking for every row that the journal still holds")
    cursor = services.store.cursor()
    aside = services.journal.aside()
    wrong: list[str] = []
    if cursor > services.journal.last_entry:
        wrong.append(f"the facts stand at entry {cursor}, the journal ends at {services.journal.last_entry}")
    rows = 0
    for batch in _batches(services.journal.walk(), cursor):
        entries = [entry for entry in batch if entry.number not in aside]
        rows += sum(entry.row_count for entry in entries)
        try:
            missing = services.store.missing(fact_batch(entries)) if entries else {}
        except PasserbyError as error:
            wrong.append(f"entries {batch[0].number} to {batch[-1].number}: {error.message}")
            continue
        wrong += [
            f"{count} {kind} rows of entries {batch[0].number} to {batch[-1].number} are not among the facts"
            for kind, count in missing.items()
        ]
    return Area("journal against facts", f"{rows} rows of the journal looked for", tuple(wrong))


def _batches(entries: Iterator[Entry | DamagedEntryError], cursor: int) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        if isinstance(entry, DamagedEntryError):
            continue  # the journal's own check names it
        if entry.number > cursor:
            break
        batch.append(entry)
        if sum(one.row_count for one in batch) >= _BATCH_ROWS or len(batch) >= _BATCH_ROWS // 10:
            yield batch
            batch = []
    if batch:
        yield batch


def _sessions(services: Services, tell: Tell) -> Area:
    """The file of open WiFi sessions is sound, stands where the journal has been, and its sensors exist."""
    tell("sessions: reading every open WiFi session")
    path = services.data / SESSIONS_FILE
    wrong = [f"sessions: {text}" for text in _damage(path)]
    count = 0
    if not wrong:
        known = services.catalogue.current().sensors
        with closing(State(path)) as state:
            entry = state.entry()
            if entry is not None and entry > services.journal.last_entry:
                wrong.append(f"sessions stand at entry {entry}, the journal ends at {services.journal.last_entry}")
            unknown: set[int] = set()
            for _, _, sessions in state.open():
                count += len(sessions)
                unknown.update(one.sensor_id for one in sessions if one.sensor_id not in known)
        if unknown:
            names = ", ".join(map(str, sorted(unknown)[:20]))
            wrong.append(f"open sessions of sensors that the catalogue does not know: {names}")
    return Area("sessions", f"{count} WiFi sessions open", tuple(wrong))


def _facts(services: Services, tell: Tell) -> Area:
    """Every value readable, no row twice, none without what it must have."""
    wrong = services.store.check(lambda kind: tell(f"facts: reading every {kind}"))
    return Area("facts", f"{sum(services.store.counts().values())} observations", tuple(wrong))


def _catalogue(services: Services, tell: Tell) -> Area:
    """The database is sound, and knows every sensor that has facts."""
    tell("catalogue: looking for every sensor that has facts")
    wrong = [f"catalogue: {text}" for text in _damage(services.data / CATALOGUE_FILE)]
    known = services.catalogue.current().sensors
    found = services.store.query("sensors_with_facts", {}).column("sensor_id").to_pylist()
    unknown = [str(sensor) for sensor in found if sensor not in known]
    if unknown:
        wrong.append(f"facts of sensors that the catalogue does not know: {', '.join(unknown[:20])}")
    return Area("catalogue", f"{len(known)} sensors, {len(found)} of them with facts", tuple(wrong))


def _damage(path: Path) -> list[str]:
    """What SQLite finds wrong with one of its files."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            found = [str(row[0]) for row in connection.execute("pragma quick_check")]
    except sqlite3.Error as error:
        return [str(error)]
    return [text for text in found if text != "ok"]
