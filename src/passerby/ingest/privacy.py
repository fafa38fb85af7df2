"""WiFi devices: nobody can be recognised from what Passerby keeps.

A device's address is replaced, before anything else happens to it, by a keyed hash under a key that exists for one site
and one local day. Within that day the same device has the same hash, so visits of one device can be told apart and
together; across days or sites nothing connects them. The site's key is derived from a random key of the day, one for
all sites of a time zone: a thousand sites begin their day with one write to the disk, not with a thousand. The key of
the day is destroyed 48 hours after the day's end (or after its making, if that is later, so that recordings can be
imported), and with it the last way to test whether a known address was there. Rows of a day whose key is gone are
refused.

Keys lie in their own file, are overwritten when deleted, and are in no backup.
"""

from __future__ import annotations

import hmac
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from passerby.calendar import to_utc, zone

KEPT_MS = 48 * 3_600_000
REMOVED = "[removed]"

_MAC = re.compile(r"(?:[0-9a-f]{2}([:-]))[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}")
# Whatever could be an address inside a longer text: rather too much than too little.
_MAC_LIKE = re.compile(
    r"(?:[0-9a-f]{1,2}[\s:.%_-]{1,3}){5,}[0-9a-f]{1,2}|(?:[0-9a-f]{4}[\s.:_-]{1,3}){2,}[0-9a-f]{4}|[0-9a-f]{12,}",
    re.IGNORECASE,
)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS wifi_keys (
    timezone TEXT NOT NULL,
    day TEXT NOT NULL,
    key BLOB, -- null: destroyed
    destroy_ms INTEGER NOT NULL,
    PRIMARY KEY (timezone, day)
) WITHOUT ROWID
"""


class KeyGoneError(Exception):
    """The key of that site and day has been destroyed."""


def normalised(device: str) -> str:
    """One text for one device: a MAC address in any of its usual forms as aa:bb:cc:dd:ee:ff, other text as it is."""
    lower = device.strip().lower()
    if not _MAC.fullmatch(lower):
        return device
    digits = re.sub(r"[^0-9a-f]", "", lower)
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def is_randomized(device: str) -> bool | None:
    """Whether a MAC address was made up by the device (its "locally administered" bit); None for other text."""
    text = normalised(device)
    return bool(int(text[:2], 16) & 2) if _MAC.fullmatch(text) else None


def scrubbed(text: str) -> str:
    """`text` with everything that looks like a MAC address removed."""
    return _MAC_LIKE.sub(REMOVED, text)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@lru_cache(maxsize=4096)
def _local_day(timezone: str, minute: int) -> str:
    """The local date of a minute since 1970."""
    return datetime.fromtimestamp(minute * 60, zone(timezone)).date().isoformat()


def _day_end_ms(timezone: str, day: str) -> int:
    return to_utc(datetime.combine(date.fromisoformat(day) + timedelta(days=1), datetime.min.time()), timezone)


class Devices:
    """The hashes of devices, and the keys they are made with. Safe to use from several threads.

    `clock` gives UTC milliseconds. Raises sqlite3.Error when the file cannot be used.
    """

    def __init__(self, path: Path, clock: Callable[[], int] = _now_ms) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[tuple[int, str, str], tuple[bytes, int]] = {}  # of sites: key, when to destroy it
        path.touch(mode=0o600)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # The rollback journal holds what a change replaces, so it must not outlive the change: no WAL here.
        for statement in ("secure_delete = ON", "journal_mode = DELETE", "synchronous = FULL"):
            self._connection.execute(f"PRAGMA {statement}").fetchall()
        self._connection.execute(_SCHEMA)
        self.sweep()

    def hash(self, site_id: int, timezone: str, started_ms: int, text: str) -> str:
        """`text` (a device, or an id that may hold one) as 32 hexadecimal digits.

        Raises KeyGoneError when the key of that site's local day has been destroyed.
        """
        day = _local_day(timezone, started_ms // 60_000)
        known = self._keys.get((site_id, timezone, day))
        if known is None or known[1] <= self._clock():
            known = self._key(site_id, timezone, day)
        return hmac.digest(known[0], normalised(text).encode(), "sha256")[:16].hex()

    def _key(self, site_id: int, timezone: str, day: str) -> tuple[bytes, int]:
        with self._lock:
            now = self._clock()
            row = self._connection.execute(
                "SELECT key, destroy_ms FROM wifi_keys WHERE timezone = ? AND day = ?", (timezone, day)
            ).fetchone()
            if row is None:
                row = (secrets.token_bytes(32), max(_day_end_ms(timezone, day), now) + KEPT_MS)
                self._connection.execute("INSERT INTO wifi_keys VALUES (?, ?, ?, ?)", (timezone, day, *row))
            if row[0] is None or row[1] <= now:
                raise KeyGoneError
            known = (hmac.digest(bytes(row[0]), b"site %d" % site_id, "sha256"), int(row[1]))
            self._keys[site_id, timezone, day] = known
            return known

    def sweep(self) -> int:
        """Destroy the keys whose time has come, in memory and in the file; how many there were."""
        with self._lock:
            now = self._clock()
            self._keys = {place: known for place, known in self._keys.items() if known[1] > now}
            return self._connection.execute(
                "UPDATE wifi_keys SET key = NULL WHERE key IS NOT NULL AND destroy_ms <= ?", (now,)
            ).rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._keys.clear()
            self._connection.close()
