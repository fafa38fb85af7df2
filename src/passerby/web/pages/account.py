"""One's own account: who one is here, another password, signing out on every device."""

from __future__ import annotations

import asyncio

import structlog
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.response import Redirect

from passerby.errors import InvalidInputError
from passerby.people import Person
from passerby.people.signing_in import LONGEST_DAYS
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.pages.sign_in import client_address, minutes
from passerby.web.rendering import Page, page, redirect
from passerby.web.security import cookie
from passerby.web.viewer import SESSION, Viewer, WebRequest

_log = structlog.get_logger("passerby.people")


@get("/account", sync_to_thread=True)
def account(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """Who I am here."""
    return _shown(request, viewer, Form())


@post("/account/password")
async def change_password(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> Response[bytes] | Redirect:
    """Another password, in place of the one of now."""
    form = await Form.of(request)
    return await asyncio.to_thread(_change_password, request, services, viewer, form)


def _change_password(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> Response[bytes] | Redirect:
    person = _person(viewer)
    sessions, address = services.sessions_of_people, client_address(request)
    if wait_s := sessions.attempts.wait_s(person.email, address):
        form.errors[""] = f"Too many wrong passwords. Try again in {minutes(wait_s)}."
        return _shown(request, viewer, form, 429)
    if form.value("password") != form.value("again"):
        form.errors["again"] = "not the same as above"
        return _shown(request, viewer, form, 422)
    try:
        token = sessions.change_password(person, form.value("old"), form.value("password"))
    except InvalidInputError as error:
        form.refuse(error)
        if "old" in form.errors:
            sessions.attempts.failed(person.email, address)
        return _shown(request, viewer, form, 422)
    _log.info("a password was changed", person=person.id)
    answer = redirect(request, "/app/account", "Your password is changed. You are signed out on every other device.")
    answer.set_cookie(cookie(request, SESSION, token, max_age_s=LONGEST_DAYS * 86_400))
    return answer


def _person(viewer: Viewer) -> Person:
    if viewer.person is None:
        raise TypeError("a route for people was reached by a share link")
    return viewer.person


def _shown(request: WebRequest, viewer: Viewer, form: Form, status: int = 200) -> Page:
    person = _person(viewer)
    return page(
        request,
        "account.html",
        title="Your account",
        status=status,
        form=form,
        person=person,
        sees=sees(viewer, person),
    )


def sees(viewer: Viewer, person: Person) -> str:
    """What somebody is narrowed to, in words; names of what exists, numbers of what no longer does."""
    parts = []
    for ids, known in ((person.brand_ids, viewer.catalogue.brands), (person.site_ids, viewer.catalogue.sites)):
        if ids is not None:
            parts.append(", ".join(known[each].name if each in known else f"{each} (gone)" for each in sorted(ids)))
    return ": ".join(parts) or "everything"


ROUTES = [account, change_password]
