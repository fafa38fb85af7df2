import io
import json
import sys

import pytest
from tests.support.catalogues import CONTRACT, SECRETS

from passerby import cli
from passerby.catalogue.repository import Repository


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def run(capsys, data):
    """Runs a command on `data`; (status, stdout, stderr)."""

    def call(*arguments):
        status = cli.run([*map(str, arguments), "--data", str(data)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "network.yaml"
    path.write_text(CONTRACT)
    return path


@pytest.fixture
def applied(run, file):
    assert run("catalogue", "apply", file)[0] == 0


def test_apply_prints_what_changed(run, file):
    status, out, err = run("catalogue", "apply", file)
    assert (status, err) == (0, "")
    assert out.splitlines()[:4] == [
        "added account 632: Acme",
        "added brand 1234: Acme Stores",
        "added tag 7 of brand 1234: flagship",
        "added tag 8 of brand 1234: window",
    ]
    assert run("catalogue", "apply", file) == (0, "nothing to change\n", "")


def test_apply_prunes_only_when_asked_to(run, file, applied):
    file.write_text(CONTRACT.partition("\nwebhooks:")[0].replace("sites: [1, 2, 3]", ""))
    assert run("catalogue", "apply", file)[1] == "changed credential analytiks demo: site_ids [1, 2, 3] -> nothing\n"
    assert "removed site 1\n" in run("catalogue", "apply", file, "--prune")[1]


def test_apply_tells_each_problem_on_a_line_of_its_own(run, file, data):
    file.write_text(CONTRACT.replace("America/New_York", "Asia/Kathmando").replace("entry_point", "entry_pint"))
    status, out, err = run("catalogue", "apply", file)
    assert (status, out) == (1, "")
    assert err.splitlines() == [
        "passerby: brands[0].sites[0].sensors[0].entry_pint: unknown key; did you mean entry_point?",
        "passerby: brands[0].sites[0].timezone: no such IANA time zone: Asia/Kathmando; did you mean Asia/Kathmandu?",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("account: [", "passerby: line 2: did not find expected node content\n"),
        ("- 1", "passerby: expected a mapping with the key account\n"),
        (None, "passerby: cannot read {file}: No such file or directory\n"),
    ],
)
def test_apply_of_what_is_no_catalogue_fails_and_makes_nothing(run, file, data, text, message):
    file.unlink() if text is None else file.write_text(text)
    assert run("catalogue", "apply", file) == (1, "", message.format(file=file))
    assert not data.exists()


@pytest.mark.parametrize("format_", ["yaml", "json"])
def test_what_is_shown_can_be_applied_and_changes_nothing(run, applied, monkeypatch, format_):
    status, out, _ = run("catalogue", "show", "--format", format_)
    assert status == 0
    assert not any(secret in out for secret in SECRETS)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.encode())))
    assert run("catalogue", "apply", "-", "--prune") == (0, "nothing to change\n", "")


def test_show_of_an_empty_catalogue_says_what_to_do(run, data):
    data.mkdir()
    Repository(data).close()
    assert run("catalogue", "show") == (1, "", "passerby: the catalogue is empty; apply a catalogue file first\n")


def test_show_asks_which_of_several_accounts(run, applied, data):
    with Repository(data) as repository:
        repository.apply({"account": {"id": 7, "name": "Seventh"}})
    assert run("catalogue", "show") == (1, "", "passerby: --account: there are the accounts 7, 632; name one\n")
    assert "name: Seventh" in run("catalogue", "show", "--account", 7)[1]
    assert run("catalogue", "show", "--account", 8) == (1, "", "passerby: there is no account 8\n")


def test_a_mistyped_directory_is_no_new_catalogue(run, data):
    status, _, err = run("catalogue", "show")
    assert (status, err.startswith(f"passerby: {data} holds no catalogue; make one with")) == (1, True)
    assert not data.exists()


def test_a_created_credential_is_printed_once_and_works_until_it_is_revoked(run, applied, data):
    status, out, _ = run("credentials", "create", "--dialect", "quividi", "--site", 1, "--name", "bob")
    issued = json.loads(out)
    assert (status, list(issued), issued["username"]) == (0, ["id", "dialect", "username", "token"], "bob")
    listed = run("credentials", "list")[1]
    assert f"{issued['id']}  " in listed
    assert issued["token"] not in listed
    with Repository(data) as repository:
        assert repository.verify("quividi", issued["token"], "bob").site_ids == {1}
    assert run("credentials", "revoke", issued["id"])[:2] == (0, "revoked the quividi credential bob\n")
    with Repository(data) as repository:
        assert repository.verify("quividi", issued["token"], "bob") is None
    assert run("credentials", "revoke", issued["id"]) == (1, "", f"passerby: there is no credential {issued['id']}\n")


def test_credentials_are_listed_with_what_they_see(run, applied):
    assert run("credentials", "list")[1].splitlines()[:3] == [
        "id  dialect    name          scopes             sees",
        "1   native     sensor-3024   ingest             sensor 3024 of account 632 (Acme)",
        "2   analytiks  demo          read               sites 1, 2, 3 of account 632 (Acme)",
    ]


def test_native_keys_have_the_scopes_asked_for(run, applied, data):
    key = json.loads(run("credentials", "create", "--dialect", "native", "--scope", "admin", "--scope", "read")[1])[
        "key"
    ]
    with Repository(data) as repository:
        assert repository.verify("native", key).scopes == {"admin", "read"}


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--dialect", "x"], 2, "--dialect: expected one of native, analytiks, camlytics, quividi, seemetrix"),
        (["--dialect", "native", "--scope", "x"], 2, "--scope: expected some of ingest, read, admin"),
        (
            ["--dialect", "quividi", "--scope", "read"],
            2,
            "--scope: only native keys have scopes; the other dialects only read",
        ),
        (["--dialect", "native", "--site", "one"], 2, "--site: expected a whole number"),
        (["--dialect", "native", "--site", "9"], 1, "site: the account has no site 9"),
        ([], 2, "Missing option '--dialect'."),
    ],
)
def test_wrong_use_is_said_on_one_line(run, applied, arguments, status, message):
    code, out, err = run("credentials", "create", *arguments)
    assert (code, out) == (status, "")
    assert err.startswith(f"passerby: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        "catalogue",
        "catalogue apply",
        "catalogue show",
        "credentials",
        "credentials create",
        "credentials list",
        "credentials revoke",
    ],
)
def test_each_command_shows_an_example_in_its_help(capsys, command):
    assert cli.run([*command.split(), "--help"]) == 0
    assert f"Example: passerby {command}" in " ".join(capsys.readouterr().out.split())
