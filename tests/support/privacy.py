"""Whether a WiFi device's address can be found in anything that Passerby keeps, however it is spelled or packed."""

import base64
import gzip
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import zstandard

_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"


def spellings(mac: str) -> list[str]:
    """A MAC address in lower case as people and programs write it: aa:bb:..., aa-bb-..., aabb.ccdd.eeff, aabbcc..."""
    digits = re.sub(r"[^0-9a-f]", "", mac.lower())
    assert len(digits) == 12, f"{mac!r} is no MAC address"
    pairs = [digits[at : at + 2] for at in range(0, 12, 2)]
    fours = [digits[at : at + 4] for at in range(0, 12, 4)]
    halves = [digits[:6], digits[6:]]
    found = [separator.join(pairs) for separator in (":", "-", ".", "_", " ", "%3a", "")]
    # Without leading zeros, as some systems print it; not when that is so short that it could be found by chance.
    short = ":".join(pair.lstrip("0") or "0" for pair in pairs)
    return [*found, ".".join(fours), ":".join(fours), "-".join(fours), "-".join(halves), short]


def traces(mac: str) -> tuple[set[bytes], set[bytes]]:
    """(what is looked for in lower-cased bytes, what is looked for as it is): texts, and bytes and base64 of both."""
    texts = spellings(mac)
    raw = bytes.fromhex(re.sub(r"[^0-9a-f]", "", mac.lower()))
    exact = {raw, raw[::-1]}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        exact.add(encode(raw))
        for text in [*texts[:2], texts[6]]:
            for spelled in (text, text.upper()):
                exact |= {_inside(encode, spelled.encode(), shift) for shift in range(3)}
    folded = {text.encode() for text in texts}
    folded |= {text.encode("utf-16-le") for text in [*texts[:2], texts[6]]}
    return folded, exact


def _inside(encode, text: bytes, shift: int) -> bytes:
    """What of the base64 of `text` does not depend on what stands around it, `shift` bytes into a group of three."""
    skip = (3 - shift) % 3
    whole = (len(text) - skip) // 3 * 3
    return encode(text[skip : skip + whole])


def found_in(data: bytes, mac: str) -> bool:
    """Whether any trace of an address is in `data`."""
    folded, exact = traces(mac)
    lower = data.lower()
    return any(trace in lower for trace in folded) or any(trace in data for trace in exact)


def assert_nowhere(folder: Path, macs: Iterable[str], logs: Iterable[str | bytes | Path] = ()) -> None:
    """No trace of any of the addresses is in a file below `folder`, nor in `logs` (texts, or files elsewhere).

    Every file is searched as it lies on the disk, write-ahead logs included, and then for what it holds: each value of
    the tables of SQLite and DuckDB (which compress their columns) and of Parquet files, each compressed value unpacked.
    No process may have a DuckDB file of the folder open.
    """
    macs = list(macs)
    assert macs, "nothing was sent that could be found"
    searched = 0
    for name, data in _everything(folder, logs):
        searched += 1
        lower = data.lower()
        for mac in macs:
            folded, exact = traces(mac)
            found = [trace for trace in folded if trace in lower] + [trace for trace in exact if trace in data]
            assert not found, f"{mac} is in {name}: {found}"
    assert searched, f"{folder} holds nothing that could be searched"


def _everything(folder: Path, logs: Iterable[str | bytes | Path]) -> Iterator[tuple[str, bytes]]:
    for number, log in enumerate(logs):
        if isinstance(log, Path):
            yield log.name, log.read_bytes()
        else:
            yield f"log {number}", log.encode() if isinstance(log, str) else log
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        data = path.read_bytes()
        yield from _unpacked(str(path.relative_to(folder)), data)
        if data.startswith(b"SQLite format 3"):
            yield from _values_of_sqlite(path)
        elif data[8:12] == b"DUCK":
            yield from _values_of_duckdb(path)
        elif data.startswith(b"PAR1"):
            yield path.name, repr(pq.read_table(path).to_pylist()).encode()


def _unpacked(name: str, data: bytes) -> Iterator[tuple[str, bytes]]:
    yield name, data
    if data.startswith(_ZSTD):
        with suppress(zstandard.ZstdError):
            yield from _unpacked(f"{name} unpacked", zstandard.ZstdDecompressor().decompressobj().decompress(data))
    elif data.startswith(_GZIP):
        with suppress(OSError, EOFError):
            yield from _unpacked(f"{name} unpacked", gzip.decompress(data))


def _copied(path: Path, folder: str) -> Path:
    """A copy with what belongs to it (write-ahead log, shared memory, rollback journal): looking changes nothing."""
    for each in path.parent.glob(f"{path.name}*"):
        shutil.copy(each, folder)
    return Path(folder, path.name)


def _values_of_sqlite(path: Path) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(_copied(path, folder))) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            texts = []
            for row in connection.execute(f'select * from "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        yield from _unpacked(f"{path.name}: {table}", value)
                    elif isinstance(value, str):
                        texts.append(value)
            yield f"{path.name}: {table}", "\n".join(texts).encode()


def _values_of_duckdb(path: Path) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder, closing(duckdb.connect(_copied(path, folder))) as connection:
        tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        for schema, table in tables:
            rows = connection.execute(f'from "{schema}"."{table}"').fetchall()
            yield f"{path.name}: {table}", repr(rows).encode()
