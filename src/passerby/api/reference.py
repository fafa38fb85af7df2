"""`/docs`: the OpenAPI document as a page that needs no script and nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from litestar import Response, Router
from litestar.openapi.plugins import OpenAPIRenderPlugin
from markupsafe import Markup, escape

from passerby.api import html

Schema = dict[str, Any]


def router() -> Router:
    """The router that Litestar puts the pages on."""
    return Router(path="/docs", route_handlers=[], include_in_schema=False, after_request=_headers)


def _headers(response: Response[Any]) -> Response[Any]:
    response.headers.update(html.HEADERS)
    return response


class Page(OpenAPIRenderPlugin):
    """The page. `complete` adds to the document what Litestar does not know."""

    def __init__(self, complete: Callable[[Schema], Schema]) -> None:
        super().__init__(path="/")
        self._complete = complete
        self._page: bytes | None = None

    def render(self, _request: Any, openapi_schema: Schema) -> bytes:  # noqa: ANN401  # Litestar's request
        """The page as HTML."""
        if self._page is None:
            self._page = html.document("HTTP API of Passerby", _body(self._complete(openapi_schema))).encode()
        return self._page


def _body(document: Schema) -> Markup:
    by_tag: dict[str, list[tuple[str, str, Schema]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault((operation.get("tags") or ["Other"])[0], []).append((path, method, operation))
    info = document["info"]
    tags = sorted(by_tag.items())
    sections = Markup("").join(
        Markup('<h2 id="{}">{}</h2>{}').format(
            tag, tag, Markup("").join(_operation(*one) for one in sorted(found, key=_order))
        )
        for tag, found in tags
    )
    schemas = Markup("").join(_named(*one) for one in sorted(document["components"]["schemas"].items()))
    return _PAGE.format(
        description=_text(info.get("description", "")),
        version=info["version"],
        links=Markup("").join(Markup('<li><a href="#{}">{}</a></li>').format(tag, tag) for tag, _ in tags),
        sections=sections,
        schemas=schemas,
    )


_PAGE = Markup("""<p><a href="/">Passerby</a></p><h1>HTTP API</h1>{description}
<p class="soft">Version {version} · <a href="/docs/openapi.json">OpenAPI 3.1 document</a></p>
<nav><ul>{links}<li><a href="#schemas">Schemas</a></li></ul></nav>{sections}
<h2 id="schemas">Schemas</h2>{schemas}""")


def _operations(found: list[tuple[str, str, Schema]]) -> Markup:
    return Markup("").join(_operation(*one) for one in sorted(found, key=_order))


def _order(one: tuple[str, str, Schema]) -> tuple[str, str]:
    return one[0], one[1]


def _text(markdown: str) -> Markup:
    """Paragraphs and `code` of a description."""
    paragraphs = (str(escape(part.strip())) for part in markdown.split("\n\n") if part.strip())
    html_text = "".join(f"<p>{_CODE.sub(_AS_CODE, part)}</p>" for part in paragraphs)
    return Markup(html_text)  # noqa: S704  # every part was escaped above


def _operation(path: str, method: str, operation: Schema) -> Markup:
    parts = [_text(operation.get("description", ""))]
    if parameters := operation.get("parameters"):
        rows = [(p["name"], p["in"], _type(p.get("schema", {})), p.get("description", "")) for p in parameters]
        parts.append(_table("Parameters", ("Name", "In", "Type", "Meaning"), rows))
    if body := operation.get("requestBody"):
        media = [(name, _type(content["schema"])) for name, content in body["content"].items()]
        parts.append(_table("Body", ("Media type", "Schema"), media))
    answers = [
        (
            status,
            answer.get("description", ""),
            *(_type(c.get("schema", {})) for c in answer.get("content", {}).values()),
        )
        for status, answer in sorted(operation["responses"].items())
    ]
    parts.append(_table("Answers", ("Status", "Meaning", "Schema"), answers))
    title = Markup('<span class="method">{}</span><code>{}</code> {}').format(
        method.upper(), path, operation.get("summary") or ""
    )
    return Markup("<details><summary>{}</summary>{}</details>").format(title, Markup("").join(parts))


def _contents(answer: Schema) -> list[Schema]:
    return list(answer.get("content", {}).values())


def _named(name: str, schema: Schema) -> Markup:
    inner = _text(schema.get("description", ""))
    if properties := schema.get("properties"):
        required = schema.get("required", ())
        rows = [
            (field, _type(one), "yes" if field in required else "", _described(one))
            for field, one in properties.items()
        ]
        inner += _table("Fields", ("Field", "Type", "Required", "Meaning"), rows)
    else:
        inner += _type(schema)
    title = Markup("<summary><code>{}</code></summary>").format(name)
    return Markup('<details id="schema-{}">{}{}</details>').format(name, title, inner)


def _described(schema: Schema) -> str:
    return schema.get("description") or next((d for one in schema.get("anyOf", ()) if (d := _described(one))), "")


def _table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Cells are text, unless they are Markup."""
    names = Markup("").join(Markup("<th>{}</th>").format(name) for name in head)
    lines = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(cell) for cell in cells))
        for cells in rows
    )
    template = Markup("<h3>{}</h3><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>")
    return template.format(title, names, lines)


def _type(schema: Schema) -> Markup:
    """A schema in a few words."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return Markup('<a href="#schema-{}">{}</a>').format(name, name)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return Markup(" or ").join(_type(one) for one in schema[several])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return Markup(", ").join(Markup("<code>{}</code>").format(json.dumps(value)) for value in values)
    kind = schema.get("type", "any")
    if kind == "array":
        return Markup("list of {}").format(_type(schema.get("items", {})))
    if kind == "object" and "properties" in schema:
        return Markup(", ").join(
            Markup("{}: {}").format(name, _type(one)) for name, one in schema["properties"].items()
        )
    bounds = [f"{sign} {schema[key]:g}" for key, sign in _BOUNDS.items() if key in schema]
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    return escape(" ".join([schema.get("format", words), *bounds]))


_CODE = re.compile(r"`([^`]+)`")
_AS_CODE = r"<code>\1</code>"
_BOUNDS = {"minimum": ">=", "exclusiveMinimum": ">", "maximum": "<=", "exclusiveMaximum": "<"}
