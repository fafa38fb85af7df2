"""Tokens: what makes one invalid. The routes are in test_routes.py."""

import base64
import hashlib
import hmac
import json
import time

import pytest
import time_machine

from passerby.catalogue.model import Account, Catalogue, Credential
from passerby.dialects.analytiks import auth
from passerby.dialects.analytiks.auth import OAuthError, TokenBody
from passerby.dialects.analytiks.errors import InvalidTokenError

SECRET = bytes(range(32))


def credential(number=5, dialect="analytiks", name="demo"):
    return Credential(number, 632, dialect, name, frozenset({"read"}), None, None)


class Credentials:
    """A repository that knows one client."""

    def __init__(self, known=None, secret=SECRET):
        self.known = known or credential()
        self.secret = secret
        self.catalogue = Catalogue(1, accounts={632: Account(632, "Acme", {})}, credentials={self.known.id: self.known})

    def current(self):
        return self.catalogue

    def verify(self, dialect, secret, name=None):
        return self.known if (dialect, name, secret) == ("analytiks", "demo", "right") else None

    def server_secret(self, purpose):
        return hmac.digest(self.secret, purpose.encode(), hashlib.sha256)


def asked(**changes):
    body = {
        "client_id": "demo",
        "client_secret": "right",
        "audience": auth.AUDIENCE,
        "grant_type": "client_credentials",
    }
    return json.dumps(body | changes).encode()


def issued(credentials=None):
    return auth.issue(credentials or Credentials(), auth.token_request(asked()))


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def signed(claims, header=None, secret=None):
    """A token with any content, signed by the server's own key."""
    message = part(json.dumps(header or {"alg": "HS256"}).encode()) + b"." + part(json.dumps(claims).encode())
    key = secret or Credentials().server_secret("analytiks token")
    return (message + b"." + part(hmac.digest(key, message, hashlib.sha256))).decode()


def claims(**changes):
    now = int(time.time())
    good = {"iss": "passerby", "aud": auth.AUDIENCE, "sub": "5", "client_id": "demo", "iat": now, "exp": now + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


def test_a_token_names_its_credential():
    assert auth.check(Credentials(), issued()) == credential()
    assert auth.check(Credentials(), signed(claims())) == credential()


def test_the_request_is_the_documents():
    assert auth.token_request(asked()) == TokenBody(
        client_id="demo",
        client_secret="right",
        audience="https://gql.analytiks.ai",
        grant_type="client_credentials",
    )


@pytest.mark.parametrize(
    ("body", "code", "word"),
    [
        (b"", "invalid_request", "JSON"),
        (b"[]", "invalid_request", "object"),
        (b"{}", "invalid_request", "client_id"),
        (asked(client_secret=5), "invalid_request", "client_secret"),
        (asked(client_id=None), "invalid_request", "client_id"),
        (asked(grant_type="password"), "unsupported_grant_type", "client_credentials"),
        (asked(audience="https://exports.analytiks.ai"), "invalid_target", "https://gql.analytiks.ai"),
    ],
)
def test_a_bad_request_is_an_oauth_error_400(body, code, word):
    with pytest.raises(OAuthError) as caught:
        auth.token_request(body)
    assert (caught.value.status, caught.value.code) == (400, code)
    assert word in caught.value.message


@pytest.mark.parametrize("wrong", [{"client_secret": "wrong"}, {"client_id": "other"}])
def test_a_wrong_secret_is_an_oauth_error_401(wrong):
    with pytest.raises(OAuthError) as caught:
        auth.issue(Credentials(), auth.token_request(asked(**wrong)))
    assert (caught.value.status, caught.value.code, caught.value.message) == (401, "access_denied", "Unauthorized")


def test_a_token_lives_86400_seconds():
    with time_machine.travel(0, tick=False) as clock:
        token = issued()
        clock.move_to(auth.LIFETIME_S - 1)
        assert auth.check(Credentials(), token).id == 5
        clock.move_to(auth.LIFETIME_S + 1)
        with pytest.raises(InvalidTokenError):
            auth.check(Credentials(), token)


def test_any_changed_character_is_noticed():
    token = issued()
    for i, character in enumerate(token[:-1]):  # the last character of a base64 text has unused bits
        changed = token[:i] + ("A" if character != "A" else "B") + token[i + 1 :]
        with pytest.raises(InvalidTokenError):
            auth.check(Credentials(), changed)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "..",
        "a.b.c",
        "é.é.é",
        signed(claims(), {"alg": "none"}),
        signed(claims(), {"alg": "none"}).rpartition(".")[0] + ".",
        signed(claims(), {"alg": "HS512"}),
        signed(claims(), secret=bytes(32)),
        signed([]),
        signed(claims(iss="somebody")),
        signed(claims(aud="https://exports.analytiks.ai")),
        signed(claims(sub="6")),
        signed(claims(sub="²")),
        signed(claims(sub=5)),
        signed(claims(client_id="other")),
        signed(claims(exp=int(time.time()) - 1)),
        signed(claims(exp="tomorrow")),
        signed(claims(iat=int(time.time()) + 3600)),
        *(signed(claims(**{name: None})) for name in ("iss", "aud", "sub", "client_id", "iat", "exp")),
        (part(b"[" * 30_000) + b".e30.x").decode(),
    ],
)
def test_other_tokens_are_refused(token):
    with pytest.raises(InvalidTokenError):
        auth.check(Credentials(), token)


def test_a_revoked_credentials_tokens_end_with_it():
    token = issued()
    with pytest.raises(InvalidTokenError):
        auth.check(Credentials(credential(number=6)), token)


def test_a_number_given_again_does_not_inherit_tokens():
    token = issued()
    with pytest.raises(InvalidTokenError):
        auth.check(Credentials(credential(name="successor")), token)
    with pytest.raises(InvalidTokenError):
        auth.check(Credentials(credential(dialect="native")), token)


def test_a_token_of_another_server_is_refused():
    with pytest.raises(InvalidTokenError):
        auth.check(Credentials(secret=bytes(32)), issued())


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER  abc "])
def test_the_header_is_read_as_http_says(header):
    assert auth.bearer(header) == "abc"


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_other_headers_are_refused(header):
    with pytest.raises(InvalidTokenError):
        auth.bearer(header)
