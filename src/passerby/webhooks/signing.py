"""The headers of Standard Webhooks (https://www.standardwebhooks.com), version 1 of its specification."""

from __future__ import annotations

import base64
import hashlib
import hmac


def headers(message_id: str, at_s: int, body: bytes, secret: str | None) -> list[tuple[str, str]]:
    """What identifies a message, when this attempt was made (UTC seconds) and, with a secret, who made it."""
    found = [("webhook-id", message_id), ("webhook-timestamp", str(at_s))]
    if secret is not None:
        found.append(("webhook-signature", f"v1,{signature(message_id, at_s, body, secret)}"))
    return found


def signature(message_id: str, at_s: int, body: bytes, secret: str) -> str:
    """Base64 of HMAC-SHA256 over `id.timestamp.body`, under the bytes that follow `whsec_` in base64."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{at_s}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
