"""Finds the credential that a presented secret belongs to, without looking into the database."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from passerby.catalogue import keys
from passerby.catalogue.keys import ServerKey
from passerby.catalogue.model import Credential, DialectName
from passerby.catalogue.producers import Held, opened

# How long a verified password need not be hashed again. Revoking or replacing it ends this at once.
REMEMBER_S = 600.0
_REMEMBER_MAX = 1024
# Of a held digest that nothing has: compared when a name is unknown.
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A credential with what is held of its secret."""

    credential: Credential
    held: str = field(repr=False)
    producers: Held | None = field(default=None, repr=False)


class KeyRing:
    """Every credential of one snapshot, by what its programs present. Immutable."""

    def __init__(self, held: Iterable[HeldKey]) -> None:
        self._by_name = {(key.credential.dialect, key.credential.name): key for key in held}
        self._by_digest: dict[tuple[DialectName, str], HeldKey] = {
            (key.credential.dialect, key.held): key
            for key in self._by_name.values()
            if key.credential.dialect in ("native", "seemetrix")
        }

    def named(self, dialect: DialectName, name: str) -> HeldKey | None:
        """The credential of that name."""
        return self._by_name.get((dialect, name))

    def keyed(self, dialect: DialectName, secret: str) -> HeldKey | None:
        """The credential with that key. Looking up by SHA-256 tells an attacker nothing about near misses."""
        return self._by_digest.get((dialect, keys.digest(secret)))


class Verifier:
    """Compares secrets in constant time and remembers passwords that were right, under a key that dies with it."""

    def __init__(self, server_key: ServerKey) -> None:
        self._server_key = server_key
        self._memory_key = os.urandom(32)
        self._remembered: OrderedDict[bytes, tuple[float, str]] = OrderedDict()
        self._lock = threading.Lock()
        # Password hashing takes 19 MiB and a core: more than two at once would slow everything else down.
        self._hashing = threading.BoundedSemaphore(2)

    def verify(self, ring: KeyRing, dialect: DialectName, secret: str, name: str | None) -> Credential | None:
        """The credential, or None when the name is unknown or the secret wrong; both take equally long."""
        if dialect in ("native", "seemetrix"):
            key = ring.keyed(dialect, secret)
            return key.credential if key and (name is None or name == key.credential.name) else None
        key = ring.named(dialect, name or "")
        if dialect == "analytiks":
            right = self._password_right(name or "", secret, key)
        elif dialect == "camlytics":
            right = self._sealed_right(ring, secret, name or "")
        else:
            right = hmac.compare_digest(keys.digest(secret), key.held if key else _NO_DIGEST)
        return key.credential if key and right else None

    @cached_property
    def _nobody(self) -> str:
        return keys.password_of_nobody()

    def signing_secret(self, ring: KeyRing, name: str) -> tuple[Credential, str] | None:
        """The camlytics credential of that name with its secret."""
        key = ring.named("camlytics", name)
        if key is None:
            self._server_key.unseal("camlytics", "", self._sealed_of_nobody)
            return None
        return key.credential, self._server_key.unseal("camlytics", name, key.held)

    def producer_secrets(self, ring: KeyRing, name: str, producer: str) -> dict[str, str]:
        """What the native key of that name holds for a producer."""
        key = ring.named("native", name)
        return {} if key is None else opened(self._server_key, name, producer, key.producers)

    @cached_property
    def _sealed_of_nobody(self) -> str:
        return self._server_key.seal("camlytics", "", keys.new_secret("camlytics"))

    def _sealed_right(self, ring: KeyRing, secret: str, name: str) -> bool:
        found = self.signing_secret(ring, name)
        held = found[1] if found else ""
        return hmac.compare_digest(held.encode(), secret.encode(errors="surrogatepass")) and found is not None

    def _password_right(self, name: str, secret: str, key: HeldKey | None) -> bool:
        memory = hmac.digest(
            self._memory_key, f"{len(name)} {name} {secret}".encode(errors="surrogatepass"), hashlib.sha256
        )
        if key is not None and self._remembers(memory, key.held):
            return True
        with self._hashing:
            right = keys.password_matches(secret, key.held if key else self._nobody)
        if right and key is not None:
            self._remember(memory, key.held)
        return right

    def _remembers(self, memory: bytes, held: str) -> bool:
        with self._lock:
            until, remembered = self._remembered.get(memory, (0.0, ""))
        return until > time.monotonic() and hmac.compare_digest(remembered, held)

    def _remember(self, memory: bytes, held: str) -> None:
        with self._lock:
            self._remembered[memory] = (time.monotonic() + REMEMBER_S, held)
            self._remembered.move_to_end(memory)
            while len(self._remembered) > _REMEMBER_MAX:
                self._remembered.popitem(last=False)
