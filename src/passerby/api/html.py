"""HTML pages that need nothing from elsewhere and may do nothing but be read."""

from __future__ import annotations

import base64
import hashlib
from html import escape

from litestar import MediaType, Response

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2530; --soft: #5b6775; --line: #d7dde4; --back: #fff;
  --mark: #0a66c2; --code: #f4f6f8 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaef; --soft: #9aa7b4; --line: #333d48; --back: #12171d; --mark: #6db3f8; --code: #1b222a }
}
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; background: var(--back); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif }
a { color: var(--mark) }
h1 { font-size: 1.9rem; margin: 0 0 .5rem } h2 { margin: 2.5rem 0 .5rem; font-size: 1.35rem }
h3 { margin: 1rem 0 .25rem; font-size: 1rem }
code, pre { font: .875rem/1.5 ui-monospace, monospace; background: var(--code); border-radius: 4px }
code { padding: .1rem .3rem; overflow-wrap: anywhere } pre code { overflow-wrap: normal }
td, th, summary, li, h2, h3 { overflow-wrap: anywhere }
pre { padding: .75rem 1rem; overflow-x: auto } pre code { padding: 0 }
table { border-collapse: collapse; width: 100%; font-size: .925rem } th, td { text-align: left; vertical-align: top;
  padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line) } th { color: var(--soft); font-weight: 600 }
details { border: 1px solid var(--line); border-radius: 8px; margin: .6rem 0; padding: 0 1rem }
details > summary { cursor: pointer; padding: .7rem 0 }
details[open] > summary { border-bottom: 1px solid var(--line); margin-bottom: .75rem }
.method { display: inline-block; min-width: 3.6rem; font-weight: 700; color: var(--mark) }
.soft, footer { color: var(--soft) } footer { margin-top: 3rem; font-size: .875rem }
nav ul { list-style: none; padding: 0; columns: 2 }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def page(title: str, body: str) -> Response[str]:
    """A whole page as an answer. `body` is HTML: whoever builds it escapes what it puts in."""
    return Response(document(title, body), media_type=MediaType.HTML, headers=HEADERS)


def document(title: str, body: str) -> str:
    """A whole page as text; it has to be sent with `HEADERS`."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )
