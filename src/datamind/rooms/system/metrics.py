"""Metrics for Prometheus; labels are bounded: routes, not paths, and codes, not texts.

What is counted stands here; what has to be looked up is in `figures.py`, in the background. Each
process has its own: the server's are here, in memory; see docs/observability.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.process_collector import ProcessCollector

from datamind import __version__, errors
from datamind.records import Answer, Ran
from datamind.rooms.audit.events import EVENTS
from datamind.rooms.gauges import Looked
from datamind.rooms.jobs.metrics import JobMetrics

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


class _Makers:
    """Make metrics of one registry; labels stand between spaces."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counter(self, name: str, labels: str, says: str) -> Counter:
        return Counter(name, says, labels.split(), registry=self._registry)

    def gauge(self, name: str, labels: str, says: str) -> Gauge:
        return Gauge(name, says, labels.split(), registry=self._registry)

    def times(
        self, name: str, labels: str, says: str, buckets: tuple[float, ...] = BUCKETS
    ) -> Histogram:
        return Histogram(name, says, labels.split(), registry=self._registry, buckets=buckets)


class Metrics:
    """What this process counts."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.looked = Looked()
        registry.register(self.looked)
        self.jobs = JobMetrics(registry)
        made = _Makers(registry)
        counter, gauge, times = made.counter, made.gauge, made.times
        gauge("datamind_info", "version", "1.").labels(__version__).set(1)
        # fmt: off
        self.requests = counter("http_requests_total", "method endpoint status", "Requests.")
        self.request_time = times("http_request_seconds", "endpoint",
            "Requests, from the first byte in to the last one out.", COARSE)
        self.stages = times("pipeline_stage_seconds", "stage", "Stages of an ask.")
        self.generation = times("query_generation_latency_seconds", "",
            "From question to governed SQL.")
        self.execution = times("query_execution_latency_seconds", "",
            "Statements on the warehouse.")
        self.ask_time = times("ask_latency_seconds", "kind",
            "Asks from end to end, waiting included.")
        self.waited = times("queue_wait_seconds", "queue",
            "Waiting for a process of the engine or a place on the warehouse.")
        self.waiting = gauge("queue_length", "queue", "Who waits now.")
        self.running = gauge("queries_running", "", "Asks under way.")
        self.answers = counter("answers_total", "kind status", "Answers by status.")
        self.failures = counter("query_failures_total", "code",
            "Asks that failed for a reason of ours or the warehouse's.")
        self.refusals = counter("guard_refusals_total", "code",
            "Statements that the guard refused.")
        self.reads = counter("result_reads_total", "cached",
            "Results, by whether they were kept ones.")
        self.statements = counter("warehouse_statements_total", "dialect code",
            "Statements that a warehouse ran, by the error that they ended in.")
        self.usage = counter("usage_events_total", "event",
            "What people did, as the audit log names it.")
        self.health = gauge("system_health_score", "operational_mode", "0 to 100.")
        self.mode_changes = counter("operational_mode_changes_total", "operational_mode",
            "Changes to this mode.")
        self.audit = gauge("audit_copy_up", "copy",
            "1 where this copy of the audit log can be written.")
        self.circuits = gauge("circuit_breaker_state", "part", "0 closed, 1 half open, 2 open.")
        self.alerts_open = gauge("alerts_open", "kind", "Alerts that are open.")
        self.alerts_sent = counter("alerts_sent_total", "channel outcome",
            "Alerts by how sending them ended: sent, failed or dropped.")
        self.backup_age = gauge("backup_age_seconds", "",
            "How old the newest backup is; where there is none, for how long the server runs.")
        self.backup_wanted = gauge("backup_wanted_seconds", "",
            "How old it may be; 0 where that is nobody's business.")
        self.pool_active = gauge("database_connection_pool_active", "",
            "Connections to the metadata store in use.")
        self.pool_idle = gauge("database_connection_pool_idle", "",
            "Those that are open and wait to be used.")
        # fmt: on
        self.reads_so_far: tuple[int, int] = (0, 0)  # kept results, and all of them
        # A counter that begins with its first event has no increase that anybody could see.
        for code in OURS:
            self.failures.labels(code)
        for code in REFUSALS:
            self.refusals.labels(code)

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
