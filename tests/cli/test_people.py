"""`passerby people`, beside a real server that starts for the first time."""

import json
import re

import httpx
import pytest

from passerby import cli

PASSWORD = "seven herons at dawn"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        capsys.readouterr()  # what the server of the test says
        status = cli.run(["people", *map(str, arguments)])
        found = capsys.readouterr()
        return status, found.out, found.err

    return call


def set_password(link):
    with httpx.Client() as browser:
        page = browser.get(link)
        assert page.status_code == 200
        token = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
        given = {"csrf": token, "password": PASSWORD, "again": PASSWORD, "name": "Ana", "email": "ana@example.com"}
        account = re.search(r'name="account" value="(\d+)"', page.text)
        answer = browser.post(link, data=given | ({"account": account[1]} if account else {}))
        assert answer.headers["location"] == "/app/", answer.text
        return dict(browser.cookies)


def test_from_the_first_start_to_a_forgotten_password(run, server):
    running = server()
    assert running.process.stdout.readline() == "nobody can sign in yet; make the first person at:\n"
    link = running.process.stdout.readline().strip()
    assert link.startswith(f"{running.url}/app/welcome/")
    data = ("--data", running.data)
    newer = run("first-link", *data, "--address", f"{running.url}/")[1].split()[-1]
    assert httpx.get(link).status_code == 404
    set_password(newer)
    assert link.rpartition("/")[2] not in running.log.read_text()
    assert run("first-link", *data) == (
        1,
        "",
        "passerby: there are people already: give one of them a link with `passerby people reset-link`\n",
    )

    status, out, _ = run("create", "--email", "Bo@Example.com", "--name", "Bo", "--site", 2, *data)
    assert (status, json.loads(out)["email"], json.loads(out)["role"]) == (0, "bo@example.com", "viewer")
    cookies = set_password(json.loads(out)["link"].replace("http://127.0.0.1:8080", running.url))
    assert [line.split() for line in run("list", *data)[1].splitlines()] == [
        ["email", "name", "role", "account", "sees", "state"],
        ["ana@example.com", "Ana", "admin", "632", "everything", "active"],
        ["bo@example.com", "Bo", "viewer", "632", "sites", "2", "active"],
    ]
    assert httpx.get(f"{running.url}/app/account", cookies=cookies).status_code == 200
    assert run("disable", "bo@example.com", *data)[1] == "bo@example.com may not sign in\n"
    assert httpx.get(f"{running.url}/app/account", cookies=cookies).status_code == 303
    assert run("reset-link", "bo@example.com", *data)[2] == "passerby: this person is disabled: enable them first\n"
    assert run("enable", "bo@example.com", *data)[0] == 0
    _, out, _ = run("reset-link", "BO@example.com", *data, "--address", running.url)
    set_password(json.loads(out)["link"])
    assert run("remove", "bo@example.com", *data)[1] == "removed bo@example.com\n"
    assert "bo@" not in run("list", *data)[1]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (
            ["create", "--email", "cy@example.com", "--name", "Cy", "--role", "owner"],
            2,
            "--role: expected one of viewer",
        ),
        (["create", "--email", "cy", "--name", "Cy"], 1, "email: expected an e-mail address"),
        (["create", "--email", "cy@example.com", "--name", "Cy", "--site", "90"], 1, "account 632 has no site 90"),
        (["create", "--email", "cy@example.com", "--name", "Cy", "--role", "admin", "--site", "1"], 1, "an admin sees"),
        (["reset-link", "cy@example.com"], 1, "there is nobody with the address cy@example.com"),
        (["disable", "cy@example.com"], 1, "there is nobody with the address"),
    ],
)
def test_what_is_refused_is_said_on_one_line(run, services, arguments, status, words):
    found = run(*arguments, "--data", services.data)
    assert found[:2] == (status, "")
    assert words in found[2]
    assert found[2].count("\n") == 1
