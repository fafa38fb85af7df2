"""Pictures: what is kept of them, and what is no picture."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.catalogues import contract_document
from tests.support.pictures import SIGNATURE, chunk, jpeg, png, segment

from passerby.catalogue.pictures import MAX_BYTES, Pictures, checked
from passerby.catalogue.repository import Repository
from passerby.errors import InvalidInputError, NotFoundError

EXIF = segment(0xE1, b"Exif\0\0latitude")
COMMENT = segment(0xFE, b"<script>")


def refusal(data):
    with pytest.raises(InvalidInputError) as refused:
        checked(data)
    return refused.value.message


def test_a_picture_is_kept_as_it_is():
    for data, type_, size in [(png(5, 3), "image/png", (5, 3)), (jpeg(), "image/jpeg", (16, 8))]:
        picture = checked(data)
        assert (picture.type, (picture.width, picture.height), picture.data) == (type_, size, data)


def test_only_what_makes_the_picture_is_kept():
    more = [chunk(b"tEXt", b"Comment\0<script>"), chunk(b"eXIf", b"latitude"), chunk(b"acTL", b"\0" * 8)]
    assert checked(png(5, 3, more=more) + b"<html>").data == png(5, 3)
    assert checked(jpeg(EXIF + COMMENT, b"<html>")).data == jpeg()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "choose a PNG"),
        (b"GIF89a", "begins like neither"),
        (b"<svg onload=alert(1)>", "begins like neither"),
        (b"%PDF" + png(), "begins like neither"),
        (SIGNATURE, "ends too early"),
        (png()[:-12], "ends too early"),
        (png()[:60], "ends too early"),
        (SIGNATURE + chunk(b"IEND"), "does not begin with its size"),
        (SIGNATURE + chunk(b"IHDR", b"\0" * 12), "ends too early"),
        (png().replace(b"IDAT", b"IDAU"), "a checksum does not fit"),
        (png(more=[chunk(b"ABCD")]), "parts that browsers do not know"),
        (SIGNATURE + chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\7\7\0\0\0") + chunk(b"IDAT") + chunk(b"IEND"), "makes no sense"),
        (png(0, 3), "has no pixels"),
        (png(10_001, 1), "too many"),
        (jpeg()[:-1], "ends too early"),
        (jpeg()[:30], "ends too early"),
        (jpeg(frame=0xC3), "do not draw"),
        (jpeg(EXIF + b"rubbish"), "does not begin where it should"),
        (b"\xff\xd8\xff\xd9", "ends too early"),
        (b"\xff\xd8\xff", "ends too early"),
        (png() + b"\0" * MAX_BYTES, "larger than 8 MB"),
    ],
)
def test_what_is_no_picture_is_refused_and_why_is_said(data, says):
    assert says in refusal(data)


@given(st.sampled_from([png(4, 2), jpeg(EXIF)]), st.integers(0, 400), st.binary(max_size=6))
def test_whatever_is_damaged_is_refused_or_a_picture_again(whole, at, damage):
    data = whole[:at] + damage + whole[at + len(damage) :]
    try:
        picture = checked(data)
    except InvalidInputError:
        return
    assert checked(picture.data) == picture


def test_a_sensor_has_one_picture_and_takes_it_with_it(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        pictures = Pictures(repository.engine)
        assert (pictures.frame(3024), pictures.picture(3024)) == (None, None)
        for each in (checked(png(5, 3)), checked(jpeg())):
            pictures.put(3024, each)
            assert pictures.picture(3024) == each
        frame = pictures.frame(3024)
        assert (frame.width, frame.height, frame.digest) == (16, 8, each.digest)
        with pytest.raises(NotFoundError):
            pictures.put(1, each)
        repository.apply({"account": {"id": 632, "name": "Acme"}, "settings": {}}, prune=True)
        assert pictures.picture(3024) is None


def test_a_picture_is_taken_away(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        pictures = Pictures(repository.engine)
        pictures.put(3024, checked(png(5, 3)))
        pictures.remove(3024)
        assert pictures.frame(3024) is None
