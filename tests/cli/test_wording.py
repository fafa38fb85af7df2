"""Wrong usage in plain words, from the real command line."""

import pytest

from passerby import cli


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("serve --port x", "--port: expected a whole number"),
        ("serve --port 99999999", "--port: expected at most 65535"),
        ("simulate --days x", "--days: expected a whole number"),
        ("simulate --start 2026-13-01", "--start: '2026-13-01' is no date, such as 2026-03-29"),
        ("credentials revoke x", "ID: expected a whole number"),
        ("import nonsense", "Invalid value for 'FILE...': file 'nonsense' does not exist."),
        ("serve --bogus", "No such option: --bogus (Possible options: --host)"),
    ],
)
def test_wrong_usage_is_said_in_one_plain_sentence(capsys, arguments, line):
    assert cli.run(arguments.split()) == cli.USAGE
    assert capsys.readouterr().err == f"passerby: {line}\n"
