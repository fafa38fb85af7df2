"""Keys, webhooks, feeds and requests, in a real browser."""

import time

import httpx
from tests.support.dashboard import check
from tests.support.networks import KEY, network
from tests.support.receivers import Receiver

NETWORK = {**network(), "settings": {"allow_private_webhooks": True}}
MORNING = {"kind": "crossing", "sensor": 3024, "line": 1, "direction": "in"}


def fill(services):
    services.webhooks.start()


def send(dashboard, *rows):
    answer = httpx.post(
        f"{dashboard.url}/v1/observations?wait=visible", json=list(rows), headers={"Authorization": f"Bearer {KEY}"}
    )
    assert answer.json()["accepted"] == len(rows)


def test_a_key_is_made_shown_once_and_revoked(page, dashboard):
    page.goto(f"{dashboard.url}/app/keys")
    check(page, "keys")
    page.get_by_role("link", name="New key").click()
    check(page, "keys-new")
    name = f"till {page.viewport_size['width']}"
    page.get_by_label("Name", exact=False).first.fill(name)
    page.get_by_label("Zurich store").check()
    page.get_by_role("button", name="Make the key").click()
    check(page, "keys-made")
    key = page.get_by_label("Key", exact=True).input_value()
    ask = {"url": f"{dashboard.url}/v1/catalogue", "headers": {"Authorization": f"Bearer {key}"}}
    assert [site["id"] for brand in httpx.get(**ask).json()["brands"] for site in brand["sites"]] == [2]
    page.get_by_role("link", name="I have copied it").click()
    assert key not in page.content()
    row = page.get_by_role("row").filter(has_text=name)
    assert "Zurich store" in row.inner_text()
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Revoke").click()
    page.get_by_text("is revoked").wait_for()
    assert httpx.get(**ask).status_code == 401


def test_a_form_that_is_wrong_says_so_and_keeps_what_was_typed(page, dashboard):
    page.goto(f"{dashboard.url}/app/keys/new")
    page.get_by_label("Name", exact=False).first.fill("all")
    page.get_by_role("button", name="Make the key").click()
    check(page, "keys-wrong")
    assert "there is a key of that name already" in page.inner_text("main")
    assert page.get_by_label("Name", exact=False).first.input_value() == "all"


def test_a_webhook_is_delivered_to_and_repeats(page, dashboard):
    width = page.viewport_size["width"]
    with Receiver() as receiver:
        page.goto(f"{dashboard.url}/app/webhooks/new")
        check(page, "webhooks-new")
        page.get_by_label("Address").fill(f"{receiver.url}/{width}")
        page.get_by_label("About").select_option(label="Manhattan store")
        page.get_by_role("button", name="Make the webhook").click()
        check(page, "webhooks-made")
        assert page.get_by_label("What its messages are signed with").input_value().startswith("whsec_")
        page.get_by_role("link", name="I have copied it").click()
        page.get_by_role("link", name=f"{receiver.url}/{width}").click()
        assert "Nothing was sent yet." in page.inner_text("main")
        send(dashboard, {**MORNING, "at": f"2026-03-06T09:00:0{width % 7}-05:00"})
        receiver.wait(lambda got: len(got.accepted) == 1)
        reload_until_it_says(page, "delivered")
        page.get_by_label("From").fill("2026-03-06T08:00")
        page.get_by_label("Until").fill("2026-03-06T10:00")
        page.get_by_role("button", name="Send again").click()
        receiver.wait(lambda got: len(got.accepted) == 2)
        reload_until_it_says(page, "sent again")
        check(page, "webhook")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove").click()
        page.get_by_text("The webhook is removed.").wait_for()


def reload_until_it_says(page, text, timeout_s=30):
    """A delivery is noted once its receiver has answered, so a little after the receiver has it."""
    deadline = time.monotonic() + timeout_s
    while not page.get_by_text(text, exact=True).first.is_visible():
        assert time.monotonic() < deadline, page.inner_text("main")
        page.reload()


def test_a_feed_is_read_by_whoever_has_its_address(page, dashboard):
    page.goto(f"{dashboard.url}/app/feeds/new")
    check(page, "feeds-new")
    name = f"Today {page.viewport_size['width']}"
    page.get_by_label("Name").fill(name)
    page.get_by_label("Place").select_option(label="Zurich store")
    page.get_by_role("button", name="Make the feed").click()
    address = page.get_by_label(f"Address of {name}").input_value()
    assert httpx.get(address).json()["report"]["data"]["counter"] == 0
    check(page, "feeds")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("is removed").wait_for()
    assert httpx.get(address).status_code == 404


def test_the_requests_are_answered_with_ones_own_data(page, dashboard):
    page.goto(f"{dashboard.url}/app/api")
    check(page, "api")
    answers = page.locator("details summary", has_text="Answers")
    assert {text.strip() for text in answers.all_inner_texts()} == {"Answers 200, just now"}
    collection = page.request.get(f"{dashboard.url}/app/api/collection.json")
    assert len(collection.json()["item"]) == 5
