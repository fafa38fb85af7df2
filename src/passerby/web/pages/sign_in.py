"""Signing in and out, and the links that set a password."""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import urlsplit

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from passerby.errors import InvalidInputError
from passerby.people import Person
from passerby.people.person import check_password, problems_of_person
from passerby.people.signing_in import LONGEST_DAYS
from passerby.services import Services, services_of
from passerby.web.forms import Form
from passerby.web.rendering import Page, forget, page, redirect
from passerby.web.security import cookie, cookie_value
from passerby.web.viewer import SESSION, Viewer, WebRequest, looking

HOME = "/app/"
_Next = Annotated[str, QueryParameter(name="next", max_length=2000)]


def inside(path: str) -> str:
    """`path` when it is one of the dashboard's, else where one begins: nobody is sent elsewhere after signing in."""
    parts = urlsplit(path)
    strange = parts.scheme or parts.netloc or "\\" in path or not parts.path.startswith("/app/")
    return HOME if strange or parts.path.startswith("/app/sign-") else path


def sign_in_page(request: WebRequest, next_path: str = HOME, form: Form | None = None, status: int = 200) -> Page:
    """The form, also for `GET /`."""
    services = services_of(request)
    return page(
        request,
        "sign_in.html",
        title="Sign in",
        status=status,
        form=form or Form(),
        next_path=inside(next_path),
        nobody=not services.people.any(),
    )


@get("/sign-in", opt={"public": True}, sync_to_thread=True)
def show(request: WebRequest, next_path: _Next = HOME) -> Page | Redirect:
    """The form, unless somebody is signed in already."""
    viewer = looking(request)
    if viewer is not None and viewer.person is not None:
        return Redirect(inside(next_path), status_code=303)
    return sign_in_page(request, next_path)


@post("/sign-in", opt={"public": True})
async def sign_in(request: WebRequest, services: NamedDependency[Services]) -> Response[bytes] | Redirect:
    """A session for the right password."""
    form = await Form.of(request)
    return await asyncio.to_thread(_sign_in, request, services, form)


def _sign_in(request: WebRequest, services: Services, form: Form) -> Response[bytes] | Redirect:
    next_path = form.value("next")
    email, password = form.text("email", most=320), form.value("password")
    if form.errors or not password:
        form.errors.setdefault("password", "please fill this in")
        return sign_in_page(request, next_path, form, 422)
    address = client_address(request)
    sessions = services.sessions_of_people
    if wait_s := sessions.attempts.wait_s(email, address):
        return _later(request, next_path, form, wait_s)
    person = sessions.check(email, password)
    if person is None:
        sessions.attempts.failed(email, address)
        if wait_s := sessions.attempts.wait_s(email, address):
            return _later(request, next_path, form, wait_s)
        form.errors[""] = "The e-mail address or the password is wrong."
        return sign_in_page(request, next_path, form, 422)
    return signed_in(request, services, person, inside(next_path))


def client_address(request: WebRequest) -> str:
    """Where a request comes from, for counting wrong tries."""
    return request.client.host if request.client else ""


def minutes(wait_s: int) -> str:
    """A wait in words."""
    number = max(1, round(wait_s / 60))
    return "a minute" if number == 1 else f"{number} minutes"


def _later(request: WebRequest, next_path: str, form: Form, wait_s: int) -> Page:
    form.errors[""] = (
        f"Too many wrong passwords. Try again in {minutes(wait_s)}, "
        "or ask an admin of your account for a link that sets a new password."
    )
    answer = sign_in_page(request, next_path, form, 429)
    answer.headers["Retry-After"] = str(wait_s)
    return answer


def signed_in(request: WebRequest, services: Services, person: Person, path: str, flash: str | None = None) -> Redirect:
    """On to `path` with a new session; the one of before, if any, is over."""
    before = cookie_value(request, SESSION)
    if before:
        services.sessions_of_people.end(before)
    token = services.sessions_of_people.begin(person.id)
    answer = redirect(request, path, flash)
    answer.set_cookie(cookie(request, SESSION, token, max_age_s=LONGEST_DAYS * 86_400))
    return answer


@post("/sign-out", sync_to_thread=True)
def sign_out(request: WebRequest, services: NamedDependency[Services]) -> Redirect:
    """End this session."""
    token = cookie_value(request, SESSION)
    if token:
        services.sessions_of_people.end(token)
    answer = redirect(request, "/app/sign-in", "You are signed out.")
    answer.set_cookie(forget(request, SESSION))
    return answer


@post("/sign-out-everywhere", sync_to_thread=True)
def sign_out_everywhere(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]
) -> Redirect:
    """End every session of this person."""
    if viewer.person is not None:
        services.sessions_of_people.end_all(viewer.person.id)
    answer = redirect(request, "/app/sign-in", "You are signed out on every device.")
    answer.set_cookie(forget(request, SESSION))
    return answer


# -- links that set a password


@get("/welcome/{token:str}", opt={"public": True}, sync_to_thread=True)
def welcome(request: WebRequest, services: NamedDependency[Services], token: FromPath[str]) -> Page:
    """The form to which a one-time link leads. Looking at it does not use the link up: mail programs look, too."""
    return _welcome(request, services, services.people.invited_by(token), Form())


@post("/welcome/{token:str}", opt={"public": True})
async def set_password(
    request: WebRequest, services: NamedDependency[Services], token: FromPath[str]
) -> Response[bytes] | Redirect:
    """Set the password, and sign in with it."""
    form = await Form.of(request)
    return await asyncio.to_thread(_set_password, request, services, token, form)


def _set_password(request: WebRequest, services: Services, token: str, form: Form) -> Response[bytes] | Redirect:
    whose = services.people.invited_by(token)
    password = form.value("password")
    if password != form.value("again"):
        form.errors["again"] = "not the same as above"
    try:
        if whose is None:
            person = _first(services, token, form, password)
        else:
            person = None if form.errors else services.people.set_password(token, password)
    except InvalidInputError as error:
        form.refuse(error)
        person = None
    if person is None:
        return _welcome(request, services, whose, form, 422)
    return signed_in(request, services, person, HOME, "Your password is set, and you are signed in.")


def _first(services: Services, token: str, form: Form, password: str) -> Person | None:
    """The first person of this server, and their account where there is none yet; None: the form has errors."""
    catalogue = services.catalogue.current()
    name, email = form.text("name", most=100), form.text("email", most=255)
    if catalogue.accounts:
        account_id = int(form.choice("account", [str(each) for each in catalogue.accounts]))
    else:
        account_id, account_name = 1, form.text("account_name", most=100)
    for problem in problems_of_person(name, email):
        form.errors.setdefault(problem.path, problem.message)
    check_password(password, name, email)
    if form.errors:
        return None
    if not catalogue.accounts:
        services.catalogue.apply({"account": {"id": account_id, "name": account_name}})
    return services.people.make_first(token, account_id=account_id, name=name, email=email, password=password)


def _welcome(request: WebRequest, services: Services, whose: Person | None, form: Form, status: int = 200) -> Page:
    accounts = list(services.catalogue.current().accounts.values())
    if len(accounts) == 1 and not form.value("account"):
        form = Form({"account": str(accounts[0].id)}) if not form.errors else form
    return page(
        request,
        "welcome.html",
        title="Welcome to Passerby" if whose is None else f"Welcome, {whose.name}",
        status=status,
        form=form,
        whose=whose,
        accounts=accounts,
    )


ROUTES = [show, sign_in, sign_out, sign_out_everywhere, welcome, set_password]
