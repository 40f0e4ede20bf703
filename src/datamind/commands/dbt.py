"""`datamind dbt`: runs as the API's, done by this process, with their log as it comes."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, cast

from pydantic import ValidationError

from datamind.api.jobs import handlers_of, worker_name
from datamind.api.secrets import secrets_of
from datamind.api.store import open_store
from datamind.commands.faults import print_json, printable
from datamind.commands.people import ground_of, operator, with_people
from datamind.commands.render import Screen
from datamind.dbt_records import Command
from datamind.errors import BadInput, DbtBuildFailed
from datamind.rooms.caller import Caller
from datamind.rooms.dbt import service
from datamind.rooms.dbt.schemas import UNDER_WAY, DbtIn, RunDetail
from datamind.rooms.jobs import queue
from datamind.rooms.jobs.running import run_job
from datamind.rooms.parts import Ground
from datamind.settings import Settings, load

LOOK_S = 0.3


def go(command: str, wanted: dict[str, Any], *, as_json: bool) -> int:
    """Ask for a run, do it unless a server does, and tell its log as it comes."""
    try:
        asked = DbtIn.model_validate(wanted)
    except ValidationError as fault:
        raise BadInput(str(fault.errors()[0]["msg"]).removeprefix("Value error, ")) from None
    settings = load()
    ended = _with_ground(
        settings, lambda ground: _go(settings, ground, cast(Command, command), asked, as_json)
    )
    if as_json:
        print_json(ended.model_dump(mode="json"))
    elif ended.status == "success":
        Screen().say(f"{ended.message} In use: {ended.version}" if ended.version else ended.message)
    if ended.status == "success":
        return 0
    if as_json:
        return DbtBuildFailed.exit_code
    raise DbtBuildFailed(ended.message, hint=f"Its log: {ended.log}" if ended.log else None)


async def _go(
    settings: Settings, ground: Ground, command: Command, asked: DbtIn, quiet: bool
) -> RunDetail:
    me = operator()
    async with ground.database.unit() as session:
        started = await service.start(session, ground, me, command, asked)
    doing = asyncio.create_task(_do(settings, ground, started.job_id))
    try:
        return await _follow(ground, me, started.run_id, doing, quiet)
    except asyncio.CancelledError:  # Ctrl-C: it is called off, and ends before we do
        async with ground.database.unit() as session:
            await service.cancel(session, ground, me, started.run_id)
        await doing
        raise


async def _do(settings: Settings, ground: Ground, job_id: str) -> None:
    """Do the job, unless it is over before; while another one runs, wait, and take back what lost
    its worker."""
    handlers, worker = handlers_of(settings), worker_name()
    while not await run_job(ground, handlers, job_id, worker):
        await queue.reap(ground)
        if await queue.is_over(ground, job_id):
            return
        await asyncio.sleep(LOOK_S)


async def _follow(
    ground: Ground, me: Caller, run_id: str, doing: asyncio.Task[None], quiet: bool
) -> RunDetail:
    """Tell the log until the run is over; another process may be the one that does it."""
    last = 0
    while True:
        async with ground.database.unit() as session:
            run = await service.get(session, ground, me, run_id, after=last)
        for line in run.lines:
            last = line.seq
            if not quiet:
                print(printable(line.line), flush=True)
        if doing.done():
            doing.result()  # a fault of the store's: nobody does it any more
            if run.status not in UNDER_WAY and not run.lines:
                return run
        await asyncio.sleep(LOOK_S)


def _with_ground(
    settings: Settings, work: Callable[[Ground], Coroutine[Any, Any, RunDetail]]
) -> RunDetail:
    async def run() -> RunDetail:
        async with open_store(settings, secrets_of(settings)) as store:
            return await work(Ground(**ground_of(settings, store)))

    os.umask(0o077)  # what is kept is for its owner alone
    # Ended from outside, it is called off as by Ctrl-C: nobody else may be there to do it.
    usual = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        return asyncio.run(run())
    finally:
        signal.signal(signal.SIGTERM, usual)


def runs(limit: int, *, as_json: bool) -> int:
    """List runs, newest first."""
    page = with_people(
        load(),
        lambda g, s, me: service.find(
            s, g, me, command=None, status=None, limit=limit, cursor=None
        ),
    )
    if as_json:
        print_json(page.model_dump(mode="json"))
        return 0
    cells = [
        [r.id, r.command, r.status, f"{r.created_at:%Y-%m-%d %H:%M}", printable(r.message)]
        for r in page.items
    ]
    names = ["run", "command", "status", "asked for", "how it ended"]
    Screen().rows(names, cells, wrapped=names[4:])
    return 0


def models(*, as_json: bool) -> int:
    """List the models in use."""
    found = with_people(load(), lambda g, s, me: service.models(g, me))
    if as_json:
        print_json(found.model_dump(mode="json"))
        return 0
    cells = []
    for model in found.items:
        bad = [t for t in model.tests if t.status not in ("pass", "not run")]
        tests = (
            f"{len(model.tests)} pass"
            if not bad
            else ", ".join(f"{t.name} {t.status}" for t in bad)
        )
        cells.append([model.name, model.materialized, model.status, model.built_at[:16], tests])
    names = ["model", "as", "status", "built", "tests"]
    Screen().rows(names, cells, wrapped=names[4:])
    return 0


def serve_docs(port: int) -> int:
    """Show the documentation on this machine alone, until Ctrl-C."""
    settings = load()
    page = with_people(settings, lambda g, s, me: service.docs(g, me))

    class Handler(http.server.BaseHTTPRequestHandler):
        """One page, whatever is asked for."""

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", page.policy)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Content-Length", str(len(page.html)))
            self.end_headers()
            self.wfile.write(page.html)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as fault:
        raise BadInput(f"Nothing can listen at 127.0.0.1:{port}: {fault.strerror}.") from None
    with server, contextlib.suppress(KeyboardInterrupt):
        print(f"http://127.0.0.1:{port} (Ctrl-C ends it)", file=sys.stderr, flush=True)
        server.serve_forever()
    return 0
