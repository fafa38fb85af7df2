"""`passerby export`, from a server and from a data directory."""

import csv
import json

import pyarrow.parquet as pq
import pytest
from tests.support.networks import KEY

from passerby import cli

VISIT = {"kind": "visit", "sensor": 3024, "start": "2026-03-28T12:00:00Z", "duration_ms": 60_000}
ASKED = ["visits", "dwell_time", "--start", "2026-03-28", "--end", "2026-03-30", "--timezone", "site", "--site", "1"]


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.delenv("PASSERBY_KEY", raising=False)

    def command(*arguments):
        capsys.readouterr()  # what fixtures have shown
        status = cli.run(["export", *map(str, arguments)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return command


def test_a_server_and_its_data_directory_say_the_same(run, url, client, services, tmp_path):
    client.post("/v1/observations?wait=visible", json=VISIT)
    online, offline = tmp_path / "online.json", tmp_path / "offline.json"
    assert run(*ASKED, "-o", online, "--url", url, "--key", KEY)[0] == 0
    status, out, err = run(*ASKED, "-o", offline, "--data", services.data)
    assert (status, out) == (1, "")
    assert "--url" in err
    services.close()
    assert run(*ASKED, "-o", offline, "--data", services.data)[0] == 0
    assert offline.read_bytes() == online.read_bytes()
    assert json.loads(online.read_text())["series"] == [
        {"site": 1, "metric": "visits", "points": [["2026-03-28T00:00:00-04:00", 1]]},
        {"site": 1, "metric": "dwell_time", "points": [["2026-03-28T00:00:00-04:00", 60000]]},
    ]


def test_tables(run, url, client, tmp_path):
    client.post("/v1/observations?wait=visible", json=VISIT)
    row = {"level": "site", "place": "1", "metric": "visits", "bucket": "2026-03-28T00:00:00-04:00"}
    assert run(*ASKED, "-o", tmp_path / "a.csv", "--url", url, "--key", KEY)[0] == 0
    with (tmp_path / "a.csv").open() as file:
        assert next(csv.DictReader(file)) == {**row, "value": "1"}
    assert run(*ASKED, "-o", tmp_path / "a.parquet", "--url", url, "--key", KEY)[0] == 0
    assert pq.read_table(tmp_path / "a.parquet").to_pylist()[0] == {**row, "value": 1.0}


@pytest.mark.parametrize(
    ("changed", "status", "message"),
    [
        (["--bucket", "2h"], 2, "bucket: expected one of 5m"),
        (["--site", "99"], 1, "site 99"),
        (["--key", "psb_wrong"], 1, "not known"),
        (["-o", "answer.txt"], 2, "--format"),
        (["--data", "."], 2, "--url"),
        (["--url", "http://127.0.0.1:1"], 1, "127.0.0.1:1"),
    ],
)
def test_what_goes_wrong_is_one_line_and_leaves_the_file_alone(  # noqa: PLR0917  # fixtures and columns
    run, url, tmp_path, changed, status, message
):
    output = tmp_path / "answer.csv"
    output.write_text("before")
    found, out, err = run(*ASKED, "-o", output, "--url", url, "--key", KEY, *changed)
    assert (found, out) == (status, "")
    assert message in err
    assert err.count("\n") == 1
    assert output.read_text() == "before"
    assert list(tmp_path.glob(".answer*")) == []
