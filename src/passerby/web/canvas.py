"""What `drawing.js` draws: a sensor's lines and zones, on a picture of its camera or on a plain plane.

On a picture a point is a pixel, counted from the top left corner, so y grows downwards. On a plane, which stands for a
floor plan in any unit, y grows upwards. In both `inside` is what one sees: left of a line is left of whoever walks from
its first point to its last, as it is on the screen. That is how imports of recordings read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from passerby.catalogue.model import Sensor
from passerby.catalogue.pictures import Frame

# A plane on which nothing is drawn yet.
_EMPTY = (0.0, 0.0, 1000.0, 600.0)
_MARGIN = 0.15


@dataclass(frozen=True, slots=True)
class Canvas:
    """What is drawn on: `left`, `top`, `width` and `height` as SVG has them, with y downwards."""

    sensor_id: int
    picture: str | None
    left: float
    top: float
    width: float
    height: float
    shapes: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, sensor: Sensor, frame: Frame | None) -> Canvas:
        """The canvas of a sensor, with what is drawn for it."""
        shapes: tuple[Mapping[str, Any], ...] = (
            *(
                {"kind": "line", "name": one.name, "points": one.points, "inside": one.inside}
                for one in sensor.lines.values()
            ),
            *({"kind": "zone", "name": one.name, "points": one.polygon} for one in sensor.zones.values()),
        )
        if frame is not None:
            address = f"/app/sensors/{sensor.id}/picture/{frame.digest}"
            return cls(sensor.id, address, 0, 0, frame.width, frame.height, shapes)
        points = [point for shape in shapes for point in shape["points"]]
        left, top, width, height = _around(points)
        return cls(sensor.id, None, left, top, width, height, shapes)

    def document(self, *, editable: bool) -> dict[str, Any]:
        """For the script."""
        return {
            "picture": self.picture,
            "box": [self.left, self.top, self.width, self.height],
            "up": self.picture is None,
            "editable": editable,
            "shapes": [] if editable else list(self.shapes),
        }


def _around(points: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    """A box around points whose y grows upwards, as SVG has it."""
    if not points:
        return _EMPTY[0], -_EMPTY[3], _EMPTY[2], _EMPTY[3]
    xs, ys = [x for x, _ in points], [-y for _, y in points]
    width, height = max(xs) - min(xs), max(ys) - min(ys)
    size = max(width, height) or 1.0
    margin = size * _MARGIN
    # Never a strip: people have to be able to draw beside what is there.
    height, width = max(height, size * 0.4), max(width, size * 0.4)
    return min(xs) - margin, min(ys) - margin, width + 2 * margin, height + 2 * margin
