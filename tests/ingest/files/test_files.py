import pytest

from passerby.errors import InvalidInputError
from passerby.ingest.files import FORMATS, format_named


def test_the_formats_of_the_contract():
    assert {"native", "tracks-csv", "mot", "supervision-csv", "counts-csv"} <= set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_found_by_its_name_and_says_what_it_is_on_one_line(name):
    assert format_named(name).name == name
    assert len(FORMATS[name].description.splitlines()) == 1


def test_an_unknown_format_lists_the_known():
    with pytest.raises(InvalidInputError, match="unknown format 'movie'; known: native, tracks-csv"):
        format_named("movie")
