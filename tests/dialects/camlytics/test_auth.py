"""Keys, signatures, the throttle and nonces, in this order, over real HTTP."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from tests.support import camlytics
from tests.support.camlytics import API, Program, refusal, signature

from passerby.dialects.camlytics.auth import LARGEST_NONCE
from passerby.dialects.throttle import RateLimit
from passerby.maintenance.backup import backup, restore
from passerby.services import open_services


@pytest.fixture
def fresh(tmp_path):
    """A server whose key has used no nonce: (services, program)."""
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as (services, http):
        yield services, Program(http)


def raw_request(url, target, headers):
    """The status and the JSON body of a request whose bytes no client library has touched."""
    address = urlsplit(url)
    lines = [f"GET {target} HTTP/1.1", f"Host: {address.netloc}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_the_checks_come_in_their_order(fresh):
    _, program = fresh
    target = f"{API}/channels?nonce=5"
    bad = f"{API}/channels?nonce=5&colour=red"
    assert refusal(program.raw(bad, **{"X-Key": None, "X-Sign": "0"})) == (401, 4011)
    assert refusal(program.raw(bad, **{"X-Key": "nobody", "X-Sign": "0"})) == (401, 4011)
    assert refusal(program.raw(bad, **{"X-Sign": None})) == (401, 4012)
    assert refusal(program.raw(bad, **{"X-Sign": "0" * 128})) == (401, 4012)
    # None of these used the nonce up; the next does although its parameter is wrong.
    assert refusal(program.raw(bad)) == (400, 4001)
    assert refusal(program.raw(target)) == (401, 4014)
    assert program.raw(f"{API}/channels?nonce=6").status_code == 200


@pytest.mark.parametrize("place", [0, 40, 127])
def test_a_changed_byte_is_refused(fresh, place):
    _, program = fresh
    target = f"{API}/channels?nonce=5"
    right = signature(target)
    wrong = right[:place] + ("0" if right[place] != "0" else "1") + right[place + 1 :]
    assert refusal(program.raw(target, **{"X-Sign": wrong})) == (401, 4012)
    assert refusal(program.raw(f"{API}/channels?nonce=6", sign=target)) == (401, 4012)
    assert program.raw(target, **{"X-Sign": right.upper()}).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "nonce=7&since=2020-10-13T06%3A12%3A00.000%2B01%3A00",
        "since=2020-10-12T14%3A00%3A00Z&nonce=7",
        "since=2020-10-12T14:00:00Z&nonce=7",  # nothing encoded
        "since=2020-10-12T14%3a00%3a00Z&nonce=7",  # encoded in lower case
        "origin=Pedestrian%20on+foot&nonce=7&event_type=%C3%A9",
        "%6eonce=7",
    ],
)
def test_the_signature_is_over_the_bytes_as_sent(fresh, query):
    _, program = fresh
    for target in (f"{API}/events?{query}", f"{API}/%65vents?{query.replace('=7', '=8')}"):
        headers = {"X-Key": "pub-1", "X-Sign": signature(target)}
        status, body = raw_request(str(program.http.base_url), target, headers)
        assert (status, body.endswith(b'"code":0}') or b'"code":0}' in body) == (200, True)


@pytest.mark.parametrize("nonce", ["", "-1", "1.5", "abc", str(LARGEST_NONCE + 1), "9" * 40, "%D9%A3"])
def test_what_is_no_nonce(fresh, nonce):
    _, program = fresh
    assert refusal(program.raw(f"{API}/channels?nonce={nonce}")) == (401, 4013)


def test_a_nonce_is_given_once(fresh):
    _, program = fresh
    assert refusal(program.raw(f"{API}/channels")) == (401, 4013)
    assert refusal(program.raw(f"{API}/channels?nonce=1&nonce=2")) == (401, 4013)
    assert program.raw(f"{API}/channels?nonce=1").status_code == 200


def test_one_counter_serves_all_methods_and_each_key_has_its_own(fresh):
    _, program = fresh
    zurich = Program(program.http, "zurich", "zurich-secret")
    assert program.ask("channels", nonce=LARGEST_NONCE - 1).status_code == 200
    assert program.refusal("locations", nonce=LARGEST_NONCE - 1) == (401, 4014)
    assert program.refusal("locations", nonce=154) == (401, 4014)
    assert zurich.ask("locations", nonce=154).status_code == 200
    assert program.ask("totals/types", nonce=LARGEST_NONCE).status_code == 200
    assert program.refusal("channels", nonce=LARGEST_NONCE) == (401, 4014)


def test_nonces_survive_restart_and_restore(tmp_path):
    data = tmp_path / "data"
    with camlytics.running(data, camlytics.catalogue()) as (services, http):
        assert Program(http).ask("channels", nonce=41).status_code == 200
        backup(services, tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "restored")
    for folder in (data, tmp_path / "restored"):
        with camlytics.running(folder) as (_, http):
            assert Program(http).refusal("channels", nonce=41) == (401, 4014)
            assert Program(http).ask("channels", nonce=42).status_code == 200


def test_nonces_survive_a_crash(server):
    one = server(camlytics.catalogue())
    with camlytics.httpx.Client(base_url=one.url) as http:
        assert Program(http).ask("channels", nonce=7).status_code == 200
    one.kill()
    again = server(camlytics.catalogue(), data=one.data)
    with camlytics.httpx.Client(base_url=again.url) as http:
        assert Program(http).refusal("channels", nonce=7) == (401, 4014)


def test_a_key_that_comes_back_does_not_accept_old_requests(fresh):
    services, program = fresh
    assert program.ask("channels", nonce=9).status_code == 200
    without = camlytics.catalogue()
    without["credentials"] = [one for one in without["credentials"] if one.get("key") != "pub-1"]
    services.catalogue.apply(without, prune=True)
    assert program.refusal("channels", nonce=10) == (401, 4011)
    services.catalogue.apply(camlytics.catalogue())
    assert program.refusal("channels", nonce=9) == (401, 4014)


def test_of_racing_requests_with_one_nonce_one_passes(fresh):
    _, program = fresh
    for nonce in range(1, 6):
        start = threading.Barrier(8)

        def ask(_, nonce=nonce, start=start):
            with camlytics.httpx.Client(base_url=program.http.base_url) as http:
                http.get("/healthz")
                start.wait()
                return Program(http).ask("channels", nonce=nonce).status_code

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(ask, range(8))) == [200] + [401] * 7


def test_the_throttle_comes_before_the_nonce(tmp_path):
    with camlytics.running(tmp_path / "data", camlytics.catalogue(per_second=0.001)) as (_, http):
        program, zurich = Program(http), Program(http, "zurich", "zurich-secret")
        assert program.ask("channels", nonce=1).status_code == 200
        answer = program.ask("channels", nonce=2)
        assert refusal(answer) == (429, 4290)
        assert 990 <= int(answer.headers["retry-after"]) <= 1000
        # Who is not let in because of the signature does not use up what the key may send.
        assert refusal(zurich.raw(f"{API}/channels?nonce=1", **{"X-Sign": "0"})) == (401, 4012)
        assert zurich.ask("channels", nonce=1).status_code == 200
    with camlytics.running(tmp_path / "data", camlytics.catalogue()) as (_, http):
        assert Program(http).ask("channels", nonce=2).status_code == 200


def test_one_request_a_second_is_the_default(tmp_path):
    document = camlytics.catalogue()
    del document["settings"]
    services = open_services(tmp_path / "data")
    services.catalogue.apply(document)
    settings = services.catalogue.current().settings_of_account(632)
    services.close()
    assert settings.number("camlytics_requests_per_second") == 1


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_the_rate_is_even_on_the_long_run():
    clock = Clock()
    rate = RateLimit(clock=clock)
    passed = []
    for step in range(10_000):
        clock.now = 100 + step / 100
        if not rate.wait_s("key", 1):
            passed.append(clock.now)
    assert len(passed) <= 101
    assert all(later - earlier >= 0.94 for earlier, later in pairwise(passed))


def test_a_second_s_requests_may_come_together():
    clock = Clock()
    rate = RateLimit(clock=clock)
    assert [rate.wait_s("key", 5) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert rate.wait_s("other", 5) == 0
    assert rate.wait_s("key", 0) == 0
    clock.now += 0.2
    assert rate.wait_s("key", 5) == 0


def test_the_longest_unused_key_is_forgotten_first():
    rate = RateLimit(keys=2, clock=Clock())
    assert [rate.wait_s(key, 1) for key in "abc"] == [0, 0, 0]
    assert rate.wait_s("c", 1) == 1
    assert rate.wait_s("a", 1) == 0
