"""The thread that sends reports when they are due.

At least once: what came of a report is written after it was handed over, so a process that is killed in between sends
it again, under the same Message-ID. After a pause (the server was off) only the latest of several times is sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from passerby.errors import PasserbyError
from passerby.mailing.letter import Letter, compose
from passerby.mailing.posting import MailServer, Posted
from passerby.mailing.table import Mailing, MailingTable

# A mail server that is away for a night's maintenance costs a report a few hours, not the report.
RETRIES_S = (60, 300, 900, 3600, 14_400)
# The clock of a machine may be set, or another process may change a report: look at least so often.
_LOOK_S = 60.0
_NO_SERVER = Posted("not sent: the operator has set no mail server (PASSERBY_SMTP_HOST)")
_log = structlog.get_logger("passerby.mailing")

Write = Callable[[Mailing, int], Letter]
"""Makes the letter of a report for a time to send (UTC ms); raises PasserbyError when that cannot be done."""


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000


class Mailings:
    """Reports that are mailed. `table` is for whoever makes and lists them; call `look` after a change."""

    def __init__(self, table: MailingTable, server: MailServer | None, *, clock: Callable[[], int] = _utc_ms) -> None:
        self.table = table
        self.server = server
        self._clock = clock
        self._write: Write | None = None
        self._changed = threading.Condition()
        self._news = False
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="mailing", daemon=True)

    def start(self, write: Write) -> None:
        """Begin to send. Once; again it does nothing."""
        if self._thread.ident is None:
            self._write = write
            self._thread.start()

    def stop(self) -> None:
        """End, once the message under way is handed over."""
        self._stopping = True
        self.look()
        if self._thread.ident is not None:
            self._thread.join()

    def look(self) -> None:
        """Look now whether there is something to send."""
        with self._changed:
            self._news = True
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._stopping:
            try:
                for mailing in self.table.due(self._clock()):
                    if not self._stopping:
                        self.send(mailing)
                due = self.table.next_due()
            except PasserbyError as error:
                _log.error("the reports cannot be read; trying again", error=str(error))
                due = None
            left_s = _LOOK_S if due is None else min(_LOOK_S, max(0.0, (due - self._clock()) / 1000))
            with self._changed:
                self._changed.wait_for(lambda: self._news or self._stopping, left_s)
                self._news = False

    def send(self, mailing: Mailing) -> None:
        """Send a report that is due, and note what came of it and when it is next."""
        now = self._clock()
        asked = mailing.asked_ms is not None
        due = mailing.asked_ms if mailing.asked_ms is not None else self._due(mailing, now)
        recipients = mailing.wanted.recipients if asked or mailing.left is None else mailing.left
        posted = self._post(mailing, due, recipients, now)
        again = bool(posted.left) and not asked and mailing.failures < len(RETRIES_S)
        gave_up = bool(posted.left) and not again
        send = {
            "due_ms": due,
            "at_ms": now,
            "done": not again,
            "recipients": len(posted.sent),
            "outcome": f"{posted.text}; given up" if gave_up and not asked else posted.text,
        }
        following = {"asked_ms": None} if asked else self._next(mailing, posted, due, now, again=again)
        self.table.settle(mailing, send, following)
        _log.info("report", mailing=mailing.id, sent=len(posted.sent), refused=len(posted.refused), again=again)

    def _due(self, mailing: Mailing, now: int) -> int:
        """The time that is sent: of a report under way its own, else the latest."""
        return mailing.due_ms if mailing.failures else mailing.wanted.schedule.latest(now, mailing.due_ms)

    def _next(self, mailing: Mailing, posted: Posted, due: int, now: int, *, again: bool) -> dict[str, Any]:
        if not again:
            following = mailing.wanted.schedule.after(now)
            return {"due_ms": following, "failures": 0, "retry_ms": None, "left": None}
        retry = now + RETRIES_S[mailing.failures] * 1000
        return {"due_ms": due, "failures": mailing.failures + 1, "retry_ms": retry, "left": list(posted.left)}

    def _post(self, mailing: Mailing, due: int, recipients: Sequence[str], now: int) -> Posted:
        if self.server is None:
            return _NO_SERVER
        assert self._write is not None  # noqa: S101  # only `start` leads here
        try:
            letter = self._write(mailing, due)
        except PasserbyError as error:
            return Posted(f"not sent: {error.message}")
        except Exception as error:  # noqa: BLE001  # one report's fault must not end the thread
            _log.error("a report cannot be written", mailing=mailing.id, error=repr(error))
            return Posted("not sent: an error inside the server; its log says more")
        domain = self.server.sender.rpartition("@")[2]
        return self.server.post(
            [
                compose(
                    letter,
                    sender=self.server.sender,
                    recipient=recipient,
                    message_id=f"<report-{mailing.id}-{due}-{position}@{domain}>",
                    now_ms=now,
                )
                for recipient in recipients
                for position in [mailing.wanted.recipients.index(recipient)]
            ]
        )
