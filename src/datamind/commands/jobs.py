"""`datamind worker`, `beat`, `flower` and `jobs`: work in the background, from the command line."""

from __future__ import annotations

import os
import sys
from typing import cast, get_args

from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.commands.faults import print_json, printable
from datamind.commands.people import Work, with_people
from datamind.commands.render import Screen
from datamind.errors import BadInput
from datamind.rooms.caller import Caller
from datamind.rooms.jobs import service
from datamind.rooms.jobs.schemas import JobDetail, JobOut, JobsPage, LineOut, Status
from datamind.rooms.parts import Ground
from datamind.settings import load
from datamind.settings.checking import keep_secrets

FLOWER_AUTH = "FLOWER_BASIC_AUTH"
PASSWORD_LETTERS = 12


def worker(concurrency: int | None) -> int:
    """Run jobs by Celery."""
    settings = load()
    keep_secrets()
    _celery()
    from datamind.worker import work

    return work(settings, concurrency or settings.server.job_workers)


def beat() -> int:
    """Ask for what is due, by Celery's Beat."""
    settings = load()
    keep_secrets()
    _celery()
    from datamind.worker import beat as run

    return run(settings)


def flower(host: str, port: int) -> int:
    """Show Celery's workers in a browser, to who knows the name and password."""
    settings = load()
    _celery()
    name, _, password = os.environ.get(FLOWER_AUTH, "").partition(":")
    if not name or len(password) < PASSWORD_LETTERS:  # who gets in can end workers
        raise BadInput(
            f"{FLOWER_AUTH} is to hold a name, and a password of {PASSWORD_LETTERS} letters.",
            hint=f"{FLOWER_AUTH}=name:password, in the environment.",
        )
    from flower import command
    from tornado.ioloop import IOLoop

    from datamind.adapters.jobs.celery import celery_app

    # Flower's own raises SystemExit wherever the process is then, and in a destructor it is lost.
    command.sigterm_handler = lambda *_: IOLoop.current().add_callback_from_signal(sys.exit)
    app = celery_app(settings.redis)
    app.conf.broker_transport = None  # it takes no jobs, and knows brokers by their usual names
    # It reads the password from the environment itself: none stands in a list of processes.
    app.start(["flower", f"--address={host}", f"--port={port}"])
    return 0


def _celery() -> None:
    try:
        import celery  # noqa: F401
    except ImportError:
        raise BadInput(
            "Celery is not installed here.", hint="pip install 'datamind[scale]'"
        ) from None


def listing(status: str | None, kind: str | None, limit: int, *, as_json: bool) -> int:
    """List jobs, newest first."""
    if status is not None and status not in get_args(Status):
        raise BadInput(
            f"There is no status {status!r}.", hint=f"One of {', '.join(get_args(Status))}."
        )
    wanted = cast("Status | None", status)

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> JobsPage:
        return await service.find(
            session, me, kind=kind, status=wanted, owner=None, limit=limit, cursor=None
        )

    found = with_people(load(), work)
    if as_json:
        print_json([job.model_dump(mode="json") for job in found.items])
        return 0
    table = Table("id", "kind", "status", "tried", "asked for", "now", show_edge=False)
    for job in found.items:
        table.add_row(
            job.id, printable(job.kind), job.status, f"{job.attempts}/{job.attempts_most}",
            job.created_at.isoformat(" ", "seconds"),
            printable(job.error_message or job.message),
        )  # fmt: skip
    Screen().console.print(table)
    return 0


def show(job_id: str, *, as_json: bool) -> int:
    """Show a job and its whole log."""

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> JobDetail:
        found = await service.get(session, me, job_id)
        lines: list[LineOut] = list(found.log)
        while lines and lines[-1].seq < found.lines:
            more = (await service.get(session, me, job_id, after=lines[-1].seq)).log
            if not more:
                break
            lines += more
        return found.model_copy(update={"log": lines})

    found = with_people(load(), work)
    if as_json:
        print_json(found.model_dump(mode="json"))
        return 0
    _tell(found)
    for line in found.log:
        Screen().say(f"{line.at.isoformat(' ', 'seconds')} {printable(line.line)}")
    return 0


def cancel(job_id: str, *, as_json: bool) -> int:
    """Call a job off."""
    return _done(lambda g, s, me: service.cancel(s, g, me, job_id), as_json=as_json)


def retry(job_id: str, *, as_json: bool) -> int:
    """Do a job anew."""
    return _done(lambda g, s, me: service.retry(s, g, me, job_id), as_json=as_json)


def _done(work: Work[JobOut], *, as_json: bool) -> int:
    job = with_people(load(), work)
    if as_json:
        print_json(job.model_dump(mode="json"))
    else:
        _tell(job)
    return 0


def _tell(job: JobOut) -> None:
    say = Screen().say
    asked = " (to be called off)" if job.cancel_asked and job.status == "running" else ""
    say(f"{job.id} {printable(job.kind)}: {job.status}{asked}, {job.progress:.0%}")
    if told := job.error_message or job.message:
        say(printable(told))
