"""A report as an e-mail message."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from passerby import __version__
from passerby.errors import InvalidInputError

_LONGEST_ADDRESS = 254  # RFC 5321, section 4.5.3.1.3
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a message; `media` such as `text/csv`."""

    name: str
    media: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What a message says, as text for every program and as HTML for those that show it.

    The HTML may show an attachment with `<img src="cid:NAME">`.
    """

    subject: str
    text: str
    html: str | None = None
    attachments: Sequence[Attachment] = ()


def check_address(text: str, path: str) -> str:
    """An e-mail address as it is written in a message; raises InvalidInputError naming `path`."""
    address = text.strip()
    if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address) or ".." in address:
        raise InvalidInputError(f"{address[:80]!r} is not an e-mail address", path)
    return address


def compose(letter: Letter, *, sender: str, recipient: str, message_id: str, now_ms: int) -> EmailMessage:
    """The message of a letter to one recipient. The same `message_id` lets a mail program drop a second copy."""
    message = EmailMessage()
    message["Subject"] = " ".join(letter.subject.split())  # a name with a line break would be a second header
    message["From"] = Address("Passerby", addr_spec=sender)
    message["To"] = Address(addr_spec=recipient)
    message["Date"] = format_datetime(datetime.fromtimestamp(now_ms // 1000, UTC))
    message["Message-ID"] = message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices in return
    message["X-Mailer"] = f"Passerby {__version__}"
    message.set_content(letter.text)
    shown: list[Attachment] = []
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
        body = message.get_body(("html",))
        assert body is not None  # noqa: S101  # it was put in the line before
        shown = [one for one in letter.attachments if f"cid:{one.name}" in letter.html]
        for one in shown:
            main, sub = one.media.split("/")
            body.add_related(one.content, main, sub, cid=f"<{one.name}>", filename=one.name, disposition="inline")
    for one in letter.attachments:
        if one not in shown:
            main, sub = one.media.split("/")
            message.add_attachment(one.content, main, sub, filename=one.name)
    return message
