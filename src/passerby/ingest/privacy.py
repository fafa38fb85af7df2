"""WiFi devices: what an address looks like, and how a text is freed of it.

A device's address is replaced, before anything else happens to it, by a keyed hash (`ingest.wifi_keys`). Here is what
must be known about its text for that: its many spellings are one device, some addresses are made up by the device
itself, and whatever is kept of rows that cannot be read must not hold one.
"""

from __future__ import annotations

import re

REMOVED = "[removed]"

_MAC = re.compile(r"(?:[0-9a-f]{2}([:-]))[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}|[0-9a-f]{12}")
# Whatever could be an address inside a longer text: rather too much than too little.
_MAC_LIKE = re.compile(
    r"(?:[0-9a-f]{1,2}[\s:.%_-]{1,3}){5,}[0-9a-f]{1,2}|(?:[0-9a-f]{4}[\s.:_-]{1,3}){2,}[0-9a-f]{4}|[0-9a-f]{12,}",
    re.IGNORECASE,
)


def normalised(device: str) -> str:
    """One text for one device: a MAC address in any of its usual forms as aa:bb:cc:dd:ee:ff, other text as it is."""
    lower = device.strip().lower()
    if not _MAC.fullmatch(lower):
        return device
    digits = re.sub(r"[^0-9a-f]", "", lower)
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def is_randomized(device: str) -> bool | None:
    """Whether a MAC address was made up by the device (its "locally administered" bit); None for other text."""
    text = normalised(device)
    return bool(int(text[:2], 16) & 2) if _MAC.fullmatch(text) else None


def scrubbed(text: str) -> str:
    """`text` with everything that looks like a MAC address removed."""
    return _MAC_LIKE.sub(REMOVED, text)
