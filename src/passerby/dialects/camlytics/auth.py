"""Who asks: `X-Key` names the credential, `X-Sign` proves its secret, `nonce` makes each request new.

The signature is HMAC-SHA512, in hexadecimal, over path and query exactly as they came over the wire: nothing is decoded
or put in another order before it is compared. The checks run in this order: key, signature, throttle, nonce. So only a
request that is validly signed and not throttled uses up its nonce, and it does whatever its answer is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qsl

from passerby.catalogue.model import Catalogue, Credential
from passerby.dialects.camlytics.codes import CamlyticsError, Code
from passerby.dialects.throttle import RateLimit

LARGEST_NONCE = 2**63 - 1
_NONCE = re.compile(r"[0-9]{1,19}")


class Credentials(Protocol):
    """What the catalogue's repository gives to this module."""

    def current(self) -> Catalogue:
        """The catalogue as it is now."""
        ...

    def signing_secret(self, name: str) -> tuple[Credential, str] | None:
        """The credential of a public key, and its secret."""
        ...

    def use_nonce(self, key: str, nonce: int) -> bool:
        """Whether the nonce is greater than every one before; if so it is the last one from now on, durably."""
        ...


@dataclass(frozen=True, slots=True)
class Signed:
    """The head of a request. `path` and `query` are bytes as received, without the question mark between them."""

    key: str | None
    signature: str | None
    path: bytes
    query: bytes

    @property
    def target(self) -> bytes:
        """What is signed."""
        return self.path + b"?" + self.query if self.query else self.path


def sign(secret: str, target: bytes) -> str:
    """HMAC-SHA512 of a path and query, in lower-case hexadecimal."""
    return hmac.new(secret.encode(), target, hashlib.sha512).hexdigest()


class Gate:
    """Lets requests in. `data` tells the servers of one process apart, which only tests have several of."""

    def __init__(self) -> None:
        self._rates = RateLimit()

    def admit(self, credentials: Credentials, data: Path, signed: Signed) -> Credential:
        """The credential of a request whose nonce is now used up; raises CamlyticsError."""
        credential = _signer(credentials, signed)
        settings = credentials.current().settings_of_account(credential.account_id)
        per_second = settings.number("camlytics_requests_per_second")
        if wait_s := self._rates.wait_s((data, credential.id), per_second):
            raise CamlyticsError(Code.TOO_FAST, f"too many requests; this key may send {per_second:g} a second", wait_s)
        nonce = _nonce(signed.query)
        if not credentials.use_nonce(credential.name, nonce):
            raise CamlyticsError(Code.USED_NONCE, "nonce: must be greater than the last one that this key used")
        return credential


def _signer(credentials: Credentials, signed: Signed) -> Credential:
    found = credentials.signing_secret(signed.key or "")
    expected = sign(found[1] if found else "", signed.target)  # of no key too: both take equally long
    given = (signed.signature or "").strip().lower().encode(errors="replace")
    right = hmac.compare_digest(expected.encode(), given)
    if found is None:
        raise CamlyticsError(Code.WRONG_KEY, "X-Key: no such key" if signed.key else "X-Key: send the public key")
    if not right:
        raise CamlyticsError(
            Code.WRONG_SIGNATURE, "X-Sign: expected HMAC-SHA512 of path and query as sent, in hexadecimal"
        )
    return found[0]


def _nonce(query: bytes) -> int:
    given = [value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if name == "nonce"]
    if len(given) == 1 and _NONCE.fullmatch(given[0]) and int(given[0]) <= LARGEST_NONCE:
        return int(given[0])
    problem = f"nonce: expected an integer from 0 to {LARGEST_NONCE}" if len(given) == 1 else "nonce: give it once"
    raise CamlyticsError(Code.NO_NONCE, problem)
