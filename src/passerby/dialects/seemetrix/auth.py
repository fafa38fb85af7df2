"""Who asks: `?key=` is a user key, and a user is an account.

A key narrowed to some brands or sites sees only their devices, wherever it asks. The keys of devices send
observations; they read nothing here.
"""

from __future__ import annotations

from passerby.acting import acting
from passerby.catalogue.keys import digest
from passerby.catalogue.model import Catalogue, Credential, Sensor
from passerby.dialects.seemetrix.errors import TooManyTriesError, WrongKeyError
from passerby.dialects.throttle import FailureLimit
from passerby.errors import ForbiddenError
from passerby.services import Services

_wrong = FailureLimit()
_tried = FailureLimit(failures=1)


def caller(services: Services, key: str, address: str) -> Credential:
    """The credential of a user key; raises WrongKeyError, or TooManyTriesError after many wrong ones.

    Two things are counted per address: how often one wrong key came, and how many different ones did. So a program
    that goes on sending an old key is slowed down alone, and only who tries many keys is kept out altogether.
    """
    if (somebody := acting()) is not None:
        return somebody
    here = (id(services), address)  # of one running server: tests have several in a process
    this = (*here, digest(key))
    if wait_s := max(_wrong.wait_s(here), _wrong.wait_s(this)):
        raise TooManyTriesError(wait_s)
    credential = services.catalogue.verify("seemetrix", key) if key else None
    if credential is not None:
        return credential
    if key:
        if not _tried.wait_s(this):
            _wrong.failed(here)
        _tried.failed(this)
        _wrong.failed(this)
    raise WrongKeyError


def check_user(credential: Credential, number: int) -> None:
    """That the user of a path is the one whose key this is; raises ForbiddenError."""
    if number != credential.account_id:
        raise ForbiddenError(f"user {number}: not the user of this key, or there is no such user")


def devices(catalogue: Catalogue, credential: Credential) -> list[Sensor]:
    """The sensors that a credential sees, by id."""
    found = (catalogue.sensors[number] for site in catalogue.visible_sites(credential) for number in site.sensor_ids)
    seen = (sensor for sensor in found if catalogue.may_see_sensor(credential, sensor))
    return sorted(seen, key=lambda sensor: sensor.id)


def device(catalogue: Catalogue, credential: Credential, number: int) -> Sensor:
    """One of them; raises ForbiddenError, the same for one that does not exist."""
    sensor = catalogue.sensors.get(number)
    if sensor is None or not catalogue.may_see_sensor(credential, sensor):
        raise ForbiddenError(f"device {number}: not a device of this key's user, or there is no such device")
    return sensor
