"""Cisco Meraki Scanning API, versions 2 and 3: which WiFi devices access points heard, where and how strongly.

Documented at https://developer.cisco.com/meraki/scanning-api (overview, 2-0, 2-1, 3-0). Of a push only four things are
read: who heard a device, its address, when, and how strongly. Positions, names, owners, IP addresses and networks are
neither used nor kept.

Version 2 posts for one access point at a time (`apMac`), each device once, and its `rssi` is positive: "subtract 95 to
get units in dBm", as Cisco's page on version 1 says, from which version 2 has it. Version 3 posts for a whole network,
each device with the positions that it had since the last post; each says which access points heard it, in dBm. A
position is one sighting, at the access point in the catalogue that heard it best. Posts overlap: the same device at the
same time is the same sighting.
"""

from __future__ import annotations

import hmac
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from passerby.catalogue.model import Sensor
from passerby.errors import InvalidInputError
from passerby.ingest.privacy import normalised
from passerby.ingest.producers.base import Producer, Pushed, Secrets, Sender
from passerby.ingest.wording import EXPECTED_TIME
from passerby.sightings.sighting import KIND

# Added to a positive rssi, which counts from the noise floor.
NOISE_FLOOR_DBM = -95
_NO_WIFI = {"BluetoothDevicesSeen": "bluetooth", "BLE": "bluetooth"}

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_NETWORK = re.compile(r"[A-Z]_[0-9]{1,30}")
_PLAIN_TIME = re.compile(r"[-+0-9.:TZ]{0,40}")
_Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a device was heard: `heard` has (address of the access point, dBm), the strongest first."""

    at: datetime
    heard: list[tuple[str, int]]


class _BadRecordError(Exception):
    """A record, or a position of it, that says nothing: "field: message"."""


class _UnknownAccessPointError(_BadRecordError):
    """The catalogue has no sensor for who heard a device."""

    def __init__(self, heard: list[tuple[str, int]], network: str) -> None:
        addresses = [normalised(access_point) for access_point, _ in heard]
        names = [address for address in addresses if _MAC.fullmatch(address)][:3]
        names += [network] if _NETWORK.fullmatch(network) else []
        super().__init__(f"sensor: none has the uid {' or '.join(names) or 'of an access point'}; give it to one")


def decode(body: bytes, sender: Sender) -> Pushed:
    """The sightings in one post; `refused` counts observations of the post. Raises InvalidInputError."""
    message = _message(body)
    pushed = Pushed()
    data = message.get("data")
    observations = data.get("observations") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(observations, list):
        raise InvalidInputError("expected a list", "data.observations")
    kind = _text(message.get("type"))
    if kind in _NO_WIFI:
        pushed.ignored[_NO_WIFI[kind]] = len(observations)
        return pushed
    if kind not in {"DevicesSeen", "WiFi"}:
        raise InvalidInputError(f"expected one of DevicesSeen, WiFi, {', '.join(_NO_WIFI)}", "type")
    seen = _Seen(pushed, sender, _text(data.get("networkId")))
    for index, record in enumerate(observations):
        if not isinstance(record, dict):
            pushed.refuse(index, "expected a JSON object", {})
        elif kind == "WiFi":
            _third(seen, index, record)
        else:
            _second(seen, index, record, _text(data.get("apMac")))
    seen.tell()
    return pushed


def proves(body: bytes, secrets: Secrets) -> bool:
    """Whether the post has the shared secret in it. Raises InvalidInputError when it is not JSON."""
    try:
        given = _SECRET.decode(body).secret
    except msgspec.DecodeError:
        given = _message(body).get("secret")
    if not isinstance(given, str):
        return False
    return hmac.compare_digest(given.encode(errors="surrogatepass"), secrets["secret"].encode())


def greets(secrets: Secrets) -> str:
    """What Meraki's cloud reads before it posts: the validator that its dashboard shows."""
    return secrets["validator"]


MERAKI = Producer("meraki", "Cisco Meraki Scanning API 2 and 3", decode, proves, greets)


class _Seen:
    """What one post says, each sighting once: a device at a sensor at a time, with its strongest signal."""

    def __init__(self, pushed: Pushed, sender: Sender, network: str) -> None:
        self._pushed = pushed
        self._sender = sender
        self._network = network
        self._sensors: dict[str, Sensor | None] = {}
        self._found: dict[tuple[int, str, datetime], tuple[int, int]] = {}  # -> record's number, dBm
        self._strangers: set[str] = set()

    def add(self, index: int, device: object, position: _Position) -> None:
        """One position of a device; _BadRecordError when there is no device or no sensor that could have heard it."""
        address = normalised(device) if isinstance(device, str) else ""
        if not _MAC.fullmatch(address):
            raise _BadRecordError("clientMac: expected a MAC address")
        sensor, dbm = self._at(position)
        key = (sensor.id, address, position.at)
        before = self._found.get(key)
        if before is not None:
            self._pushed.ignored["repeated"] += 1
        if before is None or before[1] < dbm:
            self._found[key] = (index if before is None else before[0], dbm)

    def refuse(self, index: int, error: _BadRecordError, record: _Record) -> None:
        """Keep a position aside. What an access point that nobody knows heard is kept once a post: it is all alike."""
        if isinstance(error, _UnknownAccessPointError):
            if str(error) in self._strangers:
                self._pushed.ignored["unknown_access_point"] += 1
                return
            self._strangers.add(str(error))
        self._pushed.refuse(index, str(error), record)

    def tell(self) -> None:
        """Hand over what was found, in the order of the post."""
        for (sensor, device, at), (index, dbm) in self._found.items():
            sighting = {"kind": KIND, "sensor": sensor, "device": device, "at": at, "rssi": dbm}
            self._pushed.take(index, sighting, {"sensor": sensor, "time": at, "rssi": dbm})

    def _at(self, position: _Position) -> tuple[Sensor, int]:
        """The sensor that heard a position best, and how strongly: an access point, the network, or the key's own."""
        for access_point, dbm in position.heard:
            sensor = self._known(access_point)
            if sensor is not None:
                return sensor, dbm
        sensor = self._sender.sensor(self._network)
        if sensor is None:
            raise _UnknownAccessPointError(position.heard, self._network)
        return sensor, position.heard[0][1]

    def _known(self, access_point: str) -> Sensor | None:
        if access_point not in self._sensors:
            address = normalised(access_point)
            self._sensors[access_point] = self._sender.known(access_point, address, address.upper())
        return self._sensors[access_point]


class _Secret(msgspec.Struct):
    secret: object = None


_SECRET = msgspec.json.Decoder(_Secret)


def _message(body: bytes) -> _Record:
    try:
        try:
            message = msgspec.json.decode(body)
        except msgspec.DecodeError:
            message = json.loads(body)  # knows NaN, which is no JSON, yet is sent by some for a position that is none
    except (ValueError, RecursionError):
        raise InvalidInputError("the body is not JSON") from None
    if not isinstance(message, dict):
        raise InvalidInputError("expected a JSON object")
    return message


def _second(seen: _Seen, index: int, record: _Record, access_point: str) -> None:
    """An observation of version 2: one device, heard once by the access point that posts."""
    fields = ("seenEpoch", "seenTime", "rssi")
    try:
        epoch, strength = record.get("seenEpoch"), _number(record.get("rssi"))
        if strength is None:
            raise _BadRecordError("rssi: expected a number")
        dbm = strength + NOISE_FLOOR_DBM if strength >= 0 else strength
        if dbm >= 0:
            raise _BadRecordError("rssi: expected a number of dBm below 0, or above the noise floor below 95")
        at = _from_epoch(epoch) if isinstance(epoch, int) and epoch > 0 else _time(record.get("seenTime"), "seenTime")
        seen.add(index, record.get("clientMac"), _Position(at, [(access_point, dbm)]))
    except _BadRecordError as error:
        seen.refuse(index, error, _harmless(record, fields))


def _third(seen: _Seen, index: int, record: _Record) -> None:
    """An observation of version 3: one device at several times; only the last one where no position is known."""
    locations = record.get("locations")
    named = [("latestRecord", record.get("latestRecord"))]
    if isinstance(locations, list) and locations:
        named = [(f"locations[{number}]", location) for number, location in enumerate(locations)]
    for name, one in named:
        fields = ("time", "rssiRecords", "nearestApRssi")
        part = one if isinstance(one, dict) else {}
        try:
            if not part:
                raise _BadRecordError(f"{name}: expected a JSON object")
            heard = sorted(_heard(part), key=lambda one: (-one[1], one[0]))
            if not heard:
                raise _BadRecordError(f"{name}: no access point with a signal strength in dBm")
            seen.add(index, record.get("clientMac"), _Position(_time(part.get("time"), f"{name}.time"), heard))
        except _BadRecordError as error:
            seen.refuse(index, error, _harmless(part, fields))


def _heard(part: _Record) -> Iterator[tuple[str, int]]:
    """Who heard a device and how strongly; positive strengths are no dBm and say nothing in version 3."""
    records = part.get("rssiRecords")
    if not isinstance(records, list):
        records = [{"apMac": part.get("nearestApMac"), "rssi": part.get("nearestApRssi")}]
    for record in records:
        strength = _number(record.get("rssi")) if isinstance(record, dict) else None
        if strength is not None and strength < 0:
            yield _text(record.get("apMac")), strength


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    """An integer of what should be one: versions differ in whether they write a number or a text."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return round(number) if math.isfinite(number) and abs(number) <= 1000 else None


def _from_epoch(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise _BadRecordError("seenEpoch: expected seconds since 1970") from None


def _time(value: object, name: str) -> datetime:
    try:
        at = msgspec.convert(value, datetime)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        pass
    raise _BadRecordError(f"{name}: {EXPECTED_TIME}")


def _harmless(record: _Record, names: tuple[str, ...]) -> _Record:
    """What of a refused record may be kept: times and strengths, where they look like nothing else."""
    return {name: _plain(record[name]) for name in names if name in record}


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(one.get("rssi")) if isinstance(one, dict) else None for one in value]
    if isinstance(value, str):
        return value if _PLAIN_TIME.fullmatch(value) else "[removed]"
    return value if isinstance(value, (int, float)) else None
