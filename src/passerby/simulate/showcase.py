"""The demonstration: credentials for every dialect, and one command line for each that shows it at work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from passerby.catalogue.keys import password_held
from passerby.catalogue.model import Catalogue
from passerby.ready import Secrets, curl, ready_requests
from passerby.services import Services
from passerby.simulate.network import Network, catalogue_document

NATIVE_KEY = "psb_demo_key"
# Everybody knows these: the demonstration listens on this machine only.
SECRETS: Secrets = {
    "analytiks": {"client_id": "demo", "client_secret": "demo-secret"},
    "camlytics": {"key": "pub-1", "secret": "ehsd7485746548574"},
    "quividi": {"username": "demo", "token": "demo-token"},
    "seemetrix": {"user_key": "d482d4c3c4bd4dd796abccf726ae1266"},
    "native": {"key": NATIVE_KEY},
}
_SHOWN = (
    "passerby-metrics",
    "analytiks-json",
    "analytiks-graphql",
    "camlytics-events",
    "quividi-data",
    "seemetrix-unified",
)
# Who signs in to its dashboard. As the credentials: everybody knows it, nobody elsewhere reaches it.
EMAIL, PASSWORD = "demo@example.com", "demo-password"


def add_person(services: Services) -> bool:
    """See to it that somebody can sign in, unless people have been added; whether it is the demonstration's person."""
    everybody = services.people.of_account()
    if not everybody:
        account_id = min(services.catalogue.current().accounts)
        made = services.people.create(account_id=account_id, name="Demo", email=EMAIL, role="admin")
        services.people.set_held(made.id, password_held(PASSWORD))
        return True
    return any(one.email == EMAIL for one in everybody)


@dataclass(frozen=True, slots=True)
class Example:
    """A command line to try; it works as long as the account has the demonstration's credentials."""

    title: str
    path: str
    command: str


def document(made: Network) -> dict[str, Any]:
    """The catalogue document of the demonstration."""
    credentials: list[dict[str, Any]] = [{"dialect": dialect, **secrets} for dialect, secrets in SECRETS.items()]
    credentials[-1]["scopes"] = ["ingest", "read", "admin"]  # of the native key
    return catalogue_document(made, credentials)


def examples(address: str, catalogue: Catalogue, now: datetime) -> Iterator[Example]:
    """The command lines, about the last two whole days before `now`."""
    account_id = min(catalogue.accounts)
    sites = [site for _, site in sorted(catalogue.sites.items())]
    requests = {request.name: request for request in ready_requests(account_id, sites, now)}
    for name in _SHOWN:
        if name in requests:
            yield Example(requests[name].title, requests[name].path, curl(address, requests[name], SECRETS))
