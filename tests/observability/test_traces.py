"""Traces: one span a request and one a stage, below whoever asked for it, and nothing while off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from datamind import tracing
from datamind.errors import BadInput
from datamind.log import carried, restored
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.schemas import JobDetail
from datamind.settings import TelemetrySettings, load
from tests.api.conftest import Run, running, settings_of
from tests.jobs.conftest import Bench, by_celery, embedded
from tests.otlp import Receiver, receiving

SECRET = "Zanzibar"  # pragma: allowlist secret
TRACE, ABOVE = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"  # pragma: allowlist secret
STAGES = ["interpret", "generate", "validate", "optimize", "sanitize", "execute", "explain"]


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    yield exporter
    tracing.use(None)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR, country VARCHAR)")
        db.execute(f"INSERT INTO stores VALUES (1, 'A', '{SECRET}'), (2, 'B', 'France')")
    return path


@pytest.mark.slow
def test_an_ask_is_one_trace_of_its_stages(
    run: Run, shop: Path, tmp_path: Path, spans: InMemorySpanExporter
) -> None:
    async def asked() -> None:
        async with running(settings_of(tmp_path / "home"), shop) as api:
            headers = await api.headers()
            spans.clear()
            await api.client.post(
                "/api/v1/sql/ask", json={"question": f"stores in {SECRET}"},
                headers={**headers, "X-Correlation-ID": "corr-of-a-trace",
                         "traceparent": f"00-{TRACE}-{ABOVE}-01"},
            )  # fmt: skip

    run(asked())
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == {"POST /api/v1/sql/ask", "ask", *STAGES, "statement"}
    request, ask = found["POST /api/v1/sql/ask"], found["ask"]
    assert request.parent is not None and f"{request.parent.span_id:016x}" == ABOVE
    assert _above(ask) == _id(request)
    assert {_above(found[stage]) for stage in STAGES} == {_id(ask)}
    assert _above(found["statement"]) == _id(found["execute"])
    for span in found.values():
        assert span.context is not None and f"{span.context.trace_id:032x}" == TRACE
        assert (span.attributes or {})["datamind.correlation_id"] == "corr-of-a-trace"
        assert SECRET not in span.to_json()
        assert (span.start_time or 0) <= (span.end_time or 0)
    starts = [found[stage].start_time or 0 for stage in STAGES]
    assert starts == sorted(starts)
    told = dict(found["statement"].attributes or {})
    assert told["db.system.name"] == "duckdb" and told["db.response.returned_rows"] == 1
    assert len(str(told["datamind.fingerprint"])) == 16
    assert "?" in str(told["db.query.text"])
    assert dict(request.attributes or {})["http.response.status_code"] == 200


def _id(span: ReadableSpan) -> int:
    return span.context.span_id if span.context is not None else 0


def _above(span: ReadableSpan) -> int:
    return span.parent.span_id if span.parent is not None else 0


def test_work_that_goes_on_elsewhere_is_in_the_same_trace(spans: InMemorySpanExporter) -> None:
    with restored({"correlation_id": "corr-12345678"}), tracing.span("request", kind="server"):
        message = carried()
    assert set(message) == {"correlation_id", "traceparent"}
    with restored(message), tracing.span("job", kind="consumer", datamind__job="dbt"):
        pass
    request, job = spans.get_finished_spans()
    assert _above(job) == _id(request)
    assert (job.attributes or {})["datamind.correlation_id"] == "corr-12345678"


def test_what_fails_is_told_by_its_code_alone(spans: InMemorySpanExporter) -> None:
    for fault in (BadInput(f"not {SECRET}"), ValueError(SECRET)):
        with pytest.raises(type(fault)), tracing.span("x"):
            raise fault
    one, two = spans.get_finished_spans()
    assert (one.status.description, two.status.description) == ("bad_input", "ValueError")
    assert SECRET not in one.to_json() + two.to_json()


@pytest.mark.slow
def test_nothing_of_it_is_imported_while_nothing_is_traced() -> None:
    """FastAPI itself looks whether OpenTelemetry's bare API is there."""
    program = """
import sys
import datamind.api.app
from datamind import log, tracing
from datamind.settings import load
tracing.start(load({}).telemetry, "x")()
with tracing.span("x") as span:
    span.tell(name="y", a=1)
tracing.note("x", 0.0, 1.0)
with log.restored(log.carried()): pass
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exp"))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    "env",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"}, {"DATAMIND_TRACES_SHARE": "2"},
        {"DATAMIND_TRACES_SHARE": "0"}, {"DATAMIND_METRICS_SECONDS": "soon"},
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_told(env: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        load(env)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


async def _asked(made: Bench, spans: InMemorySpanExporter) -> tuple[JobDetail, ReadableSpan]:
    """A job that was asked for within a request, at its end, and the span that sent it."""
    with tracing.span("request", kind="server"):
        job = await made.ask("down", {"times": 1})
    ended = await made.until(job.id)
    assert ended.status == "succeeded"
    sent = {span.name: span for span in spans.get_finished_spans()}
    assert _above(sent["send down"]) == _id(sent["request"])
    assert (sent["send down"].attributes or {})["messaging.message.id"] == job.id
    return ended, sent["send down"]


@pytest.mark.slow
def test_each_attempt_of_a_job_is_linked_to_the_request_that_asked(
    run: Run, tmp_path: Path, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "BACK_OFF_S", 0.1)

    async def worked() -> tuple[JobDetail, ReadableSpan]:
        async with embedded(tmp_path) as made:
            return await _asked(made, spans)

    job, sent = run(worked())
    attempts = [span for span in spans.get_finished_spans() if span.name == "process down"]
    assert [(s.attributes or {})["datamind.attempt"] for s in attempts] == [1, 2]
    assert [s.status.description for s in attempts] == ["unavailable", None]
    for span in attempts:
        assert span.parent is None and span.context is not None and sent.context is not None
        assert span.context.trace_id != sent.context.trace_id
        assert [link.context.span_id for link in span.links] == [_id(sent)]
        assert (span.attributes or {})["datamind.correlation_id"] == job.correlation_id


@pytest.mark.slow
def test_a_celery_worker_s_job_is_linked_to_the_request_that_asked(
    run: Run, tmp_path: Path, redis_url: str, receiver: Receiver, monkeypatch: pytest.MonkeyPatch,
    spans: InMemorySpanExporter,
) -> None:  # fmt: skip
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)

    async def worked() -> tuple[JobDetail, ReadableSpan]:
        async with by_celery(tmp_path, redis_url) as made:
            found = await _asked(made, spans)
            made.processes[0].terminate()
            await asyncio.to_thread(made.processes[0].wait, 30)
            return found

    _, sent = run(worked())
    attempts = receiver.spans("datamind-worker", "process down")
    assert len(attempts) == 2
    for span in attempts:
        assert not span.parent_span_id and sent.context is not None
        (link,) = span.links
        assert int.from_bytes(link.trace_id) == sent.context.trace_id
        assert int.from_bytes(link.span_id) == sent.context.span_id


@pytest.mark.slow
def test_traces_go_to_an_otlp_receiver(
    run: Run, shop: Path, tmp_path: Path, receiver: Receiver
) -> None:
    settings = replace(
        settings_of(tmp_path / "home"), telemetry=TelemetrySettings(traces_url=receiver.url)
    )

    async def asked() -> None:
        async with running(settings, shop) as api:
            await api.ask("stores by country")

    run(asked())
    assert {path for path, *_ in receiver.took} == {"/v1/traces"}
    names = {span.name for *_, span in receiver.took}
    assert {"POST /api/v1/sql/ask", *STAGES, "statement"} <= names
