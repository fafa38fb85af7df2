"""`/in/<producer>/<key>`: where producers push in their own formats.

The key is part of the address, because most producers can be given an address and nothing else. So the address is a
secret: it is in no log, and metrics know the route as a pattern only. An unknown key, a producer that does not exist
and one that asks nothing with GET are all the same 404.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
from litestar import Request, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath

from passerby.api.ingest import RejectedRow
from passerby.api.problems import MEDIA_TYPE, RequestTooLargeError, UnsupportedMediaError, problem_response
from passerby.api.receiving import LARGE, appended, make_room, resolved
from passerby.catalogue.model import Credential
from passerby.errors import ForbiddenError, NotFoundError
from passerby.ingest.compression import TooLargeError, UnknownEncodingError, opened
from passerby.ingest.intake import rejects
from passerby.ingest.producers import PRODUCERS
from passerby.ingest.producers.base import Producer, Pushed, Sender
from passerby.journal import Submission
from passerby.services import Services

PATH = "/in/{producer}/{key}"
_ROUTE = "/in/{producer:str}/{key:str}"
_MEGABYTE = 1 << 20
_NOWHERE = "nothing is taken at this address: check the producer's name and the key in it"


class PushAnswer(msgspec.Struct):
    """What became of a push: records by what happened to them. `ignored` counts records that mean nothing here."""

    accepted: int
    rejected: list[RejectedRow]
    ignored: dict[str, int]


@post(_ROUTE, summary="A producer's push", status_code=200)
async def push(
    services: NamedDependency[Services],
    request: Request[Any, Any, State],
    producer: FromPath[str],
    key: FromPath[str],
) -> PushAnswer:
    """Takes what a producer sends in its own format; the reference has a page for each.

    Good records are kept, bad ones are returned and kept aside. The answer comes when the rows are safe on disk;
    sent again, they are known. `Content-Encoding` may be gzip or zstd.
    """
    sender, credential = _admitted(services, producer, key)
    await make_room(services)
    content = _opened(services, await request.body(), request.headers.get("content-encoding", ""))
    if sender.proves is not None:
        secrets = services.catalogue.producer_secrets(credential, sender.name)
        if not secrets:
            raise ForbiddenError(f"this key holds no secrets of {sender.title}: see producers in the catalogue file")
        if not sender.proves(content, secrets):
            raise ForbiddenError(f"the secret in the body is not the one that this key holds for {sender.title}")
    return await _kept(services, sender, credential, content)


@get(_ROUTE, summary="A producer makes sure where it posts to", media_type="text/plain")
async def greet(services: NamedDependency[Services], producer: FromPath[str], key: FromPath[str]) -> str:
    """Answers what the producer expects to read before it begins to push, such as Meraki's validator."""
    sender, credential = _admitted(services, producer, key)
    secrets = services.catalogue.producer_secrets(credential, sender.name) if sender.greets else {}
    if sender.greets is None or not secrets:
        raise NotFoundError(_NOWHERE)
    return sender.greets(secrets)


def _admitted(services: Services, producer: str, key: str) -> tuple[Producer, Credential]:
    """Who pushes, with the credential of the key; NotFoundError alike for whatever is wrong with the address."""
    credential = services.catalogue.verify("native", key)
    sender = PRODUCERS.get(producer)
    if credential is None or sender is None:
        raise NotFoundError(_NOWHERE)
    if "ingest" not in credential.scopes:
        raise ForbiddenError("the key lacks the scope ingest")
    return sender, credential


def _opened(services: Services, body: bytes, encoding: str) -> bytes:
    limit = services.settings.integer("max_body_mb")
    try:
        return opened(body, encoding, limit * _MEGABYTE)
    except TooLargeError:
        raise RequestTooLargeError(f"the body is larger than {limit} MB") from None
    except UnknownEncodingError:
        raise UnsupportedMediaError("Content-Encoding must be gzip or zstd") from None


async def _kept(services: Services, sender: Producer, credential: Credential, content: bytes) -> PushAnswer:
    pushed = Pushed()

    def decode() -> Pushed:
        nonlocal pushed
        pushed = sender.decode(content, Sender(services.catalogue.current(), credential))
        return pushed

    found = await resolved(services, credential, decode, at_once=len(content) <= LARGE)
    if found.rows or found.refused:
        submission = Submission(found.rows, rejects(found.refused, credential, sender.whole), source=sender.name)
        if sender.pairs and "event" in found.rows:
            await appended_with_stays(services, credential, submission)
        else:
            await appended(services, submission)
    if found.dropped:
        services.telemetry.dropped_rows.inc(found.dropped)
        pushed.ignored["randomized"] += found.dropped
    rejected = [RejectedRow(one.index, one.error) for one in found.refused]
    return PushAnswer(found.row_count, rejected, dict(pushed.ignored))


async def appended_with_stays(services: Services, credential: Credential, submission: Submission) -> None:
    """Append, together with the zone visits that its events complete. One at a time, so that no half is missed."""
    stays = services.stays
    async with stays.turn:
        try:
            plan = await asyncio.to_thread(stays.plan, submission.rows["event"], services.catalogue.current())
            resolver = services.resolver(credential)
            visits = [resolver.row(stay.observation())[1] for stay in plan.stays]
            rows = {**submission.rows, "zone_visit": visits} if visits else submission.rows
            await appended(services, replace(submission, rows=rows))
        except BaseException:
            stays.forget()
            raise
        stays.keep(plan)


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


_PARAMETERS: dict[str, dict[str, Any]] = {
    "producer": {"enum": sorted(PRODUCERS)},
    "key": {"pattern": "^[^/]+$", "description": "A native key with the scope ingest, or a sensor's own."},
}
_PROBLEMS: dict[str, Any] = {
    "400": _problem("No record of the body can be told from another; the detail says where it ends."),
    "403": _problem("The key lacks the scope ingest, or the body does not prove that its sender knows the secret."),
    "404": _problem("No such producer or key."),
    "413": _problem("The body is larger than `max_body_mb`, as it came or once it is opened."),
    "415": _problem("Not one of the encodings."),
    "429": _problem("Too many requests; see Retry-After."),
    "503": _problem("The rows cannot be kept at the moment; see Retry-After and send them again."),
}


def describe(operations: dict[str, Any]) -> None:
    """Complete what Litestar says of the route in the OpenAPI document."""
    operations["post"]["requestBody"] = {
        "required": True,
        "description": "In the producer's own format.",
        "content": {"application/json": {"schema": {"type": ["object", "array"]}}},
    }
    for operation in operations.values():
        operation["responses"] |= _PROBLEMS
        for parameter in operation["parameters"]:
            parameter["schema"] = {"type": "string", **_PARAMETERS[parameter["name"]]}


router = Router("/", route_handlers=[push, greet], exception_handlers={Exception: problem_response}, tags=["Producers"])
