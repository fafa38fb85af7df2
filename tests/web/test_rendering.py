"""Pages that are sent in parts: the head at once, the rest when it is there, what went wrong at its place."""

import zlib

import pytest
import zstandard

from passerby.errors import UnavailableError
from passerby.web import rendering
from passerby.web.assets import packed_parts

TEMPLATE = "head <{{ text }}>{{ part }}{% set made = later() %}rest {{ made }}"


@pytest.fixture
def parts():
    def make(later, text="a & b"):
        template = rendering.environment.from_string(TEMPLATE)
        return rendering._parts(
            template.generate(text=text, part=rendering.Markup(rendering._PART), later=later), "/app/x"
        )

    return make


def test_the_head_comes_before_the_rest_is_asked_for(parts):
    asked = []

    def later():
        asked.append(True)
        return "<7>"

    coming = parts(later)
    assert (next(coming), asked) == (b"head <a &amp; b>", [])
    assert (next(coming), asked) == (b"rest &lt;7&gt;", [True])
    assert list(coming) == []


def test_what_goes_wrong_is_said_at_its_place(parts):
    def later():
        raise UnavailableError("the store is being opened again")

    head, rest = parts(later)
    assert head.startswith(b"head")
    assert b"the store is being opened again" in rest
    assert rest.rstrip().endswith(b"</html>")


def test_of_an_error_inside_nothing_is_given_away(parts):
    def later():
        raise RuntimeError("secret words")

    assert b"secret" not in b"".join(parts(later))


@pytest.mark.parametrize(
    ("used", "unpack"),
    [
        ("identity", lambda: lambda data: data),
        ("gzip", lambda: zlib.decompressobj(31).decompress),
        ("zstd", lambda: zstandard.ZstdDecompressor().decompressobj().decompress),
    ],
)
def test_each_part_can_be_read_when_it_comes(used, unpack):
    read = unpack()
    given = [b"first" * 100, b"second" * 100, b""]
    got = [read(part) for part in packed_parts(iter(given), used)]
    assert got[:3] == given
    assert b"".join(got) == b"".join(given)
