"""Everything that a running Passerby consists of, opened together and closed in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import structlog
from litestar.connection import ASGIConnection

from passerby.catalogue.model import Content, Credential
from passerby.catalogue.repository import Repository
from passerby.catalogue.rules import LIVE_METRICS
from passerby.errors import InvalidInputError
from passerby.feeds.board import Board
from passerby.feeds.now import report_now
from passerby.feeds.reports import report
from passerby.ingest.resolve import ContentName, Resolver
from passerby.ingest.stays import Stays
from passerby.ingest.wifi_keys import Devices
from passerby.jobs import Exports
from passerby.journal import Journal
from passerby.live import Corrections, Live
from passerby.loader import Loader
from passerby.lock import FolderLock
from passerby.mailing import Mailings, MailingTable, mail_server
from passerby.metrics.kept import KeptSums
from passerby.people import People, ShareLinks
from passerby.people import Sessions as PeopleSessions
from passerby.settings import Settings, from_environment
from passerby.sightings.sessions import Sessions
from passerby.store.contract import Store
from passerby.store.duckdb import DuckDBStore
from passerby.telemetry import Telemetry
from passerby.webhooks.deliveries import Deliveries

_SWEEP_S = 60
_log = structlog.get_logger("passerby")


# Where the state of a request holds whose data are asked for.
SERVICES = "passerby_services"


@dataclass(slots=True)
class Services:
    """The parts of one running Passerby. Made by `open_services`, ended by `close`.

    All of them are at work but `webhooks`: only a server starts them, not a command that opens a directory for a while.
    """

    data: Path
    settings: Settings
    catalogue: Repository
    journal: Journal
    store: Store
    kept: KeptSums
    loader: Loader
    devices: Devices
    sessions: Sessions
    stays: Stays
    telemetry: Telemetry
    exports: Exports
    webhooks: Deliveries
    live: Live
    feeds: Board
    people: People
    sessions_of_people: PeopleSessions
    share_links: ShareLinks
    mailings: Mailings
    _closing: ExitStack
    _resolvers: dict[Credential, Resolver] = field(default_factory=dict)

    def resolver(self, credential: Credential) -> Resolver:
        """What turns the rows of a credential into facts, on the catalogue of this moment."""
        catalogue = self.catalogue.current()
        known = self._resolvers.get(credential)
        if known is not None and known.catalogue is catalogue:
            return known
        if known is None and len(self._resolvers) >= 10_000:
            self._resolvers.clear()
        made = self._resolvers[credential] = Resolver(catalogue, credential, self.devices)
        return made

    def register_content(self, credential: Credential, name: ContentName) -> Content:
        """The content of a credential's account that a row names, made known where it is new."""
        account = credential.account_id
        return self.catalogue.register_content(account, name.text, name.app_id, name.campaign_id, name.number)

    def close(self) -> None:
        """Load what the journal holds, then let go of every file."""
        self._closing.close()


def services_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Services:
    """Those that the server of a request serves; `server.App` puts them there."""
    return cast("Services", connection.scope["state"][SERVICES])


def open_services(data: Path, *, catalogue_url: str | None = None, store_url: str | None = None) -> Services:
    """Open the data directory `data`, making it and what is missing in it.

    Raises ConflictError when another process works on it, InvalidInputError for an engine that this release
    does not have.
    """
    _refuse_url("--catalogue-url", catalogue_url, "SQLite")
    _refuse_url("--store-url", store_url, "DuckDB")
    settings = Settings(from_environment())
    if data.exists() and not data.is_dir():
        raise InvalidInputError(f"{data} is a file; it must be a directory", "--data")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        stack.enter_context(FolderLock(data))
        catalogue = Repository(data / "catalogue.sqlite")
        stack.callback(catalogue.close)
        devices = Devices(data / "wifi-keys.sqlite")
        stack.callback(devices.close)
        store = DuckDBStore(
            data / "facts.duckdb",
            memory_mb=settings.integer("store_memory_mb"),
            threads=settings.integer("store_threads"),
        )
        stack.callback(store.close)
        journal = Journal(
            data / "journal.sqlite",
            keep_days=settings.integer("journal_days"),
            rejected_days=settings.integer("rejected_days"),
        )
        stack.callback(journal.close)
        loader = Loader(journal, store)
        loader.start()
        stack.callback(loader.stop)
        sessions = Sessions(data, journal, catalogue)
        stack.callback(sessions.stop)
        stays = Stays(store, loader, round(settings.number("camlytics_pairing_h") * 3_600_000))
        stack.callback(_every(_SWEEP_S, devices.sweep))
        telemetry = Telemetry(journal, loader, sessions)
        exports = Exports(catalogue.engine, data / "exports")
        stack.callback(exports.stop)
        live = Live(loader, store, catalogue, Corrections(catalogue.engine))
        stack.callback(live.stop)
        webhooks = Deliveries(catalogue, journal, store, loader, live, telemetry.webhook)
        stack.callback(webhooks.stop)
        feeds = Board(
            catalogue.current,
            lambda: loader.loaded_seq,
            lambda feed, now_ms: (
                report_now(live, catalogue.current(), feed)
                if feed.metric in LIVE_METRICS
                else report(store, catalogue.current(), feed, now_ms)
            ),
        )
        people = People(catalogue.engine)
        mailings = Mailings(MailingTable(catalogue.engine), mail_server(settings))
        stack.callback(mailings.stop)
        return Services(
            data,
            settings,
            catalogue,
            journal,
            store,
            KeptSums(store),
            loader,
            devices,
            sessions,
            stays,
            telemetry,
            exports,
            webhooks,
            live,
            feeds,
            people,
            PeopleSessions(catalogue.engine, people),
            ShareLinks(catalogue.engine),
            mailings,
            stack.pop_all(),
        )


def _refuse_url(option: str, url: str | None, embedded: str) -> None:
    if url is not None:
        raise InvalidInputError(f"this release has only the embedded engine ({embedded}); leave the option out", option)


def _every(seconds: float, work: Callable[[], object]) -> Callable[[], None]:
    """Do `work` again and again in a thread; returns what ends it."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(seconds):
            try:
                work()
            except Exception as error:  # noqa: BLE001  # it is tried again; nothing else waits for it
                _log.error("periodic work failed", work=work.__qualname__, error=str(error))

    thread = threading.Thread(target=run, name=f"every-{seconds:g}s", daemon=True)
    thread.start()

    def end() -> None:
        done.set()
        thread.join()

    return end
