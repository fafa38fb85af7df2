"""How people come in, in a real browser."""

from tests.support.dashboard import PASSWORD, check


def test_signing_in_and_out(wide, dashboard):
    wide.goto(dashboard.url)
    check(wide, "sign-in")
    wide.get_by_label("E-mail address").fill("Viewer@example.com ")
    wide.get_by_label("Password").fill(PASSWORD)
    wide.get_by_role("button", name="Sign in").click()
    wide.wait_for_url("**/app/")


def test_the_overview(page, dashboard):
    page.goto(f"{dashboard.url}/app/")
    check(page)
