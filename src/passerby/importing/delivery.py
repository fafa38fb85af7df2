"""Ways of bringing parcels of observations into Passerby.

Over HTTP into a running server, or straight into a data directory that no server uses. Both end in the same
decoding, the same journal and the same loader.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import httpx
import msgspec

from passerby.catalogue.database import FILE_NAME as DATABASE_NAME
from passerby.catalogue.model import Credential
from passerby.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PasserbyError,
    UnauthorizedError,
    UnavailableError,
)
from passerby.ingest.files.base import Drawn, Parcel
from passerby.ingest.formats import by_media_type
from passerby.ingest.intake import rejects, resolve
from passerby.journal import Submission
from passerby.services import open_services
from passerby.sightings.sighting import KIND, ends

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GIVE_UP_AFTER_S = 300.0
# A server that has not answered once is more likely misspelt than busy.
GIVE_UP_UNHEARD_S = 10.0
_BUSY = {429, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a parcel: new rows, rows held already, and (index in the parcel, reason) of the refused.

    `dropped` are valid rows that are not kept: WiFi devices with made-up addresses, where the setting says so.
    """

    accepted: int
    duplicates: int
    rejected: tuple[tuple[int, str], ...]
    dropped: int = 0


class Delivery(Protocol):
    """A way into Passerby."""

    def drawn(self, sensor: int | str) -> Drawn:
        """The lines and zones of a sensor. Raises NotFoundError when there is no such sensor."""
        ...

    def timezone(self, sensor: int | str) -> str:
        """The IANA name of the time zone of a sensor's site. Raises NotFoundError when there is no such sensor."""
        ...

    def send(self, parcel: Parcel) -> Delivered:
        """Bring in a parcel; returns once queries see its rows."""
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...


class _Rejected(msgspec.Struct):
    index: int
    error: str


class _Answer(msgspec.Struct):
    accepted: int
    duplicates: int | None
    rejected: list[_Rejected] = []
    dropped: int = 0


class HttpDelivery:
    """Into a running server. Retries what may succeed later; each parcel counts once however often it is sent.

    Args:
        url: of the server, without `/v1`.
        key: a native key with the scope `ingest`, and `read` for formats that need lines and zones.
        webhooks: whether webhooks are told of what is imported.
        transport: for tests.
        waiting: called with the reason when a request has to be repeated.
        pause: waits so many seconds; for tests.

    Raises:
        InvalidInputError: not a URL of a server.
    """

    def __init__(  # noqa: PLR0913  # two of the address, the others named and mostly left out
        self,
        url: str,
        key: str,
        *,
        webhooks: bool = False,
        waiting: Callable[[str], None] = lambda _: None,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise InvalidInputError(f"expected a URL such as http://127.0.0.1:8080, found {url!r}", "--url")
        self._url = url
        self._always: dict[str, str | list[str]] = {"wait": "visible"}
        if not webhooks:
            self._always["webhooks"] = "none"
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60.0, transport=transport
        )
        self._pause = pause
        self._waiting = waiting
        self._patience_s = GIVE_UP_UNHEARD_S
        self._run = uuid.uuid4().hex
        self._numbers = count()
        self._zones: dict[int | str, str] | None = None

    def drawn(self, sensor: int | str) -> Drawn:
        """The lines and zones that the server's catalogue draws for a sensor."""
        answer = self._request(self._client.build_request("GET", "/v1/catalogue"))
        return drawn_in(msgspec.json.decode(answer.content), sensor)

    def timezone(self, sensor: int | str) -> str:
        """The zone of a sensor's site in the server's catalogue, which is asked for once."""
        if self._zones is None:
            try:
                answer = self._request(self._client.build_request("GET", "/v1/catalogue"))
            except UnauthorizedError as error:
                reason = f"{error.message}; give the zone of the times with --timezone, or a key with the scope read"
                raise UnauthorizedError(reason) from None
            self._zones = zones_in(msgspec.json.decode(answer.content))
        try:
            return self._zones[sensor]
        except KeyError:
            raise NotFoundError(f"there is no sensor {sensor}, or the key may not see it") from None

    def send(self, parcel: Parcel) -> Delivered:
        """Post a parcel and wait until its rows are visible."""
        parameters = self._parameters(parcel)
        headers = {"Content-Type": parcel.content_type, "Idempotency-Key": f"import-{self._run}-{next(self._numbers)}"}
        response = self._request(
            self._client.build_request(
                "POST", f"/v1/{parcel.route}", params=parameters, headers=headers, content=parcel.body
            )
        )
        answer = msgspec.json.decode(response.content, type=_Answer)
        refused = tuple((row.index, row.error) for row in answer.rejected)
        return Delivered(answer.accepted, answer.duplicates or 0, refused, answer.dropped)

    def _parameters(self, parcel: Parcel) -> dict[str, str | list[str]]:
        if parcel.route == "observations":
            more = {"kind": parcel.kind} if parcel.kind else {}
            return self._always | more | ({"contents": "register"} if parcel.new_ids else {})
        wait: dict[str, str | list[str]] = {"wait": "visible"}
        if parcel.until_ms is None:
            return wait
        until = datetime.fromtimestamp(parcel.until_ms / 1000, UTC).isoformat(timespec="milliseconds")
        return wait | {"until": until, "sensor": [str(sensor) for sensor in parcel.sensors]}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _request(self, request: httpx.Request) -> httpx.Response:
        pause, waited = FIRST_PAUSE_S, 0.0
        while True:
            try:
                response = self._client.send(request)
            except httpx.TransportError as error:
                reason, asked = f"{type(error).__name__}: {error}", 0.0
            else:
                self._patience_s = GIVE_UP_AFTER_S
                if response.is_success:
                    return response
                if response.status_code not in _BUSY:
                    raise _refusal(response)
                reason, asked = f"status {response.status_code}", _retry_after(response)
            rest = max(pause, min(asked, LONGEST_PAUSE_S))
            if waited + rest > self._patience_s:
                raise UnavailableError(f"gave up after {waited:.0f} s of trying to reach {self._url}: {reason}")
            self._waiting(reason)
            self._pause(rest)
            waited += rest
            pause = min(pause * 2, LONGEST_PAUSE_S)


class DirectDelivery:
    """Into a data directory that no server uses.

    Args:
        data: the directory.
        sensor: whose account the rows belong to; without it the catalogue must have one account only.
        webhooks: whether webhooks are told of what is imported, by the server that next uses the directory.

    Raises:
        InvalidInputError: a server uses the directory, or it has no catalogue, or several accounts.
        NotFoundError: there is no such sensor.
    """

    def __init__(self, data: Path, sensor: int | str | None, *, webhooks: bool = False) -> None:
        self._quiet = not webhooks
        if not (data / DATABASE_NAME).exists():
            raise NotFoundError(
                f"{data} holds no catalogue; make one with: passerby catalogue apply FILE --data {data}"
            )
        try:
            self._services = open_services(data)
        except ConflictError as error:
            raise ConflictError(f"{error.message}: give its --url instead of --data") from None
        self._limit = self._services.settings.integer("max_body_mb") << 20
        try:
            self._credential = self._owner(sensor)
        except PasserbyError:
            self._services.close()
            raise

    def _owner(self, sensor: int | str | None) -> Credential:
        catalogue = self._services.catalogue.current()
        accounts = list(catalogue.accounts)
        if sensor is not None:
            found = catalogue.sensor(sensor)
            if found is None:
                raise NotFoundError(f"there is no sensor {sensor}")
            accounts = [catalogue.account_id_of_site(catalogue.site_of(found))]
        if len(accounts) != 1:
            raise InvalidInputError(f"the catalogue has {len(accounts)} accounts; import through a server with a key")
        return Credential(0, accounts[0], "native", "import", frozenset({"ingest"}), None, None)

    def drawn(self, sensor: int | str) -> Drawn:
        """The lines and zones that the catalogue draws for a sensor."""
        found = self._services.catalogue.current().sensor(sensor)
        if found is None:
            raise NotFoundError(f"there is no sensor {sensor}")
        return Drawn(
            tuple((line.id, line.points, line.inside, line.entrance) for line in found.lines.values()),
            tuple((zone.id, zone.polygon) for zone in found.zones.values()),
        )

    def timezone(self, sensor: int | str) -> str:
        """The zone of a sensor's site in the catalogue."""
        catalogue = self._services.catalogue.current()
        found = catalogue.sensor(sensor)
        if found is None or not catalogue.may_see_sensor(self._credential, found):
            raise NotFoundError(f"there is no sensor {sensor}")
        return catalogue.site_of(found).timezone

    def send(self, parcel: Parcel) -> Delivered:
        """Decode a parcel, write it to the journal and wait until it is loaded."""
        services, credential = self._services, self._credential
        kind = KIND if parcel.route == "sightings" else parcel.kind
        decoded = by_media_type(parcel.content_type).decode(parcel.body, kind, self._limit)
        resolved = resolve(
            decoded,
            services.resolver(credential),
            partial(services.register_content, credential),
            new_ids=parcel.new_ids,
        )
        refused = tuple((one.index, one.error) for one in resolved.refused)
        taken = resolved.row_count
        if parcel.until_ms is not None:
            scopes = services.resolver(credential).scopes(parcel.sensors)
            resolved.rows.update(ends(resolved.rows, scopes, parcel.until_ms))
        if not (resolved.rows or refused):
            return Delivered(0, 0, (), resolved.dropped)
        submission = Submission(
            resolved.rows, rejects(resolved.refused, credential), source="import", quiet=self._quiet
        )
        receipt = services.journal.append(submission).result()
        if parcel.route == "sightings":
            visits = services.sessions.taken(receipt.entry).result()
            if visits > services.loader.loaded_entry:
                services.loader.wait_visible(visits).result()
            return Delivered(taken, 0, refused)
        accepted = services.loader.wait_visible(receipt.entry).result()
        return Delivered(accepted, resolved.row_count - accepted, refused, resolved.dropped)

    def close(self) -> None:
        """Load what the journal holds and let go of the directory."""
        self._services.close()


def _retry_after(response: httpx.Response) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() else 0.0


def _refusal(response: httpx.Response) -> PasserbyError:
    try:
        problem = response.json()
        detail = str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, AttributeError):
        detail = ""
    if response.status_code in {401, 403}:
        return UnauthorizedError(f"the server refused the key: {detail or response.reason_phrase}")
    return InvalidInputError(f"the server answered {response.status_code} {detail or response.reason_phrase}")


def drawn_in(document: Mapping[str, Any], sensor: int | str) -> Drawn:
    """The lines and zones of a sensor (id or uid) in a catalogue document.

    Raises:
        NotFoundError: the document has no such sensor.
    """
    for found in _sensors(document):
        if sensor in (found.get("id"), found.get("uid")):
            return Drawn(
                tuple(
                    (line["id"], _points(line["points"]), line.get("inside", "left"), line.get("entrance", False))
                    for line in found.get("lines") or ()
                ),
                tuple((zone["id"], _points(zone["polygon"])) for zone in found.get("zones") or ()),
            )
    raise NotFoundError(f"there is no sensor {sensor}, or the key may not see it")


def zones_in(document: Mapping[str, Any]) -> dict[int | str, str]:
    """The time zone of each sensor, by id and by uid, in a catalogue document."""
    return {
        reference: site["timezone"]
        for brand in document.get("brands") or ()
        for site in brand.get("sites") or ()
        for sensor in site.get("sensors") or ()
        for reference in (sensor["id"], sensor.get("uid"))
        if reference is not None
    }


def _sensors(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for brand in document.get("brands") or ():
        for site in brand.get("sites") or ():
            yield from site.get("sensors") or ()


def _points(points: Iterable[Iterable[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
