"""What the resolvers of one request share."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from passerby.api.graphql.limits import Budget
from passerby.catalogue.model import Catalogue, Credential, Site
from passerby.services import Services


@dataclass(frozen=True)
class Context:
    """Who asks, of which state of the catalogue, and what may still be spent."""

    services: Services
    credential: Credential
    catalogue: Catalogue
    budget: Budget

    @cached_property
    def sites(self) -> list[Site]:
        """The sites that may be seen, by id."""
        return self.catalogue.visible_sites(self.credential)
