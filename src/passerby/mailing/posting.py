"""Handing messages to a mail server (SMTP submission, RFC 6409)."""

from __future__ import annotations

import os
import smtplib
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP as SMTP_LINES

from passerby.errors import InvalidInputError
from passerby.mailing.letter import check_address
from passerby.settings import Settings

PASSWORD_VARIABLE = "PASSERBY_SMTP_PASSWORD"  # noqa: S105  # the name of a variable, not a password
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of handing a report over; `text` is for people.

    `refused` are recipients that the server will never take, `left` those to try again later.
    """

    text: str
    sent: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where reports are handed over, from the settings `smtp_...` and `mail_from`."""

    host: str
    port: int
    security: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    def post(self, messages: Sequence[EmailMessage]) -> Posted:
        """Hand over a message for each recipient, over one connection; never raises for what the network does.

        A recipient whom the server refuses does not keep the others from theirs.
        """
        waiting = {_recipient(message): message for message in messages}
        sent: list[str] = []
        refused: dict[str, str] = {}
        try:
            with self._connection() as connection:
                for recipient, message in list(waiting.items()):
                    why = self._hand_over(connection, recipient, message)
                    del waiting[recipient]
                    if why is None:
                        sent.append(recipient)
                    else:
                        refused[recipient] = why
        except smtplib.SMTPAuthenticationError as error:
            trouble = f"{self.host} refused the user or the password ({error.smtp_code})"
        except smtplib.SMTPResponseException as error:
            trouble = f"{self.host} answered {error.smtp_code} {_text(error.smtp_error)}"
        except (smtplib.SMTPException, OSError) as error:
            trouble = f"{self.host}:{self.port}: {error}"
        else:
            trouble = ""
        told = [f"sent to {len(sent)}"] if sent or not trouble else []
        told += [f"refused {recipient}: {why}" for recipient, why in refused.items()]
        # What broke after the last message was taken (the server hung up on the goodbye) is no trouble.
        told += [trouble] if trouble and waiting else []
        return Posted("; ".join(told), tuple(sent), tuple(refused), tuple(waiting))

    def _hand_over(self, connection: smtplib.SMTP, recipient: str, message: EmailMessage) -> str | None:
        """None once the server has taken the message, else why it never will; raises when it may later."""
        try:
            connection.sendmail(self.sender, [recipient], message.as_bytes(policy=SMTP_LINES))
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = error.recipients[recipient]
            if code < 500:
                raise smtplib.SMTPResponseException(code, _text(answer)) from error
            return f"{code} {_text(answer)}"
        return None

    def _connection(self) -> smtplib.SMTP:
        context = self.tls or ssl.create_default_context()
        if self.security == "tls":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_S)
        try:
            if self.security == "starttls":
                connection.starttls(context=context)
            if self.user:
                connection.login(self.user, self.password)
        except BaseException:
            connection.close()
            raise
        return connection


def _recipient(message: EmailMessage) -> str:
    address: str = message["To"].addresses[0].addr_spec
    return address


def _text(answer: bytes | str) -> str:
    """What a server said, on one line and not endless."""
    text = answer.decode(errors="replace") if isinstance(answer, bytes) else answer
    return " ".join(text.split())[:200]


def mail_server(settings: Settings, environment: Mapping[str, str] | None = None) -> MailServer | None:
    """The mail server that the operator set, None when there is none.

    Raises InvalidInputError when what is set does not go together.
    """
    environment = os.environ if environment is None else environment
    host = settings.text("smtp_host")
    if not host:
        return None
    security, user = settings.text("smtp_security"), settings.text("smtp_user")
    sender = settings.text("mail_from")
    if not sender:
        raise InvalidInputError(
            "needed beside PASSERBY_SMTP_HOST: the address that reports come from", "PASSERBY_MAIL_FROM"
        )
    if user and security == "none" and host not in ("localhost", "127.0.0.1", "::1"):
        raise InvalidInputError(
            "a password is not sent over the network in the clear: use starttls or tls", "PASSERBY_SMTP_SECURITY"
        )
    return MailServer(
        host,
        settings.integer("smtp_port"),
        security,
        check_address(sender, "PASSERBY_MAIL_FROM"),
        user,
        environment.get(PASSWORD_VARIABLE, ""),
    )
