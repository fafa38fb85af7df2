"""Handing messages to a real mail server."""

import email
import socket
from email import policy

import pytest
from tests.mailing.conftest import only

from passerby.errors import InvalidInputError
from passerby.mailing import Letter, MailServer
from passerby.mailing.letter import compose
from passerby.mailing.posting import mail_server
from passerby.settings import Settings


def messages(*recipients):
    letter = Letter("Visits", "three\n.\nafter a lone dot")
    return [
        compose(letter, sender="from@example.com", recipient=one, message_id=f"<{one}>", now_ms=0) for one in recipients
    ]


def server(port, security="none", **options):
    return MailServer("127.0.0.1", port, security, "from@example.com", **options)


def test_a_message_arrives_as_it_was_written(smtp, mailbox):
    posted = server(smtp()).post(messages("a@example.com"))
    assert (posted.text, posted.sent, posted.left) == ("sent to 1", ("a@example.com",), ())
    ((recipient, content, _, _),) = mailbox.taken
    message = email.message_from_bytes(content, policy=policy.default)
    assert (recipient, message["To"]) == ("a@example.com", "a@example.com")
    assert message.get_content().split() == ["three", ".", "after", "a", "lone", "dot"]


def test_each_recipient_gets_a_message_that_does_not_show_the_others(smtp, mailbox):
    server(smtp()).post(messages("a@example.com", "b@example.com"))
    assert [(recipient, b"a@example.com" in content) for recipient, content, _, _ in mailbox.taken] == [
        ("a@example.com", True),
        ("b@example.com", False),
    ]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_connection_is_protected_and_signed_in(security, smtp, mailbox, certificate):
    server_tls, client_tls = certificate
    tls = (
        {"tls_context": server_tls}
        if security == "starttls"
        else {"ssl_context": server_tls, "auth_require_tls": False}
    )
    port = smtp(authenticator=only("user", "word"), **tls)
    posted = server(port, security, user="user", password="word", tls=client_tls).post(messages("a@example.com"))
    assert posted.text == "sent to 1"
    ((_, _, protected, signed_in),) = mailbox.taken
    assert (protected or security == "tls", signed_in) == (True, True)


def test_a_wrong_password_is_said_and_not_shown(smtp, mailbox, certificate):
    server_tls, client_tls = certificate
    port = smtp(tls_context=server_tls, authenticator=only("user", "word"), auth_required=True)
    wrong = server(port, "starttls", user="user", password="secret-word", tls=client_tls)
    posted = wrong.post(messages("a@example.com"))
    assert (posted.text, posted.left) == ("127.0.0.1 refused the user or the password (535)", ("a@example.com",))
    assert mailbox.taken == []
    assert "secret-word" not in repr(wrong)


def test_a_server_that_nobody_vouches_for_gets_nothing(smtp, mailbox, certificate):
    posted = server(smtp(tls_context=certificate[0]), "starttls").post(messages("a@example.com"))
    assert "certificate verify failed" in posted.text
    assert (posted.left, mailbox.taken) == (("a@example.com",), [])


def test_who_is_refused_for_good_does_not_keep_the_others_from_theirs(smtp, mailbox):
    mailbox.refusals = {"gone@example.com": "550 no such user"}
    posted = server(smtp()).post(messages("gone@example.com", "a@example.com"))
    assert posted.text == "sent to 1; refused gone@example.com: 550 no such user"
    assert (posted.sent, posted.refused, posted.left) == (("a@example.com",), ("gone@example.com",), ())


def test_who_is_refused_for_now_is_left_for_later_and_nobody_gets_it_twice(smtp, mailbox):
    mailbox.refusals = {"full@example.com": "452 mailbox full"}
    posted = server(smtp()).post(messages("a@example.com", "full@example.com", "c@example.com"))
    assert posted.text == "sent to 1; 127.0.0.1 answered 452 mailbox full"
    assert (posted.sent, posted.left) == (("a@example.com",), ("full@example.com", "c@example.com"))


def test_a_server_that_is_away_is_said():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        posted = server(port).post(messages("a@example.com"))
    assert posted.text.startswith(f"127.0.0.1:{port}: ")
    assert posted.left == ("a@example.com",)


def test_what_the_operator_set():
    values = {"smtp_host": "mail.example.com", "mail_from": "reports@example.com", "smtp_user": "u", "smtp_port": 25}
    made = mail_server(Settings(values), {"PASSERBY_SMTP_PASSWORD": "word"})
    assert made == MailServer("mail.example.com", 25, "starttls", "reports@example.com", "u", "word")
    assert mail_server(Settings({}), {}) is None


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "PASSERBY_MAIL_FROM: needed beside PASSERBY_SMTP_HOST"),
        ({"mail_from": "nobody"}, "PASSERBY_MAIL_FROM: 'nobody' is not an e-mail address"),
        ({"mail_from": "a@b.com", "smtp_user": "u", "smtp_security": "none"}, "PASSERBY_SMTP_SECURITY: a password is"),
    ],
)
def test_what_does_not_go_together_is_refused_at_the_start(values, message):
    with pytest.raises(InvalidInputError) as raised:
        mail_server(Settings({"smtp_host": "mail.example.com", **values}), {})
    assert raised.value.message.startswith(message)
