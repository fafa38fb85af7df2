import re

import httpx
import pytest

from passerby.errors import UnavailableError
from passerby.observations import STRUCTS


@pytest.mark.parametrize(
    ("path", "styles"), [("/", "script-src 'self'; style-src 'self'"), ("/docs", "style-src 'sha256-")]
)
def test_pages_need_nothing_from_elsewhere(url, path, styles):
    page = httpx.get(url + path)
    assert page.status_code == 200
    assert page.headers["content-security-policy"].startswith(f"default-src 'none'; {styles}")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<script(?! type=\"module\" src=\"/app/static/)", page.text)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text)


def test_the_reference_has_every_route_and_every_kind(url):
    document = httpx.get(f"{url}/docs/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    page = httpx.get(f"{url}/docs").text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    for struct in STRUCTS.values():
        assert f'id="schema-{struct.__name__}"' in page


def test_every_operation_has_a_title_of_its_own_and_says_what_it_does(url):
    document = httpx.get(f"{url}/docs/openapi.json").json()
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and "responses" in operation
    ]
    # A title that Litestar makes up is the handler's name.
    assert [name for name, operation in operations if " " not in operation.get("summary", "")] == []
    assert [name for name, operation in operations if not operation.get("description")] == []
    titles = [operation["summary"] for _, operation in operations]
    assert len(set(titles)) == len(titles)


def test_every_link_of_a_page_leads_somewhere(url):
    for path in ("/", "/docs"):
        page = httpx.get(url + path).text
        for link in set(re.findall(r'href="([^"]+)"', page)):
            if link.startswith("#"):
                assert f'id="{link[1:]}"' in page, link
            else:
                assert httpx.get(url + link, follow_redirects=True).status_code == 200, link


def test_health(url, services, monkeypatch):
    assert httpx.get(f"{url}/healthz").json() == {"status": "up"}
    assert httpx.get(f"{url}/readyz").json() == {"status": "ready", "problems": []}

    def full():
        raise UnavailableError("the disk is full")

    monkeypatch.setattr(services.journal, "probe", full)
    answer = httpx.get(f"{url}/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "problems": ["journal: the disk is full"]}


def test_numbers_for_prometheus(client):
    row = {"kind": "uptime", "sensor": 3024, "start": "2026-01-01T00:00:00Z", "duration_ms": 1}
    client.post("/v1/observations", json=[row, {}], params={"wait": "visible"})
    client.get("/v1/observations/uptime")
    client.get("/no/such/place")
    numbers = dict(line.rsplit(" ", 1) for line in client.get("/metrics").text.splitlines() if line[0] != "#")
    assert numbers['passerby_ingest_rows_total{outcome="accepted"}'] == "1.0"
    assert numbers['passerby_ingest_rows_total{outcome="rejected"}'] == "1.0"
    assert numbers["passerby_journal_commit_seconds_count"] == "1.0"
    assert numbers["passerby_loader_backlog_rows"] == "0.0"
    asked = 'passerby_request_seconds_count{method="%s",route="%s",status="%s"}'
    assert numbers[asked % ("POST", "/v1/observations", 200)] == "1.0"
    assert numbers[asked % ("GET", "/v1/observations/{kind}", 200)] == "1.0"
    assert numbers[asked % ("GET", "other", 404)] == "1.0"


@pytest.mark.parametrize("path", ["/no/such/place", "/v1/nothing", "/v1/observations/nothing"])
def test_what_is_not_there_is_a_problem_document(client, path):
    answer = client.get(path)
    assert answer.status_code in {400, 404}
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_method_that_a_route_does_not_have(client):
    answer = client.delete("/v1/rejected")
    assert answer.status_code == 405
    assert answer.headers["content-type"].startswith("application/problem+json")
