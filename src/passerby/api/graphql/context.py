"""What the resolvers of one request share."""

from __future__ import annotations

from dataclasses import dataclass

from passerby.api.graphql.limits import Budget
from passerby.catalogue.model import Catalogue, Credential
from passerby.services import Services


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, of which state of the catalogue, and what may still be spent."""

    services: Services
    credential: Credential
    catalogue: Catalogue
    budget: Budget
