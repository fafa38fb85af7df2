"""The catalogue's commands work on the data of a server that runs."""

import json
import time

import httpx

from passerby import cli


def command(capsys, *arguments):
    assert cli.run([*map(str, arguments)]) == 0
    return capsys.readouterr().out


def eventually(url, key, status):
    deadline = time.monotonic() + 20
    while (
        answer := httpx.get(f"{url}/v1/catalogue", headers={"Authorization": f"Bearer {key}"})
    ).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.02)
    return answer


def test_a_key_made_beside_a_server_works_there_until_it_is_revoked(server, capsys, tmp_path):
    running = server()
    issued = json.loads(command(capsys, "credentials", "create", "--dialect", "native", "--data", running.data))
    before = eventually(running.url, issued["key"], 200).json()
    assert before["account"]["name"] == "Acme"
    file = tmp_path / "renamed.yaml"
    file.write_text("account: {id: 632, name: Acme & Sons}")
    shown = command(capsys, "catalogue", "apply", file, "--data", running.data)
    assert shown == "changed account 632: name Acme -> Acme & Sons\n"
    deadline = time.monotonic() + 20
    while eventually(running.url, issued["key"], 200).json()["account"]["name"] != "Acme & Sons":
        assert time.monotonic() < deadline
    command(capsys, "credentials", "revoke", issued["id"], "--data", running.data)
    eventually(running.url, issued["key"], 401)
    assert running.stop() == 0
