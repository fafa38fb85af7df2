"""What pages load: styles, scripts and the chart library, under `/app/static/<digest>/name`.

The digest changes with the content, so a browser may keep them for ever. The chart library (Vega) is made by
vl-convert of what it carries, which takes seconds; it is kept in the data directory and made again with a new version.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import tempfile
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import zstandard
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from passerby.content_coding import coding
from passerby.errors import NotFoundError
from passerby.services import Services

PREFIX = "/app/static"
_FOLDER = Path(__file__).with_name("static")
_MEDIA = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_FOR_EVER = "public, max-age=31536000, immutable"
_SMALLEST = 600
_VEGA = "vega.js"
_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_LOCK = threading.Lock()


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent, by content coding; `identity` is always there."""

    media_type: str
    bodies: Mapping[str, bytes]


def packed(body: bytes, *, level: int = 3) -> dict[str, bytes]:
    """`body` under each content coding that makes it smaller; `level` of zstandard."""
    if len(body) < _SMALLEST:
        return {"identity": body}
    return {
        "identity": body,
        "zstd": zstandard.ZstdCompressor(level=level).compress(body),
        "gzip": gzip.compress(body, compresslevel=9 if level > 9 else 6, mtime=0),
    }


def packed_parts(parts: Iterable[bytes], used: str) -> Iterator[bytes]:
    """Each part as soon as it is there, in a content coding."""
    if used == "identity":
        yield from parts
        return
    if used == "zstd":
        zstd = zstandard.ZstdCompressor(level=6).compressobj()
        for part in parts:
            yield zstd.compress(part) + zstd.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
        yield zstd.flush()
        return
    gzipped = zlib.compressobj(6, zlib.DEFLATED, 31)  # 31: the largest window, in the form of gzip
    for part in parts:
        yield gzipped.compress(part) + gzipped.flush(zlib.Z_SYNC_FLUSH)
    yield gzipped.flush()


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _MEDIA}


@cache
def digest() -> str:
    """Of every file in `static/` together: scripts import one another by relative names."""
    whole = hashlib.sha256()
    for name, content in _files().items():
        whole.update(f"{name} {len(content)} ".encode() + content)
    return whole.hexdigest()[:16]


@cache
def vega_digest() -> str:
    """Of what the chart library is made of, known without making it."""
    return hashlib.sha256(f"{_SNIPPET} vl-convert {version('vl-convert-python')}".encode()).hexdigest()[:16]


def address(name: str) -> str:
    """Where a static file is."""
    if name == _VEGA:
        return f"{PREFIX}/{vega_digest()}/{_VEGA}"
    if name not in _files():
        raise NotFoundError(f"there is no static file {name}")
    return f"{PREFIX}/{digest()}/{name}"


@cache
def _asset(name: str) -> Asset:
    return Asset(_MEDIA[Path(name).suffix], packed(_files()[name], level=19))


@cache
def _vega(folder: Path) -> Asset:
    path = folder / f"vega-{vega_digest()}.js"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = _make_vega(path)
    return Asset(_MEDIA[".js"], packed(content, level=12))


def _make_vega(path: Path) -> bytes:
    import vl_convert  # noqa: PLC0415  # it starts a JavaScript engine, which most starts of the server need not

    content: bytes = vl_convert.javascript_bundle(_SNIPPET).encode()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    for old in path.parent.glob("vega-*.js"):
        old.unlink(missing_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    Path(temporary).replace(path)
    return content


@get("/static/{given:str}/{name:str}", opt={"asset": True}, sync_to_thread=True)
def static(
    request: Request[Any, Any, State], services: NamedDependency[Services], given: FromPath[str], name: FromPath[str]
) -> Response[bytes]:
    """A static file. Under an old digest it is what it is now, to be asked for again."""
    if name == _VEGA:
        with _LOCK:  # one makes it, the others wait
            asset = _vega(services.data / "cache")
        current = vega_digest()
    elif name in _files():
        asset, current = _asset(name), digest()
    else:
        raise NotFoundError("there is no such file")
    used = coding(request.headers.get("accept-encoding", ""))
    body = asset.bodies.get(used)
    headers = {
        "Cache-Control": _FOR_EVER if given == current else "no-cache",
        "Vary": "Accept-Encoding",
    }
    if body is not None and used != "identity":
        headers["Content-Encoding"] = used
    return Response(body or asset.bodies["identity"], media_type=asset.media_type, headers=headers)


ROUTES = [static]
