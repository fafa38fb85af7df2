"""Delivery over HTTP: what is retried, what is not, and that a parcel keeps its key."""

import httpx
import pytest

from passerby.errors import InvalidInputError, NotFoundError, UnauthorizedError, UnavailableError
from passerby.importing.delivery import Delivered, HttpDelivery, drawn_in
from passerby.ingest.files.base import Drawn, Parcel

PARCEL = Parcel(b'{"kind": "uptime"}', "application/x-ndjson", ["a"])
GOOD = httpx.Response(200, json={"accepted": 1, "duplicates": 2, "rejected": [{"index": 0, "error": "start: missing"}]})


class Line:
    """A server that gives the prepared answers in turn and writes down what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.pauses = []
        self.told = []
        self.delivery = HttpDelivery(
            "http://passerby.test",
            "psb_key",
            waiting=self.told.append,
            transport=httpx.MockTransport(self.answer),
            pause=self.pauses.append,
        )

    def answer(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_parcel_is_posted_and_its_rows_waited_for():
    line = Line(GOOD)
    assert line.delivery.send(PARCEL) == Delivered(1, 2, ((0, "start: missing"),))
    (request,) = line.requests
    assert (request.method, request.url.path, dict(request.url.params)) == (
        "POST",
        "/v1/observations",
        {"wait": "visible", "webhooks": "none"},
    )
    assert request.headers["Authorization"] == "Bearer psb_key"
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.content == PARCEL.body


def test_the_kind_of_columns_is_said():
    line = Line(GOOD)
    line.delivery.send(Parcel(b"sensor\n5\n", "text/csv", ["a"], "uptime"))
    assert line.requests[0].url.params["kind"] == "uptime"


def test_a_retried_parcel_keeps_its_key_and_the_next_has_another():
    line = Line(httpx.Response(503), httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), GOOD)
    line.delivery.send(PARCEL)
    line.delivery.send(PARCEL)
    keys = [request.headers["Idempotency-Key"] for request in line.requests]
    assert len(set(keys[:4])) == 1
    assert keys[4] != keys[0]
    assert line.pauses == [0.5, 1.0, 2.0]
    assert line.told == ["status 503", "ConnectError: refused", "ReadTimeout: slow"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_server_is_given_the_time_it_asks_for(status):
    line = Line(httpx.Response(status, headers={"Retry-After": "7"}), GOOD)
    line.delivery.send(PARCEL)
    assert line.pauses == [7]


def test_a_server_that_never_answered_is_given_up_soon():
    line = Line(httpx.ConnectError("refused"))
    with pytest.raises(UnavailableError, match=r"gave up after 8 s .*passerby\.test: ConnectError: refused"):
        line.delivery.send(PARCEL)
    assert sum(line.pauses) <= 10


def test_a_server_that_answered_once_is_waited_for_five_minutes():
    line = Line(GOOD, httpx.ConnectError("refused"))
    line.delivery.send(PARCEL)
    with pytest.raises(UnavailableError, match=r"gave up after 2\d\d s .*passerby\.test: ConnectError: refused"):
        line.delivery.send(PARCEL)
    assert 240 < sum(line.pauses) <= 300


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (httpx.Response(401, json={"detail": "unknown key"}), UnauthorizedError, "refused the key: unknown key"),
        (httpx.Response(403, json={"title": "Forbidden"}), UnauthorizedError, "refused the key: Forbidden"),
        (httpx.Response(413, json={"detail": "over 16 MB"}), InvalidInputError, "answered 413 over 16 MB"),
        (httpx.Response(404, text="<html>"), InvalidInputError, "answered 404 Not Found"),
        (httpx.Response(500, json=[]), InvalidInputError, "answered 500 Internal Server Error"),
    ],
)
def test_what_no_repetition_would_mend_is_an_error(answer, error, message):
    line = Line(answer)
    with pytest.raises(error, match=message):
        line.delivery.send(PARCEL)
    assert line.pauses == []


CATALOGUE = {
    "brands": [
        {
            "sites": [
                {"sensors": [{"id": 1, "uid": "one"}]},
                {
                    "sensors": [
                        {
                            "id": 2,
                            "uid": "two",
                            "lines": [
                                {"id": 1, "entrance": True, "inside": "right", "points": [[0, 1], [2, 3]]},
                                {"id": 2, "points": [[0, 1], [2, 3.5]]},
                            ],
                            "zones": [{"id": 3, "polygon": [[0, 0], [1, 0], [1, 1]]}],
                        }
                    ]
                },
            ]
        },
        {},
    ]
}


@pytest.mark.parametrize("sensor", [2, "two"])
def test_the_lines_and_zones_of_a_sensor(sensor):
    line = Line(httpx.Response(200, json=CATALOGUE))
    assert line.delivery.drawn(sensor) == Drawn(
        lines=(
            (1, ((0.0, 1.0), (2.0, 3.0)), "right", True),
            (2, ((0.0, 1.0), (2.0, 3.5)), "left", False),
        ),
        zones=((3, ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),),
    )


def test_a_sensor_without_drawings_and_one_that_is_not_there():
    assert drawn_in(CATALOGUE, 1) == Drawn()
    with pytest.raises(NotFoundError, match="no sensor 9, or the key may not see it"):
        drawn_in(CATALOGUE, 9)
