"""Single things as forms change them: by the rules of the file, against people who change them meanwhile."""

import pytest
from tests.support.catalogues import contract_document, small_document

from passerby.catalogue import editing
from passerby.catalogue.editing import ChangedMeanwhileError, Form
from passerby.catalogue.model import Credential
from passerby.catalogue.repository import Repository
from passerby.catalogue.view import file_document
from passerby.errors import ForbiddenError, InvalidInputError, NotFoundError, Problem


def person(account=632, brands=None, sites=None):
    limits = [None if limit is None else frozenset(limit) for limit in (brands, sites)]
    return Credential(0, account, "native", "somebody", frozenset({"read"}), *limits)


OWNER = person()


@pytest.fixture
def repository(tmp_path):
    with Repository(tmp_path) as opened:
        opened.apply(contract_document())
        opened.apply(small_document(account_id=2, first=50))
        yield opened


def the_file(repository):
    return file_document(repository.current(), 632)


def test_saving_a_form_as_it_was_opened_changes_nothing(repository):
    catalogue = repository.current()
    site, sensor, brand = catalogue.sites[1], catalogue.sensors[3024], catalogue.brands[1234]
    before = the_file(repository), catalogue.version
    tags = [{"id": 7, "label": "flagship", "of": "sites"}, {"id": 8, "label": "window", "of": "sensors"}]
    editing.save_brand(
        repository, Form(OWNER, {"name": "Acme Stores", "tags": tags}, 1234, editing.brand_version(brand))
    )
    editing.save_site(repository, Form(OWNER, {}, 1, editing.site_version(catalogue, site)), 1234)
    editing.save_sensor(repository, Form(OWNER, {}, 3024, editing.sensor_version(sensor)), 1)
    drawn = {
        "lines": [{"id": 1, "uid": sensor.lines[1].uid, "name": "Enter", "entrance": True, "points": LINE}],
        "zones": [{"id": 11, "uid": sensor.zones[11].uid, "name": "Shelf", "polygon": ZONE}],
    }
    editing.save_drawing(repository, Form(OWNER, drawn, 3024, editing.drawing_version(sensor)))
    editing.save_content(repository, Form(OWNER, {}, 8482, editing.content_version(catalogue.contents[8482])))
    assert (the_file(repository), repository.current().version) == before


LINE = [[-400, 45], [-330, 45], [-330, 200]]
ZONE = [[0, 0], [10, 0], [10, 10], [0, 10]]


def test_what_is_added_gets_the_next_number_and_everything_else_stays(repository):
    before = the_file(repository)
    brand = editing.save_brand(repository, Form(OWNER, {"name": "Outlet"}))
    site = editing.save_site(repository, Form(OWNER, {"name": "Bern", "timezone": "Europe/Zurich"}), brand)
    sensor = editing.save_sensor(repository, Form(OWNER, {"name": "Door"}), site)
    content = editing.save_content(repository, Form(OWNER, {"content_id": "summer"}))
    assert (brand, site, sensor, content) == (1235, 51, 3025, 8483)  # 50 is another account's site
    editing.save_drawing(repository, Form(OWNER, {"lines": [{"points": LINE}], "zones": [{"polygon": ZONE}]}, sensor))
    made = repository.current().sensors[sensor]
    assert (list(made.lines), list(made.zones), made.site_id) == ([1], [2], site)
    after = the_file(repository)
    assert after["brands"][0] == before["brands"][0]
    assert after["credentials"] == before["credentials"]
    assert after["webhooks"] == before["webhooks"]
    assert after["settings"] == before["settings"]


def test_what_is_wrong_is_said_of_the_field_in_the_words_of_the_file(repository):
    bad = {"name": "", "timezone": "Europe/Zürich", "opening_hours": {"open": "8", "close": "22:00"}}
    with pytest.raises(InvalidInputError) as refused:
        editing.save_site(repository, Form(OWNER, {**bad, "settings": {"bounce_s": -1}}), 1234)
    found = {one.path: one.message for one in refused.value.problems}
    assert sorted(found) == ["name", "opening_hours.open", "settings.bounce_s", "timezone"]
    assert found["timezone"] == "no such IANA time zone: Europe/Zürich; did you mean Europe/Zurich?"
    with pytest.raises(InvalidInputError) as refused:
        editing.save_drawing(repository, Form(OWNER, {"lines": [{"points": [[1, 1]]}], "zones": []}, 3024))
    assert refused.value.problems == [Problem("lines[0].points", "a line needs at least two points, this one has 1")]


def test_two_parts_of_a_drawing_have_two_numbers(repository):
    drawn = {"lines": [{"id": 5, "points": LINE}], "zones": [{"id": 5, "polygon": ZONE}]}
    with pytest.raises(InvalidInputError) as refused:
        editing.save_drawing(repository, Form(OWNER, drawn, 3024))
    assert refused.value.problems == [Problem("zones[0].id", "5 is also that of lines[0]")]


@pytest.mark.parametrize("taken", [1, 50])
def test_a_number_that_is_taken_is_refused_whoever_has_it(repository, taken):
    with pytest.raises(InvalidInputError) as refused:
        editing.save_site(repository, Form(OWNER, {"id": taken, "name": "X", "timezone": "UTC"}), 1234)
    assert refused.value.problems == [Problem("id", f"{taken} is taken already")]


def test_nothing_is_told_of_who_else_has_a_uid(repository):
    uid = repository.current().sensors[50].uid
    with pytest.raises(InvalidInputError) as refused:
        editing.save_sensor(repository, Form(OWNER, {"uid": uid}), 1)
    assert refused.value.problems == [Problem("uid", f"{uid} is taken already")]


def test_the_second_of_two_people_is_told(repository):
    catalogue = repository.current()
    seen = editing.site_version(catalogue, catalogue.sites[1])
    editing.save_site(repository, Form(OWNER, {"name": "Harlem"}, 1, seen), 1234)
    with pytest.raises(ChangedMeanwhileError):
        editing.save_site(repository, Form(OWNER, {"name": "Queens"}, 1, seen), 1234)
    assert repository.current().sites[1].name == "Harlem"
    # What others change elsewhere, also in what the site holds, does not matter.
    seen = editing.site_version(repository.current(), repository.current().sites[1])
    editing.save_sensor(repository, Form(OWNER, {"name": "Other"}, 3024), 1)
    editing.save_site(repository, Form(OWNER, {"name": "Queens"}, 1, seen), 1234)
    assert repository.current().sites[1].name == "Queens"


def test_each_thing_knows_its_own_version(repository):
    def versions():
        catalogue = repository.current()
        sensor = catalogue.sensors[3024]
        return {
            "brand": editing.brand_version(catalogue.brands[1234]),
            "site": editing.site_version(catalogue, catalogue.sites[1]),
            "sensor": editing.sensor_version(sensor),
            "drawing": editing.drawing_version(sensor),
            "content": editing.content_version(catalogue.contents[8482]),
        }

    def changed_by(work):
        before = versions()
        work()
        return [name for name, version in versions().items() if version != before[name]]

    save = editing
    assert changed_by(lambda: save.save_brand(repository, Form(OWNER, {"name": "B"}, 1234))) == ["brand"]
    assert changed_by(lambda: save.save_site(repository, Form(OWNER, {"tags": []}, 1), 1234)) == ["site"]
    assert changed_by(lambda: save.save_sensor(repository, Form(OWNER, {"active": False}, 3024), 1)) == ["sensor"]
    drawing = {"lines": [{"id": 1, "points": LINE, "inside": "right"}], "zones": []}
    assert changed_by(lambda: save.save_drawing(repository, Form(OWNER, drawing, 3024))) == ["drawing"]
    assert changed_by(lambda: save.save_content(repository, Form(OWNER, {"name": "C"}, 8482))) == ["content"]


def test_lines_and_zones_that_the_form_leaves_out_go_and_their_numbers_are_not_given_again(repository):
    editing.save_drawing(repository, Form(OWNER, {"lines": [], "zones": []}, 3024))
    assert not repository.current().sensors[3024].lines
    editing.save_drawing(repository, Form(OWNER, {"lines": [{"points": LINE}], "zones": []}, 3024))
    assert list(repository.current().sensors[3024].lines) == [12]


def test_a_tag_that_goes_is_taken_off_everything(repository):
    kept = [{"id": 8, "label": "shop window", "of": "sensors"}]
    editing.save_brand(repository, Form(OWNER, {"tags": kept}, 1234))
    catalogue = repository.current()
    assert [(tag.id, tag.label) for tag in catalogue.brands[1234].tags] == [(8, "shop window")]
    assert (catalogue.sites[1].tags, catalogue.sensors[3024].tags) == ((), (8,))
    editing.save_brand(repository, Form(OWNER, {"tags": []}, 1234))
    assert repository.current().sensors[3024].tags == ()


def test_a_sensor_moves_to_another_site(repository):
    site = editing.save_site(repository, Form(OWNER, {"name": "Bern", "timezone": "Europe/Zurich"}), 1234)
    editing.save_sensor(repository, Form(OWNER, {}, 3024), site)
    sensor = repository.current().sensors[3024]
    assert (sensor.site_id, list(sensor.lines), list(sensor.zones)) == (site, [1], [11])


def test_removing_takes_what_belongs_to_it_and_numbers_are_not_given_again(repository):
    found = editing.belongings(repository.current(), "sites", 1)
    tables = ("sites", "sensors", "lines", "zones", "credentials", "webhooks", "feeds")
    assert [found.count(table) for table in tables] == [1, 1, 1, 1, 1, 2, 1]
    editing.remove(repository, OWNER, "sites", 1, None)
    catalogue = repository.current()
    assert 1 not in catalogue.sites
    assert not catalogue.webhooks
    assert not catalogue.feeds
    assert repository.verify("native", "9909e1d0933740f0811913647e3662e8") is None
    site = editing.save_site(repository, Form(OWNER, {"name": "Next", "timezone": "UTC"}), 1234)
    assert editing.save_sensor(repository, Form(OWNER, {}), site) == 3025


def test_removing_a_brand_takes_its_tags_and_leaves_other_accounts(repository):
    editing.remove(repository, OWNER, "brands", 1234, None)
    assert list(repository.current().brands) == [50]
    assert editing.save_brand(repository, Form(OWNER, {"name": "Next"})) == 1235


def test_what_changed_meanwhile_is_not_removed(repository):
    seen = editing.sensor_version(repository.current().sensors[3024])
    editing.save_sensor(repository, Form(OWNER, {"name": "Busy"}, 3024), 1)
    with pytest.raises(ChangedMeanwhileError):
        editing.remove(repository, OWNER, "sensors", 3024, seen)


def test_a_sensor_gets_a_key_of_its_own(repository):
    secret = editing.give_key(repository, OWNER, 3024)
    assert repository.verify("native", secret).sensor_id == 3024
    assert repository.verify("native", "9909e1d0933740f0811913647e3662e8") is None


SITES_ONLY, BRAND_ONLY, OTHERS = person(sites=[1]), person(brands=[1234]), person(account=2)


@pytest.mark.parametrize(
    ("who", "error", "work"),
    [
        (OTHERS, NotFoundError, lambda r, w: editing.save_brand(r, Form(w, {"name": "X"}, 1234))),
        (OTHERS, NotFoundError, lambda r, w: editing.save_site(r, Form(w, {"name": "X"}, 1), 1234)),
        (OTHERS, NotFoundError, lambda r, w: editing.save_site(r, Form(w, {"name": "X", "timezone": "UTC"}), 1234)),
        (OTHERS, NotFoundError, lambda r, w: editing.save_sensor(r, Form(w, {}, 3024), 50)),
        (OTHERS, NotFoundError, lambda r, w: editing.save_sensor(r, Form(w, {}), 1)),
        (OTHERS, NotFoundError, lambda r, w: editing.save_drawing(r, Form(w, {"lines": [], "zones": []}, 3024))),
        (OTHERS, NotFoundError, lambda r, w: editing.save_content(r, Form(w, {"name": "X"}, 8482))),
        (OTHERS, NotFoundError, lambda r, w: editing.give_key(r, w, 3024)),
        (OTHERS, NotFoundError, lambda r, w: editing.remove(r, w, "sites", 1, None)),
        (OTHERS, NotFoundError, lambda r, w: editing.remove(r, w, "sensors", 3024, None)),
        (OTHERS, NotFoundError, lambda r, w: editing.remove(r, w, "contents", 8482, None)),
        (OWNER, NotFoundError, lambda r, w: editing.save_sensor(r, Form(w, {}, 3024), 50)),
        (SITES_ONLY, ForbiddenError, lambda r, w: editing.save_brand(r, Form(w, {"name": "X"}, 1234))),
        (SITES_ONLY, ForbiddenError, lambda r, w: editing.save_site(r, Form(w, {"name": "X"}), 1234)),
        (SITES_ONLY, ForbiddenError, lambda r, w: editing.remove(r, w, "sites", 1, None)),
        (SITES_ONLY, ForbiddenError, lambda r, w: editing.save_content(r, Form(w, {"name": "X"}, 8482))),
        (BRAND_ONLY, ForbiddenError, lambda r, w: editing.save_brand(r, Form(w, {"name": "X"}))),
        (BRAND_ONLY, ForbiddenError, lambda r, w: editing.remove(r, w, "brands", 1234, None)),
        (person(sites=[2]), NotFoundError, lambda r, w: editing.save_sensor(r, Form(w, {}, 3024), 1)),
    ],
)
def test_nobody_changes_what_they_may_not(repository, who, error, work):
    before = the_file(repository)
    with pytest.raises(error):
        work(repository, who)
    assert the_file(repository) == before


def test_who_is_limited_changes_what_they_see(repository):
    editing.save_site(repository, Form(SITES_ONLY, {"name": "Harlem"}, 1), 1234)
    editing.save_sensor(repository, Form(SITES_ONLY, {"name": "Back door"}), 1)
    editing.save_brand(repository, Form(BRAND_ONLY, {"name": "Stores"}, 1234))
    editing.save_site(repository, Form(BRAND_ONLY, {"name": "New", "timezone": "UTC"}), 1234)
    catalogue = repository.current()
    assert [site.name for site in catalogue.sites.values() if site.brand_id == 1234] == ["Harlem", "New"]
    assert catalogue.brands[1234].name == "Stores"
