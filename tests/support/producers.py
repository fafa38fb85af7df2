"""Who sends a producer's push, in tests of its decode function alone."""

from passerby.catalogue.model import Account, Brand, Catalogue, Credential, Line, Sensor, Site, Zone
from passerby.ingest.producers.base import Sender


def sender(sensors, own=None):
    """A key that sees `sensors`, all at one site, or is the own key of sensor `own`.

    A sensor is {"id", "uid"} and may have "lines" and "zones", which are {"id", "uid"} too.
    """
    held = {one["id"]: _sensor(one) for one in sensors}
    site = Site(1, 1, "Site", None, "UTC", None, {}, (), {}, tuple(held))
    catalogue = Catalogue(
        version=1,
        accounts={1: Account(1, "Account", {})},
        brands={1: Brand(1, 1, "Brand", (), (1,))},
        sites={1: site},
        sensors=held,
    )
    return Sender(catalogue, Credential(1, 1, "native", "key", frozenset({"ingest"}), None, None, own))


def _sensor(one):
    number = one["id"]
    lines = {
        line["id"]: Line(line["id"], line["uid"], number, "Line", True, "in", ((0, 0), (1, 0)), "left")
        for line in one.get("lines", ())
    }
    zones = {
        zone["id"]: Zone(zone["id"], zone["uid"], number, "Zone", 3.0, False, ((0, 0), (1, 0), (1, 1)))
        for zone in one.get("zones", ())
    }
    return Sensor(number, one["uid"], 1, f"Sensor {number}", True, True, True, (), lines, zones)
