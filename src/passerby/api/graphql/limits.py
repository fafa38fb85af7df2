"""What one GraphQL request may cost.

Before anything runs, the document is measured: its size in tokens, its depth, and the fields that it asks for with
all fragments spread out. While it runs, a budget is spent: each object costs as much as the document has fields, each
question to the metrics a fixed price and its points. So neither a deep document, nor one with many aliases, nor one
over many locations keeps the server from others for longer than a second or two.
"""

from __future__ import annotations

from dataclasses import dataclass

from graphql import DocumentNode, FragmentDefinitionNode, GraphQLError, OperationDefinitionNode, parse
from graphql.language import FieldNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

MAX_TOKENS = 2_000
MAX_DEPTH = 12
MAX_FIELDS = 1_000
MAX_COST = 200_000
QUESTION_COST = 2_000


@dataclass(frozen=True, slots=True)
class Size:
    """How deep the fields of a document nest, and how many it has, each fragment counted where it is spread."""

    depth: int
    fields: int


@dataclass(slots=True)
class Budget:
    """What is left of `MAX_COST` for one request whose document has `fields` fields."""

    fields: int
    left: int = MAX_COST

    def objects(self, count: int) -> None:
        """Pay for `count` objects of the answer; raises GraphQLError when they cost too much."""
        self._spend(count * max(1, self.fields))

    def look_through(self, count: int) -> None:
        """Pay for looking at `count` objects to find those that are meant."""
        self._spend(count)

    def question(self, points: int) -> None:
        """Pay for a question to the metrics that answers up to `points` points."""
        self._spend(QUESTION_COST + points * max(1, self.fields))

    def _spend(self, cost: int) -> None:
        self.left -= cost
        if self.left < 0:
            raise GraphQLError(
                "the answer would be too large: ask for fewer locations (limit), a shorter time or fewer fields",
                extensions={"code": "too-expensive"},
            )


def check(query: str, operation_name: str | None = None) -> Size:
    """The size of a document; raises GraphQLError when it is no document, exceeds a limit, or names no operation."""
    try:
        document = parse(query, max_tokens=MAX_TOKENS)
        size = _Measure(document).document()
    except RecursionError:
        raise GraphQLError("the query nests too deeply") from None
    if size.depth > MAX_DEPTH:
        raise GraphQLError(f"the query is {size.depth} levels deep; at most {MAX_DEPTH} are allowed")
    if size.fields > MAX_FIELDS:
        raise GraphQLError(f"the query has too many fields; at most {MAX_FIELDS} are allowed")
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if operation_name is None and len(operations) > 1:  # strawberry would take the first
        raise GraphQLError("the query has several operations: say which one with operationName")
    if operation_name is not None and operation_name not in {each.name.value for each in operations if each.name}:
        raise GraphQLError(f"the query has no operation named {operation_name!r}")  # strawberry would fail on it
    return size


class _Measure:
    """Measures each fragment once, so that fragments that spread fragments cost no more than they are long."""

    def __init__(self, document: DocumentNode) -> None:
        self._document = document
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Size] = {}
        self._open: set[str] = set()

    def document(self) -> Size:
        operations = [node for node in self._document.definitions if isinstance(node, OperationDefinitionNode)]
        sizes = [self._selections(operation.selection_set) for operation in operations]
        return Size(max((size.depth for size in sizes), default=0), sum(size.fields for size in sizes))

    def _selections(self, selections: SelectionSetNode | None) -> Size:
        if selections is None:
            return Size(0, 0)
        depth = fields = 0
        for node in selections.selections:
            match node:
                case FieldNode():
                    inside = self._selections(node.selection_set)
                    # Introspection nests by nature; graphql-core has its own limit for it.
                    nested = 0 if node.name.value.startswith("__") else inside.depth
                    size = Size(nested + 1, inside.fields + 1)
                case InlineFragmentNode():
                    size = self._selections(node.selection_set)
                case FragmentSpreadNode():
                    size = self._fragment(node.name.value)
                case _:
                    continue
            depth, fields = max(depth, size.depth), fields + size.fields
        return Size(depth, fields)

    def _fragment(self, name: str) -> Size:
        if name in self._known:
            return self._known[name]
        if name in self._open or name not in self._fragments:
            return Size(0, 0)  # validation says what is wrong with it
        self._open.add(name)
        size = self._known[name] = self._selections(self._fragments[name].selection_set)
        self._open.discard(name)
        return size
