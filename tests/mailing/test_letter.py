"""A report as a message, read back as a mail program reads it."""

import email
from email import policy

import pytest

from passerby.errors import InvalidInputError
from passerby.mailing import Attachment, Letter
from passerby.mailing.letter import check_address, compose

PICTURE = Attachment("visits.png", "image/png", b"\x89PNG picture")
ROWS = Attachment("visits.csv", "text/csv", "site,visits\r\nCafé,3\r\n".encode())


def read(letter, **changes):
    given = {"sender": "from@example.com", "recipient": "to@example.com", "message_id": "<1@example.com>", "now_ms": 0}
    return email.message_from_bytes(compose(letter, **(given | changes)).as_bytes(), policy=policy.default)


def test_a_message_says_what_it_is():
    message = read(Letter("Visits yesterday: Café 3", "three"), now_ms=1_795_000_000_123)
    assert {name: message[name] for name in ("Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted")} == {
        "Subject": "Visits yesterday: Café 3",
        "From": "Passerby <from@example.com>",
        "To": "to@example.com",
        "Date": "Wed, 18 Nov 2026 11:06:40 +0000",
        "Message-ID": "<1@example.com>",
        "Auto-Submitted": "auto-generated",
    }
    assert message.get_content() == "three\n"


def test_pictures_that_the_text_shows_are_in_it_the_other_files_beside_it():
    html = '<p>three</p><img src="cid:visits.png" alt="Visits by hour">'
    message = read(Letter("Visits", "three", html, [PICTURE, ROWS]))
    assert message.get_body(("plain",)).get_content() == "three\n"
    assert message.get_body(("html",)).get_content().strip() == html
    (rows,) = message.iter_attachments()
    assert (rows.get_filename(), rows.get_content_type(), rows.get_payload(decode=True)) == (
        "visits.csv",
        "text/csv",
        ROWS.content,
    )
    (picture,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert (picture["Content-ID"], picture.get_content()) == ("<visits.png>", PICTURE.content)


def test_a_picture_that_the_text_does_not_show_is_a_file():
    message = read(Letter("Visits", "three", "<p>three</p>", [PICTURE]))
    assert [part.get_filename() for part in message.iter_attachments()] == ["visits.png"]


def test_a_subject_cannot_bring_a_header_of_its_own():
    message = read(Letter("Visits\r\nBcc: other@example.com", "three"))
    assert message["Subject"] == "Visits Bcc: other@example.com"
    assert message["Bcc"] is None


@pytest.mark.parametrize("address", ["a@b", "first.last+tag@example.co.uk", " padded@example.com "])
def test_addresses(address):
    assert check_address(address, "to") == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "a@",
        "@b",
        "a b@example.com",
        "a@b@c",
        "a@exa mple.com",
        "a@b..c",
        "a@b\nBcc: c@d",
        "a" * 250 + "@b.com",
        "A <a@b.com>",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidInputError, match=r"to: .* is not an e-mail address"):
        check_address(address, "to")
