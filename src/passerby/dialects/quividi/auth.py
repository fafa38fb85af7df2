"""Who asks: HTTP Basic with a username and its token, and how often it may."""

from __future__ import annotations

import base64
import binascii

from passerby.catalogue.model import Credential
from passerby.dialects.quividi.errors import InvalidTokenError, TooManyCallsError
from passerby.dialects.throttle import FailureLimit, RateLimit
from passerby.services import Services

WINDOW_S = 60
_calls = RateLimit()
_wrong_tokens = FailureLimit()


def caller(services: Services, authorization: str | None, address: str) -> Credential:
    """The credential of a request, one call of its allowance used up.

    Raises InvalidTokenError, or TooManyCallsError: beyond `quividi_calls_per_minute`, or after many wrong tokens from
    one address.
    """
    username, token = _basic(authorization)
    if wait_s := _wrong_tokens.wait_s((address, username)):
        raise TooManyCallsError(wait_s)
    credential = services.catalogue.verify("quividi", token, username)
    if credential is None:
        _wrong_tokens.failed((address, username))
        raise InvalidTokenError
    settings = services.catalogue.current().settings_of_account(credential.account_id)
    # Of one running server: another one in the same process (tests) has its own allowance.
    who = (id(services), credential.id)
    if wait_s := _calls.wait_s(who, settings.integer("quividi_calls_per_minute"), WINDOW_S):
        raise TooManyCallsError(wait_s)
    return credential


def _basic(authorization: str | None) -> tuple[str, str]:
    """(username, token) of an `Authorization: Basic ...` header (RFC 7617)."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        raise InvalidTokenError
    try:
        username, found, token = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidTokenError from None
    if not found or not username or not token:
        raise InvalidTokenError
    return username, token
