"""What the operator says exists: brands with their tags, sites, sensors and contents, added and changed in forms.

Each form writes by the rules of the catalogue file (`catalogue/editing.py`). When somebody else changed the same thing
meanwhile, the form is shown again with what was typed, and says what they changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from passerby.catalogue import editing
from passerby.catalogue.editing import ChangedMeanwhileError
from passerby.catalogue.model import Brand, Content, Sensor, Site
from passerby.catalogue.rules import zone_names
from passerby.errors import ForbiddenError, InvalidInputError, NotFoundError
from passerby.services import Services
from passerby.web import catalogue_forms as forms
from passerby.web.fields import nested
from passerby.web.forms import Form
from passerby.web.rendering import NavigationItem, Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, editor

NAVIGATION = [NavigationItem("Catalogue", "/app/catalogue", "Network", "catalogue")]

What = Literal["brands", "sites", "sensors", "contents"]
_Thing = Brand | Site | Sensor | Content
_What = Annotated[What, QueryParameter()]
_Number = Annotated[int | None, QueryParameter(ge=1, le=2**53)]
NOUNS: Mapping[What, str] = {"brands": "brand", "sites": "site", "sensors": "sensor", "contents": "content"}


@dataclass(frozen=True)
class _Asked:
    """A form of one thing: `thing` None for a new one, which `owner` (a brand or site) will have."""

    request: WebRequest
    services: Services
    viewer: Viewer
    what: What
    thing: _Thing | None
    owner: Brand | Site | None = None

    @property
    def number(self) -> int | None:
        return None if self.thing is None else self.thing.id


# -- the lists


@get("/catalogue", sync_to_thread=True)
def listed(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """Brands, their sites, and what they have."""
    brands = [
        (brand, viewer.sites(brand.id), viewer.catalogue.owns_brand(viewer.credential, brand))
        for brand in viewer.brands()
    ]
    return page(
        request,
        "catalogue/list.html",
        title="Catalogue",
        brands=brands,
        whole=editing.sees_whole_account(viewer.credential),
        may_edit=viewer.may("editor"),
    )


@get("/catalogue/contents", sync_to_thread=True)
def contents(request: WebRequest, viewer: NamedDependency[Viewer]) -> Page:
    """The contents of the account."""
    found = [one for one in viewer.catalogue.contents.values() if one.account_id == viewer.account_id]
    whole = editing.sees_whole_account(viewer.credential)
    may_edit = viewer.may("editor") and whole
    return page(request, "catalogue/contents.html", title="Contents", contents=found, may_edit=may_edit, whole=whole)


# -- one thing


@get("/catalogue/new", guards=[editor], sync_to_thread=True)
def new(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    what: _What = "brands",
    of: _Number = None,
) -> Page:
    """The empty form."""
    asked = _Asked(request, services, viewer, what, None, _owner(viewer, what, of))
    return _form(asked, Form(forms.NEW_SENSOR if what == "sensors" else {}), None)


@post("/catalogue/new", guards=[editor])
async def add(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    what: _What = "brands",
    of: _Number = None,
) -> Page | Redirect:
    """Add it."""
    asked = _Asked(request, services, viewer, what, None, _owner(viewer, what, of))
    return await asyncio.to_thread(_save, asked, await Form.of(request), await _texts(request))


@get("/catalogue/{what:str}/{number:int}", guards=[editor], sync_to_thread=True)
def edit(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    what: FromPath[What],
    number: FromPath[int],
) -> Page:
    """The form with what is held."""
    thing = _thing(viewer, what, number)
    return _form(_Asked(request, services, viewer, what, thing), Form(_values(thing)), None)


@post("/catalogue/{what:str}/{number:int}", guards=[editor])
async def change(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    what: FromPath[What],
    number: FromPath[int],
) -> Page | Redirect:
    """Change it."""
    asked = _Asked(request, services, viewer, what, _thing(viewer, what, number))
    return await asyncio.to_thread(_save, asked, await Form.of(request), await _texts(request))


@get("/catalogue/{what:str}/{number:int}/remove", guards=[editor], sync_to_thread=True)
def leave(request: WebRequest, viewer: NamedDependency[Viewer], what: FromPath[What], number: FromPath[int]) -> Page:
    """What would go."""
    return _removal(request, viewer, what, _thing(viewer, what, number), Form())


@post("/catalogue/{what:str}/{number:int}/remove", guards=[editor])
async def remove(
    request: WebRequest,
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    what: FromPath[What],
    number: FromPath[int],
) -> Page | Redirect:
    """Remove it with all that belongs to it."""
    form = await Form.of(request)
    thing = _thing(viewer, what, number)

    def work() -> Page | Redirect:
        try:
            editing.remove(services.catalogue, viewer.credential, what, number, form.value("seen"))
        except ChangedMeanwhileError:
            form.errors[""] = "Somebody changed it meanwhile: please look once more."
            return _removal(
                request, _again(services, viewer), what, _thing(_again(services, viewer), what, number), form
            )
        up = {"sites": "/app/catalogue", "sensors": f"/app/catalogue/sites/{getattr(thing, 'site_id', 0)}"}
        back = "/app/catalogue/contents" if what == "contents" else up.get(what, "/app/catalogue")
        return redirect(request, back, f"{_name(thing)} is removed.")

    return await asyncio.to_thread(work)


# -- what the routes share


async def _texts(request: WebRequest) -> dict[str, str]:
    return {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}


def _owner(viewer: Viewer, what: What, number: int | None) -> Brand | Site | None:
    """What a new thing is added to."""
    if what == "sites":
        return editing.owned_brand(viewer.catalogue, viewer.credential, number or 0)
    if what == "sensors":
        return viewer.site(number or 0)
    if not editing.sees_whole_account(viewer.credential):
        raise ForbiddenError(f"only who sees the whole account may add {what}")
    return None


def _thing(viewer: Viewer, what: What, number: int) -> _Thing:
    if what == "brands":
        return editing.owned_brand(viewer.catalogue, viewer.credential, number)
    if what == "sites":
        return viewer.site(number)
    if what == "sensors":
        return viewer.sensor(number)
    if not editing.sees_whole_account(viewer.credential):
        raise ForbiddenError("only who sees the whole account may change contents")
    found = viewer.catalogue.content(viewer.account_id, number)
    if found is None:
        raise NotFoundError(f"there is no content {number}")
    return found


def _name(thing: _Thing) -> str:
    return thing.name


def _version(viewer: Viewer, thing: _Thing | None) -> str:
    match thing:
        case Brand():
            return editing.brand_version(thing)
        case Site():
            return editing.site_version(viewer.catalogue, thing)
        case Sensor():
            return editing.sensor_version(thing)
        case Content():
            return editing.content_version(thing)
    return ""


def _values(thing: _Thing) -> forms.Values:
    match thing:
        case Brand():
            return forms.brand_values(thing)
        case Site():
            return forms.site_values(thing)
        case Sensor():
            return forms.sensor_values(thing)
        case Content():
            return forms.content_values(thing)


def _again(services: Services, viewer: Viewer) -> Viewer:
    """The same person on the catalogue of this moment."""
    return Viewer(services.catalogue.current(), viewer.credential, viewer.role, viewer.person)


def _save(asked: _Asked, form: Form, texts: Mapping[str, str]) -> Page | Redirect:
    try:
        number = _saving(asked, form, texts)()
    except InvalidInputError as error:
        form.refuse(error)
        return _form(asked, form, texts, 422)
    except ChangedMeanwhileError:
        return _meanwhile(asked, form, texts)
    saved = "added" if asked.thing is None else "saved"
    name = form.value("name") or f"{NOUNS[asked.what].capitalize()} {number}"
    if asked.what == "sensors" and asked.thing is None:
        return redirect(asked.request, f"/app/sensors/{number}", f"{name} is added: here is how it sends.")
    return redirect(asked.request, f"/app/catalogue/{asked.what}/{number}", f"{name} is {saved}.")


def _saving(asked: _Asked, form: Form, texts: Mapping[str, str]) -> Callable[[], int]:
    repository, who = asked.services.catalogue, asked.viewer.credential
    seen = form.value("seen") or None

    def of(fields: Mapping[str, Any]) -> editing.Form:
        return editing.Form(who, fields, asked.number, seen)

    if asked.what == "brands":
        brand = asked.thing if isinstance(asked.thing, Brand) else None
        return lambda: editing.save_brand(repository, of(forms.brand_fields(form, texts, brand)))
    if asked.what == "sites":
        brand_id = asked.owner.id if asked.owner else getattr(asked.thing, "brand_id", 0)
        return lambda: editing.save_site(repository, of(forms.site_fields(form)), brand_id)
    if asked.what == "sensors":
        site = form.value("site") if asked.thing is not None else str(asked.owner.id if asked.owner else 0)
        site_id = int(site) if site.isascii() and site.isdigit() and len(site) < 17 else 0
        return lambda: editing.save_sensor(repository, of(forms.sensor_fields(form)), site_id)
    return lambda: editing.save_content(repository, of(forms.content_fields(form)))


def _meanwhile(asked: _Asked, form: Form, texts: Mapping[str, str]) -> Page:
    """The form once more, with what was typed, on the version that is held now."""
    viewer = _again(asked.services, asked.viewer)
    thing = _thing(viewer, asked.what, asked.number or 0)
    theirs = []
    for name, value in _values(thing).items():
        now, typed = (
            (value, form.value(name)) if isinstance(value, str) else (", ".join(value), ", ".join(form.values(name)))
        )
        if now != typed and name not in {"entry_point", "active", "expert"}:
            theirs.append(f"{name.replace('_', ' ').replace('.', ' ')}: {now or 'nothing'}")
    text = "Somebody else changed this while you had it open. What you typed is below; save again to keep yours."
    form.errors[""] = f"{text} Theirs is now: {'; '.join(theirs)}." if theirs else text
    return _form(_Asked(asked.request, asked.services, viewer, asked.what, thing), form, texts, 409)


def _form(asked: _Asked, form: Form, texts: Mapping[str, str] | None, status: int = 200) -> Page:
    viewer, catalogue = asked.viewer, asked.viewer.catalogue
    thing, what = asked.thing, asked.what
    context: dict[str, Any] = {}
    if what == "brands":
        brand = thing if isinstance(thing, Brand) else None
        rows = nested(texts, "tags") if texts is not None else forms.brand_tags(brand) if brand else []
        context = {"tags": rows, "sites": viewer.sites(brand.id) if brand else []}
    elif what == "sites":
        brand = asked.owner if isinstance(asked.owner, Brand) else catalogue.brands[getattr(thing, "brand_id", 0)]
        context = {
            "brand": brand,
            "zones": sorted(zone_names()),
            "tags": [(tag.id, tag.label) for tag in brand.tags if tag.of == "sites"],
            "settings": forms.setting_fields(catalogue, viewer.account_id),
            "vehicles": forms.VEHICLES,
            "sensors": [catalogue.sensors[each] for each in thing.sensor_ids] if isinstance(thing, Site) else [],
            "owned": catalogue.owns_brand(viewer.credential, brand),
        }
    elif what == "sensors":
        site = asked.owner if isinstance(asked.owner, Site) else catalogue.sites[getattr(thing, "site_id", 0)]
        brand = catalogue.brands[site.brand_id]
        context = {
            "site": site,
            "sites": [(one.id, one.name) for one in viewer.sites()],
            "tags": [(tag.id, tag.label) for tag in brand.tags if tag.of == "sensors"],
        }
    return page(
        asked.request,
        f"catalogue/{NOUNS[what]}.html",
        title=f"New {NOUNS[what]}" if thing is None else _name(thing),
        status=status,
        form=form,
        thing=thing,
        seen=_version(viewer, thing),
        whole=editing.sees_whole_account(viewer.credential),
        **context,
    )


def _removal(request: WebRequest, viewer: Viewer, what: What, thing: _Thing, form: Form) -> Page:
    belongings = editing.belongings(viewer.catalogue, what, thing.id)
    return page(
        request,
        "catalogue/remove.html",
        title=f"Remove {_name(thing)}",
        what=what,
        noun=NOUNS[what],
        thing=thing,
        form=form,
        seen=_version(viewer, thing),
        goes=_goes(belongings, what),
    )


_GOES = {
    "sites": "site",
    "sensors": "sensor",
    "lines": "line",
    "zones": "zone",
    "tags": "tag",
    "credentials": "key of its own",
    "webhooks": "webhook",
    "feeds": "feed",
}


def _goes(belongings: editing.Belongings, what: What) -> list[str]:
    """What goes along, in words."""
    told = []
    for table, noun in _GOES.items():
        count = belongings.count(table)
        if count and table != what:
            plural = "keys of their own" if table == "credentials" else f"{noun}s"
            told.append(f"{count} {noun if count == 1 else plural}")
    return told


ROUTES = [listed, contents, new, add, edit, change, leave, remove]
