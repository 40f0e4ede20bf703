"""Metrics for Prometheus; labels are bounded: routes, not paths, and codes, not texts."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from datamind.records import Answer

disable_created_metrics()  # type: ignore[no-untyped-call]
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
# The guard's refusals, and those of the warehouse that are like them.
REFUSALS = ("sql_rejected", "access_denied", "unknown_table", "unknown_column", "too_large")


class Metrics:
    """What this process counts."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests_total", "Requests.", ("method", "endpoint", "status"),
            registry=registry,
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
        self.answers = Counter(
            "answers_total", "Answers by status.", ("kind", "status"), registry=registry
        )
        self.refusals = Counter(
            "guard_refusals_total", "Statements that the guard refused.", ("code",),
            registry=registry,
        )  # fmt: skip
        self.reads = Counter(
            "result_reads_total", "Results, by whether they were kept ones.", ("cached",),
            registry=registry,
        )  # fmt: skip
        self.flagged = Gauge("feedback_flagged_count", "Answers flagged.", registry=registry)
        self.health = Gauge(
            "system_health_score", "0 to 100.", ("operational_mode",), registry=registry
        )
        self.audit = Gauge(
            "audit_copy_up", "1 where this copy of the audit log can be written.", ("copy",),
            registry=registry,
        )  # fmt: skip
        self.running = Gauge("queries_running", "Queries that run now.", registry=registry)

    def stage(self, stage: str, seconds: float) -> None:
        """A stage ended."""
        self.stages.labels(stage).observe(seconds)
        if stage == "execute":
            self.execution.observe(seconds)

    def asked(self, kind: str, answer: Answer) -> None:
        """An ask ended."""
        self.answers.labels(kind, answer.status).inc()
        reading = [s.elapsed_ms for s in answer.stages if s.stage not in ("execute", "explain")]
        if reading:
            self.generation.observe(sum(reading) / 1000)
        if answer.error_code is not None:
            self.refused(answer.error_code)

    def read(self, *, cached: bool) -> None:
        """Rows were read, or taken from those that are kept."""
        self.reads.labels("yes" if cached else "no").inc()

    def refused(self, code: str) -> None:
        """Something was refused, if that is what the code says."""
        if code in REFUSALS:
            self.refusals.labels(code).inc()

    def text(self) -> bytes:
        """All of them in Prometheus' text form."""
        return generate_latest(self.registry)
