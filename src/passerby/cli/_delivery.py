"""Ways of bringing parcels of observations into Passerby: over HTTP into a running server."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Protocol

import httpx
import msgspec

from passerby.errors import InvalidInputError, NotFoundError, PasserbyError, UnauthorizedError, UnavailableError
from passerby.ingest.formats.base import Drawn, Parcel

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
GIVE_UP_AFTER_S = 300.0
_BUSY = {429, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of a parcel: new rows, rows held already, and (index in the parcel, reason) of the refused."""

    accepted: int
    duplicates: int
    rejected: tuple[tuple[int, str], ...]


class Delivery(Protocol):
    """A way into Passerby."""

    def drawn(self, sensor: int | str) -> Drawn:
        """The lines and zones of a sensor. Raises NotFoundError when there is no such sensor."""
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


class HttpDelivery:
    """Into a running server. Retries what may succeed later; each parcel counts once however often it is sent.

    Args:
        url: of the server, without `/v1`.
        key: a native key with the scope `ingest`, and `read` for formats that need lines and zones.
        transport: for tests.
        pause: waits so many seconds; for tests.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        transport: httpx.BaseTransport | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._client = httpx.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60.0, transport=transport
        )
        self._pause = pause
        self._run = uuid.uuid4().hex
        self._numbers = count()

    def drawn(self, sensor: int | str) -> Drawn:
        """The lines and zones that the server's catalogue draws for a sensor."""
        answer = self._request(self._client.build_request("GET", "/v1/catalogue"))
        return drawn_in(msgspec.json.decode(answer.content), sensor)

    def send(self, parcel: Parcel) -> Delivered:
        """Post a parcel and wait until its rows are visible."""
        parameters = {"wait": "visible"} | ({"kind": parcel.kind} if parcel.kind else {})
        headers = {"Content-Type": parcel.content_type, "Idempotency-Key": f"import-{self._run}-{next(self._numbers)}"}
        response = self._request(
            self._client.build_request(
                "POST", "/v1/observations", params=parameters, headers=headers, content=parcel.body
            )
        )
        answer = msgspec.json.decode(response.content, type=_Answer)
        refused = tuple((row.index, row.error) for row in answer.rejected)
        return Delivered(answer.accepted, answer.duplicates or 0, refused)

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
                if response.is_success:
                    return response
                if response.status_code not in _BUSY:
                    raise _refusal(response)
                reason, asked = f"status {response.status_code}", _retry_after(response)
            rest = max(pause, min(asked, LONGEST_PAUSE_S))
            if waited + rest > GIVE_UP_AFTER_S:
                raise UnavailableError(
                    f"gave up after {GIVE_UP_AFTER_S:.0f} s of trying to reach {self._url}: {reason}"
                )
            self._pause(rest)
            waited += rest
            pause = min(pause * 2, LONGEST_PAUSE_S)


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


def _sensors(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    for brand in document.get("brands") or ():
        for site in brand.get("sites") or ():
            yield from site.get("sensors") or ()


def _points(points: Iterable[Iterable[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in points)
