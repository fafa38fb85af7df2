"""Lines and zones, drawn on a picture of what a sensor's camera sees."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from passerby.catalogue import editing, pictures
from passerby.catalogue.editing import ChangedMeanwhileError
from passerby.catalogue.model import Sensor
from passerby.catalogue.pictures import Pictures
from passerby.errors import InvalidInputError, NotFoundError
from passerby.services import Services
from passerby.web.canvas import Canvas
from passerby.web.catalogue_forms import drawn_fields
from passerby.web.forms import Form
from passerby.web.rendering import Page, page, redirect
from passerby.web.viewer import Viewer, WebRequest, editor


@get("/sensors/{sensor_id:int}/drawing", guards=[editor], sync_to_thread=True)
def show(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Page:
    """What is drawn, to be changed."""
    sensor = viewer.sensor(sensor_id)
    return _page(request, services, sensor, _drawn(sensor), Form())


@post("/sensors/{sensor_id:int}/drawing", guards=[editor])
async def save(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Page | Redirect:
    """Make the sensor's lines and zones those of the form."""
    sensor = viewer.sensor(sensor_id)
    values = {name: value for name, value in (await request.form()).multi_items() if isinstance(value, str)}

    def work() -> Page | Redirect:
        form = Form({"seen": values.get("seen", "")})
        fields = drawn_fields(values)
        try:
            seen = values.get("seen") or None
            editing.save_drawing(services.catalogue, editing.Form(viewer.credential, fields, sensor.id, seen))
        except InvalidInputError as error:
            _refuse(form, error)
            return _page(request, services, sensor, fields, form, 422)
        except ChangedMeanwhileError:
            form.errors[""] = (
                "Somebody else drew here while you had it open. What you drew is below: save again to put it "
                "in place of theirs, or load the page again to see theirs."
            )
            now = services.catalogue.current().sensors.get(sensor.id, sensor)
            return _page(request, services, now, fields, form, 409)
        return redirect(request, f"/app/sensors/{sensor.id}", "The lines and zones are saved.")

    return await asyncio.to_thread(work)


@post("/sensors/{sensor_id:int}/picture", guards=[editor], request_max_body_size=pictures.MAX_BYTES + 100_000)
async def upload(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Page | Redirect:
    """Keep a picture of what the camera sees."""
    sensor = viewer.sensor(sensor_id)
    form = await Form.of(request)
    file = form.files.get("picture")
    data = b"" if file is None else await file.read()

    def work() -> Page | Redirect:
        try:
            Pictures(services.catalogue.engine).put(sensor.id, pictures.checked(data))
        except InvalidInputError as error:
            form.errors["picture"] = error.message
            return _page(request, services, sensor, _drawn(sensor), form, 422)
        return redirect(request, f"/app/sensors/{sensor.id}/drawing", "The picture is there: draw on it.")

    return await asyncio.to_thread(work)


@post("/sensors/{sensor_id:int}/picture/remove", guards=[editor], sync_to_thread=True)
def forget(
    request: WebRequest, services: NamedDependency[Services], viewer: NamedDependency[Viewer], sensor_id: FromPath[int]
) -> Redirect:
    """Forget the picture; what was drawn on it stays."""
    sensor = viewer.sensor(sensor_id)
    Pictures(services.catalogue.engine).remove(sensor.id)
    return redirect(request, f"/app/sensors/{sensor.id}/drawing", "The picture is removed.")


@get("/sensors/{sensor_id:int}/picture/{digest:str}", sync_to_thread=True)
def picture(
    services: NamedDependency[Services],
    viewer: NamedDependency[Viewer],
    sensor_id: FromPath[int],
    digest: FromPath[str],
) -> Response[bytes]:
    """The picture, for whoever sees the sensor."""
    found = Pictures(services.catalogue.engine).picture(viewer.sensor(sensor_id).id)
    if found is None or found.digest != digest:
        raise NotFoundError("there is no such picture")
    # Another picture has another address; whoever signs out takes the browser's own copies along.
    headers = {"Cache-Control": "private, max-age=86400, immutable", "Vary": "Cookie"}
    return Response(found.data, media_type=found.type, headers=headers)


def _drawn(sensor: Sensor) -> dict[str, Any]:
    """What is held, in the form's own terms."""
    return {
        "lines": [
            {name: getattr(one, name) for name in ("id", "uid", "name", "entrance", "direction", "inside", "points")}
            for one in sensor.lines.values()
        ],
        "zones": [
            {name: getattr(one, name) for name in ("id", "uid", "name", "min_dwell_s", "queue", "polygon")}
            for one in sensor.zones.values()
        ],
    }


def _page(  # noqa: PLR0913, PLR0917  # what differs from one showing to the next
    request: WebRequest, services: Services, sensor: Sensor, drawn: Mapping[str, Any], form: Form, status: int = 200
) -> Page:
    frame = Pictures(services.catalogue.engine).frame(sensor.id)
    return page(
        request,
        "sensors/drawing.html",
        title=f"Lines and zones of {sensor.name}",
        status=status,
        sensor=sensor,
        drawn=drawn,
        form=form,
        seen=editing.drawing_version(sensor),
        canvas=Canvas.of(sensor, frame),
        frame=frame,
        most_mb=pictures.MAX_BYTES >> 20,
    )


def _refuse(form: Form, error: InvalidInputError) -> None:
    """Each problem at the field that it is about: of points at their table."""
    for problem in error.problems:
        name = problem.path
        for table in (".points", ".polygon"):
            place, found, rest = name.partition(table)
            if found:
                name = f"{place}.points"
                inner = rest.split("]")[0].removeprefix("[")
                where = f"point {int(inner) + 1}: " if inner.isdigit() else ""
                problem = type(problem)(name, where + problem.message)  # noqa: PLW2901  # the same, told for people
        text = problem.message.replace("polygon[", "point [").replace("points[", "point [")
        form.errors[name] = f"{form.errors[name]}; {text}" if name in form.errors else text


ROUTES = [show, save, upload, forget, picture]
