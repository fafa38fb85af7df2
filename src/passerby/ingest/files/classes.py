"""The classes that detectors name, as road users."""

from __future__ import annotations

from passerby.observations import RoadUser

# Detectors are mostly trained on COCO or Open Images, road users of annotations are named as in MOT, SDD or KITTI.
NAMES: dict[str, RoadUser] = {
    "": "person",
    "person": "person",
    "pedestrian": "person",
    "people": "person",
    "human": "person",
    "man": "person",
    "woman": "person",
    "child": "person",
    "car": "car",
    "suv": "car",
    "taxi": "car",
    "bus": "bus",
    "truck": "truck",
    "lorry": "truck",
    "van": "van",
    "bike": "bike",
    "bicycle": "bike",
    "cyclist": "bike",
    "biker": "bike",
    "motorcycle": "bike",
    "motorbike": "bike",
    "motorcyclist": "bike",
    "unknown": "unknown",
}

# COCO's numbers, which YOLO and its kin give when nobody trained them anew.
COCO: dict[int, RoadUser] = {0: "person", 1: "bike", 2: "car", 3: "bike", 5: "bus", 7: "truck"}


def road_user(name: str) -> RoadUser | None:
    """The road user that a class name means; None for things that do not move about (a chair, a dog)."""
    return NAMES.get(name.strip().lower())
