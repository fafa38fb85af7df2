import subprocess
import sys

import pytest
import typer

from passerby import __version__, cli
from passerby.errors import InvalidInputError, UnavailableError


def test_version(capsys):
    assert cli.run(["--version"]) == 0
    assert capsys.readouterr().out == f"passerby {__version__}\n"


def test_without_arguments_shows_help_and_is_wrong_usage(capsys):
    assert cli.run([]) == cli.USAGE
    assert "Usage: passerby" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["no-such-command"], ["--no-such-option"]])
def test_wrong_usage_is_one_line_and_status_2(capsys, arguments):
    assert cli.run(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("passerby: No such")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (cli.UsageError("--end must be after --start"), 2, "passerby: --end must be after --start\n"),
        (InvalidInputError("no such zone", "brands[0]"), 1, "passerby: brands[0]: no such zone\n"),
        (UnavailableError("two\nlines"), 1, "passerby: two lines\n"),
        (FileNotFoundError(2, "No such file or directory", "a.csv"), 1, "passerby: a.csv: No such file or directory\n"),
        (KeyboardInterrupt(), 130, ""),
        (typer.Exit(3), 3, ""),
    ],
)
def test_errors_are_one_line(monkeypatch, capsys, error, status, line):
    app = typer.Typer()

    @app.callback()
    def root(): ...

    @app.command()
    def break_it():
        raise error

    monkeypatch.setattr(cli, "build", lambda: app)
    assert cli.run(["break-it"]) == status
    assert capsys.readouterr().err == line


def test_module_entry_point():
    code = "import sys; from passerby.cli import main; sys.argv = ['passerby', '--version']; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, f"passerby {__version__}\n")
