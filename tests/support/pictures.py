"""Pictures made by hand: as small as they can be, and true."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name, content=b""):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(width=640, height=360, grey=0xD8, more=()):
    """A grey PNG; `more` are chunks after its header."""
    rows = (b"\0" + bytes([grey]) * width) * height
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"".join([SIGNATURE, header, *more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND")])


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(more=b"", tail=b"", frame=0xC0):
    """A grey JPEG of 16 x 8 pixels; `more` are segments after its beginning, `tail` follows its end."""
    table = segment(0xDB, b"\0" + bytes([1] * 64))
    size = segment(frame, struct.pack(">BHHB", 8, 8, 16, 1) + b"\1\x11\0")
    # One Huffman code each: 0 for "nothing changes".
    codes = segment(0xC4, b"\0" + bytes([1] + [0] * 15) + b"\0") + segment(
        0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\0"
    )
    scan = segment(0xDA, b"\1\1\0\0\x3f\0") + b"\x0f"
    return b"".join([b"\xff\xd8", more, table, size, codes, scan, b"\xff\xd9", tail])
