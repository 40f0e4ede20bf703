"""What each process counts of the jobs that it runs, and of what it asks for by the clock.

It is the same in the server, in Celery's workers and in Beat; `api/scraping.py` says how the
figures of a worker's processes come together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from datamind.rooms.gauges import gauge

# How an attempt ended. `lost` is told by who finds it, for who ran it can't.
Outcome = Literal["succeeded", "failed", "cancelled", "dead", "retried", "handed_back", "lost"]
OUTCOMES: tuple[Outcome, ...] = (
    "succeeded", "failed", "cancelled", "dead", "retried", "handed_back", "lost",
)  # fmt: skip
BUCKETS = (0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600)
OTHER = "other"


class JobMetrics(Collector):
    """Attempts by how they ended and how long they took; times that were due; the last look at
    what is due. Labels are the kinds that somebody here knows, and the product's schedules."""

    def __init__(
        self, registry: CollectorRegistry | None = None, kinds: Iterable[str] = ()
    ) -> None:
        self.ended = Counter(
            "job_attempts_total", "Attempts of jobs, by how they ended.", ("kind", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.took = Histogram(
            "job_seconds", "Attempts of jobs, from when they were begun.", ("kind",),
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self.fired = Counter(
            "schedules_fired_total", "Times that were due and taken here.", ("schedule",),
            registry=registry,
        )  # fmt: skip
        self._kinds: frozenset[str] = frozenset()
        self.looked_at: float | None = None  # when this process looked at what is due, by time()
        self.messages: int | None = None  # that no worker took yet
        self.know(kinds)
        if registry is not None:
            registry.register(self)

    def know(self, kinds: Iterable[str]) -> None:
        """These kinds are told apart from now on."""
        self._kinds |= frozenset(kinds)
        # A counter that begins with its first event has no increase that anybody could see.
        for kind in self._kinds:
            for outcome in OUTCOMES:
                self.ended.labels(kind, outcome)

    def attempt(self, kind: str, outcome: Outcome, seconds: float | None = None) -> None:
        """An attempt ended, after so long where that is known."""
        label = kind if kind in self._kinds else OTHER
        self.ended.labels(label, outcome).inc()
        if seconds is not None:
            self.took.labels(label).observe(seconds)

    def collect(self) -> Iterator[Metric]:
        """What only those have who look at what is due."""
        if self.looked_at is not None:
            yield gauge(
                "schedules_looked_timestamp_seconds", "When this process looked last at what is"
                " due by the clock.", self.looked_at,
            )  # fmt: skip
        if self.messages is not None:
            yield gauge(
                "job_messages_waiting", "Messages to workers that none took yet.", self.messages
            )
