"""Metrics of Celery's workers and of Beat, at a small HTTP endpoint of each.

A worker's processes count in shared files (prometheus_client's multi-process mode), which the
process that started them sums up. A file belongs to a place among the processes, not to a process:
whoever takes the place of one that died counts on, so files do not pile up.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, generate_latest, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

from datamind import __version__
from datamind.api.owned import owned_folder
from datamind.errors import BadInput
from datamind.rooms.gauges import Looked, gauge
from datamind.rooms.jobs.metrics import JobMetrics
from datamind.settings import Settings

SLOW_S = 5.0  # whoever sends its request no faster is let go of
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # where the library looks for the folder of its files
TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Scraped:
    """What this process counts, and those that it forks where it is `shared`; told at the port, if
    there is one, from now on."""

    def __init__(
        self, settings: Settings, port: int | None, kinds: Iterable[str], *, shared: bool = False
    ) -> None:
        self._server: _Server | None = None
        self._files = ExitStack()
        self._looked = Looked()
        if port is None:
            self.jobs = JobMetrics(kinds=kinds)
            return
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(self._looked)
        self.look(())
        if shared:
            folder = _shared_files(self._files)
            self.jobs = JobMetrics(kinds=kinds)
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        else:
            self.jobs = JobMetrics(registry, kinds)
        self._server = _Server.at(settings, port, registry)
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    def look(self, found: Iterable[Metric]) -> None:
        """These are told from now on, besides what is counted."""
        version = gauge("datamind_info", "1.", {(__version__,): 1}, ("version",))
        self._looked.families = [version, *found]

    def leave(self) -> None:
        """For a process that was forked: the port is not its own."""
        if self._server is not None:
            self._server.socket.close()

    def end(self) -> None:
        """Tell no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._files.close()


def _shared_files(stack: ExitStack) -> str:
    """Metrics that are made from now on are in files that processes share, in this folder."""
    folder = str(stack.enter_context(owned_folder("datamind-metrics-")))
    os.environ[SHARED] = folder
    values.ValueClass = values.MultiProcessValue(_place)  # type: ignore[no-untyped-call]
    return folder


def _place() -> str:
    """This process's place among those that run jobs."""
    from billiard import current_process  # type: ignore[import-untyped]

    return str(getattr(current_process(), "index", "parent"))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    registry: CollectorRegistry
    token: str | None

    @classmethod
    def at(cls, settings: Settings, port: int, registry: CollectorRegistry) -> _Server:
        """Listening; BadInput where it can't, or where anybody could ask."""
        host, token = settings.telemetry.metrics_host, settings.server.api_token
        if token is None and not _is_here(host):
            raise BadInput(
                "Metrics beyond this machine need API_TOKEN.",
                hint="Set it, or DATAMIND_METRICS_HOST to 127.0.0.1.",
            )
        try:
            made = cls((host, port), _Handler)
        except OSError as fault:
            raise BadInput(
                f"Metrics can't be told at {host}:{port}: {fault.strerror}.",
                hint="Each worker and Beat on a machine needs a port of its own.",
            ) from None
        made.registry, made.token = registry, token
        return made


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = SLOW_S

    def version_string(self) -> str:
        """Which Python runs here is nobody's business."""
        return "DataMind"

    def do_GET(self) -> None:
        """Metrics in Prometheus' text form: to this machine, or with API_TOKEN where there is
        one."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404)
        elif self.server.token is not None and not self._known(self.server.token):
            self.send_error(401)
        else:
            text = generate_latest(self.server.registry)
            self.send_response(200)
            self.send_header("Content-Type", TEXT)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    def _known(self, token: str) -> bool:
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: a scrape comes every few seconds."""


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
