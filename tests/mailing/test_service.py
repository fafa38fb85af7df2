"""Sending reports when they are due: at least once, the latest after a pause, again after a failure."""

import threading
from datetime import datetime

import pytest

from passerby.catalogue.model import Target
from passerby.catalogue.repository import Repository
from passerby.errors import InvalidInputError, NotFoundError
from passerby.mailing import Letter, Mailings, MailingTable, MailServer, Schedule, Wanted
from passerby.mailing.service import RETRIES_S


def ms(text):
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Clock:
    def __init__(self, text):
        self.now = ms(text)

    def __call__(self):
        return self.now

    def set(self, text):
        self.now = ms(text)


def wanted(**changes):
    given = {
        "name": "Morning",
        "page": "overview",
        "place": Target("brand", 1234),
        "recipients": ["a@example.com", "b@example.com"],
        "formats": ["csv", "png"],
        "schedule": Schedule("day", "07:00", "UTC"),
    }
    return Wanted(**(given | changes))


@pytest.fixture
def clock():
    return Clock("2026-11-21T12:00:00+00:00")


@pytest.fixture
def table(tmp_path):
    with Repository(tmp_path) as catalogue:
        yield MailingTable(catalogue.engine)


@pytest.fixture
def mailings(table, smtp, clock):
    """A service whose thread does not run: each test sends what is due by hand."""
    made = Mailings(table, MailServer("127.0.0.1", smtp(), "none", "from@example.com"), clock=clock)
    made._write = lambda mailing, due: Letter(f"{mailing.wanted.name} {due}", "text")
    return made


def send_due(mailings, clock):
    for mailing in mailings.table.due(clock()):
        mailings.send(mailing)


def subjects(mailbox):
    return [
        (recipient, next(line[9:] for line in content.decode().splitlines() if line.startswith("Subject: ")))
        for recipient, content, _, _ in mailbox.taken
    ]


def test_a_report_is_sent_when_it_is_due_and_then_waits_for_the_next_time(mailings, clock, mailbox):
    made = mailings.table.create(632, 1, wanted(), clock())
    send_due(mailings, clock)
    assert mailbox.taken == []
    clock.set("2026-11-22T07:00:00+00:00")
    send_due(mailings, clock)
    send_due(mailings, clock)
    due = ms("2026-11-22T07:00:00+00:00")
    assert subjects(mailbox) == [("a@example.com", f"Morning {due}"), ("b@example.com", f"Morning {due}")]
    assert mailings.table.one(made.id).due_ms == ms("2026-11-23T07:00:00+00:00") == mailings.table.next_due()
    (sent,) = mailings.table.sends(made.id)
    assert (sent.due_ms, sent.done, sent.recipients, sent.outcome) == (due, True, 2, "sent to 2")


def test_after_a_pause_only_the_latest_is_sent(mailings, clock, mailbox):
    mailings.table.create(632, 1, wanted(recipients=["a@example.com"]), clock())
    clock.set("2026-11-30T09:00:00+00:00")
    send_due(mailings, clock)
    assert subjects(mailbox) == [("a@example.com", f"Morning {ms('2026-11-30T07:00:00+00:00')}")]


def test_after_a_failure_it_is_tried_again_for_those_who_did_not_get_it(mailings, clock, mailbox):
    made = mailings.table.create(632, 1, wanted(), clock())
    mailbox.refusals = {"b@example.com": "452 full"}
    clock.set("2026-11-22T07:00:00+00:00")
    send_due(mailings, clock)
    waiting = mailings.table.one(made.id)
    assert (waiting.left, waiting.failures, waiting.retry_ms) == (["b@example.com"], 1, clock() + 60_000)
    send_due(mailings, clock)  # not yet
    mailbox.refusals = {}
    clock.set("2026-11-22T07:01:00+00:00")
    send_due(mailings, clock)
    due = ms("2026-11-22T07:00:00+00:00")
    assert subjects(mailbox) == [("a@example.com", f"Morning {due}"), ("b@example.com", f"Morning {due}")]
    after = mailings.table.one(made.id)
    assert (after.left, after.failures, after.retry_ms, after.due_ms) == (
        None,
        0,
        None,
        ms("2026-11-23T07:00:00+00:00"),
    )
    assert [(one.done, one.outcome) for one in mailings.table.sends(made.id)] == [
        (True, "sent to 1"),
        (False, "sent to 1; 127.0.0.1 answered 452 full"),
    ]


def test_a_failure_that_lasts_is_given_up_and_the_next_time_is_not(mailings, clock, mailbox):
    made = mailings.table.create(632, 1, wanted(recipients=["a@example.com"]), clock())
    mailbox.refusals = {"a@example.com": "452 full"}
    clock.set("2026-11-22T07:00:00+00:00")
    for pause in (*RETRIES_S, 0):
        send_due(mailings, clock)
        clock.now += pause * 1000
    attempts = mailings.table.sends(made.id)
    assert [one.done for one in attempts] == [True] + [False] * len(RETRIES_S)
    assert attempts[0].outcome == "127.0.0.1 answered 452 full; given up"
    assert mailings.table.one(made.id).due_ms == ms("2026-11-23T07:00:00+00:00")


def test_who_does_not_want_to_wait_gets_it_now_and_again_in_its_time(mailings, clock, mailbox):
    made = mailings.table.create(632, 1, wanted(recipients=["a@example.com"]), clock())
    mailings.table.ask_now(made.id, clock())
    send_due(mailings, clock)
    send_due(mailings, clock)
    assert subjects(mailbox) == [("a@example.com", f"Morning {clock()}")]
    assert mailings.table.one(made.id).due_ms == made.due_ms


def test_a_second_copy_after_a_kill_has_the_same_message_id(mailings, clock, mailbox):
    made = mailings.table.create(632, 1, wanted(recipients=["a@example.com"]), clock())
    clock.set("2026-11-22T07:00:00+00:00")
    mailings.table.settle = lambda *_: None  # the process ends before it notes anything
    send_due(mailings, clock)
    send_due(mailings, clock)
    ids = {
        line for _, content, _, _ in mailbox.taken for line in content.splitlines() if line.startswith(b"Message-ID")
    }
    assert len(mailbox.taken) == 2
    assert ids == {f"Message-ID: <report-{made.id}-{clock()}-0@example.com>".encode()}


def test_without_a_mail_server_it_says_so(table, clock):
    mailings = Mailings(table, None, clock=clock)
    made = table.create(632, 1, wanted(), clock())
    clock.set("2026-11-22T07:00:00+00:00")
    send_due(mailings, clock)
    (sent,) = table.sends(made.id)
    assert (sent.done, sent.outcome) == (True, "not sent: the operator has set no mail server (PASSERBY_SMTP_HOST)")


def test_what_cannot_be_written_is_said_and_not_sent(mailings, clock, mailbox):
    def gone(_mailing, _due):
        raise NotFoundError("the site is gone")

    made = mailings.table.create(632, 1, wanted(), clock())
    mailings._write = gone
    clock.set("2026-11-22T07:00:00+00:00")
    send_due(mailings, clock)
    assert [one.outcome for one in mailings.table.sends(made.id)] == ["not sent: the site is gone"]
    assert mailbox.taken == []


def test_a_change_meanwhile_wins(mailings, clock, mailbox):
    made = mailings.table.create(632, 1, wanted(recipients=["a@example.com"]), clock())
    clock.set("2026-11-22T07:00:00+00:00")
    (due,) = mailings.table.due(clock())
    changed = mailings.table.change(made.id, wanted(schedule=Schedule("month", "06:00", "UTC")), clock())
    mailings.send(due)
    assert mailings.table.one(made.id).due_ms == changed.due_ms == ms("2026-12-01T06:00:00+00:00")
    mailings.table.remove(made.id)
    assert mailings.table.of_account(632) == []
    assert mailings.table.next_due() is None
    with pytest.raises(NotFoundError):
        mailings.table.one(made.id)


def test_the_thread_sends_what_somebody_asks_for(table, smtp, mailbox):
    written = threading.Event()
    mailings = Mailings(table, MailServer("127.0.0.1", smtp(), "none", "from@example.com"))

    def write(mailing, _due):
        written.set()
        return Letter(mailing.wanted.name, "text")

    mailings.start(write)
    made = table.create(632, 1, wanted(recipients=["a@example.com"]), ms("2199-01-01T00:00:00+00:00"))
    table.ask_now(made.id, 1)
    mailings.look()
    assert written.wait(20)
    mailings.stop()
    assert subjects(mailbox) == [("a@example.com", "Morning")]


def test_everything_wrong_with_a_report_is_said_at_once(table):
    wrong = wanted(name=" ", recipients=["x"], formats=["doc"], schedule=Schedule("day", "7", "UTC"))
    with pytest.raises(InvalidInputError) as raised:
        table.create(632, 1, wrong, 0)
    assert [problem.path for problem in raised.value.problems] == ["name", "recipients", "formats", "at"]


def test_a_report_is_held_as_it_was_meant(table):
    made = table.create(
        632, 7, wanted(name=" Morning  figures ", recipients=["a@b.com", "a@b.com"], formats=["csv", "pdf", "png"]), 0
    )
    assert (made.wanted.name, made.wanted.recipients, made.wanted.formats) == (
        "Morning figures",
        ["a@b.com"],
        ["png", "pdf", "csv"],
    )
    assert (made.account_id, made.person_id, made.wanted.place) == (632, 7, Target("brand", 1234))
