"""Who asks, on native routes: `Authorization: Bearer <native key>`; and guards that every native route has."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, cast, get_args
from weakref import WeakKeyDictionary

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.handlers.http_handlers import HTTPRouteHandler

from passerby.acting import acting
from passerby.catalogue.model import Credential, Scope
from passerby.errors import ForbiddenError, InvalidInputError, Problem, UnauthorizedError
from passerby.services import Services, services_of

Connection = ASGIConnection[Any, Any, Any, Any]
_STATE = "passerby_credential"


def credential_of(services: Services, authorization: str | None, scope: Scope) -> Credential:
    """The credential behind an `Authorization` header.

    Raises UnauthorizedError when there is none, ForbiddenError when it may not do what `scope` says.
    """
    credential = acting() or _holder(services, authorization)
    if scope not in credential.scopes:
        raise ForbiddenError(f"the key lacks the scope {scope}")
    return credential


def _holder(services: Services, authorization: str | None) -> Credential:
    if authorization is None:
        raise UnauthorizedError("send the header Authorization: Bearer <native key>")
    scheme, _, key = authorization.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise UnauthorizedError("the header Authorization must be: Bearer <native key>")
    credential: Credential | None = services.catalogue.verify("native", key)
    if credential is None:
        raise UnauthorizedError("the key is not known or has been revoked")
    return credential


def authenticated(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard: let only a credential with the handler's scope in (`opt={"scope": ...}`; default read)."""
    scope = cast("Scope", handler.opt.get("scope", "read"))
    credential = credential_of(services_of(connection), connection.headers.get("authorization"), scope)
    connection.scope["state"][_STATE] = credential


def provide_credential(request: Request[Any, Any, Any]) -> Credential:
    """Dependency: the credential that `authenticated` let in."""
    return cast("Credential", request.scope["state"][_STATE])


def known_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Guard: all that is wrong with the names and choices of parameters is said at once.

    That is: a query parameter that the handler does not have, one given twice that may not be, one that is
    needed and missing, and (also in the path) a value that is none of those that there are.

    A handler that reads `request.query_params` itself names them in `opt={"query": {...}}`, those that may
    be repeated in `opt={"repeatable": {...}}`.
    """
    allowed, repeatable, required, choices = _parameters(cast("HTTPRouteHandler", handler))
    given = list(connection.query_params.multi_items())
    problems = [
        Problem(name, f"no such parameter; there are: {', '.join(sorted(allowed)) or 'none'}")
        for name in dict.fromkeys(name for name, _ in given)
        if name not in allowed
    ]
    names = [name for name, _ in given]
    problems += [
        Problem(name, "given more than once")
        for name in dict.fromkeys(names)
        if name in allowed - repeatable and names.count(name) > 1
    ]
    problems += [Problem(name, "required") for name in required if name not in names]
    problems += [
        Problem(name, f"expected one of {', '.join(choices[name])}")
        for name, value in (*connection.path_params.items(), *given)
        if name in choices and value not in choices[name]
    ]
    if problems:
        raise InvalidInputError(problems)


class _Parameters(NamedTuple):
    """What a handler takes: query parameters by name, and the values of those that have a fixed choice."""

    known: frozenset[str]
    repeatable: frozenset[str]
    required: tuple[str, ...]
    choices: dict[str, tuple[str, ...]]


def _parameters(handler: HTTPRouteHandler) -> _Parameters:
    known = _KNOWN.get(handler)
    if known is None:
        path = {name: _NO_DEFINITION for pattern in handler.paths for name in _IN_PATH.findall(pattern)}
        model = handler.create_kwargs_model(path)
        repeatable = frozenset(handler.opt.get("repeatable", ())) | frozenset(model.sequence_query_parameter_names)
        found = {parameter.field_alias: parameter for parameter in model.expected_query_params}
        signature = handler.parsed_fn_signature.parameters
        known = _KNOWN[handler] = _Parameters(
            frozenset(found) | frozenset(handler.opt.get("query", ())) | repeatable,
            repeatable,
            tuple(name for name in signature if name in found and found[name].is_required),
            {name: get_args(field.annotation) for name, field in signature.items() if field.is_literal},
        )
    return known


_IN_PATH = re.compile(r"{(\w+)")
_NO_DEFINITION: Any = None  # only the names of path parameters matter here
_KNOWN: WeakKeyDictionary[HTTPRouteHandler, _Parameters] = WeakKeyDictionary()
