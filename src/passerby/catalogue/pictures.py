"""What a sensor's camera sees: pictures to draw lines and zones on.

A picture comes from a person's disk, so nothing of it is believed: what it is, is read from its first bytes, its
structure is walked from beginning to end, and only the parts that make the picture are kept. So no place and time of
a telephone's photo, no comment, no profile and nothing that hangs on behind the end gets into the database, and
whatever is served is a PNG or JPEG and nothing else at the same time.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy
from sqlalchemy import Engine

from passerby.catalogue import schema
from passerby.catalogue.database import reading, writing
from passerby.errors import InvalidInputError, NotFoundError

MAX_BYTES = 8 << 20
# Larger than any camera's picture; a browser needs four bytes for each pixel.
MAX_SIDE = 10_000
MAX_PIXELS = 50_000_000

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# The chunks of a PNG that make the picture. The others say where it was made, with what, and anything else.
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_PNG_DEPTHS = {0: {1, 2, 4, 8, 16}, 2: {8, 16}, 3: {1, 2, 4, 8}, 4: {8, 16}, 6: {8, 16}}
# Frames that every browser draws: baseline, extended and progressive.
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_JPEG_OTHER_FRAMES = frozenset({0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
# Quantization and Huffman tables, restart interval; APP0 is JFIF's size of a pixel and APP14 Adobe's colours.
_JPEG_KEPT = frozenset({0xDB, 0xC4, 0xDD, 0xE0, 0xEE, 0xDA}) | _JPEG_FRAMES


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it is kept. `width` and `height` in pixels, `type` its media type."""

    type: str
    width: int
    height: int
    data: bytes = field(repr=False)

    @property
    def digest(self) -> str:
        """Tells pictures apart; part of their addresses, so a browser may keep each for ever."""
        return hashlib.blake2b(self.data, digest_size=12).hexdigest()


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture without its bytes: what pages need to know of it."""

    width: int
    height: int
    digest: str


def checked(data: bytes) -> Picture:
    """The picture in `data`, without what does not belong to it.

    Raises InvalidInputError when it is neither a PNG nor a JPEG, is damaged, or is too large.
    """
    if not data:
        raise InvalidInputError("choose a PNG or JPEG file")
    if len(data) > MAX_BYTES:
        raise InvalidInputError(f"larger than {MAX_BYTES >> 20} MB; save it smaller or with less quality")
    if data.startswith(_PNG):
        return _sized("image/png", *_png(data))
    if data.startswith(_JPEG):
        return _sized("image/jpeg", *_jpeg(data))
    raise InvalidInputError("expected a PNG or JPEG picture; this file begins like neither")


def _sized(type_: str, width: int, height: int, data: bytes) -> Picture:
    if not (width and height):
        raise InvalidInputError("the picture has no pixels")
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InvalidInputError(
            f"{width} x {height} pixels are too many; at most {MAX_SIDE} on a side, 50 million in all"
        )
    return Picture(type_, width, height, data)


_DAMAGED = "the picture is damaged: "


def _png(data: bytes) -> tuple[int, int, bytes]:
    kept = [_PNG]
    names: list[bytes] = []
    for name, whole in _chunks(data):
        if not names and name != b"IHDR":
            raise InvalidInputError(_DAMAGED + "it does not begin with its size")
        if name[:1].isupper() and name not in _PNG_KEPT:
            raise InvalidInputError("the picture has parts that browsers do not know; save it as a plain PNG")
        if name in _PNG_KEPT:
            kept.append(whole)
        names.append(name)
    if names.count(b"IHDR") != 1 or b"IDAT" not in names or names[-1] != b"IEND":
        raise InvalidInputError(_DAMAGED + "it ends too early")
    width, height, depth, colour, compression, filtering, _ = struct.unpack(">IIBBBBB", kept[1][8:21])
    if depth not in _PNG_DEPTHS.get(colour, ()) or compression or filtering:
        raise InvalidInputError(_DAMAGED + "its header makes no sense")
    return width, height, b"".join(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(name, the whole chunk) up to the last one; what follows it is no part of the picture."""
    at = len(_PNG)
    name = b""
    while name != b"IEND":
        if at + 12 > len(data):
            raise InvalidInputError(_DAMAGED + "it ends too early")
        (length,) = struct.unpack_from(">I", data, at)
        whole = data[at : at + 12 + length]
        name, content = whole[4:8], whole[4:-4]
        if len(whole) < 12 + length or (name == b"IHDR" and length != 13):
            raise InvalidInputError(_DAMAGED + "it ends too early")
        if zlib.crc32(content) != int.from_bytes(whole[-4:]):
            raise InvalidInputError(_DAMAGED + "a checksum does not fit")
        yield name, whole
        at += 12 + length


def _jpeg(data: bytes) -> tuple[int, int, bytes]:
    kept = [data[:2]]
    size: tuple[int, int] | None = None
    at = 2
    while True:
        marker, at = _marker(data, at)
        if marker == 0xD9:
            break
        if marker in _JPEG_OTHER_FRAMES:
            raise InvalidInputError("a JPEG of a kind that browsers do not draw; save it as a usual one")
        (length,) = struct.unpack(">H", data[at : at + 2].rjust(2, b"\0"))
        segment = data[at : at + length]
        if length < 2 or len(segment) < length:
            raise InvalidInputError(_DAMAGED + "it ends too early")
        if marker in _JPEG_FRAMES:
            if size is not None or length < 8:
                raise InvalidInputError(_DAMAGED + "its header makes no sense")
            height, width = struct.unpack(">HH", segment[3:7])
            size = (width, height)
        at += length
        if marker in _JPEG_KEPT:
            kept += [bytes([0xFF, marker]), segment]
        if marker == 0xDA:
            end = _scan_end(data, at)
            kept.append(data[at:end])
            at = end
    if size is None or len(kept) < 4:
        raise InvalidInputError(_DAMAGED + "it ends too early")
    return *size, b"".join([*kept, b"\xff\xd9"])


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """(the marker at `at`, where its segment begins); fill bytes before it are skipped."""
    if data[at : at + 1] != b"\xff":
        raise InvalidInputError(_DAMAGED + "a part does not begin where it should")
    while data[at : at + 1] == b"\xff":
        at += 1
    if at >= len(data):
        raise InvalidInputError(_DAMAGED + "it ends too early")
    return data[at], at + 1


def _scan_end(data: bytes, at: int) -> int:
    """Where the pixels that begin at `at` end: at the next marker that is none of theirs."""
    while (at := data.find(b"\xff", at)) >= 0 and at + 1 < len(data):
        following = data[at + 1]
        if following != 0 and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2
    raise InvalidInputError(_DAMAGED + "it ends too early")


class Pictures:
    """The pictures in the catalogue database, one for a sensor. They are not part of any snapshot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, sensor_id: int, picture: Picture) -> None:
        """Keep a sensor's picture in place of the one that it has; NotFoundError when there is no such sensor."""
        table, sensors = schema.pictures, schema.sensors
        row = {
            "sensor_id": sensor_id,
            "type": picture.type,
            "width": picture.width,
            "height": picture.height,
            "digest": picture.digest,
            "data": picture.data,
        }
        with writing(self._engine) as connection:
            known = sqlalchemy.select(sensors.c.id).where(sensors.c.id == sensor_id)
            if connection.execute(known).first() is None:
                raise NotFoundError(f"there is no sensor {sensor_id}")
            connection.execute(sqlalchemy.delete(table).where(table.c.sensor_id == sensor_id))
            connection.execute(sqlalchemy.insert(table).values(row))

    def remove(self, sensor_id: int) -> None:
        """Forget a sensor's picture, if it has one."""
        table = schema.pictures
        with writing(self._engine) as connection:
            connection.execute(sqlalchemy.delete(table).where(table.c.sensor_id == sensor_id))

    def frame(self, sensor_id: int) -> Frame | None:
        """How large a sensor's picture is, None when it has none."""
        columns = schema.pictures.c
        wanted = sqlalchemy.select(columns.width, columns.height, columns.digest).where(columns.sensor_id == sensor_id)
        with reading(self._engine) as connection:
            found = connection.execute(wanted).first()
        return None if found is None else Frame(*found)

    def picture(self, sensor_id: int) -> Picture | None:
        """A sensor's picture, None when it has none."""
        columns = schema.pictures.c
        wanted = sqlalchemy.select(columns.type, columns.width, columns.height, columns.data)
        with reading(self._engine) as connection:
            found = connection.execute(wanted.where(columns.sensor_id == sensor_id)).first()
        return None if found is None else Picture(*found)
