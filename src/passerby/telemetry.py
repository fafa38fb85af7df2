"""What a running Passerby counts and times about itself, for Prometheus. Never anything about people or keys."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from passerby.journal import Journal
from passerby.loader import Loader
from passerby.sightings.sessions import Sessions
from passerby.webhooks.posting import Outcome

_FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Telemetry:
    """The counters of one process. Cheap enough for every request."""

    media_type = "text/plain; version=0.0.4"

    def __init__(self, journal: Journal, loader: Loader, sessions: Sessions) -> None:
        self.registry = CollectorRegistry()
        self.rows = Counter(
            "passerby_ingest_rows", "Rows that arrived, by what became of them", ["outcome"], registry=self.registry
        )
        self.accepted_rows = self.rows.labels("accepted")
        self.rejected_rows = self.rows.labels("rejected")
        self.dropped_rows = self.rows.labels("dropped")  # not kept: devices with made-up addresses
        self.commit = Histogram(
            "passerby_journal_commit_seconds",
            "From handing rows to the journal until they are safe",
            buckets=_FAST,
            registry=self.registry,
        )
        self._requests = Histogram(
            "passerby_request_seconds",
            "Time to answer, by route",
            ["method", "route", "status"],
            buckets=_FAST,
            registry=self.registry,
        )
        self._webhooks = Counter(
            "passerby_webhook_attempts",
            "Webhook messages sent, by whether they arrived",
            ["outcome"],
            registry=self.registry,
        )
        self.registry.register(_State(journal, loader, sessions))

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered. `route` is a pattern, never a path with what somebody put in it."""
        self._requests.labels(method, route, str(status)).observe(seconds)

    def webhook(self, outcome: Outcome) -> None:
        """A webhook message was sent."""
        self._webhooks.labels("delivered" if outcome.delivered else "failed").inc()

    def text(self) -> bytes:
        """Everything, in the Prometheus text format."""
        return generate_latest(self.registry)


class _State:
    """What is asked for at the moment it is read."""

    def __init__(self, journal: Journal, loader: Loader, sessions: Sessions) -> None:
        self._sessions = sessions
        self._journal = journal
        self._loader = loader

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "passerby_loader_backlog_rows", "Rows that queries do not see yet", value=self._loader.backlog_rows
        )
        yield GaugeMetricFamily(
            "passerby_loader_lag_seconds", "How long the oldest of them has waited, at most", value=self._loader.lag_s
        )
        yield GaugeMetricFamily(
            "passerby_sessions_backlog_rows",
            "Journal rows not yet looked through for WiFi sightings",
            value=self._sessions.backlog_rows,
        )
        yield GaugeMetricFamily(
            "passerby_sessions_open", "WiFi sessions that have not ended", value=self._sessions.open_count()
        )
        yield GaugeMetricFamily(
            "passerby_loader_failing", "1 while the store refuses rows", value=float(self._loader.failing)
        )
        yield GaugeMetricFamily(
            "passerby_journal_last_entry", "The number of the newest journal entry", value=self._journal.last_entry
        )
