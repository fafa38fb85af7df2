"""The start page."""

from __future__ import annotations

from litestar import MediaType, Response, Router, get

from passerby import __version__
from passerby.api.html import page

_START = """
<h1>Passerby</h1>
<p>A server for footfall and audience analytics. Sensors send what they observed; programs ask for metrics.</p>
<ul>
<li><a href="/docs">HTTP API</a></li>
<li><a href="/healthz">Is it up?</a> <a href="/readyz">Is it ready?</a></li>
</ul>
"""


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def start() -> Response[str]:
    """What this server is."""
    return page("Passerby", f"{_START}<footer>Passerby {__version__}</footer>")


router = Router(path="/", route_handlers=[start])
