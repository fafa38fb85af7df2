"""WiFi devices: nobody can be recognised from what Passerby keeps.

A device's address is replaced, before anything else happens to it, by a keyed hash (HMAC-SHA-256, cut to 128 bits).
The key is random and belongs to one site and one *period* of its local time: a day, a week from Monday, a month, or
for ever (setting `wifi_key_rotation`). Within it the same device has the same hash, so visits of one device can be told
apart and together; across periods or sites nothing connects them. A key is destroyed 48 hours after the later of its
period's end and its making (so that recordings can be imported), and with it the last way to test whether a known
address was there. Rows of a period whose key is gone are refused: under a new key they would be other devices.

**When the rotation or the site's zone changes** in mid-period, whatever arrives from then on is hashed under the key of
the new period around its time. The keys of other periods that overlap it are of no further use; they are destroyed 48
hours after the first use of the new one, or when they would have been, if that is sooner. Whoever changes back within
that time finds the old key again; later, a period that is not over yet begins anew with another key.

**Many sites at midnight.** The first use of the present period makes the keys of all sites whose key of the period
before ended with it under the same rotation, in one transaction; and `Devices.batch` saves those of a whole body in
one.

Keys lie in their own file, are overwritten when deleted, and are in no backup.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import structlog

from passerby.calendar import DAY_MS, calendar
from passerby.catalogue.model import Catalogue, Site
from passerby.ingest.privacy import normalised

KEPT_MS = 48 * 3_600_000
# The bucket size that is a rotation's period. `never` has none.
SIZES = {"daily": "1d", "weekly": "1w", "monthly": "1M"}

_FORMAT = 2  # of the file; 1 (user_version 0) had one key for all sites of a time zone
_MOST_CACHED = 100_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS wifi_keys (
    site_id INTEGER NOT NULL,
    start_ms INTEGER NOT NULL, -- of the period
    end_ms INTEGER NOT NULL,
    rotation TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    destroy_ms INTEGER, -- null: never
    key BLOB, -- null: destroyed
    PRIMARY KEY (site_id, start_ms, end_ms)
) WITHOUT ROWID
"""
_log = structlog.get_logger("passerby.wifi_keys")


class KeyGoneError(Exception):
    """The key of that site and period has been destroyed."""


class Period(NamedTuple):
    """The stretch [start_ms, end_ms) of a site's time that one key is for, and under which rotation."""

    start_ms: int
    end_ms: int
    rotation: str


# It holds every instant that an observation may have.
EVER = Period(0, 2**53, "never")


class KeyRule(NamedTuple):
    """What decides which key hides a device: the site, its time zone, its `wifi_key_rotation`."""

    site_id: int
    timezone: str
    rotation: str

    @classmethod
    def of(cls, catalogue: Catalogue, site: Site) -> KeyRule:
        """The rule in force at a site."""
        return cls(site.id, site.timezone, catalogue.settings_of_site(site).text("wifi_key_rotation"))

    def period(self, at_ms: int) -> Period:
        """The period that holds an instant (UTC milliseconds)."""
        return period_of(self.timezone, self.rotation, at_ms)


def period_of(timezone: str, rotation: str, at_ms: int) -> Period:
    """The local day, week (from Monday) or month that holds an instant, as the metrics' calendar cuts them."""
    if rotation == "never":
        return EVER
    for period in _periods(timezone, rotation, at_ms // DAY_MS):
        if at_ms < period.end_ms:
            return period
    raise AssertionError("a calendar holds the whole range it was asked for")


@lru_cache(maxsize=4096)
def _periods(timezone: str, rotation: str, utc_day: int) -> tuple[Period, ...]:
    """The periods that hold any instant of a UTC day, ascending."""
    found = calendar(SIZES[rotation], timezone, utc_day * DAY_MS, (utc_day + 1) * DAY_MS)
    bounds = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    return tuple(Period(start, end, rotation) for start, end in bounds)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class _Known(NamedTuple):
    """A living key in memory; `destroy_ms` null: never."""

    key: bytes
    destroy_ms: int | None

    def lives(self, now_ms: int) -> bool:
        return self.destroy_ms is None or now_ms < self.destroy_ms


class Devices:
    """The hashes of devices, and the keys they are made with. Safe to use from several threads.

    `clock` gives UTC milliseconds. Raises sqlite3.Error when the file cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], int] = _now_ms) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._batches = threading.local()
        self._known: dict[tuple[int, int, int], _Known] = {}
        self._unsaved = False
        self._losses = 0  # how often keys that were handed out could not be saved
        self._journal = path.with_name(f"{path.name}-journal")
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # The rollback journal holds what a change replaces, keys included. It is one file that `_wipe` overwrites, not
        # one that is given back to the disk unread with every change; and no WAL, where old pages stay even longer.
        for statement in ("secure_delete = ON", "journal_mode = PERSIST", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {statement}").fetchall()
        self._prepare()
        self.sweep()

    def _prepare(self) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version != _FORMAT:
            old = self._connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'wifi_keys'").fetchone()
            if old is not None:
                _log.warning("keys of WiFi devices begin anew: the file was of an earlier form")
            self._connection.execute("DROP TABLE IF EXISTS wifi_keys")
            self._connection.execute(f"PRAGMA user_version = {_FORMAT}")
            self._wipe()
        self._connection.execute(_SCHEMA)

    def hash(self, rule: KeyRule, at_ms: int, text: str) -> str:
        """`text` (a device, or an id that may hold one) as 32 hexadecimal digits, under the key of that instant.

        Raises KeyGoneError when that key has been destroyed.
        """
        return self.hash_in(rule.site_id, rule.period(at_ms), text)

    def hash_in(self, site_id: int, period: Period, text: str) -> str:
        """As `hash`, under the key of a period; it need not hold the instant at which the device was seen."""
        known = self._known.get((site_id, period.start_ms, period.end_ms))
        if known is None or not known.lives(self._clock()):
            known = self._key(site_id, period)
        return hmac.digest(known.key, normalised(text).encode(), "sha256")[:16].hex()

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Inside, this thread's new keys are saved together, at the end. What was hashed counts only if that succeeds.

        Raises sqlite3.Error when the keys cannot be saved.
        """
        with self._lock:
            losses = self._losses
        self._batches.open = True
        try:
            yield
        finally:
            self._batches.open = False
            if self._unsaved or self._losses != losses:
                with self._lock:
                    self._save()
                    if self._losses != losses:  # another thread's failure took keys that were used here
                        raise sqlite3.OperationalError("the keys of WiFi devices could not be saved")

    def _key(self, site_id: int, period: Period) -> _Known:
        with self._lock:
            place = (site_id, period.start_ms, period.end_ms)
            now = self._clock()
            self._begin()
            try:
                known = self._saved(place, period, now) or self._make(site_id, period, now)
            finally:
                if not getattr(self._batches, "open", False):
                    self._save()
            if len(self._known) >= _MOST_CACHED:
                self._known.clear()
            self._known[place] = known
            return known

    def _saved(self, place: tuple[int, int, int], period: Period, now: int) -> _Known | None:
        """The key in the file; None when there is none yet, or one that a change of rotation ended before its time."""
        row = self._connection.execute(
            "SELECT key, destroy_ms, made_ms FROM wifi_keys WHERE site_id = ? AND start_ms = ? AND end_ms = ?", place
        ).fetchone()
        if row is None:
            return None
        key, destroy_ms, made_ms = row
        due = _due(period, made_ms)
        if key is None or not _Known(key, destroy_ms).lives(now):
            if due is None or now < due:
                return None
            raise KeyGoneError
        if destroy_ms != due:  # the rotation was changed and changed back
            self._connection.execute(
                "UPDATE wifi_keys SET destroy_ms = ? WHERE site_id = ? AND start_ms = ? AND end_ms = ?", (due, *place)
            )
            self._retire(place, now)
        return _Known(bytes(key), due)

    def _make(self, site_id: int, period: Period, now: int) -> _Known:
        """A new key, and with it one for each site that will need one too: whose period before ended at this start."""
        due = _due(period, now)
        others = self._needed_soon(period) if period.start_ms <= now < period.end_ms else []
        made = {site: secrets.token_bytes(32) for site in (site_id, *others)}
        self._connection.executemany(
            "INSERT OR REPLACE INTO wifi_keys VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(site, *period, now, due, key) for site, key in made.items()],
        )
        self._retire((site_id, period.start_ms, period.end_ms), now)
        return _Known(made[site_id], due)

    def _needed_soon(self, period: Period) -> list[int]:
        """The sites that have no key of a period yet, and whose key of the period just before is alive."""
        found = self._connection.execute(
            "SELECT site_id FROM wifi_keys WHERE end_ms = ?1 AND rotation = ?3 AND key IS NOT NULL"
            " EXCEPT SELECT site_id FROM wifi_keys WHERE start_ms = ?1 AND end_ms = ?2",
            period,
        )
        return [row[0] for row in found.fetchall()]

    def _retire(self, place: tuple[int, int, int], now: int) -> None:
        """Keys of the site's other periods that overlap this one have 48 hours left: it has taken their place."""
        site_id, start_ms, end_ms = place
        retired = self._connection.execute(
            "UPDATE wifi_keys SET destroy_ms = ?1 WHERE site_id = ?2 AND start_ms < ?4 AND end_ms > ?3"
            " AND NOT (start_ms = ?3 AND end_ms = ?4) AND key IS NOT NULL AND coalesce(destroy_ms > ?1, true)",
            (now + KEPT_MS, site_id, start_ms, end_ms),
        ).rowcount
        if retired:
            self._known = {of: known for of, known in self._known.items() if of[0] != site_id}

    def _begin(self) -> None:
        if not self._unsaved:
            self._connection.execute("BEGIN IMMEDIATE")
            self._unsaved = True

    def _save(self) -> None:
        """Commit. When that fails, no key that was not saved stays in use."""
        if not self._unsaved:
            return
        try:
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._losses += 1
            self._known.clear()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._unsaved = False

    def sweep(self) -> int:
        """Destroy the keys whose time has come, in memory and in the file; how many there were."""
        with self._lock:
            self._save()
            now = self._clock()
            self._known = {place: known for place, known in self._known.items() if known.lives(now)}
            destroyed = self._connection.execute(
                "UPDATE wifi_keys SET key = NULL WHERE key IS NOT NULL AND destroy_ms <= ?", (now,)
            ).rowcount
            if destroyed:
                self._wipe()
            return destroyed

    def _wipe(self) -> None:
        """Overwrite the rollback journal: the pages in it still hold what the last change replaced."""
        if self._journal.exists():
            with self._journal.open("r+b") as file:
                file.write(bytes(self._journal.stat().st_size))
                file.flush()
                os.fsync(file.fileno())

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._save()
            self._known.clear()
            self._connection.close()


def _due(period: Period, made_ms: int) -> int | None:
    """When a period's key is to be destroyed."""
    return None if period.rotation == "never" else max(period.end_ms, made_ms) + KEPT_MS
