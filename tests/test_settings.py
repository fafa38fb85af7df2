"""Settings: the narrowest level wins, and a wrong value names its place."""

import pytest

from passerby.errors import InvalidInputError
from passerby.settings import SETTINGS, Settings, check_settings, from_environment


def test_the_narrowest_level_wins():
    settings = Settings({"bounce_s": 7.0}, {"bounce_s": 6.0}).narrowed({"bounce_s": 4})
    assert settings.ms("bounce_s") == 4000
    assert Settings({"bounce_s": 7.0}, {}).ms("bounce_s") == 7000
    assert Settings().ms("bounce_s") == 5000


@pytest.mark.parametrize(
    ("values", "level", "message"),
    [
        ({"bounce": 5}, "account", "s.bounce: no such setting"),
        ({"bounce_s": "5"}, "site", "s.bounce_s: expected a number"),
        ({"bounce_s": True}, "site", "s.bounce_s: expected a number"),
        ({"bounce_s": -1}, "site", "s.bounce_s: expected a number >= 0"),
        ({"bounce_s": 90_000}, "site", "s.bounce_s: expected a number <= 86400"),
        ({"bounce_s": float("nan")}, "site", "s.bounce_s: expected a number"),
        ({"analytiks_page_size": 2.5}, "account", "s.analytiks_page_size: expected an integer"),
        ({"analytiks_15min": 1}, "account", "s.analytiks_15min: expected true or false"),
        ({"analytiks_15min": True}, "site", "s.analytiks_15min: cannot be set for one site, only: global, account"),
        ({"analytiks_dwell_time": "median"}, "account", "s.analytiks_dwell_time: expected one of sum, mean"),
        ({"occupancy_reset": "4:00"}, "site", "s.occupancy_reset: expected the form of '04:00'"),
        ({"occupancy_reset": "24:00"}, "site", "s.occupancy_reset: expected the form of '04:00'"),
        ({"occupancy_reset": 4}, "site", "s.occupancy_reset: expected a text"),
    ],
)
def test_a_wrong_value_names_its_place_and_the_fix(values, level, message):
    with pytest.raises(InvalidInputError) as raised:
        check_settings(values, level, "s")
    assert raised.value.message.startswith(message)


def test_all_wrong_values_are_reported_at_once():
    with pytest.raises(InvalidInputError) as raised:
        check_settings({"bounce": 5, "group_gap_s": "x", "bounce_s": 1}, "site", "s")
    assert [problem.path for problem in raised.value.problems] == ["s.bounce", "s.group_gap_s"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {}),
        ({"PASSERBY_BOUNCE_S": "2.5", "OTHER": "x"}, {"bounce_s": 2.5}),
        ({"PASSERBY_ANALYTIKS_15MIN": "false"}, {"analytiks_15min": False}),
        ({"PASSERBY_OCCUPANCY_RESET": "03:30"}, {"occupancy_reset": "03:30"}),
        ({"PASSERBY_MAX_BODY_MB": "32"}, {"max_body_mb": 32}),
    ],
)
def test_the_environment_gives_global_values(environment, expected):
    assert from_environment(environment) == expected


def test_a_wrong_environment_variable_is_named():
    with pytest.raises(InvalidInputError, match="PASSERBY_MAX_BODY_MB: expected an integer"):
        from_environment({"PASSERBY_MAX_BODY_MB": "lots"})


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_every_default_is_a_valid_value(setting):
    assert setting.check(setting.default, setting.name) == setting.default
    assert setting.description.endswith(".")
