"""A network and a client of the Camlytics service API, as a customer's program would be one."""

import contextlib
import hashlib
import hmac
from itertools import count

import httpx
from tests.support.networks import KEY, network, other_network, sensor
from tests.support.servers import serving

from passerby.services import open_services

SECRET = "ehsd7485746548574"
API = "/service/api/v1"
NATIVE = {"Authorization": f"Bearer {KEY}"}


def credential(key="pub-1", secret=SECRET, **more):
    return {"dialect": "camlytics", "key": key, "secret": secret, **more}


def catalogue(per_second=0, **changes):
    """`networks.network()` with key `pub-1`, which sees everything, and `zurich`, which sees site 2."""
    document = network()
    document["credentials"] += [credential(), credential("zurich", "zurich-secret", sites=[2])]
    document["settings"] = {"camlytics_requests_per_second": per_second}
    return document | changes


def other_catalogue():
    """Another account with key `other`."""
    document = other_network()
    document["credentials"].append(credential("other", "other-secret"))
    document["settings"] = {"camlytics_requests_per_second": 0}
    return document


def second_camera():
    """Another camera for site 2."""
    return sensor(3028, "door-4")


@contextlib.contextmanager
def running(folder, *documents):
    """A Passerby in `folder` with these catalogues, behind a real port: (services, http client)."""
    services = open_services(folder)
    try:
        for document in documents:
            services.catalogue.apply(document)
        with serving(services) as url, httpx.Client(base_url=url, timeout=60) as http:
            yield services, http
    finally:
        services.close()


def send(http, observations):
    """Post observations and wait until queries see them."""
    answer = http.post("/v1/observations", params={"wait": "visible"}, json=observations, headers=NATIVE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["rejected"] == []


def signature(target, secret=SECRET):
    return hmac.new(secret.encode(), target.encode(), hashlib.sha512).hexdigest()


class Program:
    """Signs requests with a nonce that grows."""

    def __init__(self, http, key="pub-1", secret=SECRET):
        self.http = http
        self.key = key
        self.secret = secret
        self.nonces = count(1)

    def target(self, method, **parameters):
        query = httpx.QueryParams({name: value for name, value in parameters.items() if value is not None})
        return f"{API}/{method.lstrip('/')}?{query}"

    def raw(self, target, sign=None, **headers):
        """Send a path and query exactly as they are."""
        head = {"X-Key": self.key, "X-Sign": signature(sign or target, self.secret)} | headers
        url = self.http.base_url.copy_with(raw_path=target.encode())
        return self.http.get(url, headers={name: value for name, value in head.items() if value is not None})

    def ask(self, method, **parameters):
        return self.raw(self.target(method, **({"nonce": next(self.nonces)} | parameters)))

    def result(self, method, **parameters):
        answer = self.ask(method, **parameters)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert (document["msg"], document["code"]) == ("success", 0)
        return document["result"]

    def refusal(self, method, **parameters):
        """(status, code) of an answer that is an error."""
        return refusal(self.ask(method, **parameters))


def refusal(answer):
    """(status, code) of an answer, which must be an error in the envelope."""
    document = answer.json()
    assert set(document) == {"msg", "result", "code"}
    assert document["result"] == []
    assert document["msg"]
    return answer.status_code, document["code"]
