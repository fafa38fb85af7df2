"""The people of an account, for its admins: who may sign in, as what, and to see what."""

from __future__ import annotations

import asyncio

import structlog
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from passerby.errors import InvalidInputError
from passerby.people import Person
from passerby.people.directory import LINK_DAYS
from passerby.people.person import ROLES, problems_of_limits
from passerby.services import Services
from passerby.web.forms import Form
from passerby.web.pages.account import sees
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, address_of, admin

_log = structlog.get_logger("passerby.people")
NAVIGATION = [NavigationItem("People", "/app/people", "Account", "people", "admin")]
MEANINGS = (
    ("viewer", "Viewer", "looks at numbers and shares pages"),
    ("editor", "Editor", "also changes sites, sensors, lines, zones and contents"),
    ("admin", "Admin", "also manages people, keys, webhooks and feeds; sees the whole account"),
)


@get("/people", guards=[admin], sync_to_thread=True)
def people(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Everybody of the account."""
    everybody = services.people.of_account(viewer.account_id)
    rows = [(one, sees(viewer, one)) for one in everybody]
    return page(request, "people/list.html", title="People", rows=rows)


@get("/people/new", guards=[admin], sync_to_thread=True)
def new(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """The form for somebody new."""
    return _form(request, viewer, Form({"role": "viewer"}), None)


@post("/people", guards=[admin])
async def create(request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer]) -> Page:
    """Somebody new, and the link that sets their password."""
    form = await Form.of(request)
    return await asyncio.to_thread(_create, request, services, viewer, form)


def _create(request: WebRequest, services: Services, viewer: Viewer, form: Form) -> Page:
    name, email = form.text("name", most=100), form.text("email", most=255)
    role, brands, sites = form.choice("role", ROLES), *_limits(viewer, form)
    if not form.errors:
        try:
            made = services.people.create(
                account_id=viewer.account_id, name=name, email=email, role=role, brands=brands, sites=sites
            )
        except InvalidInputError as error:
            form.refuse(error)
        else:
            _log.info("a person was added", person=made.id, role=role, by=viewer.person_id)
            return _invitation(request, services, made)
    return _form(request, viewer, form, None, 422)


@get("/people/{person_id:int}", guards=[admin], sync_to_thread=True)
def one(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    person_id: FromPath[int],
) -> Page:
    """Somebody's name, role and limits, to be changed."""
    person = services.people.get(person_id, viewer.account_id)
    limits = {"brands": person.brand_ids or (), "sites": person.site_ids or ()}
    values = {name: [str(each) for each in sorted(ids)] for name, ids in limits.items()}
    return _form(request, viewer, Form({"name": person.name, "role": person.role, **values}), person)


@post("/people/{person_id:int}", guards=[admin])
async def change(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    person_id: FromPath[int],
) -> Response[bytes] | Redirect:
    """Another name, role or limits."""
    form = await Form.of(request)
    return await asyncio.to_thread(_change, request, services, viewer, person_id, form)


def _change(
    request: WebRequest, services: Services, viewer: Viewer, person_id: int, form: Form
) -> Response[bytes] | Redirect:
    person = services.people.get(person_id, viewer.account_id)
    name, role, brands, sites = form.text("name", most=100), form.choice("role", ROLES), *_limits(viewer, form)
    if not form.errors:
        try:
            services.people.change(person_id, viewer.account_id, name=name, role=role, brands=brands, sites=sites)
        except InvalidInputError as error:
            form.refuse(error)
        else:
            _log.info("a person was changed", person=person_id, role=role, by=viewer.person_id)
            return redirect(request, "/app/people", f"{name} is changed; it holds at once.")
    return _form(request, viewer, form, person, 422)


@post("/people/{person_id:int}/link", guards=[admin], sync_to_thread=True)
def link(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    person_id: FromPath[int],
) -> Page:
    """A new link that sets somebody's password."""
    person = services.people.get(person_id, viewer.account_id)
    _log.info("a link that sets a password was made", person=person_id, by=viewer.person_id)
    return _invitation(request, services, person)


@post("/people/{person_id:int}/disable", guards=[admin], sync_to_thread=True)
def disable(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    person_id: FromPath[int],
) -> Redirect:
    """Let somebody no longer in."""
    person = services.people.disable(person_id, viewer.account_id)
    _log.info("a person was disabled", person=person_id, by=viewer.person_id)
    return redirect(request, "/app/people", f"{person.name} is signed out and may not sign in.")


@post("/people/{person_id:int}/enable", guards=[admin], sync_to_thread=True)
def enable(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    person_id: FromPath[int],
) -> Redirect:
    """Let somebody in again."""
    person = services.people.enable(person_id, viewer.account_id)
    _log.info("a person was enabled", person=person_id, by=viewer.person_id)
    return redirect(request, "/app/people", f"{person.name} may sign in again.")


@post("/people/{person_id:int}/remove", guards=[admin], sync_to_thread=True)
def remove(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    person_id: FromPath[int],
) -> Redirect:
    """Forget somebody."""
    person = services.people.remove(person_id, viewer.account_id)
    _log.info("a person was removed", person=person_id, by=viewer.person_id)
    return redirect(request, "/app/people", f"{person.name} is removed.")


def _limits(viewer: Viewer, form: Form) -> tuple[list[int], list[int]]:
    brands = form.ids("brands", [brand.id for brand in viewer.brands()])
    sites = form.ids("sites", [site.id for site in viewer.sites()])
    role = form.choice("role", ROLES)
    for problem in problems_of_limits(viewer.catalogue, viewer.account_id, role, brands, sites):
        form.errors.setdefault(problem.path, problem.message)
    return brands, sites


def _form(request: WebRequest, viewer: Viewer, form: Form, person: Person | None, status: int = 200) -> Page:
    brands = viewer.brands()
    names = {brand.id: brand.name for brand in brands}
    sites = viewer.sites()
    return page(
        request,
        "people/form.html",
        title="Add a person" if person is None else person.name,
        status=status,
        form=form,
        person=person,
        meanings=MEANINGS,
        brands=[(brand.id, brand.name) for brand in brands],
        sites=[(site.id, f"{site.name} · {names.get(site.brand_id, '')}") for site in sites],
    )


def _invitation(request: WebRequest, services: Services, person: Person) -> Page:
    token = services.people.password_link(person.id, person.account_id)
    return page(
        request,
        "people/link.html",
        title=f"A link for {person.name}",
        person=person,
        link=f"{address_of(request)}/app/welcome/{token}",
        days=LINK_DAYS,
    )


ROUTES = [people, new, create, one, change, link, disable, enable, remove]
