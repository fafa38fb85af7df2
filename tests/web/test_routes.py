"""What holds for every route under /app/, also for those that are added later.

Each route is asked for by nobody, by people without the role, and by an admin of another account. A route whose path
has parameters says in `PARAMETERS` what they are for the account that is looked at; a new parameter needs a line there.
"""

import re

import httpx
import pytest
from tests.support.dashboard import Dashboard, add_people
from tests.support.networks import network, other_network
from tests.support.pictures import png
from tests.support.servers import serving

from passerby.catalogue.model import Target
from passerby.catalogue.pictures import Pictures, checked
from passerby.mailing import Schedule, Wanted
from passerby.services import open_services
from passerby.web.looking import clock
from passerby.web.routes import router
from passerby.web.viewer import admin, admitted, editor

# What path parameters are, by name: things of the account that `other` must not see.
PARAMETERS = {
    "person_id": lambda dashboard: dashboard.person("viewer").id,
    "link_id": lambda dashboard: dashboard.link_id,
    "key": lambda dashboard: min(dashboard.services.catalogue.current().credentials),
    "webhook": lambda _: 7,
    "report": lambda dashboard: dashboard.report_id,
    "token": lambda _: "no-such-token",
    "given": lambda _: "0",
    "name": lambda _: "app.css",
    "sensor_id": lambda _: 3024,
    "what": lambda _: "sites",
    "number": lambda _: 1,
    "digest": lambda dashboard: dashboard.picture,
    "rest": lambda _: "no/such/page",
    "brand": lambda _: 1234,
    "site": lambda _: 1,
    "sensor": lambda _: 3024,
}
# Paths that parameters of the same name mean something else in: (path as the route has it, name) -> value.
SPECIAL = {
    ("/app/brands/{brand:int}/charts/{name:str}", "name"): lambda _: "visits.csv",
    ("/app/sites/{site:int}/charts/{name:str}", "name"): lambda _: "visits.csv",
    ("/app/screens/{sensor:int}/charts/{name:str}", "name"): lambda _: "audience.csv",
    ("/app/streets/{site:int}/charts/{name:str}", "name"): lambda _: "passages.csv",
    **{
        (f"/app/{page}/files/{{name:str}}", "name"): lambda _: "page.png"
        for page in ("brands/{brand:int}", "sites/{site:int}", "screens/{sensor:int}", "streets/{site:int}")
    },
}
# What a page is asked for with, where it needs something.
QUERIES = {"/app/links/new": {"page": "/app/", "title": "Overview"}}
# Routes with parameters that do not name a thing of an account, or take the account's things by other means.
NOT_OF_AN_ACCOUNT = {"/app/{rest:path}"}


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    services = open_services(tmp_path_factory.mktemp("routes") / "data")
    try:
        services.catalogue.apply({**network(), "webhooks": [{"id": 7, "url": "https://example.com/hook", "site": 1}]})
        services.catalogue.apply(other_network())
        add_people(services)
        with serving(services) as address:
            made = Dashboard(address, services)
            made.link_id, _ = services.share_links.create(
                person_id=made.person("admin").id, title="Site", page="/app/sites/1", brands=(), sites=(1,), days=1
            )
            picture = checked(png())
            Pictures(services.catalogue.engine).put(3024, picture)
            made.picture = picture.digest
            report = Wanted(
                "Day", "site", Target("site", 1), ["a@example.com"], ["csv"], Schedule("day", "07:00", "UTC")
            )
            made.report_id = services.mailings.table.create(632, made.person("admin").id, report, clock()).id
            yield made
    finally:
        services.close()


def _routes():
    found = []
    for route in router.routes:
        for handler in route.route_handlers:
            found += [(method, route.path, handler) for method in handler.http_methods if method != "OPTIONS"]
    return sorted(found, key=lambda one: one[:2])


ROUTES = _routes()
NAMES = [f"{method} {path}" for method, path, _ in ROUTES]


def _path(dashboard, path):
    def value(match):
        name = match[1]
        known = SPECIAL.get((path, name)) or PARAMETERS.get(name)
        assert known, f"say in PARAMETERS what {{{name}}} of {path} is"
        return str(known(dashboard))

    return re.sub(r"/?\{(\w+)(?::\w+)?\}", lambda match: "/" + value(match), path)


@pytest.fixture(scope="module")
def clients(dashboard):
    """HTTP clients: signed out, and signed in as each person, with a form's token of their own."""
    made = {}
    for who in (None, "viewer", "editor", "admin", "other"):
        client = httpx.Client(base_url=dashboard.url, headers={"Accept": "text/html"}, timeout=60)
        if who:
            client.cookies.set("passerby_session", dashboard.token(who))
            page = client.get("/app/account").text
        else:
            page = client.get("/app/sign-in").text
        client.form = re.search(r'name="csrf" value="([^"]+)"', page)[1]
        made[who] = client
    yield made
    for client in made.values():
        client.close()


def _ask(client, method, path, **more):
    headers = {"X-CSRF-Token": client.form} | more.pop("headers", {})
    return client.request(method, path, headers=headers, **more)


@pytest.mark.parametrize(("method", "path", "handler"), ROUTES, ids=NAMES)
def test_who_is_refused(dashboard, clients, method, path, handler):
    assert admitted in handler.resolve_guards()
    if handler.opt.get("asset"):
        return
    address = _path(dashboard, path)
    guards = router_guards(handler)
    public = handler.opt.get("public")
    if not public:
        signed_out = _ask(clients[None], method, address)
        assert (signed_out.status_code, signed_out.headers["location"].partition("?")[0]) == (303, "/app/sign-in")
        assert signed_out.headers["content-security-policy"].startswith("default-src 'none'")
    for who, refused in (("viewer", {editor, admin}), ("editor", {admin})):
        if guards & refused:
            assert _ask(clients[who], method, address).status_code == 403, who
    if "{" in path and path not in NOT_OF_AN_ACCOUNT and not public:
        other = _ask(clients["other"], method, address)
        assert other.status_code == 404, f"another account's {path} was answered with {other.status_code}"
    if method != "GET":
        without = clients["admin"].request(method, address)
        assert without.status_code == 403, "a form without its token was taken"
        strange = _ask(clients["admin"], method, address, headers={"Origin": "https://elsewhere.example"})
        assert strange.status_code == 403
        stolen = clients["admin"].request(method, address, headers={"X-CSRF-Token": clients["editor"].form})
        assert stolen.status_code == 403
        fetched = _ask(clients["admin"], method, address, headers={"Sec-Fetch-Site": "same-site"})
        assert fetched.status_code == 403


def router_guards(handler):
    """The roles that a route asks for."""
    return {editor, admin} & set(handler.guards or ())


def test_there_are_routes_of_each_kind():
    roles = [router_guards(handler) for _, _, handler in ROUTES]
    assert {admin} in roles
    assert set() in roles


# Routes that answer with a stream, which does not end by itself.
STREAMS = {path for _, path, handler in ROUTES if handler.opt.get("stream")}


@pytest.mark.parametrize("path", sorted(STREAMS))
def test_every_stream_has_the_policy(dashboard, clients, path):
    with clients["admin"].stream("GET", _path(dashboard, path)) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", sorted({path for method, path, _ in ROUTES if method == "GET"} - STREAMS))
def test_every_page_has_the_policy_and_works_for_an_admin(dashboard, clients, path):
    answer = _ask(clients["admin"], "GET", _path(dashboard, path), params=QUERIES.get(path))
    made_up = path in NOT_OF_AN_ACCOUNT or "{token" in path
    assert answer.status_code in ({404} if made_up else {200, 303, 304}), answer.text[-2000:]
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    if answer.headers["content-type"].startswith("text/html"):
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(r"\sstyle=|\son\w+=|javascript:", answer.text), "the policy would refuse it"
        assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", answer.text)


def test_forged_ids_are_nobodys(dashboard, clients):
    for path in ("/app/people/999999", "/app/people/0", "/app/people/-1", "/app/people/x", "/app/nothing"):
        assert clients["admin"].get(path).status_code in {400, 404}, path
    other = dashboard.person("other").id
    assert clients["admin"].get(f"/app/people/{other}").status_code == 404
