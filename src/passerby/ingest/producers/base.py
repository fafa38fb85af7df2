"""What a producer's adapter is: one file with a pure function from a pushed body to observations.

    def decode(body: bytes, sender: Sender) -> Pushed:
        pushed = Pushed()
        for index, record in enumerate(_records(body)):
            sensor = sender.sensor(record.serial)
            if sensor is None:
                pushed.refuse(index, "serial: no sensor has this uid", record)
            else:
                passage = {"kind": "passage", "sensor": sensor.id, "start": record.time, "duration_ms": 0}
                pushed.take(index, passage, record)
        return pushed

    ACME = Producer("acme", "Acme Counter 3, HTTP push", decode)

Listed in `passerby.ingest.producers.PRODUCERS` it answers at `/in/acme/<key>`. Everything else is done for it: keys,
limits, compression, references, device hashes, rejects kept aside, the journal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import msgspec

from passerby.catalogue.model import Catalogue, Credential, Sensor
from passerby.ingest.decoded import Decoded, Refused
from passerby.ingest.wording import refusal
from passerby.observations import AnyObservation
from passerby.sightings.sighting import KIND, Sighting

# What the catalogue holds for one key and one producer, by name ("secret", "validator").
Secrets = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose key came with a push, on the catalogue of that moment: all that decoding may look up."""

    catalogue: Catalogue
    credential: Credential

    def known(self, *uids: str) -> Sensor | None:
        """The sensor that the first known one of `uids` names. What the key may not see is not known."""
        for uid in uids:
            found = self.catalogue.sensor(uid)
            if found is not None and self.catalogue.may_see_sensor(self.credential, found):
                return found
        return None

    def sensor(self, *uids: str) -> Sensor | None:
        """As `known`; where none is known, the sensor that the key belongs to, if it is a sensor's own."""
        own = self.credential.sensor_id
        return self.known(*uids) or (None if own is None else self.catalogue.sensors.get(own))


@dataclass(slots=True)
class Pushed(Decoded):
    """What a push says. `ignored` counts what is well-formed and means nothing to Passerby, by a word for it.

    Indexes count the producer's own records from 0, and several observations may stem from one record.
    """

    indexes: list[int] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)

    def take(self, index: int, fields: Mapping[str, object], record: object) -> None:
        """One more observation or sighting, from its fields as the native format names them (`kind` among them).

        They are checked as the native format's are; where they are not valid, `record` is refused.
        """
        try:
            wanted = Sighting if fields.get("kind") == KIND else AnyObservation
            self.add(index, msgspec.convert(fields, wanted))
        except msgspec.ValidationError as error:
            self.refuse(index, refusal(error, fields.get("kind")), record)

    def refuse(self, index: int, error: str, record: object) -> None:
        """Keep a record aside: `record` is what of it may be kept, as anything that JSON can say."""
        self.refused.append(Refused(index, error, msgspec.json.encode(record)))


@dataclass(frozen=True, slots=True)
class Producer:
    """One kind of sender. `name` is its part of the address, `title` says to people what it is.

    `decode` raises InvalidInputError when no record can be told from another; single bad records are `refused`.
    With `proves` a body must show that it knows the secrets that the catalogue holds for the key; it compares in
    constant time. With `greets` a GET on the address answers that text, which is how some clouds make sure that
    they post to the right place. With `pairs` its RegionJoin and RegionLeave events make zone visits. `whole`
    are the fields of its records that never hold a WiFi device's address; with none, a refused record cannot be taken
    again, because what is kept of it is not as it came.
    """

    name: str
    title: str
    decode: Callable[[bytes, Sender], Pushed]
    proves: Callable[[bytes, Secrets], bool] | None = None
    greets: Callable[[Secrets], str] | None = None
    pairs: bool = False
    whole: frozenset[str] = frozenset()
