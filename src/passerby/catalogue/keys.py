"""What is kept of a secret, and how one that is presented is compared with it.

Three protections, by how a dialect uses its secret:

* `digest` (native, quividi, seemetrix, sensor keys): SHA-256. These come with every request, so the check must cost
  microseconds; generated ones have 256 random bits, which no slow hash makes harder to guess.
* `password` (analytiks): argon2id. People choose these, and they are shown once a day for a token.
* `sealed` (camlytics, webhooks, ids of feeds; sensor keys beside their digest): AES-256-GCM. These sign (HMAC) or are
  shown again, so they must be read back.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
import os
import secrets
import tempfile
from pathlib import Path
from typing import Literal

import argon2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from passerby.catalogue.model import DialectName
from passerby.errors import CorruptDataError, UnavailableError

Sealed = DialectName | Literal["webhook", "feed"]
KEY_FILE_NAME = "server.key"
_KEY_BYTES = 32
_NONCE_BYTES = 12

# OWASP's second choice for argon2id: 19 MiB, two passes. Two checks at once then fit any machine.
_ARGON2 = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_log = logging.getLogger(__name__)


class ServerKey:
    """The data directory's own random key, from which every other server secret is derived."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = _read_or_create(path)
        # A handful of purposes, asked for with every request.
        self._derived: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return f"ServerKey({str(self._path)!r})"

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose, the same each time: HKDF-SHA256 (RFC 5869) with the purpose as info."""
        found = self._derived.get(purpose)
        if found is None:
            info = f"passerby {purpose}".encode()
            found = self._derived[purpose] = HKDF(hashes.SHA256(), 32, salt=None, info=info).derive(self._key)
        return found

    def seal(self, dialect: Sealed, name: str, secret: str) -> str:
        """`secret` encrypted, bound to the credential, webhook or feed that it belongs to."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher().encrypt(nonce, secret.encode(), _binding(dialect, name))
        return base64.b64encode(sealed).decode()

    def unseal(self, dialect: Sealed, name: str, held: str) -> str:
        """The secret that `seal` was given; CorruptDataError when this is not the key that sealed it."""
        sealed = base64.b64decode(held)
        try:
            return (
                self._cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _binding(dialect, name)).decode()
            )
        except InvalidTag:
            raise CorruptDataError(
                f"the secret of the {_noun(dialect)} {name!r} was encrypted with another {KEY_FILE_NAME}: "
                f"put the old file back at {self._path}, or give the secret again (catalogue apply)"
            ) from None

    def _cipher(self) -> AESGCM:
        return AESGCM(self.derive("credential secrets"))


def protect(server_key: ServerKey, dialect: DialectName, name: str, secret: str) -> str:
    """What to keep of a secret."""
    if dialect == "analytiks":
        return _ARGON2.hash(secret)
    if dialect == "camlytics":
        return server_key.seal(dialect, name, secret)
    return digest(secret)


def matches(server_key: ServerKey, dialect: DialectName, name: str, secret: str, held: str) -> bool:
    """Whether `secret` is the one that `held` was made of, in a time that tells nothing about it."""
    if dialect == "analytiks":
        return password_matches(secret, held)
    if dialect == "camlytics":
        return hmac.compare_digest(
            server_key.unseal(dialect, name, held).encode(), secret.encode(errors="surrogatepass")
        )
    return hmac.compare_digest(digest(secret), held)


def digest(secret: str) -> str:
    """SHA-256 in hex. Lone surrogates, which no held secret has, are hashed like anything else."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def password_held(secret: str) -> str:
    """What to keep of a password that a person chose: argon2id, some 20 ms of one core."""
    return _ARGON2.hash(secret.encode(errors="surrogatepass"))


def password_matches(secret: str, held: str) -> bool:
    """Argon2id verification: some 20 ms of one core."""
    try:
        return _ARGON2.verify(held, secret.encode(errors="surrogatepass"))
    except argon2.exceptions.VerifyMismatchError:
        return False


def password_of_nobody() -> str:
    """A hash that no secret matches: checking it costs what a real one costs, so unknown names do not show."""
    return _ARGON2.hash(secrets.token_bytes(32))


def new_secret(dialect: DialectName) -> str:
    """256 random bits in the form that the dialect's programs expect."""
    if dialect == "native":
        return f"psb_{secrets.token_urlsafe(32)}"
    return secrets.token_hex(32)


def key_name(secret: str) -> str:
    """The public name of a key that has none: 32 bits of a hash, enough to tell keys apart."""
    return f"key-{hashlib.sha256(b'name of ' + secret.encode()).hexdigest()[:8]}"


def _noun(kind: Sealed) -> str:
    return kind if kind in ("webhook", "feed") else f"{kind} credential"


def new_feed_id() -> str:
    """128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


def _binding(dialect: Sealed, name: str) -> bytes:
    return f"{dialect} {name}".encode()


def _read_or_create(path: Path) -> bytes:
    try:
        return _read(path)
    except FileNotFoundError:
        _create(path)
        return _read(path)


def _read(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise CorruptDataError(f"{path} has {len(key)} bytes instead of {_KEY_BYTES}: restore it from a backup")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        _log.warning("%s can be read by others than its owner; run: chmod 600 %s", path, path)
    return key


def _create(path: Path) -> None:
    """Writes a new key whole or not at all; when two processes race, both go on with the one that won."""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            Path(temporary).unlink()
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise UnavailableError(f"cannot write {path}: {error.strerror}") from error
