"""A page of figures as a sheet that stands alone: one SVG drawing, from which its PDF and PNG are made.

    sheet = Sheet("Acme Stores", "Yesterday, Fri 20 Nov 2026", tiles, charts, tables)
    sheet.pdf()       # one page as long as it needs to be, 210 mm wide
    sheet.png()

Everything is laid out in CSS pixels, 96 to the inch. Texts are cut where they would run into their neighbours: nothing
can be measured here, so widths are those of the font that vl-convert brings along (Liberation Sans), by rule of thumb.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal, Protocol

import vl_convert

_WIDTH = 794  # 210 mm: A4
_MARGIN = 40
_INNER = _WIDTH - 2 * _MARGIN
_GAP = 12
_TILES_IN_ROW = 4
_TILE_HEIGHT = 92
_ROW_HEIGHT = 20
_MOST_ROWS = 200
# A picture of a long list is as long; beyond this no program shows it.
_LONGEST_PX = 12_000
_PNG_SCALE = 2.0
# Mean width of a letter by size of the font; digits and capitals are a little wider, commas much narrower.
_LETTER = 0.54
_FONT = "Liberation Sans, DejaVu Sans, sans-serif"
_INK, _SOFT, _LINE, _CARD = "#18212d", "#566273", "#d9dee6", "#f7f8fa"
_TONES = {"good": "#1a7f4b", "bad": "#b3261e", "same": _SOFT}
# The drawing library is one engine in the process: two threads at once would each build their own.
_DRAWING = threading.Lock()
_SPACES = re.compile("[\u202f\u00a0]")
_ID = re.compile(r'\bid="([^"]+)"')
_SIZE = re.compile(r'<svg\b[^>]*?\bwidth="([\d.]+)"[^>]*?\bheight="([\d.]+)"')

Tone = Literal["good", "bad", "same"]


class Drawable(Protocol):
    """A chart, as `charts.Chart` is."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        ...

    @property
    def title(self) -> str:
        """What it shows."""
        ...

    def picture(self, *, dark: bool = False, width: int = 720) -> dict[str, Any]:
        """A Vega-Lite specification that is complete in itself."""
        ...


@dataclass(frozen=True, slots=True)
class Tile:
    """One number. `notes`: (text, how it is to be taken) below it."""

    label: str
    value: str
    notes: tuple[tuple[str, Tone], ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """A table. The first column is for names, the others for numbers."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on the sheet, in this order; `foot` is small print at its end."""

    title: str
    subtitle: str
    tiles: Sequence[Tile] = ()
    charts: Sequence[Drawable] = ()
    listings: Sequence[Listing] = ()
    foot: str = ""

    def svg(self) -> str:
        """The drawing. It loads nothing from elsewhere."""
        canvas = _Canvas()
        canvas.text(_MARGIN, 62, self.title, 24, _INNER, weight=700)
        canvas.text(_MARGIN, 84, self.subtitle, 13, _INNER, colour=_SOFT)
        canvas.down(108)
        for first in range(0, len(self.tiles), _TILES_IN_ROW):
            _tiles(canvas, self.tiles[first : first + _TILES_IN_ROW])
        for number, chart in enumerate(self.charts):
            _chart(canvas, chart, number)
        for listing in self.listings:
            _listing(canvas, listing)
        canvas.down(32)
        canvas.text(_MARGIN, canvas.y, self.foot, 10, _INNER, colour=_SOFT)
        return canvas.drawing(canvas.y + 24)

    def pdf(self) -> bytes:
        """The sheet as a PDF file of one page."""
        svg = self.svg()
        with _DRAWING:
            return bytes(vl_convert.svg_to_pdf(svg))

    def png(self) -> bytes:
        """The sheet as a picture, twice as fine as a screen of its size."""
        svg = self.svg()
        height = float(_size(svg)[1])
        with _DRAWING:
            return bytes(vl_convert.svg_to_png(svg, scale=min(_PNG_SCALE, _LONGEST_PX / height)))


def chart_png(chart: Drawable) -> bytes:
    """A chart alone as a picture."""
    with _DRAWING:
        return bytes(vl_convert.vegalite_to_png(chart.picture(), scale=_PNG_SCALE))


def chart_svg(chart: Drawable, width: int = 720) -> str:
    """A chart alone as a drawing."""
    with _DRAWING:
        return str(vl_convert.vegalite_to_svg(chart.picture(width=width)))


class _Canvas:
    """Where the drawing has got to; `y` is the next free line."""

    def __init__(self) -> None:
        self.y = 0.0
        self._parts: list[str] = []

    def down(self, pixels: float) -> None:
        self.y += pixels

    def add(self, part: str) -> None:
        self._parts.append(part)

    def text(  # noqa: PLR0913, PLR0917  # where, what and how
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        width: float,
        colour: str = _INK,
        weight: int = 400,
        *,
        end: bool = False,
    ) -> None:
        """A line of text, cut to a width; `end`: `x` is where it ends."""
        anchor = ' text-anchor="end"' if end else ""
        style = f'font-size="{size:g}" font-weight="{weight}" fill="{colour}"{anchor}'
        self.add(f'<text x="{x:g}" y="{y:g}" {style}>{escape(fitted(text, size, width))}</text>')

    def drawing(self, height: float) -> str:
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="{_WIDTH}" '
            f'height="{height:g}" viewBox="0 0 {_WIDTH} {height:g}" font-family="{_FONT}">'
        )
        return f'{head}<rect width="100%" height="100%" fill="#ffffff"/>{"".join(self._parts)}</svg>'


def fitted(text: str, size: float, width: float) -> str:
    """`text` without control characters, cut with an ellipsis where it would be wider than `width` pixels."""
    # The font has no thin space; other spaces that are not plain ones do not print either.
    plain = "".join(letter for letter in _SPACES.sub(" ", text) if letter.isprintable())
    room = int(width / (size * _LETTER))
    return plain if len(plain) <= room else plain[: max(room - 1, 0)].rstrip() + "…"


def _tiles(canvas: _Canvas, tiles: Sequence[Tile]) -> None:
    width = (_INNER - (_TILES_IN_ROW - 1) * _GAP) / _TILES_IN_ROW
    for column, tile in enumerate(tiles):
        x, y, inner = _MARGIN + column * (width + _GAP), canvas.y, width - 24
        canvas.add(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{_TILE_HEIGHT}" rx="8" fill="{_CARD}"/>')
        canvas.text(x + 12, y + 22, tile.label, 11, inner, _SOFT)
        canvas.text(x + 12, y + 48, tile.value, 21, inner, weight=700)
        for line, (note, tone) in enumerate(tile.notes[:2]):
            canvas.text(x + 12, y + 66 + 14 * line, note, 9.5, inner, _TONES[tone])
    canvas.down(_TILE_HEIGHT + _GAP)


def _chart(canvas: _Canvas, chart: Drawable, number: int) -> None:
    if chart.empty:
        canvas.down(24)
        canvas.text(_MARGIN, canvas.y, chart.title, 14, _INNER, weight=700)
        canvas.down(20)
        canvas.text(_MARGIN, canvas.y, "Nothing was observed in this period.", 12, _INNER, _SOFT)
        canvas.down(12)
        return
    svg = _apart(chart_svg(chart, _INNER - 24), f"c{number}-")
    width, height = _size(svg)
    canvas.add(f'<g transform="translate({_MARGIN + (_INNER - width) / 2:g} {canvas.y:g})">{svg}</g>')
    canvas.down(height + _GAP)


def _listing(canvas: _Canvas, listing: Listing) -> None:
    canvas.down(28)
    canvas.text(_MARGIN, canvas.y, listing.title, 14, _INNER, weight=700)
    columns = len(listing.heads)
    number = min(110.0, _INNER * 0.68 / max(columns - 1, 1))
    first = _INNER - number * (columns - 1)

    def line(cells: Sequence[str], colour: str, size: float) -> None:
        canvas.down(_ROW_HEIGHT)
        canvas.text(_MARGIN, canvas.y, cells[0], size, first - 8, colour)
        for column, cell in enumerate(cells[1:], 1):
            canvas.text(_MARGIN + first + column * number, canvas.y, cell, size, number - 8, colour, end=True)
        below = canvas.y + 6
        canvas.add(f'<path d="M{_MARGIN} {below:g}h{_INNER}" stroke="{_LINE}" stroke-width="0.7"/>')

    line(listing.heads, _SOFT, 10)
    for row in listing.rows[:_MOST_ROWS]:
        line(row, _INK, 11)
    if len(listing.rows) > _MOST_ROWS:
        canvas.down(_ROW_HEIGHT)
        canvas.text(_MARGIN, canvas.y, f"and {len(listing.rows) - _MOST_ROWS} more", 11, _INNER, _SOFT)


def _apart(svg: str, prefix: str) -> str:
    """The same drawing under ids of its own: several stand in one document."""
    for name in sorted(set(_ID.findall(svg)), key=len, reverse=True):
        svg = svg.replace(f'id="{name}"', f'id="{prefix}{name}"')
        svg = svg.replace(f"url(#{name})", f"url(#{prefix}{name})").replace(
            f'href="#{name}"', f'href="#{prefix}{name}"'
        )
    return svg


def _size(svg: str) -> tuple[float, float]:
    found = _SIZE.search(svg)
    if found is None:
        raise ValueError("the drawing does not say its size")
    return float(found[1]), float(found[2])
