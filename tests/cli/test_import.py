"""The command, end to end: files on one side, a server or a data directory on the other."""

import pytest
from tests.support.importing import write
from tests.support.networks import KEY, network

from passerby import cli
from passerby.catalogue.repository import Repository

# Through the door (0, 0) - (1, 1) of sensor 3024, from right to left, and one who walks by.
TRACKS = "frame,track_id,x,y,class\n0,1,1,0,person\n25,1,0,1,person\n0,2,2,0,person\n50,2,3,0,person\n"
TIME = ["--start", "2026-03-02T10:00:00Z", "--fps", "25"]


@pytest.fixture
def run(capsys, monkeypatch):
    monkeypatch.delenv("PASSERBY_KEY", raising=False)

    def command(*arguments):
        capsys.readouterr()  # what fixtures have shown
        status = cli.run(["import", *map(str, arguments)])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return command


def test_into_a_server_and_again(run, url, services, tmp_path):
    path = write(tmp_path, "tracks.csv", TRACKS)
    arguments = [path, "--format", "tracks-csv", "--sensor", "door-1", *TIME, "--url", url, "--key", KEY]
    assert run(*arguments) == (0, "4 rows read; accepted 3, duplicates 0, rejected 0\n", "")
    assert run(*arguments) == (0, "4 rows read; accepted 0, duplicates 3, rejected 0\n", "")
    counts = services.store.counts()
    assert (counts["crossing"], counts["visit"], counts["passage"]) == (1, 1, 1)


def test_into_a_data_directory_and_then_into_a_server_on_it(run, server, tmp_path):
    catalogue = Repository(tmp_path)
    catalogue.apply(network())
    catalogue.close()
    path = write(tmp_path, "tracks.csv", TRACKS)
    arguments = [path, "--format", "tracks-csv", "--sensor", "3024", *TIME]
    assert run(*arguments, "--data", tmp_path)[1] == "4 rows read; accepted 3, duplicates 0, rejected 0\n"
    started = server(data=tmp_path)
    assert (
        run(*arguments, "--url", started.url, "--key", KEY)[1] == "4 rows read; accepted 0, duplicates 3, rejected 0\n"
    )
    status, out, err = run(*arguments, "--data", tmp_path)
    assert (status, out) == (1, "")
    assert "in use by another process" in err
    assert "give its --url" in err


def test_the_key_may_come_from_the_environment(run, url, tmp_path, monkeypatch):
    monkeypatch.setenv("PASSERBY_KEY", KEY)
    row = '{"kind": "uptime", "sensor": 3024, "start": "2026-03-02T10:00:00Z", "duration_ms": 1000}'
    path = write(tmp_path, "a.ndjson", f"{row}\n{row}\n")
    assert run(path, "--format", "native", "--url", url)[1] == "2 rows read; accepted 1, duplicates 1, rejected 0\n"


def test_rows_that_are_wrong_are_named_and_the_status_says_so(run, url, tmp_path):
    path = write(
        tmp_path,
        "c.csv",
        "start,in,out\n2026-03-02T10:00:00Z,1,2\n2026-03-02T11:00:00Z,one,2\n2026-03-02T12:00:00Z,1,2\n",
    )
    arguments = [path, "--format", "counts-csv", "--sensor", 3024, "--every", "1h", "--url", url, "--key", KEY]
    assert run(*arguments, "--line", "1") == (
        1,
        "3 rows read; accepted 2, duplicates 0, rejected 1\n",
        "rejected c.csv, line 3: in: expected a number, found 'one'\n",
    )
    status, out, err = run(*arguments, "--line", "7")
    assert (status, out) == (1, "3 rows read; accepted 0, duplicates 0, rejected 3\n")
    assert "rejected c.csv, line 2: line: " in err
    assert "rejected c.csv, line 4: line: " in err


def test_what_is_left_out_is_told_but_is_no_failure(run, url, tmp_path):
    path = write(tmp_path, "t.csv", TRACKS + "0,3,5,5,chair\n0,4,5,5,chair\n")
    arguments = [path, "--format", "tracks-csv", "--sensor", 3024, *TIME, "--url", url, "--key", KEY]
    assert run(*arguments) == (0, "6 rows read; accepted 3, duplicates 0, rejected 0\n", "left out 2: class chair\n")


def test_many_rejections_are_shown_in_part(run, url, tmp_path):
    path = write(tmp_path, "c.csv", "start,in,out\n" + "never,1,2\n" * 50)
    status, _, err = run(
        path, "--format", "counts-csv", "--sensor", 3024, "--line", 1, "--every", "1h", "--url", url, "--key", KEY
    )
    assert status == 1
    assert err.splitlines()[-1] == "rejected 30 more"
    assert len(err.splitlines()) == 21


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "movie", "--data", "."], "--format: unknown format 'movie'; known: native"),
        (["--format", "tracks-csv", "--data", "."], "tracks-csv needs --sensor, --start, --fps"),
        (["--format", "native"], "give --url of a running server, or --data"),
        (["--format", "native", "--url", "http://x", "--data", "."], "give --url of a running server, or --data"),
        (["--format", "native", "--url", "http://x"], "give a native key of the server with --key or in PASSERBY_KEY"),
        (["--format", "native", "--url", "x:1", "--key", "k"], "--url: expected a URL such as"),
        (["--format", "native", "--data", ".", "--hysteresis", "some"], "expected a share of the line's length"),
        (["--format", "native", "--data", ".", "--timezone", "Mars"], "unknown time zone 'Mars'"),
    ],
)
def test_wrong_usage(run, tmp_path, arguments, message):
    status, out, err = run(write(tmp_path, "a.ndjson", ""), *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_file_that_is_not_there(run):
    status, _, err = run("nothing.csv", "--format", "native", "--data", ".")
    assert status == 2
    assert "nothing.csv" in err


def test_a_header_that_is_wrong_is_a_failure(run, url, tmp_path):
    path = write(tmp_path, "t.csv", "a,b\n1,2\n")
    status, out, err = run(path, "--format", "tracks-csv", "--sensor", 3024, *TIME, "--url", url, "--key", KEY)
    assert (status, out) == (1, "")
    assert err == 'passerby: t.csv, line 1: the header has no column "frame"; it has: a, b\n'


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("wrong", "the server refused the key"),
        ("psb_sender", "the server refused the key: the key lacks the scope read"),
        ("psb_site_2", "there is no sensor 3024, or the key may not see it"),
    ],
)
def test_what_the_server_refuses(run, url, tmp_path, key, message):
    path = write(tmp_path, "t.csv", TRACKS)
    status, out, err = run(path, "--format", "tracks-csv", "--sensor", 3024, *TIME, "--url", url, "--key", key)
    assert (status, out) == (1, "")
    assert message in err


def test_list_formats(run):
    status, out, _ = run("--list-formats")
    assert status == 0
    names = [line.split()[0] for line in out.splitlines()]
    assert names[:5] == ["native", "tracks-csv", "mot", "supervision-csv", "counts-csv"]
