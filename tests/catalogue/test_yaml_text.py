import pytest
from hypothesis import given
from hypothesis import strategies as st

from passerby.catalogue import yaml_text
from passerby.catalogue.yaml_text import from_yaml, to_yaml
from passerby.errors import InvalidInputError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22:00", "22:00"),
        ("08:00", "08:00"),
        ("no", "no"),
        ("on", "on"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0658", 658),
        ("0x1F", 31),
        ("0o17", 15),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("'5'", "5"),
        ('"\\u00e9"', "é"),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ('{"json": [1, 2.5, null, true, "x"]}', {"json": [1, 2.5, None, True, "x"]}),
        ("a:\n- b: 1\n  c: [1, {d: 2}]\n-\n", {"a": [{"b": 1, "c": [1, {"d": 2}]}, None]}),
        (b"\xef\xbb\xbfname: Z\xc3\xbcrich", {"name": "Zürich"}),
        ("--- 5\n...\n", 5),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    assert from_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key 'a' is given twice"),
        ("a: {b: 1, b: 2}", "line 1: the key 'b' is given twice"),
        ("a: &x [1]\nb: *x", "line 1: the anchor &x: anchors are not allowed"),
        ("b: *x", "line 1: the alias *x: aliases are not allowed; write the value out"),
        (
            "a: !!python/name:os.system x",
            "line 1: the tag tag:yaml.org,2002:python/name:os.system: tags are not allowed",
        ),
        ("a: !!int '5'", "line 1: the tag tag:yaml.org,2002:int: tags are not allowed"),
        ("a: 1\n---\nb: 2", "line 2: a second document begins here; one file is one catalogue"),
        ("? [1]\n: 2", "line 1: a mapping or a list cannot be a key"),
        ("a: 1\n b: 2", "line 2: mapping values are not allowed in this context"),
        ("a: [1, 2", "line 2: did not find expected ',' or ']'"),
        ("\ta: 1", "line 1: found character that cannot start any token"),
        ("[" * 33 + "]" * 33, "line 1: nested deeper than 32 levels"),
        ("[" * 1_000_000, "line 1: nested deeper than 32 levels"),
        (b"a: \xff", "not readable as text at position 3: invalid leading UTF-8 octet"),
        ("a: \x00", "not readable as text at position 3: control characters are not allowed"),
    ],
)
def test_what_is_refused_is_named_with_its_line(text, problem):
    with pytest.raises(InvalidInputError) as refused:
        from_yaml(text)
    assert refused.value.message == problem


def test_a_bomb_of_aliases_is_refused_before_it_unfolds():
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60))]
    with pytest.raises(InvalidInputError, match="anchor &a0"):
        from_yaml("\n".join(lines))


def test_a_huge_file_is_refused_unread(monkeypatch):
    monkeypatch.setattr(yaml_text, "MAX_BYTES", 1 << 20)
    with pytest.raises(InvalidInputError, match="larger than 1 MB"):
        from_yaml(b" " * (1 << 20) + b" ")


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
AMBIGUOUS = st.sampled_from(
    ["1e5", "0658", "22:00", "no", "null", "~", "", "0x1", ".inf", "-", "? a", "# c", "*a", "&a"]
)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | AMBIGUOUS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS | AMBIGUOUS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_what_is_written_reads_back_the_same(value):
    assert from_yaml(to_yaml(value)) == value
