"""`GET /v1/catalogue`: what exists, for the key that asks."""

from __future__ import annotations

from litestar import get
from litestar.di import NamedDependency

from passerby.api.native import native_router
from passerby.catalogue.model import Credential
from passerby.catalogue.view import CatalogueView, visible
from passerby.services import Services


@get("/", summary="What exists: brands, sites, sensors, lines, zones and contents")
async def catalogue(services: NamedDependency[Services], credential: NamedDependency[Credential]) -> CatalogueView:
    """The part of the catalogue that the key may see, in the shape of the catalogue file; never secrets.

    A brand, site or sensor that the key is kept from does not appear.
    """
    return visible(services.catalogue.current(), credential)


router = native_router("/v1/catalogue", [catalogue], tags=["Catalogue"])
