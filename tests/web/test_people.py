"""Signing in, people and share links, over HTTP."""

import re

import pytest
import structlog.testing
from tests.support.dashboard import PASSWORD

from passerby.web.pages.sign_in import inside


def test_signing_in_makes_a_new_session(visit):
    client = visit()
    answer = client.sign_in("viewer", PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")
    flags = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("passerby_session="))
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(flags.split("; "))
    assert "Secure" not in flags
    first = client.cookies["passerby_session"]
    assert client.get("/app/").status_code == 200
    assert client.get("/").headers["location"] == "/app/"
    assert client.get("/app/sign-in").headers["location"] == "/app/"
    client.form("/app/sign-in", {"email": "viewer@example.com", "password": PASSWORD}, page="/app/account")
    assert client.cookies["passerby_session"] != first
    client.cookies.set("passerby_session", first)
    assert client.get("/app/").status_code == 303, "the session of before is over"


def test_over_tls_cookies_belong_to_this_host(visit):
    client = visit(**{"X-Forwarded-Proto": "https"})
    page = client.get("/app/sign-in")
    browser = re.match(
        r"__Host-passerby_browser=([^;]+); HttpOnly; Path=/; SameSite=lax; Secure", page.headers["set-cookie"]
    )
    token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    answer = client.post(
        "/app/sign-in",
        data={"csrf": token, "email": "viewer@example.com", "password": PASSWORD},
        headers={"Cookie": f"__Host-passerby_browser={browser[1]}"},
    )
    assert answer.status_code == 303
    session = re.search(r"__Host-passerby_session=([^;]+);[^,]*Secure", answer.headers["set-cookie"])[1]
    assert client.get("/app/", headers={"Cookie": f"__Host-passerby_session={session}"}).status_code == 200
    assert client.get("/app/", headers={"Cookie": f"passerby_session={session}"}).status_code == 303


def test_ten_wrong_passwords(fresh, open_client):
    client = open_client()
    for _ in range(9):
        answer = client.sign_in("viewer", "wrong")
        assert answer.status_code == 422
        assert "The e-mail address or the password is wrong." in answer.text
    tenth = client.sign_in("viewer", "wrong")
    assert tenth.status_code == 429
    assert "Too many wrong passwords. Try again in 15 minutes" in tenth.text
    assert 0 < int(tenth.headers["retry-after"]) <= 900
    assert client.sign_in("viewer", PASSWORD).status_code == 429
    assert client.sign_in("editor", PASSWORD).status_code == 303


def test_nobody_learns_who_exists(visit):
    client = visit()
    one, two = client.sign_in("viewer", "wrong"), client.sign_in("nobody", "wrong")
    strip = re.compile(r'value="[^"]*"')
    assert strip.sub("", one.text) == strip.sub("", two.text)


@pytest.mark.parametrize(
    "path",
    ["https://elsewhere.example/", "//elsewhere.example", "/app\\..\\x", "/docs", "", "/app/sign-out", "javascript:x"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(path):
    assert inside(path) == "/app/"


def test_after_signing_in_one_is_where_one_wanted_to_be(visit):
    client = visit()
    asked = client.get("/app/links?x=1&y=%20")
    assert asked.headers["location"] == "/app/sign-in?next=%2Fapp%2Flinks%3Fx%3D1%26y%3D%2520"
    answer = client.form(
        "/app/sign-in",
        {"email": "viewer@example.com", "password": PASSWORD, "next": "/app/links?x=1&y=%20"},
        page=asked.headers["location"],
    )
    assert answer.headers["location"] == "/app/links?x=1&y=%20"


def test_signing_out_everywhere(fresh, open_client):
    one, two = open_client("viewer"), open_client("viewer")
    answer = one.form("/app/sign-out-everywhere", page="/app/account")
    assert "You are signed out on every device." in one.get(answer.headers["location"]).text
    assert two.get("/app/").status_code == 303
    assert "You are signed out" not in one.get("/app/sign-in").text, "it is said once"
    assert open_client("editor").get("/app/").status_code == 200


def test_nobody_makes_the_dashboard_say_what_they_like(visit):
    client = visit()
    client.cookies.set("passerby_flash", "0" * 32 + ".W1siSGVsbG8iLCJiYWQiXV0=")
    assert "Hello" not in client.get("/app/sign-in").text
    client.cookies.set("passerby_flash", "broken")
    assert client.get("/app/sign-in").status_code == 200


def test_another_password(fresh, open_client):
    client, other = open_client("viewer"), open_client("viewer")
    new = "a new one for spring"

    def change(old, password, again):
        return client.form(
            "/app/account/password", {"old": old, "password": password, "again": again}, page="/app/account"
        )

    assert "this is not your password" in change("wrong", new, new).text
    assert "not the same as above" in change(PASSWORD, new, new + "x").text
    assert "at least 10 characters" in change(PASSWORD, "short", "short").text
    assert change(PASSWORD, new, new).status_code == 303
    assert client.get("/app/").status_code == 200
    assert other.get("/app/").status_code == 303
    assert open_client().sign_in("viewer", new).status_code == 303


def test_an_admin_adds_somebody_and_hands_the_link_over(fresh, open_client):
    admin = open_client("admin")
    with structlog.testing.capture_logs() as logs:
        answer = admin.form(
            "/app/people",
            {"name": "Cy <b>", "email": "Cy@example.com", "role": "editor", "sites": ["1", "2"]},
            page="/app/people/new",
        )
    link = re.search(r'value="http://[^/]+(/app/welcome/[^"]+)"', answer.text)[1]
    assert link.rpartition("/")[2] not in str(logs)
    assert "Cy &lt;b&gt;" in admin.get("/app/people").text
    assert fresh.person("cy").site_ids == {1, 2}

    new = open_client()
    assert new.get(link).status_code == new.get(link).status_code == 200  # looking does not use it up
    short = new.form(link, {"password": "short", "again": "short"}, page=link)
    assert (short.status_code, short.text.lower().count("at least 10 characters")) == (422, 1)
    assert new.form(link, {"password": PASSWORD, "again": PASSWORD}, page=link).headers["location"] == "/app/"
    page = new.get("/app/", follow_redirects=True).text  # the only brand
    assert "Manhattan store" in page
    assert "Patan" not in page
    assert new.get(link).status_code == 404
    assert new.get("/app/people").status_code == 403


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email": "viewer@example.com"}, "this address is taken"),
        ({"email": "nonsense"}, "expected an e-mail address"),
        ({"role": "owner"}, "please choose one"),
        ({"role": "admin", "sites": "1"}, "an admin sees the whole account"),
        ({"sites": "90"}, "not everything that was chosen exists"),
        ({"brands": "2000"}, "not everything that was chosen exists"),
        ({"brands": "1235", "sites": "1"}, "is of none of the brands chosen"),
        ({"name": ""}, "please fill this in"),
    ],
)
def test_what_is_wrong_with_a_person_is_said_at_its_field(visit, change, words):
    given = {"name": "Cy", "email": "cy@example.com", "role": "viewer"} | change
    answer = visit("admin").form("/app/people", given, page="/app/people/new")
    assert answer.status_code == 422
    assert words in answer.text


def test_another_role_holds_at_once(fresh, open_client):
    admin, editor = open_client("admin"), open_client("editor")
    person = fresh.person("editor").id
    answer = admin.form(f"/app/people/{person}", {"name": "Ed", "role": "admin"}, page=f"/app/people/{person}")
    assert answer.status_code == 303
    assert editor.get("/app/people").status_code == 200
    admin.form(f"/app/people/{person}/disable", page=f"/app/people/{person}")
    assert editor.get("/app/people").status_code == 303
    last = fresh.person("admin").id
    answer = admin.form(f"/app/people/{last}/disable", page=f"/app/people/{last}")
    assert (answer.status_code, "This is the last admin" in answer.text) == (409, True)


# -- share links


def shared(client, page="/app/", **more):
    """The path of a new link."""
    made = client.form("/app/links", {"title": "Today", "page": page, "days": "7", **more}, page="/app/account")
    assert made.status_code == 200, made.text
    return re.search(r'value="http://[^/]+(/app/shared/[^"]+)"', made.text)[1]


def test_a_link_opens_one_page_in_a_private_window(visit):
    link = shared(visit("admin"), brand="1235")
    guest = visit()
    answer = guest.get(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/")
    cookie = answer.headers["set-cookie"]
    assert re.match(r"passerby_link_\d+=[^;]+; HttpOnly; Max-Age=\d+; Path=/app; SameSite=lax$", cookie)
    page = guest.get("/app/")
    assert "Patan" in page.text
    assert "Manhattan store" not in page.text
    assert "Shared by Admin" in page.text
    for path in ("/app/links", "/app/account", "/app/people", "/app/links/new?page=/app/&title=x"):
        assert guest.get(path).headers["location"].startswith("/app/sign-in"), path
    assert guest.form("/app/links", {"title": "x", "page": "/app/", "days": "7"}).status_code == 303


def test_it_ends_when_it_is_revoked(fresh, open_client):
    admin, guest = open_client("admin"), open_client()
    link = shared(admin)
    guest.get(link)
    assert guest.get("/app/").status_code == 200
    number = fresh.services.share_links.of_account(632)[0].id
    assert open_client("viewer").form(f"/app/links/{number}/revoke", page="/app/account").status_code == 404
    assert admin.form(f"/app/links/{number}/revoke", page="/app/links").status_code == 303
    assert guest.get("/app/").status_code == 303
    assert "has expired, was revoked" in guest.get(link).text


def test_a_narrowed_person_cannot_share_more_than_they_see(fresh, open_client):
    narrow, guest = open_client("narrow"), open_client()
    guest.get(shared(narrow))
    page = guest.get("/app/").text
    assert "Zurich store" in page
    assert "Manhattan" not in page
    for more in ({"site": "1"}, {"brand": "1235"}, {"site": "90"}, {"site": "x"}):
        given = {"title": "x", "page": "/app/", "days": "7"} | more
        assert narrow.form("/app/links", given, page="/app/account").status_code == 422, more
    fresh.services.people.change(fresh.person("narrow").id, 632, name="N", role="viewer", brands=[1235], sites=[])
    assert "Zurich store" not in guest.get("/app/").text


@pytest.mark.parametrize(
    "page", ["https://elsewhere.example/app/", "//elsewhere.example/app/", "/app/people", "/docs", "/app/nothing", ""]
)
def test_what_cannot_be_shared(visit, page):
    given = {"title": "x", "page": page, "days": "7"}
    assert visit("admin").form("/app/links", given, page="/app/account").status_code == 422


@pytest.mark.parametrize("days", ["0", "367", "-1", "x", ""])
def test_how_long_a_link_works(visit, days):
    given = {"title": "x", "page": "/app/", "days": days}
    assert visit("admin").form("/app/links", given, page="/app/account").status_code == 422


def test_whoever_is_signed_in_looks_as_themselves(visit):
    link = shared(visit("admin"), brand="1235")
    viewer = visit("viewer")
    viewer.get(link)
    assert "Manhattan store" in viewer.get("/app/").text
    other = visit("other")  # of another account: the link shows what it is for
    other.get(link)
    assert "Patan" in other.get("/app/").text


def test_a_script_gets_a_problem_document(visit):
    headers = {"Accept": "application/json", "Sec-Fetch-Mode": "cors"}
    answer = visit().get("/app/links", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_files_of_pages_are_kept_for_ever_and_sent_small(visit):
    client = visit()
    address = re.search(r'href="(/app/static/[0-9a-f]{16}/app\.css)"', client.get("/").text)[1]
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
    for coding in ("gzip", "zstd"):
        sent = client.get(address, headers={"Accept-Encoding": f"{coding}, identity;q=0.5"})
        assert sent.headers["content-encoding"] == coding
        assert sent.content == plain.content
        assert int(sent.headers["content-length"]) < len(plain.content) / 2
    refused = client.get(address, headers={"Accept-Encoding": "gzip;q=0, zstd;q=0"})
    assert "content-encoding" not in refused.headers
    old = client.get("/app/static/0000000000000000/app.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    for path in ("nothing.css", "..%2Frouter.py", "__init__.py"):
        assert client.get(f"/app/static/0/{path}").status_code == 404
    assert client.get("/app/", headers={"Accept-Encoding": "gzip"}).headers["location"]


def test_a_broken_token_is_a_wrong_one(visit):
    client = visit("viewer")
    for token in ("", "x", "Ü", "A" * 10_000, "=" * 8):
        answer = client.post("/app/sign-out", data={"csrf": token})
        assert answer.status_code == 403
        assert "load the page again" in answer.text
