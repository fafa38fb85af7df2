from passerby.dialects.throttle import FailureLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_failures_below_the_limit_cost_nothing():
    limit = FailureLimit(failures=3, clock=Clock())
    for _ in range(2):
        limit.failed("a")
    assert limit.wait_s("a") == 0


def test_the_limit_closes_the_window_for_this_key_only():
    limit = FailureLimit(failures=3, window_s=60, clock=Clock())
    for _ in range(3):
        limit.failed("a")
    assert limit.wait_s("a") == 60
    assert limit.wait_s("b") == 0


def test_the_window_opens_again_after_its_time():
    clock = Clock()
    limit = FailureLimit(failures=2, window_s=60, clock=clock)
    limit.failed("a")
    clock.now = 59.5
    limit.failed("a")
    assert limit.wait_s("a") == 1
    clock.now = 60
    assert limit.wait_s("a") == 0
    limit.failed("a")
    assert limit.wait_s("a") == 0


def test_a_flood_of_keys_does_not_grow_the_memory():
    limit = FailureLimit(failures=1, keys=5, clock=Clock())
    for key in range(100):
        limit.failed(key)
    assert [key for key in range(100) if limit.wait_s(key)] == [95, 96, 97, 98, 99]
