import pytest
from graphql import GraphQLError, get_introspection_query

from passerby.api.graphql import limits
from passerby.api.graphql.limits import Budget, Size


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ("{ a }", Size(1, 1)),
        ("{ a b { c d { e } } }", Size(3, 5)),
        ("query A { a } query B { b { c } }", Size(2, 3)),
        ("{ ...F ...F } fragment F on Q { a { b } }", Size(2, 4)),
        ("{ ... on Q { a { b } } }", Size(2, 2)),
        ("{ x: a y: a z: a }", Size(1, 3)),
        ("{ ...Missing }", Size(0, 0)),
        ("{ ...F } fragment F on Q { a { ...F } }", Size(1, 1)),
    ],
)
def test_a_document_is_measured_with_its_fragments_spread_out(query, size):
    assert limits.check(query, "A" if "query A" in query else None) == size


def test_introspection_is_within_the_limits():
    assert limits.check(get_introspection_query(input_value_deprecation=True)).fields < limits.MAX_FIELDS


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ a " * 13 + "{ b }" + " }" * 13, "levels deep"),
        ("{ a " * 900 + "{ b }" + " }" * 900, "tokens|levels deep|too deeply"),
        ("{ " + "a " * 1_001 + "}", "too many fields"),
        ("{ " + "a " * 5_000 + "}", "tokens"),
        ("{ a(b: " + "[" * 1_500 + "]" * 400 + ") }", "tokens|too deeply"),
        ("", "Syntax Error"),
        ("{ a", "Syntax Error"),
        ("\x00", "Syntax Error"),
    ],
)
def test_what_is_too_large_or_no_document_is_refused(query, message):
    with pytest.raises(GraphQLError, match=message):
        limits.check(query)


@pytest.mark.parametrize("name", ["", "B"])
def test_an_operation_that_is_not_there_is_refused(name):
    for query in ("{ a }", "query A { a }"):
        with pytest.raises(GraphQLError, match="no operation named"):
            limits.check(query, name)


def test_fragments_that_spread_fragments_are_counted_not_followed_one_by_one():
    """2 ** 60 fields, if somebody wrote them out."""
    fragments = " ".join(f"fragment F{i} on Q {{ ...F{i + 1} ...F{i + 1} }}" for i in range(60))
    with pytest.raises(GraphQLError, match="too many fields"):
        limits.check("{ ...F0 } " + fragments + " fragment F60 on Q { a }")


def test_a_budget_pays_objects_times_fields_questions_and_looking():
    budget = Budget(fields=10)
    budget.objects(1_000)
    budget.question(points=100)
    budget.look_through(7)
    assert budget.left == limits.MAX_COST - 10_000 - limits.QUESTION_COST - 1_000 - 7
    with pytest.raises(GraphQLError, match="the answer would be too large"):
        budget.objects(limits.MAX_COST)
