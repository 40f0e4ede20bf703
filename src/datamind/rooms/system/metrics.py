"""Metrics for Prometheus; labels are bounded: routes, not paths, and codes, not texts.

What is counted stands here; what has to be looked up is in `figures.py`, in the background. Each
process has its own: the server's are here, in memory; see docs/observability.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from datamind import __version__, errors
from datamind.records import Answer, Ran
from datamind.rooms.audit.events import EVENTS

disable_created_metrics()  # type: ignore[no-untyped-call]
# 1 and 3 seconds are what most answers, and nearly all of them, may take (api.md, 8).
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30)
COARSE = (0.05, 0.25, 1, 3, 10)
# The guard's refusals, and those of the warehouse that are like them.
REFUSALS = ("sql_rejected", "access_denied", "unknown_table", "unknown_column", "too_large")
OTHER = "other"


def _codes() -> dict[str, int]:
    """The status of each error that there is, by its code."""
    found, waiting = {}, [errors.DataMindError]
    while waiting:
        kind = waiting.pop()
        found[kind.code] = kind.status
        waiting += kind.__subclasses__()
    return found


CODES = _codes()
# What fails for a reason of ours or the warehouse's. A statement that is wrong is its author's.
OURS = frozenset(code for code, status in CODES.items() if status >= 500) - {
    "overloaded", "turned_away", "not_yet",
}  # fmt: skip


class Looked(Collector):
    """What was looked up last, by whoever does it; what could not be is not there."""

    def __init__(self) -> None:
        self.families: Sequence[Metric] = ()

    def collect(self) -> Iterable[Metric]:
        """All of it."""
        return self.families


class Metrics:
    """What this process counts."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.looked = Looked()
        registry.register(self.looked)
        Gauge("datamind_info", "1.", ("version",), registry=registry).labels(__version__).set(1)
        self.requests = Counter(
            "http_requests_total", "Requests.", ("method", "endpoint", "status"),
            registry=registry,
        )  # fmt: skip
        self.request_time = Histogram(
            "http_request_seconds", "Requests, from the first byte in to the last one out.",
            ("endpoint",), buckets=COARSE, registry=registry,
        )  # fmt: skip
        self.stages = Histogram(
            "pipeline_stage_seconds", "Stages of an ask.", ("stage",), buckets=BUCKETS,
            registry=registry,
        )  # fmt: skip
        self.generation = Histogram(
            "query_generation_latency_seconds", "From question to governed SQL.",
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self.execution = Histogram(
            "query_execution_latency_seconds", "Statements on the warehouse.", buckets=BUCKETS,
            registry=registry,
        )  # fmt: skip
        self.ask_time = Histogram(
            "ask_latency_seconds", "Asks from end to end, waiting included.", ("kind",),
            buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self.waited = Histogram(
            "queue_wait_seconds", "Waiting for a process of the engine or a place on the"
            " warehouse.", ("queue",), buckets=BUCKETS, registry=registry,
        )  # fmt: skip
        self.waiting = Gauge("queue_length", "Who waits now.", ("queue",), registry=registry)
        self.answers = Counter(
            "answers_total", "Answers by status.", ("kind", "status"), registry=registry
        )
        self.failures = Counter(
            "query_failures_total", "Asks that failed for a reason of ours or the warehouse's.",
            ("code",), registry=registry,
        )  # fmt: skip
        self.refusals = Counter(
            "guard_refusals_total", "Statements that the guard refused.", ("code",),
            registry=registry,
        )  # fmt: skip
        self.reads = Counter(
            "result_reads_total", "Results, by whether they were kept ones.", ("cached",),
            registry=registry,
        )  # fmt: skip
        self.statements = Counter(
            "warehouse_statements_total", "Statements that a warehouse ran, by the error that they"
            " ended in.", ("dialect", "code"), registry=registry,
        )  # fmt: skip
        self.usage = Counter(
            "usage_events_total", "What people did, as the audit log names it.", ("event",),
            registry=registry,
        )  # fmt: skip
        self.health = Gauge(
            "system_health_score", "0 to 100.", ("operational_mode",), registry=registry
        )
        self.audit = Gauge(
            "audit_copy_up", "1 where this copy of the audit log can be written.", ("copy",),
            registry=registry,
        )  # fmt: skip
        self.circuits = Gauge(
            "circuit_breaker_state", "0 closed, 1 half open, 2 open.", ("part",),
            registry=registry,
        )  # fmt: skip
        self.mode_changes = Counter(
            "operational_mode_changes_total", "Changes to this mode.", ("operational_mode",),
            registry=registry,
        )  # fmt: skip
        self.alerts_open = Gauge("alerts_open", "Alerts that are open.", ("kind",),
                                 registry=registry)  # fmt: skip
        self.alerts_sent = Counter(
            "alerts_sent_total", "Alerts by how sending them ended: sent, failed or dropped.",
            ("channel", "outcome"), registry=registry,
        )  # fmt: skip
        self.running = Gauge("queries_running", "Asks under way.", registry=registry)
        self.pool_active = Gauge(
            "database_connection_pool_active", "Connections to the metadata store in use.",
            registry=registry,
        )  # fmt: skip
        self.pool_idle = Gauge(
            "database_connection_pool_idle", "Those that are open and wait to be used.",
            registry=registry,
        )  # fmt: skip
        # A counter that begins with its first event has no increase that anybody could see.
        for code in OURS:
            self.failures.labels(code)
        for code in REFUSALS:
            self.refusals.labels(code)
        self.reads_so_far: tuple[int, int] = (0, 0)  # kept results, and all of them

    def requested(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """A request was answered; `endpoint` is the route's path."""
        self.requests.labels(method, endpoint, str(status)).inc()
        self.request_time.labels(endpoint).observe(seconds)

    def stage(self, stage: str, seconds: float) -> None:
        """A stage ended."""
        self.stages.labels(stage).observe(seconds)
        if stage == "execute":
            self.execution.observe(seconds)

    @contextmanager
    def queued(self, queue: str) -> Iterator[None]:
        """Somebody waits in here."""
        with self.waited.labels(queue).time():
            yield

    def asked(self, kind: str, answer: Answer) -> None:
        """An ask ended."""
        self.answers.labels(kind, answer.status).inc()
        self.ask_time.labels(kind).observe(answer.elapsed_ms / 1000)
        reading = [s.elapsed_ms for s in answer.stages if s.stage not in ("execute", "explain")]
        if reading:
            self.generation.observe(sum(reading) / 1000)
        if answer.error_code is not None:
            self.refused(answer.error_code)
            if answer.error_code in OURS and answer.status == "error":
                self.failures.labels(answer.error_code).inc()

    def ran(self, ran: Ran) -> None:
        """A warehouse ran a statement."""
        code = ran.code if ran.code in CODES else OTHER if ran.code else "none"
        self.statements.labels(ran.governed.dialect, code).inc()

    def read(self, *, cached: bool) -> None:
        """Rows were read, or taken from those that are kept."""
        self.reads.labels("yes" if cached else "no").inc()
        kept, read = self.reads_so_far
        self.reads_so_far = (kept + cached, read + 1)

    def refused(self, code: str) -> None:
        """Something was refused, if that is what the code says."""
        if code in REFUSALS:
            self.refusals.labels(code).inc()

    def used(self, event: str) -> None:
        """Somebody did something that the audit log has a name for."""
        self.usage.labels(event if event in EVENTS else OTHER).inc()

    def text(self) -> bytes:
        """All of them in Prometheus' text form."""
        return generate_latest(self.registry)
