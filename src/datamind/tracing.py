"""Traces: spans of requests, stages, statements and jobs, by OpenTelemetry, where they are wanted.

While they are not, nothing of it is imported, and all calls return at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from datamind.errors import BadInput
from datamind.settings.telemetry import TelemetrySettings
from datamind.whose import correlation

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Link, Tracer

CORRELATION = "datamind.correlation_id"
EXPORT_S = 5.0
_tracer: Tracer | None = None

Said = str | int | float | bool | None


class Span:
    """What is known of a span that is under way; of none, where nothing is traced.

    Attributes are given as keywords: `db__system` is `db.system`.
    """

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def tell(self, *, name: str | None = None, failed: str | None = None, **said: Said) -> None:
        """What turned out: attributes, a better name, the code of an error."""
        if self._span is None:
            return
        if name is not None:
            self._span.update_name(name)
        self._span.set_attributes(_attributes(said))
        if failed is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR, failed)


NONE = Span()


def span(
    name: str, *, kind: str = "internal", carried: Mapping[str, str] | None = None, **said: Said
) -> AbstractContextManager[Span]:
    """A span around what is done in here, below the one that it is done in, or below the one that
    `carried` (a request's headers) tells of."""
    if _tracer is None:
        return nullcontext(NONE)
    above = _propagator().extract(dict(carried)) if carried else None
    return _span(_tracer, name, kind, above, (), said)


def later(name: str, carried: Mapping[str, str], **said: Said) -> AbstractContextManager[Span]:
    """The first span of a trace of its own, for what was asked for earlier: it is linked to the
    span that `carried` tells of."""
    if _tracer is None:
        return nullcontext(NONE)
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, get_current_span

    asked = get_current_span(_propagator().extract(dict(carried), Context())).get_span_context()
    links = (Link(asked),) if asked.is_valid else ()
    return _span(_tracer, name, "consumer", Context(), links, said)


def note(name: str, started: float, seconds: float, *, failed: str | None = None,
         **said: Said) -> None:  # fmt: skip
    """A span of what was done already; `started` is by time.time()."""
    if _tracer is None:
        return
    made = _tracer.start_span(name, start_time=_ns(started), attributes=_told(said))
    Span(made).tell(failed=failed)
    made.end(_ns(started + seconds))


def is_on() -> bool:
    """Whether anything is traced; for what is dear to tell."""
    return _tracer is not None


def carry() -> dict[str, str]:
    """What a message to another process takes along (W3C's `traceparent`)."""
    found: dict[str, str] = {}
    if _tracer is not None:
        _propagator().inject(found)
    return found


@contextmanager
def below(carried: Mapping[str, str]) -> Iterator[None]:
    """Spans in here are below the one that a message tells of."""
    if _tracer is None or "traceparent" not in carried:
        yield
        return
    from opentelemetry import context

    token = context.attach(_propagator().extract(dict(carried)))
    try:
        yield
    finally:
        context.detach(token)


def use(provider: TracerProvider | None) -> None:
    """Trace with this provider from now on; None: not at all."""
    global _tracer
    _tracer = provider.get_tracer("datamind") if provider is not None else None


def start(settings: TelemetrySettings, service: str) -> Callable[[], None]:
    """Send traces where the settings say, if they do; what is returned ends that."""
    if settings.traces_url is None:
        return lambda: None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
    except ImportError:
        raise BadInput(
            "Traces need OpenTelemetry, which is not installed.",
            hint="Install it with: pip install 'datamind[traces]'",
        ) from None
    provider = TracerProvider(
        resource=Resource.create({"service.name": service}),
        sampler=ParentBased(TraceIdRatioBased(settings.traces_share)),
        shutdown_on_exit=False,
    )
    url = f"{settings.traces_url.rstrip('/')}/v1/traces"
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=url, timeout=EXPORT_S))
    )
    use(provider)

    def end() -> None:
        use(None)
        provider.shutdown()

    return end


@contextmanager
def _span(
    tracer: Tracer, name: str, kind: str, above: Context | None, links: Sequence[Link],
    said: Mapping[str, Said],
) -> Iterator[Span]:  # fmt: skip
    from opentelemetry.trace import SpanKind

    # The text of an exception may hold values of the data; its kind is told.
    with tracer.start_as_current_span(
        name, context=above, links=links, kind=SpanKind[kind.upper()], attributes=_told(said),
        record_exception=False, set_status_on_exception=False,
    ) as made:  # fmt: skip
        found = Span(made)
        try:
            yield found
        except BaseException as fault:
            found.tell(failed=getattr(fault, "code", type(fault).__name__))
            raise


def _told(said: Mapping[str, Said]) -> dict[str, Any]:
    known = correlation.get()
    return {**_attributes(said), **({CORRELATION: known} if known else {})}


def _attributes(said: Mapping[str, Said]) -> dict[str, Any]:
    return {name.replace("__", "."): value for name, value in said.items() if value is not None}


def _propagator() -> Any:
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator()


def _ns(seconds: float) -> int:
    return int(seconds * 1e9)


def now() -> float:
    """The moment that `note` counts from."""
    return time.time()
