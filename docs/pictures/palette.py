"""Makes pictures of pages small: PNG with a palette of at most 256 colours, which is what they nearly have."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

from playwright.sync_api import Page

_LARGEST = 256
# The most frequent colours stay as they are; each other one, of the edges of letters and lines, becomes the nearest.
_INDEXED = """async ([png, largest]) => {
  const bitmap = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height).getContext("2d");
  canvas.drawImage(bitmap, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, width, height).data.buffer);
  const counts = new Map();
  for (const each of pixels) counts.set(each, (counts.get(each) ?? 0) + 1);
  const frequent = [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
  const palette = frequent.slice(0, largest);
  const parts = (each) => [each & 0xff, (each >> 8) & 0xff, (each >> 16) & 0xff];
  const known = palette.map(parts);
  const nearest = (each) => {
    const [red, green, blue] = parts(each);
    let best = 0, least = Infinity;
    known.forEach(([r, g, b], index) => {
      const far = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
      if (far < least) [best, least] = [index, far];
    });
    return best;
  };
  const at = new Map(frequent.map((each, index) => [each, index < largest ? index : nearest(each)]));
  const rows = Array.from({ length: height }, (_, y) =>
    String.fromCharCode(...pixels.subarray(y * width, (y + 1) * width).values().map((each) => at.get(each))));
  return { width, height, palette: palette.map((each) => each & 0xffffff), rows: rows.map(btoa) };
}"""


def shrink(page: Page, path: Path) -> None:
    """Write the PNG at `path` again with a palette. `page` is any empty page: its browser reads the picture."""
    found = page.evaluate(_INDEXED, [base64.b64encode(path.read_bytes()).decode(), _LARGEST])
    palette = b"".join(struct.pack("<I", colour)[:3] for colour in found["palette"])
    rows = b"".join(b"\0" + base64.b64decode(row) for row in found["rows"])
    head = struct.pack(">IIBBBBB", found["width"], found["height"], 8, 3, 0, 0, 0)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, parts)))


def _chunk(part: tuple[bytes, bytes]) -> bytes:
    name, data = part
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
