"""Errors as pages: where the way to sign in is open, that way; else what is wrong and what to do."""

from __future__ import annotations

import http
from urllib.parse import urlencode

from litestar import MediaType, Response

from passerby.api.problems import ProblemDocument, problem_of, problem_response
from passerby.web.rendering import page, redirect
from passerby.web.viewer import WebRequest, looking

SIGN_IN = "/app/sign-in"
_TITLES = {
    403: "Not for you",
    404: "Nothing here",
    413: "Too large",
    429: "Too many tries",
    503: "Not at the moment",
}


def error_page(request: WebRequest, error: Exception) -> Response[bytes] | Response[object]:
    """A Litestar exception handler for every route of the dashboard. Scripts get a problem document."""
    if _is_script(request):
        return problem_response(request, error)
    problem = problem_of(error)
    if problem.status == 401 and looking(request) is None:
        if request.method in {"GET", "HEAD"}:
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return redirect(request, f"{SIGN_IN}?{urlencode({'next': wanted})}")
        return redirect(request, SIGN_IN)
    return _shown(request, problem)


def _shown(request: WebRequest, problem: ProblemDocument) -> Response[bytes]:
    title = _TITLES.get(problem.status) or http.HTTPStatus(problem.status).phrase
    if "passerby_viewer" not in request.scope["state"]:  # the guard that finds out who looks did not come to its end
        text = f"{title}: {problem.detail}\n"
        return Response(text.encode(), status_code=problem.status, media_type=MediaType.TEXT)
    return page(
        request,
        "error.html",
        title=title,
        status=403 if problem.status == 401 else problem.status,
        headers=problem.headers,
        detail=problem.detail,
        problems=problem.errors,
    )


def _is_script(request: WebRequest) -> bool:
    """Whether a script asks, not a person who follows a link or sends a form."""
    mode = request.headers.get("sec-fetch-mode")
    if mode is not None:
        return mode != "navigate"
    return "text/html" not in request.headers.get("accept", "*/*") and "*/*" not in request.headers.get("accept", "*/*")
