import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.dialects.analytiks import cursors
from passerby.errors import InvalidInputError

SECRET = bytes(range(32))
QUESTION = (7, "json", 1234, "2023-06-08T11:30:00", "2023-06-08T23:45:00", False, "hourly")


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_reads_back(last_id):
    assert cursors.read(SECRET, QUESTION, cursors.write(SECRET, QUESTION, last_id)) == last_id


@pytest.mark.parametrize("part", range(len(QUESTION)))
def test_a_cursor_of_another_question_is_refused(part):
    cursor = cursors.write(SECRET, QUESTION, 50)
    other = tuple("changed" if i == part else value for i, value in enumerate(QUESTION))
    with pytest.raises(InvalidInputError, match=r"^cursor: not a cursor of this request"):
        cursors.read(SECRET, other, cursor)


def test_a_cursor_of_another_server_is_refused():
    with pytest.raises(InvalidInputError):
        cursors.read(bytes(32), QUESTION, cursors.write(SECRET, QUESTION, 50))


def test_a_cursor_with_any_bit_changed_is_refused():
    raw = base64.urlsafe_b64decode(cursors.write(SECRET, QUESTION, 50))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidInputError):
            cursors.read(SECRET, QUESTION, base64.urlsafe_b64encode(changed).decode())


@given(st.text())
def test_no_text_is_more_than_refused(text):
    with pytest.raises(InvalidInputError):
        cursors.read(SECRET, QUESTION, text)


def test_a_cursor_survives_a_query_string():
    assert cursors.write(SECRET, QUESTION, 2**63 - 1).replace("-", "").replace("_", "").isalnum()
