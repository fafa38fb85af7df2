"""Reports by e-mail, in a real browser and through a real mail server."""

import email
from email import policy

import pytest
from tests.support.dashboard import check
from tests.support.mail import Mailbox, Server

from passerby.mailing import MailServer


@pytest.fixture(scope="module")
def mailbox():
    return Mailbox()


@pytest.fixture(scope="module", autouse=True)
def mail(dashboard, mailbox):
    server = Server(mailbox, hostname="127.0.0.1", port=0)
    server.start()
    dashboard.services.mailings.server = MailServer("127.0.0.1", server.port, "none", "reports@example.com")
    yield
    server.stop()


def test_a_report_is_made_sent_and_removed(page, dashboard, mailbox):
    page.goto(f"{dashboard.url}/app/sites/2")
    page.get_by_role("link", name="E-mail").click()
    check(page, "reports-new")
    assert page.get_by_label("Page").input_value() == "site 2"
    assert page.get_by_label("Time zone").input_value() == "Europe/Zurich"
    recipient = f"manager{page.viewport_size['width']}@example.com"
    page.get_by_label("To", exact=True).fill(f"{recipient}\n")
    page.get_by_label("Name").fill("Morning figures")
    page.get_by_role("button", name="Make the report").click()
    page.get_by_text("The report is made.").wait_for()
    page.get_by_role("button", name="Send now").click()
    page.get_by_text("It is being sent").wait_for()
    while "It was not sent yet." in page.inner_text("main"):
        page.reload()
    check(page, "report")
    page.get_by_text("sent to 1").wait_for()
    (content,) = [content for to, content, _, _ in mailbox.taken if to == recipient]
    message = email.message_from_bytes(content, policy=policy.default)
    assert message["Subject"].startswith("Morning figures: Zurich store, ")
    kinds = {part.get_content_type() for part in message.walk()}
    assert kinds >= {"text/plain", "text/html", "image/png", "text/csv"}
    page.goto(f"{dashboard.url}/app/reports")
    check(page, "reports")
    page.get_by_role("link", name="Morning figures").first.click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("is not sent any more").wait_for()


def test_what_is_wrong_is_said_at_its_field(page, dashboard):
    page.goto(f"{dashboard.url}/app/reports/new")
    page.get_by_label("To", exact=True).fill("nobody")
    page.get_by_label("Name").fill("Morning figures")
    page.get_by_label("Time zone").fill("Mars/Olympus")
    page.get_by_role("button", name="Make the report").click()
    check(page, "reports-wrong")
    text = page.inner_text("main")
    assert "'nobody' is not an e-mail address" in text
    assert text.count("IANA name, such as Europe/Zurich") == 1
    assert page.get_by_label("To", exact=True).input_value() == "nobody"
