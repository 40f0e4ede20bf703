"""What measuring is told from outside: metrics, traces, slow statements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datamind.errors import BadInput
from datamind.settings.reading import number, whole
from datamind.settings.server import MOST_PORT


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """What metrics have to look up is looked up every `figures_s` seconds. Statements that take
    `slow_ms` and more are kept in a log with their plans (0: none are). Traces go to the OTLP/HTTP
    receiver at `traces_url`, if any, of this share of requests. A worker and Beat tell their own
    metrics at these ports of `metrics_host`, if any."""

    figures_s: float = 15.0
    slow_ms: int = 1_000
    traces_url: str | None = None
    traces_share: float = 1.0
    metrics_host: str = "127.0.0.1"
    worker_port: int | None = None
    beat_port: int | None = None


def telemetry(env: Mapping[str, str]) -> TelemetrySettings:
    """DATAMIND_METRICS_SECONDS, DATAMIND_SLOW_QUERY_MS, OTEL_EXPORTER_OTLP_ENDPOINT,
    DATAMIND_TRACES_SHARE, DATAMIND_METRICS_HOST, DATAMIND_WORKER_METRICS_PORT,
    DATAMIND_BEAT_METRICS_PORT."""
    usual = TelemetrySettings()
    url = env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or None
    if url is not None and not url.startswith(("http://", "https://")):
        raise BadInput(
            "OTEL_EXPORTER_OTLP_ENDPOINT is no address of an OTLP/HTTP receiver.",
            hint="Write it as http://collector:4318.",
        )
    share = number(env, "DATAMIND_TRACES_SHARE", usual.traces_share)
    if share > 1:
        raise BadInput("DATAMIND_TRACES_SHARE is 1 at most: the share of requests traced.")
    return TelemetrySettings(
        figures_s=number(env, "DATAMIND_METRICS_SECONDS", usual.figures_s),
        slow_ms=whole(env, "DATAMIND_SLOW_QUERY_MS", usual.slow_ms, least=0),
        traces_url=url,
        traces_share=share,
        metrics_host=env.get("DATAMIND_METRICS_HOST") or usual.metrics_host,
        worker_port=_port(env, "DATAMIND_WORKER_METRICS_PORT"),
        beat_port=_port(env, "DATAMIND_BEAT_METRICS_PORT"),
    )


def _port(env: Mapping[str, str], name: str) -> int | None:
    """None, and 0, is no port."""
    found = whole(env, name, 0, least=0)
    if found > MOST_PORT:
        raise BadInput(f"{name} is no port.", hint="Ports are 1 to 65535.")
    return found or None
