"""Backups: facts as Parquet, the catalogue, the rejected rows, and a manifest that says what must be there.

A backup holds:

* `facts/<table>.parquet`: every fact table, and where the store stood in the journal, from one snapshot;
* `catalogue.sqlite`: accounts, sites, sensors, credentials ...;
* `server.key`: without it the sealed secrets in the catalogue cannot be opened and every token and cursor that
  was handed out becomes void. **Whoever holds a backup holds these secrets**: the folder is readable by its
  owner only, keep it so;
* `sessions.sqlite`: WiFi sessions that were still open, and how far into the journal they go;
* `rejected.parquet`: the rejected rows that were kept aside;
* `quiet.json`: which rows webhooks are not told about;
* `manifest.json`: rows of each table, and size and SHA-256 of each file.

It does not hold `wifi-keys.sqlite`. The keys under which WiFi devices are hashed are destroyed after two days,
which makes the hashes anonymous for good; a copy of a key in a backup would undo that. After a restore the devices
of the current day count as new ones. Nor does it hold the journal: all that is in it is loaded before the facts
are written. Idempotency keys do not survive a restore; a request sent again then only meets its own duplicates.
Results of exports (`exports/`) are made anew when someone asks for them again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from passerby import __version__, observations
from passerby.catalogue.database import FILE_NAME as CATALOGUE_FILE
from passerby.catalogue.keys import KEY_FILE_NAME
from passerby.errors import ConflictError, CorruptDataError, InvalidInputError, NotFoundError
from passerby.journal import Journal, KeptAside, Rejected
from passerby.lock import FolderLock
from passerby.services import Services
from passerby.settings import Settings, from_environment
from passerby.sightings.state import FILE_NAME as SESSIONS_FILE
from passerby.store import open_store

FORMAT = 1
MANIFEST = "manifest.json"
FACTS = "facts"
REJECTED = "rejected.parquet"
QUIET = "quiet.json"
Tell = Callable[[str], None]

_REJECTED_SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("received_ms", pa.int64()),
        ("source", pa.string()),
        ("account_id", pa.int64()),
        ("index", pa.int64()),
        ("error", pa.string()),
        ("row", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class File:
    """One file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says about itself. `rows` by kind; `files` by path inside the backup."""

    format: int
    passerby: str
    made: str
    cursor: int
    last_seq: int
    rows: dict[str, int]
    columns: dict[str, list[str]]
    files: dict[str, File]

    def write(self, folder: Path) -> None:
        """Write `manifest.json`."""
        (folder / MANIFEST).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of the backup in `folder`; raises when there is none that this release understands."""
        path = folder / MANIFEST
        if not path.is_file():
            raise NotFoundError(f"{folder} is not a backup: it has no {MANIFEST}")
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["format"] > FORMAT:
                raise InvalidInputError(f"{folder} was written by a newer release (Passerby {document['passerby']})")
            files = {name: File(**file) for name, file in document.pop("files").items()}
            return cls(**document, files=files)
        except (ValueError, TypeError, KeyError) as error:
            raise CorruptDataError(f"{path} cannot be read: {error}") from error


def backup(services: Services, folder: Path, tell: Tell = lambda _: None) -> Manifest:
    """Write a backup of everything acknowledged so far into `folder`, which must not exist or be empty.

    Ingest and queries go on meanwhile. The folder appears whole or not at all: until it is finished it has the
    name `<folder>.partial`.
    """
    _refuse_used(folder)
    partial = folder.with_name(folder.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    (partial / FACTS).mkdir(parents=True, mode=0o700)
    partial.chmod(0o700)
    try:
        manifest = _write(services, partial, tell)
        _sync(partial)
        partial.replace(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    tell(f"wrote {folder}: {sum(manifest.rows.values())} observations")
    return manifest


def _write(services: Services, folder: Path, tell: Tell) -> Manifest:
    # Before the facts: sessions that end meanwhile are among those, and known by their identity if they end again.
    tell("writing open WiFi sessions")
    services.sessions.catch_up()
    _copy_database(services.data / SESSIONS_FILE, folder / SESSIONS_FILE)
    tell("loading what is still in the journal")
    services.loader.catch_up()
    tell("writing facts")
    services.store.backup(folder / FACTS)
    # Afterwards, so that it knows every sensor and content that the facts mention.
    tell("writing catalogue")
    _copy_database(services.data / CATALOGUE_FILE, folder / CATALOGUE_FILE)
    _copy_secret(services.data / KEY_FILE_NAME, folder / KEY_FILE_NAME)
    tell("writing rejected rows")
    _write_rejected(services.journal, folder / REJECTED)
    (folder / QUIET).write_text(json.dumps(services.journal.quiet(0, services.journal.last_seq)), encoding="utf-8")
    state = pq.read_table(folder / FACTS / "store_state.parquet").to_pylist()[0]
    tell("computing checksums")
    manifest = Manifest(
        FORMAT,
        __version__,
        datetime.now(UTC).isoformat(timespec="seconds"),
        state["cursor"],
        state["last_seq"],
        {kind: _parquet_rows(folder / FACTS / f"{_table(kind)}.parquet") for kind in observations.KINDS},
        {kind: [column.name for column in observations.table(kind).columns] for kind in observations.KINDS},
        {str(path.relative_to(folder)): _file(path) for path in sorted(folder.rglob("*")) if path.is_file()},
    )
    manifest.write(folder)
    return manifest


def restore(folder: Path, data: Path, tell: Tell = lambda _: None) -> Manifest:
    """Make the data directory `data` from the backup in `folder`. `data` must not exist or be empty.

    Everything is compared with the manifest first; `data` appears whole or not at all. Numbers of rows and
    entries go on where the backup left off, so what readers remember stays valid.
    """
    manifest = Manifest.read(folder)
    _refuse_used(data)
    _verify(folder, manifest, tell)
    partial = data.with_name(data.name + ".partial")
    if partial.exists():
        shutil.rmtree(partial)
    partial.mkdir(parents=True, mode=0o700)
    try:
        _fill(folder, partial, manifest, tell)
        _sync(partial)
        partial.replace(data)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    tell(f"restored {data}: {sum(manifest.rows.values())} observations")
    return manifest


def _sign_everybody_out(catalogue: Path) -> None:
    """Whoever signed out since the backup stays signed out, and a link that set a password sets none again."""
    with closing(sqlite3.connect(catalogue)) as connection, connection:
        known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in {"person_sessions", "password_links"} & known:  # backups of older releases have none
            connection.execute(f"DELETE FROM {table}")  # noqa: S608  # one of the two names above


def _fill(folder: Path, data: Path, manifest: Manifest, tell: Tell) -> None:
    settings = Settings(from_environment())
    with FolderLock(data):
        tell("restoring catalogue")
        _copy_secret(folder / CATALOGUE_FILE, data / CATALOGUE_FILE)
        _sign_everybody_out(data / CATALOGUE_FILE)
        _copy_secret(folder / KEY_FILE_NAME, data / KEY_FILE_NAME)
        tell("restoring facts")
        with closing(open_store(None, data, settings)) as store:
            store.restore(folder / FACTS)
            if dict(store.counts()) != manifest.rows:
                raise CorruptDataError(f"{folder}: its tables do not have as many rows as its manifest says")
        if (folder / SESSIONS_FILE).exists():  # backups of older releases have none
            tell("restoring open WiFi sessions")
            _copy_secret(folder / SESSIONS_FILE, data / SESSIONS_FILE)
        tell("restoring rejected rows")
        with closing(Journal(data / "journal.sqlite", rejected_days=settings.integer("rejected_days"))) as journal:
            journal.continue_from(manifest.cursor, manifest.last_seq)
            for batch in pq.ParquetFile(folder / REJECTED).iter_batches(10_000):
                journal.keep_aside([_kept(row) for row in batch.to_pylist()])
            if (folder / QUIET).exists():  # backups of the first releases have none
                journal.keep_quiet(json.loads((folder / QUIET).read_text(encoding="utf-8")))
    (data / "lock").unlink()


def _verify(folder: Path, manifest: Manifest, tell: Tell) -> None:
    for name, expected in manifest.files.items():
        tell(f"verifying {name}")
        path = folder / name
        if not path.is_file():
            raise CorruptDataError(f"{folder}: {name} is missing")
        if _file(path) != expected:
            raise CorruptDataError(f"{folder}: {name} is not what was written (its checksum differs)")


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConflictError(f"{folder} is not empty: name a folder that is, or that does not exist yet")


def _copy_database(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source, timeout=30)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)


def _copy_secret(source: Path, target: Path) -> None:
    target.touch(mode=0o600)
    target.write_bytes(source.read_bytes())


def _write_rejected(journal: Journal, path: Path) -> None:
    with pq.ParquetWriter(path, _REJECTED_SCHEMA, compression="zstd") as writer:
        after = 0
        while kept := journal.kept_aside(after=after):
            after = kept[-1].id
            rows = [{"id": k.id, "received_ms": k.received_ms, "source": k.source, **asdict(k.rejected)} for k in kept]
            writer.write_table(pa.Table.from_pylist(rows, _REJECTED_SCHEMA))


def _kept(row: dict[str, object]) -> KeptAside:
    values = dict(row)
    head = {name: values.pop(name) for name in ("id", "received_ms", "source")}
    return KeptAside(**head, rejected=Rejected(**values))  # type: ignore[arg-type]  # the schema says what they are


def _table(kind: str) -> str:
    return observations.table(kind).name


def _parquet_rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def _file(path: Path) -> File:
    with path.open("rb") as file:
        return File(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _sync(folder: Path) -> None:
    """Wait until everything in a folder is on disk."""
    for path in [folder, *folder.rglob("*")]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
