"""People who are signed in to the dashboard, as HTTP clients and as cookies of a browser."""

import itertools
import re

import httpx

_NUMBERS = itertools.count(1)


def session(services, role="admin", *, account_id=632, brands=(), sites=()):
    """The cookie of somebody new who has just signed in: its name and value."""
    number = next(_NUMBERS)
    person = services.people.create(
        account_id=account_id,
        email=f"person{number}@example.com",
        name=f"Person {number}",
        role=role,
        brands=brands,
        sites=sites,
    )
    return "passerby_session", services.sessions_of_people.begin(person.id)


class Browser:
    """Somebody signed in, without a browser: pages as text, forms with their token."""

    def __init__(self, services, url, role="admin", **limits):
        name, value = session(services, role, **limits)
        # No connection stays open, so that nobody has to close one.
        none = httpx.Limits(max_keepalive_connections=0)
        self.http = httpx.Client(base_url=url, cookies={name: value}, timeout=30, limits=none)

    def get(self, path, **more):
        return self.http.get(path, **more)

    def token(self):
        return re.search(r'data-csrf="([^"]+)"', self.get("/app/sensors").text)[1]

    def post(self, path, data=None, **more):
        return self.http.post(path, data={**(data or {}), "csrf": self.token()}, **more)
