import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.ingest import identity
from passerby.observations import KINDS

int64 = st.integers(-(2**63), 2**63 - 1)


@given(value=int64)
def test_a_printed_identity_is_that_identity(value):
    text = identity.printed(value)
    assert identity.parse(text) == value
    assert len(text) == 17


@pytest.mark.parametrize(
    "text", ["~", "a", "~0123456789abcde", "~0123456789ABCDEF", "~0123456789abcdefg", "0123456789abcdef0"]
)
def test_other_texts_are_ids(text):
    assert identity.parse(text) is None


@given(content=st.tuples(int64, int64, st.one_of(st.none(), st.text(), st.floats(allow_nan=False))))
def test_identities_fit_64_bits_and_depend_on_the_kind(content):
    found = {identity.derived(kind, content) for kind in KINDS}
    assert len(found) == len(KINDS)
    assert all(-(2**63) <= value < 2**63 for value in found)


def test_derived_identities_never_change():
    """They are stored with every observation: another number here means that rows sent again count twice."""
    assert identity.derived("visit", (3024, 1774771200000, 1774771261000, None, None)) == -5742315319498686167
    assert identity.explicit("visit", 3024, 1774771200000, "a") == -4003837786622593915
