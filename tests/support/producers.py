"""Who sends a producer's push, in tests of its decode function alone."""

from passerby.catalogue.model import Account, Brand, Catalogue, Credential, Sensor, Site
from passerby.ingest.producers.base import Sender


def sender(sensors, own=None):
    """A key that sees `sensors` ({"id", "uid"} each, all at one site), or is the own key of sensor `own`."""
    held = {one["id"]: _sensor(one["id"], one["uid"]) for one in sensors}
    site = Site(1, 1, "Site", None, "UTC", None, {}, (), {}, tuple(held))
    catalogue = Catalogue(
        version=1,
        accounts={1: Account(1, "Account", {})},
        brands={1: Brand(1, 1, "Brand", (), (1,))},
        sites={1: site},
        sensors=held,
    )
    return Sender(catalogue, Credential(1, 1, "native", "key", frozenset({"ingest"}), None, None, own))


def _sensor(number, uid):
    return Sensor(number, uid, 1, f"Sensor {number}", True, True, True, (), {}, {})
