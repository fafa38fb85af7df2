import pytest
from tests.support.catalogues import contract_document

from passerby.catalogue.repository import Repository


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    with Repository(tmp_path_factory.mktemp("data")) as repository:
        repository.apply(contract_document())
        return repository.current()


@pytest.mark.parametrize("reference", ["3024/1", "47576ahb-56656-45786-acb45_000015E2"])
def test_a_line_is_named_by_uid_or_by_sensor_and_id(catalogue, reference):
    assert catalogue.line(reference).name == "Enter"
    assert catalogue.zone(reference) is None


@pytest.mark.parametrize(
    "reference",
    ["", "/", "3024", "3024/", "/1", "3024/11/1", "3024/2", "1/1", "٣/1", "-1/1", "9" * 5000 + "/1", "3024/²"],
)
def test_what_names_no_line_is_no_line(catalogue, reference):
    assert catalogue.line(reference) is None
    assert catalogue.zone(reference) is None


def test_a_sensor_knows_its_lines_and_zones_by_id_and_uid(catalogue):
    sensor = catalogue.sensor(3024)
    assert sensor.line(1) is sensor.line("47576ahb-56656-45786-acb45_000015E2")
    assert sensor.zone(11) is sensor.zone("11111111-1111-1111-1111-111111111111")
    assert (sensor.line(11), sensor.zone("Shelf")) == (None, None)


def test_the_narrowest_setting_wins(catalogue):
    settings = catalogue.settings_of_site(catalogue.sites[1])
    assert (settings.number("bounce_s"), settings.number("group_gap_s"), settings.text("occupancy_reset")) == (
        5,
        3,
        "04:00",
    )
    assert catalogue.settings_of_account(999).number("bounce_s") == 5


def test_one_more_content_leaves_the_first_snapshot_as_it_was(tmp_path):
    with Repository(tmp_path) as repository:
        repository.apply(contract_document())
        before = repository.current()
        content = repository.register_content(632, "new")
        after = repository.current()
    assert before.content(632, "new") is None
    assert (after.content(632, "new"), after.content(632, content.id)) == (content, content)
    assert after.version == before.version + 1
    assert after.sensor("35576ahb-56656-45781-acb45_000015E2") is before.sensor(3024)
