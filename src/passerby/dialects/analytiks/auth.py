"""Access tokens: `POST /` gives one for a client id and secret, every other route asks for it.

A token is a JWT (HS256) under a secret derived from the server's key. Its subject is the credential, which is
looked up on each use, so a revoked credential's tokens end with it.
"""

from __future__ import annotations

import time
from typing import Protocol

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from passerby.catalogue.model import Catalogue, Credential, DialectName
from passerby.dialects.analytiks.errors import InvalidTokenError
from passerby.dialects.analytiks.requests import decode
from passerby.errors import InvalidInputError, PasserbyError

AUDIENCE = "https://gql.analytiks.ai"
ISSUER = "passerby"
LIFETIME_S = 86_400

_ALGORITHM = "HS256"
_SECRET = "analytiks token"  # noqa: S105 - the purpose from which the secret is derived, not the secret


class Credentials(Protocol):
    """What the catalogue's repository gives to this module."""

    def current(self) -> Catalogue:
        """The catalogue as it is now."""
        ...

    def verify(self, dialect: DialectName, secret: str, name: str | None = None) -> Credential | None:
        """The credential with that name and secret."""
        ...

    def server_secret(self, purpose: str) -> bytes:
        """32 bytes for one purpose."""
        ...


class OAuthError(PasserbyError):
    """The token request was refused. `code` as in RFC 6749, section 5.2."""

    def __init__(self, status: int, code: str, description: str, retry_after_s: int | None = None) -> None:
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        super().__init__(description)


class TokenBody(msgspec.Struct, kw_only=True):
    """Body of the token request."""

    client_id: str
    client_secret: str
    audience: str
    grant_type: str


def token_request(body: bytes) -> TokenBody:
    """The checked token request; raises OAuthError."""
    try:
        asked = decode(body, TokenBody)
    except InvalidInputError as error:
        raise OAuthError(400, "invalid_request", error.message) from None
    if asked.grant_type != "client_credentials":
        raise OAuthError(400, "unsupported_grant_type", "grant_type: expected client_credentials")
    if asked.audience != AUDIENCE:
        raise OAuthError(400, "invalid_target", f"audience: expected {AUDIENCE}")
    return asked


def issue(credentials: Credentials, asked: TokenBody) -> str:
    """A token for the client; raises OAuthError 401 for a wrong id or secret."""
    credential = credentials.verify("analytiks", asked.client_secret, asked.client_id)
    if credential is None:
        raise OAuthError(401, "access_denied", "Unauthorized")
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(credential.id),
        "client_id": credential.name,
        "iat": now,
        "exp": now + LIFETIME_S,
    }
    return jwt.encode({"alg": _ALGORITHM, "typ": "at+jwt"}, claims, _key(credentials))


def check(credentials: Credentials, token: str) -> Credential:
    """The credential of a valid token; raises InvalidTokenError."""
    try:
        claims = jwt.decode(token, _key(credentials), algorithms=[_ALGORITHM]).claims
        _rules().validate(claims)
    except (JoseError, ValueError, RecursionError):
        raise InvalidTokenError from None
    subject = claims["sub"]
    known = credentials.current().credentials
    credential = known.get(int(subject)) if subject.isascii() and subject.isdigit() else None
    # The client id too, so that a number given again to another client does not inherit tokens.
    if credential is None or credential.dialect != "analytiks" or credential.name != claims["client_id"]:
        raise InvalidTokenError
    return credential


def bearer(authorization: str | None) -> str:
    """The token of an `Authorization: Bearer ...` header; raises InvalidTokenError."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise InvalidTokenError
    return token.strip()


def _rules() -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        client_id={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
    )


def _key(credentials: Credentials) -> OctKey:
    return OctKey.import_key(credentials.server_secret(_SECRET))
