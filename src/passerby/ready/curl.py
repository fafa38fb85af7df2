"""A request as one command line for a shell, with its secrets or with variables in their place."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from passerby.catalogue.model import DialectName
from passerby.dialects.analytiks.auth import AUDIENCE
from passerby.ready.requests import ReadyRequest

Secrets = Mapping[DialectName, Mapping[str, str]]

# What a person sets before: export PASSERBY_KEY=...
SHELL_VARIABLES: Secrets = {
    "native": {"key": "$PASSERBY_KEY"},
    "analytiks": {"client_id": "$CLIENT_ID", "client_secret": "$CLIENT_SECRET"},
    "camlytics": {"key": "$PUBLIC_KEY", "secret": "$SECRET_KEY"},
    "quividi": {"username": "$USERNAME", "token": "$TOKEN"},
    "seemetrix": {"user_key": "$USER_KEY"},
}


def curl(address: str, request: ReadyRequest, secrets: Secrets = SHELL_VARIABLES) -> str:
    """The command line; `address` is where the server answers, without a slash at its end."""
    secret = secrets[request.dialect]
    made: str = _FORMS[request.dialect](address, request, secret)
    return made


def _native(address: str, request: ReadyRequest, secret: Mapping[str, str]) -> str:
    return f'curl -s -H "Authorization: Bearer {secret["key"]}" {_url(address, request)}{_json(request.body)}'


def _analytiks(address: str, request: ReadyRequest, secret: Mapping[str, str]) -> str:
    """The answer of `POST /` holds a token; the request itself carries it."""
    wanted = {**secret, "audience": AUDIENCE, "grant_type": "client_credentials"}
    body = json.dumps(wanted, separators=(",", ":")).replace('"', '\\"')
    asked = f"""curl -s -H 'Content-Type: application/json' -d "{body}" {address}/"""
    token = f"""{asked} | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/'"""
    # In a variable: a quotation mark inside one inside one is not for people.
    return f"""t=$({token}); curl -s -H "Authorization: Bearer $t"{_json(request.body)} {_url(address, request)}"""


def _camlytics(address: str, request: ReadyRequest, secret: Mapping[str, str]) -> str:
    """Signed in the shell. What is signed and what is asked for are one text, so it is made once."""
    joined = "&" if request.query else "?"
    sign = f"""printf %s "$t" | openssl dgst -sha512 -hmac "{secret["secret"]}" -r | cut -d' ' -f1"""
    return (
        f't="{request.target}{joined}nonce=$(date +%s)"; '
        f'curl -s -H "X-Key: {secret["key"]}" -H "X-Sign: $({sign})" "{address}$t"'
    )


def _quividi(address: str, request: ReadyRequest, secret: Mapping[str, str]) -> str:
    """As VidiCenter's clients do: an export is asked for until it is finished."""
    ask = f'curl -s -u "{secret["username"]}:{secret["token"]}" {_url(address, request)}'
    if request.path != "/api/v1/data/":
        return ask
    return f"until {ask} | grep -q finished; do sleep 1; done; {ask}"


def _seemetrix(address: str, request: ReadyRequest, secret: Mapping[str, str]) -> str:
    joined = "&" if request.query else "?"
    return f'curl -s "{address}{request.target}{joined}key={secret["user_key"]}"'


def _url(address: str, request: ReadyRequest) -> str:
    return shlex.quote(f"{address}{request.target}")


def _json(body: Any) -> str:  # noqa: ANN401  # anything that JSON can say
    if body is None:
        return ""
    return f" -H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body, separators=(',', ':')))}"


_FORMS = {
    "native": _native,
    "analytiks": _analytiks,
    "camlytics": _camlytics,
    "quividi": _quividi,
    "seemetrix": _seemetrix,
}
