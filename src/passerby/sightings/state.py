"""`sessions.sqlite`: the open sessions, those that ended lately, and how far in the journal they go.

The journal is the truth; this file is where reading it went on from. Everything in it is of one instant: sessions and
the place in the journal commit together.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from passerby.errors import CorruptDataError, UnavailableError
from passerby.sightings.session import Closed, Key, Session

FILE_NAME = "sessions.sqlite"
# For so long it is remembered that a session has ended, so that a sighting sent again does not make another. A whole
# recording imported again later still gives the same visits, which are then known by their identity.
_REMEMBERED_MS = 7 * 86_400_000
_FORMAT = 1
_SCHEMA = f"""
begin immediate;
create table place (entry integer not null) strict;   -- one row: the journal entry up to which all this goes
create table open (
    scope integer not null,
    device text not null,                              -- the hash
    sessions blob not null,                            -- msgpack, see Session.state
    primary key (scope, device)
) strict, without rowid;
create table ended (
    scope integer not null,
    device text not null,
    last_ms integer not null,
    first_ms integer not null,
    ended_ms integer not null,                         -- when it ended, by the journal's clock
    primary key (scope, device, last_ms, first_ms)
) strict, without rowid;
create index ended_by_time on ended (ended_ms);
pragma user_version = {_FORMAT};
commit;
"""
_SPANNING = "select 1 from ended where scope = ? and device = ? and last_ms >= ? and first_ms <= ? limit 1"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[list[object]]).decode


class State:
    """The file. Changes are kept until `commit`; the reading methods see them before. For one thread at a time.

    Raises CorruptDataError when the file is not one that this release can read, UnavailableError when it cannot be
    opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = full")
            (version,) = self._connection.execute("pragma user_version").fetchone()
            if version > _FORMAT:
                raise CorruptDataError(f"{path} was written by a newer release (format {version})")
            if version == 0:
                self._connection.executescript(_SCHEMA)
            latest = "select scope, max(last_ms) from ended group by scope"
            self._latest: dict[int, int] = dict(self._connection.execute(latest).fetchall())
        except (OSError, sqlite3.OperationalError) as error:
            raise UnavailableError(f"cannot open {path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise CorruptDataError(f"{path} is not readable ({error}); restore it from a backup") from error

    def entry(self) -> int | None:
        """The journal entry up to which everything here goes; None in a new file."""
        found = self._connection.execute("select entry from place").fetchone()
        return None if found is None else int(found[0])

    def open(self) -> Iterator[tuple[int, str, list[Session]]]:
        """(scope, device, its open sessions) of every device that has some."""
        for scope, device, kept in self._connection.execute("select scope, device, sessions from open"):
            yield scope, device, [Session.of_state(state) for state in _decode(kept)]

    def ended(self, scope: int, device: str, seen_ms: int) -> bool:
        """Whether a session of the device that ended lately spans an instant."""
        if seen_ms > self._latest.get(scope, -1):
            return False
        return self._connection.execute(_SPANNING, (scope, device, seen_ms, seen_ms)).fetchone() is not None

    def remember(self, closed: Iterable[Closed], now_ms: int) -> None:
        """Sessions ended at `now_ms`."""
        self._begin()
        records = [(one.scope, one.device, one.session.last_ms, one.session.first_ms, now_ms) for one in closed]
        self._connection.executemany("insert or replace into ended values (?, ?, ?, ?, ?)", records)
        for scope, _, last_ms, _, _ in records:
            self._latest[scope] = max(self._latest.get(scope, last_ms), last_ms)

    def commit(self, entry: int, changed: Iterable[tuple[Key, Sequence[Session]]], now_ms: int) -> None:
        """Make durable: what the changed devices' open sessions are, and that all this goes up to `entry`."""
        self._begin()
        kept: list[tuple[int, str, bytes]] = []
        gone: list[Key] = []
        for key, sessions in changed:
            if sessions:
                kept.append((*key, _encode([one.state() for one in sessions])))
            else:
                gone.append(key)
        self._connection.executemany("insert or replace into open values (?, ?, ?)", kept)
        self._connection.executemany("delete from open where scope = ? and device = ?", gone)
        self._connection.execute("delete from ended where ended_ms < ?", (now_ms - _REMEMBERED_MS,))
        self._connection.execute("delete from place")
        self._connection.execute("insert into place values (?)", (entry,))
        self._connection.execute("commit")

    def roll_back(self) -> None:
        """Forget what was not committed."""
        if self._connection.in_transaction:
            self._connection.execute("rollback")

    def _begin(self) -> None:
        if not self._connection.in_transaction:
            self._connection.execute("begin immediate")

    def close(self) -> None:
        """Let go of the file; what was not committed is not kept."""
        self._connection.close()
