"""`datamind serve`: the API and its pages, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import uvicorn

from datamind.api.app import create_app
from datamind.api.connections import Connection
from datamind.api.data import Source
from datamind.api.starting import Starting, say
from datamind.commands.people import with_people
from datamind.commands.wiring import target
from datamind.errors import BadInput, Unavailable
from datamind.log import json_logs
from datamind.rooms.users.service import anybody
from datamind.settings import ServerSettings, Settings, load
from datamind.settings.checking import keep_secrets, must_be_safe
from datamind.settings.environment import current
from datamind.settings.places import log_place

log = logging.getLogger(__name__)

BACKLOG = 4096
WS_BYTES = 1024 * 1024
GRACE_S = 5
# Longer than proxies keep theirs: whoever closes first must not be us, in the middle of a request.
KEEP_ALIVE_S = 75


class _Server(uvicorn.Server):
    """Tells when it is ready, and calls off what runs when it is to end."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stop: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stop()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def run(warehouse: str | None, project: Path | None, host: str | None, port: int | None) -> int:
    """Serve the warehouse that is named, configured, or the demo's."""
    must_be_safe(current())
    settings = at(load(), host, port)
    target(warehouse, project, settings)  # told at once if there is none
    try:
        nobody = not with_people(settings, lambda ground, session, me: anybody(session))
    except Unavailable:
        nobody = False  # the start tells of it, and waits

    def ready() -> None:
        say(address(settings.server))
        if nobody:
            say("Nobody can sign in yet: datamind users add you@example.com --role admin")

    return serve(settings, lambda: target(warehouse, project, settings), ready=ready)


def at(settings: Settings, host: str | None, port: int | None) -> Settings:
    """The settings, listening there."""
    server = settings.server
    return replace(
        settings, server=replace(server, host=host or server.host, port=port or server.port)
    )


def serve(
    settings: Settings, source: Source, *, ready: Callable[[], None],
    questions: tuple[str, ...] = (),
) -> int:  # fmt: skip
    """Serve until Ctrl-C; `ready` is called once requests are answered."""
    _many_files()
    os.umask(0o077)  # what is kept is for its owner alone
    keep_secrets()
    odd = list(log_place(settings))  # before its first line makes the folder
    json_logs(settings.logs)
    for problem in odd:
        log.warning("%s %s", problem.said, problem.hint)
    server = settings.server
    starting = Starting(waits=True)
    app = create_app(settings, source, demo_questions=questions, starting=starting)
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=KEEP_ALIVE_S, proxy_headers=False,
        lifespan="off", ws_max_size=WS_BYTES, http=Connection,
    )  # fmt: skip
    config.load()  # the pages look for it while they start

    def stop() -> None:
        if (parts := getattr(app.state, "parts", None)) is not None:
            parts.running.stop_all()

    running = _Server(config, ready, stop)

    async def life(listener: socket.socket) -> None:
        # Not uvicorn's own: what keeps the parts from starting is to be told like any error.
        async with app.router.lifespan_context(app):
            await running.serve([listener])

    # As Ctrl-C: uvicorn sends itself the signal again, which would end us before our parts.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        _listening(server.host, server.port) as listener,
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
    ):
        try:
            runner.run(life(listener))
        except KeyboardInterrupt:
            if not running.started:
                raise
    say("DataMind has ended.")
    return 0


def _many_files() -> None:
    """As many connections as the system lets us have, not as many as a shell usually may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def address(server: ServerSettings) -> str:
    """Where people go."""
    host = "localhost" if server.host in ("127.0.0.1", "0.0.0.0", "::") else server.host  # noqa: S104
    return f"DataMind serves at http://{host}:{server.port} (Ctrl-C ends it)"


def must_be_free(server: ServerSettings) -> None:
    """BadInput where something listens there already."""
    with _listening(server.host, server.port):
        pass


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """The socket, bound before anything is started, so that a port in use is told at once."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as fault:
            raise BadInput(
                f"Nothing can listen at {host}:{port}: {fault.strerror or 'no such address'}.",
                hint="Choose another one with --port, or end what listens there.",
            ) from None
        yield listener
