"""`POST /v1/observations`: a plain ASGI app, dispatched before Litestar because it is the hot path.

The answer is sent when the rows are safe in the journal. What Litestar does elsewhere (authentication, problem
documents, checked parameters) is done here by the same functions. `OPERATION` is its part of the OpenAPI document.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from litestar.exceptions import MethodNotAllowedException
from litestar.types import HTTPScope, Receive, Send

from passerby.api import problems
from passerby.api.auth import credential_of
from passerby.api.receiving import LARGE, appended, make_room, outcome, resolved
from passerby.catalogue.model import Credential
from passerby.errors import ConflictError, InvalidInputError, Problem, UnavailableError
from passerby.ingest import formats
from passerby.ingest.compression import TooLargeError, UnknownEncodingError, opened
from passerby.ingest.decoded import Decoded
from passerby.ingest.intake import Resolved, rejects
from passerby.journal import Idempotency, Submission
from passerby.observations import KINDS
from passerby.services import Services

T = TypeVar("T")

PATH = "/v1/observations"
_MEGABYTE = 1 << 20
# A reader that asked to wait until queries see its rows waits no longer than this.
_LONGEST_WAIT_S = 30.0
_encode = msgspec.json.Encoder().encode


class RejectedRow(msgspec.Struct):
    """A row that was refused: its place in the body, and why."""

    index: int
    error: str


class Answer(msgspec.Struct, omit_defaults=True):
    """What became of a body's rows. `duplicates` is null when it was not waited for.

    `dropped`, left out when 0: valid rows that are not kept, as the setting `wifi_randomized` wants it.
    """

    accepted: int
    duplicates: int | None
    rejected: list[RejectedRow]
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a request. `until` and `sensors` are of sightings only, `new_ids` is of observations."""

    kind: str | None
    wait: bool
    quiet: bool = False
    until: str | None = None
    sensors: tuple[str, ...] = ()
    new_ids: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose head has been checked."""

    credential: Credential
    format: formats.Format
    asked: Asked
    encoding: str
    idempotency_key: str | None
    length: int | None


class Ingest:
    """The ASGI app, and the base of that of sightings.

    Several requests under one Idempotency-Key at a time share the first one's answer.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._limit = services.settings.integer("max_body_mb") * _MEGABYTE
        self._secret = services.catalogue.server_secret("idempotency")
        self._under_way: dict[tuple[int, str], tuple[bytes, asyncio.Future[bytes]]] = {}

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: list[tuple[bytes, bytes]]
        try:
            body = await self._answer(scope, receive)
            status = 200
            headers = [(b"content-type", b"application/json")]
        except Exception as error:  # noqa: BLE001  # whatever it is, it is answered with a problem document
            problem = problems.problem_of(error)
            status, body = problem.status, problem.body
            headers = [(b"content-type", problems.MEDIA_TYPE.encode())]
            headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
        headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _answer(self, scope: HTTPScope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise MethodNotAllowedException("this address takes POST", headers={"Allow": "POST"})
        request = self._checked(scope)
        await make_room(self._services)
        body = await self._body(request, receive)
        if request.idempotency_key is None:
            return _encode(await self._take(request, body, None))
        return await self._once(request, request.idempotency_key, body)

    def _checked(self, scope: HTTPScope) -> Request:
        headers = dict(scope["headers"])
        authorization = headers.get(b"authorization")
        text = None if authorization is None else authorization.decode("latin-1")
        credential = credential_of(self._services, text, "ingest")
        asked = self._parameters(scope["query_string"])
        try:
            wanted = formats.by_media_type(headers.get(b"content-type", b"").decode("latin-1"))
        except LookupError:
            raise problems.UnsupportedMediaError(f"Content-Type must be one of {', '.join(formats.FORMATS)}") from None
        self._check_kind(wanted, asked.kind)
        key = headers.get(b"idempotency-key")
        if key is not None and not 1 <= len(key) <= 255:
            raise InvalidInputError("expected 1 to 255 characters", "Idempotency-Key")
        length = headers.get(b"content-length", b"")
        return Request(
            credential,
            wanted,
            asked,
            headers.get(b"content-encoding", b"").decode("latin-1"),
            None if key is None else self._hidden(credential, key),
            int(length) if length.isdigit() else None,
        )

    async def _body(self, request: Request, receive: Receive) -> bytes:
        if request.length is not None and request.length > self._limit:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                raise InvalidInputError("the body ended too early")
            part = message.get("body", b"")
            size += len(part)
            if size > self._limit:
                raise self._too_large()
            parts.append(part)
            more = message.get("more_body", False)
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        try:
            return opened(body, request.encoding, self._limit) if request.encoding else body
        except TooLargeError:
            raise self._too_large() from None
        except UnknownEncodingError:
            raise problems.UnsupportedMediaError("Content-Encoding must be gzip or zstd") from None

    def _too_large(self) -> problems.RequestTooLargeError:
        return problems.RequestTooLargeError(f"the body is larger than {self._limit // _MEGABYTE} MB")

    async def _once(self, request: Request, key: str, body: bytes) -> bytes:
        """The answer under an Idempotency-Key: the first request's, for everyone who sends the same again."""
        account = request.credential.account_id
        digest = self._digest(request, body)
        running = self._under_way.get((account, key))
        if running is not None:
            _same_body(running[0], digest)
            return await asyncio.shield(running[1])
        first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._under_way[account, key] = (digest, first)
        try:
            answer = await self._known(account, key, digest)
            if answer is None:
                answer = _encode(await self._take(request, body, (key, digest)))
            first.set_result(answer)
        except BaseException as error:
            first.set_exception(error if isinstance(error, Exception) else UnavailableError("interrupted"))
            first.exception()  # others may be waiting for it, or nobody
            raise
        finally:
            del self._under_way[account, key]
        return answer

    async def _known(self, account: int, key: str, digest: bytes) -> bytes | None:
        """The answer of an earlier request under the key; raises ConflictError when that had another body."""
        known = await asyncio.to_thread(self._services.journal.idempotent, account, key)
        if known is None:
            return None
        _same_body(known.digest, digest)
        return known.answer

    def _hidden(self, credential: Credential, key: bytes) -> str:
        """What is kept of an Idempotency-Key: senders put all sorts of things into it, also addresses of devices.

        A key belongs to the credential that sends it: two sensors that count their requests from 1 do not meet.
        """
        sender = f"{credential.id} {credential.sensor_id} ".encode()
        return hashlib.blake2b(sender + key, key=self._secret, digest_size=16).hexdigest()

    def _digest(self, request: Request, body: bytes) -> bytes:
        """Tells bodies apart. Keyed, because a body may hold what must not be guessed from its digest."""
        digest = hashlib.blake2b(key=self._secret, digest_size=32)
        asked = request.asked
        more = f" {asked.until} {asked.sensors}" if asked.until else ""
        digest.update(f"{request.format.media_type} {asked.kind}{more}\n".encode())
        digest.update(body)
        return digest.digest()

    async def _take(self, request: Request, body: bytes, idempotency: tuple[str, bytes] | None) -> Answer:
        found = await self._resolved(request, body)
        refusals = [RejectedRow(one.index, one.error) for one in found.refused]
        answer = Answer(found.row_count, None, refusals, found.dropped)
        self._complete(request, found)
        if not (found.rows or found.refused or idempotency):
            if request.asked.wait:
                answer.duplicates = 0
            return answer
        account = request.credential.account_id
        kept = Idempotency(account, *idempotency, _encode(answer)) if idempotency else None
        refused = rejects(found.refused, request.credential) if found.refused else ()
        receipt = await appended(self._services, Submission(found.rows, refused, kept, quiet=request.asked.quiet))
        if receipt.repeated is not None:
            return msgspec.json.decode(receipt.repeated.answer, type=Answer)
        if request.asked.wait:
            await self._wait(answer, receipt.entry)
            if kept is not None:
                await outcome(self._services.journal.amend(replace(kept, answer=_encode(answer))))
        return answer

    async def _resolved(self, request: Request, body: bytes) -> Resolved:
        at_once = len(body) <= LARGE and not request.format.waits
        decode = partial(self._decode, request, body)
        return await resolved(
            self._services, request.credential, decode, at_once=at_once, new_ids=request.asked.new_ids
        )

    def _decode(self, request: Request, body: bytes) -> Decoded:
        try:
            return request.format.decode(body, request.asked.kind, self._limit)
        except TooLargeError:
            raise self._too_large() from None

    # -- where observations and sightings differ

    def _parameters(self, query: bytes) -> Asked:
        """The parameters of a query string; raises InvalidInputError."""
        found = parameters(query, ("kind", "wait", "webhooks", "contents"))
        kind = found.get("kind", [None])[0]
        quiet, new_ids = says(found, "webhooks", "none"), says(found, "contents", "register")
        return Asked(kind, says(found, "wait", "visible"), quiet=quiet, new_ids=new_ids)

    def _check_kind(self, wanted: formats.Format, kind: str | None) -> None:
        """Raise InvalidInputError unless the format's rows are of a known kind."""
        wanted.check_kind(kind)

    def _complete(self, request: Request, found: Resolved) -> None:
        """Add to the rows what the request says beside its body."""

    async def _wait(self, answer: Answer, entry: int) -> None:
        """Wait until queries see the rows of an entry, and say in `answer` how many were new."""
        new = await in_time(self._services.loader.wait_visible(entry))
        answer.accepted, answer.duplicates = new, answer.accepted - new


async def in_time(future: Future[T]) -> T:
    """What `future` becomes; UnavailableError when a reader would have to wait too long for it."""
    try:
        return await asyncio.wait_for(outcome(future), _LONGEST_WAIT_S)
    except TimeoutError:
        raise UnavailableError("the rows are kept, but queries do not see them yet", retry_after_s=5) from None


def _same_body(known: bytes, digest: bytes) -> None:
    if known != digest:
        raise ConflictError("this Idempotency-Key was used for another body within 24 hours")


def parameters(query: bytes, known: Sequence[str], repeatable: str | None = None) -> dict[str, list[str]]:
    """The values of each parameter of a query string; raises InvalidInputError for what is not `known`."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else ():
        if name not in known:
            raise InvalidInputError([Problem(name, f"no such parameter; there are: {', '.join(known)}")])
        if name in found and name != repeatable:
            raise InvalidInputError("given more than once", name)
        found.setdefault(name, []).append(value)
    return found


def says(found: Mapping[str, Sequence[str]], name: str, only: str) -> bool:
    """Whether a parameter that can have one value only is given; raises InvalidInputError for another value."""
    if name in found and found[name][0] != only:
        raise InvalidInputError(f"expected: {only}", name)
    return name in found


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {problems.MEDIA_TYPE: {"schema": schema}}}


_OBSERVATION = {"$ref": "#/components/schemas/Observation"}
_TABLE = {"type": "string", "format": "binary", "description": "One column a field of the kind named by `kind`."}

# What the OpenAPI document says of this route.
OPERATION: dict[str, Any] = {
    "tags": ["Observations"],
    "summary": "Send observations",
    "description": (
        "Good rows are kept, bad rows are returned and kept aside. The answer comes when the rows are safe on disk; "
        "sent again, they are known. `Content-Encoding` may be gzip or zstd. In CSV a nested field is JSON in its cell."
    ),
    "operationId": "PostObservations",
    "security": [{"nativeKey": []}],
    "parameters": [
        {
            "name": "kind",
            "in": "query",
            "description": "The kind of all rows: needed with CSV, Parquet and Arrow, refused with JSON and NDJSON.",
            "schema": {"type": "string", "enum": list(KINDS)},
        },
        {
            "name": "wait",
            "in": "query",
            "description": "Answer only once queries see the rows, and say how many of them are new.",
            "schema": {"type": "string", "enum": ["visible"]},
        },
        {
            "name": "webhooks",
            "in": "query",
            "description": "Tell no webhook of these rows: for history that is brought in later.",
            "schema": {"type": "string", "enum": ["none"]},
        },
        {
            "name": "contents",
            "in": "query",
            "description": "Contents that are named by an id that nothing has register themselves under it.",
            "schema": {"type": "string", "enum": ["register"]},
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same key and body within 24 hours get the first answer again and write nothing.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"oneOf": [_OBSERVATION, {"type": "array", "items": _OBSERVATION}]}},
            "application/x-ndjson": {"schema": {"type": "string", "description": "One observation a line."}},
            "text/csv": {"schema": {"type": "string", "description": "A header line with the names of the fields."}},
            "application/vnd.apache.parquet": {"schema": _TABLE},
            "application/vnd.apache.arrow.stream": {"schema": _TABLE},
        },
    },
    "responses": {
        "200": {
            "description": "What became of the rows. `duplicates` is null unless it was waited for.",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["accepted", "duplicates", "rejected"],
                        "properties": {
                            "accepted": {"type": "integer"},
                            "duplicates": {"type": ["integer", "null"]},
                            "rejected": {
                                "type": "array",
                                "items": {
                                    "type": "object",
                                    "required": ["index", "error"],
                                    "properties": {"index": {"type": "integer"}, "error": {"type": "string"}},
                                },
                            },
                            "dropped": {
                                "type": "integer",
                                "description": "Valid rows that are not kept, see the setting wifi_randomized; "
                                "left out when 0.",
                            },
                        },
                    }
                }
            },
        },
        "400": _refusal("The body as a whole, or a parameter, is not valid."),
        "401": _refusal("No key, or not a valid one."),
        "403": _refusal("The key lacks the scope ingest."),
        "409": _refusal("The Idempotency-Key was used for another body."),
        "413": _refusal("The body is larger than `max_body_mb`, as it came or once it is opened."),
        "415": _refusal("Not one of the formats or encodings."),
        "429": _refusal("Too many requests; see Retry-After."),
        "503": _refusal("The rows cannot be kept at the moment; see Retry-After and send them again."),
    },
}
