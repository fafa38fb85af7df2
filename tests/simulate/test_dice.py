from collections import Counter

from passerby.simulate.dice import Dice, Weighted


def test_the_same_name_gives_the_same_numbers_everywhere():
    dice = Dice(7, "stays", 3, "2026-03-02")
    # Written down once: another machine or Python version must give the same.
    assert [dice.integer(0, 999) for _ in range(5)] == [722, 191, 150, 201, 764]
    assert dice.quantile((0, 10, 1000)) == 0


def test_another_name_gives_other_numbers():
    assert len({Dice(*name).random() for name in [(7, "stays", 3), (7, "stays", 4), (7, "views", 4)]}) == 3


def test_integers_have_both_ends():
    dice = Dice(1)
    assert {dice.integer(-1, 1) for _ in range(3000)} == {-1, 0, 1}


def test_quantiles_lie_between_the_ends_of_the_table():
    dice = Dice(1)
    values = sorted(dice.quantile((10, 20, 1000)) for _ in range(3000))
    assert values[0] >= 10
    assert values[-1] <= 1000
    assert abs(values[1500] - 20) < 10


def test_weights_are_kept_and_a_weight_of_nothing_never_comes():
    dice = Dice(1)
    drawn = Counter(Weighted((0, 3, 0, 1, 0)).draw(dice) for _ in range(4000))
    assert drawn.keys() == {1, 3}
    assert 2800 < drawn[1] < 3200


def test_around_stays_within_its_spread():
    dice = Dice(1)
    values = [dice.around(100, 0.2) for _ in range(2000)]
    assert min(values) >= 80
    assert max(values) <= 120
    assert abs(sum(values) / 2000 - 100) < 1
