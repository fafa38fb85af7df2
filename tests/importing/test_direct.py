"""Delivery straight into a data directory."""

import pytest
from tests.support.networks import network, other_network

from passerby.catalogue.repository import Repository
from passerby.errors import ConflictError, InvalidInputError, NotFoundError
from passerby.importing.delivery import Delivered, DirectDelivery
from passerby.ingest.files.base import Parcel
from passerby.services import open_services

ROW = b'{"kind": "uptime", "sensor": %d, "start": "2026-03-02T10:00:00Z", "duration_ms": 1000}'


def parcel(*sensors):
    return Parcel(b"\n".join(ROW % sensor for sensor in sensors), "application/x-ndjson", list(map(str, sensors)))


@pytest.fixture
def data(tmp_path):
    catalogue = Repository(tmp_path)
    catalogue.apply(network())
    catalogue.close()
    return tmp_path


@pytest.fixture
def delivery(data):
    opened = DirectDelivery(data, 3024)
    yield opened
    opened.close()


def test_rows_are_stored_once_and_bad_ones_named(delivery):
    assert delivery.send(parcel(3024, 9, 3026)) == Delivered(2, 0, ((1, "sensor: unknown sensor"),))
    assert delivery.send(parcel(3026, 3024, 3027)) == Delivered(1, 2, ())
    assert delivery.send(parcel(3025)).rejected == ((0, "sensor: not active, it accepts no observations"),)
    assert delivery.send(Parcel(b"", "application/x-ndjson", [])) == Delivered(0, 0, ())


def test_rows_are_there_afterwards(data):
    delivery = DirectDelivery(data, None)
    delivery.send(parcel(3024, 3026))
    delivery.close()
    services = open_services(data)
    assert services.store.counts()["uptime"] == 2
    services.close()


def test_lines_and_zones_are_those_of_the_catalogue(delivery):
    drawn = delivery.drawn("door-1")
    assert drawn.lines == (
        (1, ((0.0, 0.0), (1.0, 1.0)), "left", True),
        (2, ((0.0, 5.0), (1.0, 6.0)), "left", False),
    )
    assert [zone for zone, _ in drawn.zones] == [11]
    with pytest.raises(NotFoundError, match="no sensor 9"):
        delivery.drawn(9)


def test_a_directory_that_is_in_use_is_refused(data, delivery):
    with pytest.raises(ConflictError, match=r"in use by another process.*: give its --url instead of --data"):
        DirectDelivery(data, 3024)


def test_a_directory_without_catalogue_is_refused(tmp_path):
    with pytest.raises(NotFoundError, match="holds no catalogue; make one with: passerby catalogue apply"):
        DirectDelivery(tmp_path / "nothing", 3024)
    assert not (tmp_path / "nothing").exists()


def test_of_several_accounts_the_sensor_says_which(data):
    catalogue = Repository(data)
    catalogue.apply(other_network())
    catalogue.close()
    with pytest.raises(InvalidInputError, match="has 2 accounts"):
        DirectDelivery(data, None)
    with pytest.raises(NotFoundError, match="no sensor 9"):
        DirectDelivery(data, 9)
    delivery = DirectDelivery(data, 9000)  # and nothing of the failed ones holds the directory
    assert delivery.send(parcel(9000, 3024)) == Delivered(1, 0, ((1, "sensor: unknown sensor"),))
    delivery.close()


@pytest.mark.parametrize(("options", "told"), [({}, False), ({"webhooks": True}, True)])
def test_webhooks_are_told_only_when_wanted(data, options, told):
    delivery = DirectDelivery(data, None, **options)
    try:
        delivery.send(parcel(3024))
        journal = delivery._services.journal
        assert journal.quiet(0, journal.last_seq) == ([] if told else [(1, journal.last_seq)])
    finally:
        delivery.close()
