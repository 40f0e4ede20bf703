"""A receiver of traces, as OpenTelemetry's collector is one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Receiver:
    """Where it listens, and the spans that it took: path, service, span."""

    url: str = ""
    took: list[tuple[str, str, Span]] = field(default_factory=list)

    def spans(self, service: str, name: str) -> list[Span]:
        """Those of this service that are called so."""
        return [span for _, of, span in self.took if (of, span.name) == (service, name)]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """One that takes what OTLP/HTTP sends."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                (service,) = (
                    a.value.string_value for a in resource.resource.attributes
                    if a.key == "service.name"
                )  # fmt: skip
                for scope in resource.scope_spans:
                    receiver.took.extend((self.path, service, span) for span in scope.spans)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
