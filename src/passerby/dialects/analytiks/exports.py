"""Answering one request of the exports: who asks, of which page, of which state of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from passerby.acting import acting
from passerby.catalogue.model import Catalogue, Credential
from passerby.dialects.analytiks import auth, cursors, places, series, shapes
from passerby.dialects.analytiks.errors import REFUSED_BRAND, RefusedError
from passerby.dialects.analytiks.pages import Page
from passerby.dialects.analytiks.places import Location
from passerby.dialects.analytiks.requests import BatchRequest, BrandRequest
from passerby.services import Services
from passerby.settings import Settings

_CURSOR_SECRET = "analytiks cursor"  # noqa: S105 - the purpose from which the secret is derived, not the secret


@dataclass(frozen=True, slots=True)
class Export:
    """One request under way; it sees one state of the catalogue from beginning to end."""

    services: Services
    page: Page
    credential: Credential
    catalogue: Catalogue

    @classmethod
    def open(cls, services: Services, page: Page, authorization: str | None) -> Export:
        """Begin to answer whoever holds the token of this `Authorization` header; raises InvalidTokenError."""
        credential = acting() or auth.check(services.catalogue, auth.bearer(authorization))
        return cls(services, page, credential, services.catalogue.current())

    @property
    def settings(self) -> Settings:
        """The settings of the asking account."""
        return self.catalogue.settings_of_account(self.credential.account_id)

    @property
    def quarters(self) -> bool:
        """Whether 15-minute intervals are enabled."""
        return self.settings.flag("analytiks_15min")

    def find(self, request: BatchRequest) -> places.Found:
        """The locations that a request of v1, v2 or v4 names."""
        return places.find(self.catalogue, self.credential, request)

    def next_batch(self, request: BrandRequest) -> tuple[list[Location], str | None]:
        """The next locations of a brand, and the cursor for those after; raises for a bad cursor or brand."""
        if places.brand(self.catalogue, self.credential, request.brand_id) is None:
            raise RefusedError(REFUSED_BRAND, "brandId")
        secret = self.services.catalogue.server_secret(_CURSOR_SECRET)
        question = (self.credential.id, self.page.name, *request.question)
        last_id = -1 if request.cursor is None else cursors.read(secret, question, request.cursor)
        waiting = places.after(self.catalogue, self.credential, request.brand_id, last_id)
        size = self.settings.integer("analytiks_page_size")
        batch = waiting[:size]
        return batch, cursors.write(secret, question, batch[-1].site.id) if len(waiting) > size else None

    def documents(
        self, locations: Sequence[Location], request: BatchRequest | BrandRequest, *, complete: bool = False
    ) -> list[shapes.Document]:
        """One document per location, in order; `complete` = with every metric and every bucket."""
        if not locations:
            return []
        mean = self.settings.text("analytiks_dwell_time") == "mean"
        buckets = series.buckets_of(locations, request.period, self.page.intervals[request.interval])
        asked = series.ask(self.catalogue, self.page, locations, buckets, mean=mean)
        computed = series.columns(self.services.store, self.catalogue, asked)
        return shapes.documents(asked, computed, complete=complete)
