"""What a native key holds for producers that push: their shared secrets and validators, sealed.

They must be read back (a validator is answered to whoever asks with the key; a shared secret is compared with one that
comes inside a body), so they are encrypted under `server.key`, each bound to its key, producer and name.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from passerby.catalogue.keys import ServerKey
from passerby.errors import CorruptDataError

# By producer, then by name of the secret. In what a file asks for, None instead of secrets takes the producer away.
Held = Mapping[str, Mapping[str, str]]
Asked = Mapping[str, Mapping[str, str | None] | None]


def sealed(server_key: ServerKey, key_name: str, asked: Asked, held: Held | None) -> dict[str, dict[str, str]]:
    """What to hold for the key after `asked`; secrets that are the same stay as they are, byte for byte.

    A secret asked for as None is kept. Raises LookupError naming `producer.secret` when there is none to keep.
    """
    after = {producer: dict(secrets) for producer, secrets in (held or {}).items()}
    for producer, wanted in asked.items():
        if wanted is None:
            after.pop(producer, None)
            continue
        before = after.get(producer, {})
        after[producer] = {
            name: _kept_or_sealed(server_key, f"{key_name} {producer} {name}", secret, before.get(name))
            for name, secret in wanted.items()
        }
        missing = next((name for name, text in after[producer].items() if not text), None)
        if missing is not None:
            raise LookupError(f"{producer}.{missing}")
    return after


def opened(server_key: ServerKey, key_name: str, producer: str, held: Held | None) -> dict[str, str]:
    """The secrets that are held for a producer, by name; empty when there are none."""
    return {
        name: server_key.unseal("native", f"{key_name} {producer} {name}", text)
        for name, text in (held or {}).get(producer, {}).items()
    }


def _kept_or_sealed(server_key: ServerKey, name: str, secret: str | None, held: str | None) -> str:
    if secret is None:
        return held or ""
    try:
        if held and hmac.compare_digest(server_key.unseal("native", name, held).encode(), secret.encode()):
            return held
    except CorruptDataError:
        pass  # sealed with a lost key: giving the secret again is how it is mended
    return server_key.seal("native", name, secret)
