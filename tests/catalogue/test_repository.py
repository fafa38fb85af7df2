import pytest
from tests.support.catalogues import contract_document, small_document

from passerby.catalogue.database import reading
from passerby.catalogue.repository import Repository
from passerby.errors import InvalidInputError, UnavailableError


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        yield opened


def test_a_new_catalogue_is_empty(repository):
    assert repository.current().version == 0
    assert repository.current().accounts == {}


def test_the_example_becomes_a_snapshot(repository):
    repository.apply(contract_document())
    catalogue = repository.current()
    sensor = catalogue.sensor("35576ahb-56656-45781-acb45_000015E2")
    assert sensor is catalogue.sensor(3024)
    assert catalogue.site_of(sensor).reference == "US0658"
    assert catalogue.site_of(sensor).opening_hours == ("08:00", "22:00")
    assert catalogue.line("3024/1").points == ((-400, 45), (-330, 45), (-330, 200))
    assert catalogue.zone("11111111-1111-1111-1111-111111111111").min_dwell_s == 3
    assert catalogue.content(632, "my_very_own_content_id").id == 8482
    assert catalogue.settings_of_site(catalogue.sites[1]).ms("bounce_s") == 5000


def test_applying_twice_changes_nothing(repository):
    assert repository.apply(contract_document())
    version = repository.current().version
    assert repository.apply(contract_document()) == []
    assert repository.apply(contract_document(), prune=True) == []
    assert repository.current().version == version == 1


def test_a_file_with_problems_changes_nothing(repository):
    repository.apply(small_document())
    changed = small_document()
    changed["brands"][0]["name"] = "Other"
    changed["brands"][0]["sites"][0]["timezone"] = "Europe/Zürich"
    with pytest.raises(InvalidInputError):
        repository.apply(changed)
    assert repository.current().brands[1].name == "Brand"


@pytest.mark.parametrize(
    ("dialect", "secret", "name"),
    [
        ("native", "psb_demo_key", None),
        ("native", "9909e1d0933740f0811913647e3662e8", None),
        ("analytiks", "demo-secret", "demo"),
        ("camlytics", "ehsd7485746548574", "pub-1"),
        ("quividi", "demo-token", "demo"),
        ("seemetrix", "d482d4c3c4bd4dd796abccf726ae1266", None),
    ],
)
def test_only_the_right_secret_under_the_right_name_is_accepted(repository, dialect, secret, name):
    repository.apply(contract_document())
    assert repository.verify(dialect, secret, name).dialect == dialect
    assert repository.verify(dialect, secret + "x", name) is None
    assert repository.verify(dialect, "", name) is None
    assert repository.verify(dialect, secret, "nobody") is None


def test_a_sensor_key_may_only_send_its_own_sensors_observations(repository):
    repository.apply(contract_document())
    credential = repository.verify("native", "9909e1d0933740f0811913647e3662e8")
    assert (credential.sensor_id, credential.scopes) == (3024, {"ingest"})


def test_a_full_disk_is_said_and_changes_nothing(repository):
    repository.apply(small_document())
    with reading(repository._engine) as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()
        connection.exec_driver_sql(f"pragma max_page_count = {pages}")
    document = small_document() | {"contents": [{"id": n, "content_id": "x" * 200 + str(n)} for n in range(1, 500)]}
    with pytest.raises(UnavailableError, match="the catalogue database: database or disk is full"):
        repository.apply(document)
    assert (repository.current().version, repository.current().contents) == (1, {})
    with reading(repository._engine) as connection:
        connection.exec_driver_sql("pragma max_page_count = 1000000")
    assert len(repository.apply(document)) == 499
