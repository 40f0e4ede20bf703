"""The kinds of jobs there are, who does them, and when the clock asks for them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping

from datamind import clock
from datamind.adapters.dbt.configured import project_of
from datamind.adapters.jobs.celery import CeleryJobs
from datamind.adapters.jobs.local import LocalJobs
from datamind.backup import jobs as backup_jobs
from datamind.rooms.audit import retention
from datamind.rooms.auth import attempts
from datamind.rooms.dbt import jobs as dbt_jobs
from datamind.rooms.jobs import queue, schedules
from datamind.rooms.jobs.running import Handler, JobContext, run_job
from datamind.rooms.jobs.schedules import Usual
from datamind.rooms.parts import Ground
from datamind.rooms.system.backups import INCREMENT, KIND
from datamind.settings import Settings

BATCH = 500  # told of at once
# Those whose kind nobody here knows to do are left out.
USUAL = (
    Usual(name="audit-retention", kind="audit.retention", cron="15 3 * * *"),
    Usual(name="login-attempts", kind="login_attempts.tidy", cron="5 * * * *"),
    Usual(name="dbt-sync", kind="dbt.sync", cron="0 2 * * *"),
    Usual(name="backup", kind=KIND, cron="30 2 * * *"),
    Usual(name="backup-increment", kind=INCREMENT, cron="10,40 * * * *"),
    Usual(name="old-jobs", kind="jobs.tidy", cron="45 3 * * *"),
)


async def _audit_retention(context: JobContext) -> None:
    await retention.once(context.ground)


async def _login_attempts(context: JobContext) -> None:
    await attempts.tidy(context.ground)


async def _old_jobs(context: JobContext) -> Mapping[str, int]:
    return {"deleted": await queue.tidy(context.ground)}


def handlers_of(settings: Settings) -> Mapping[str, Handler]:
    """Who does each kind of job, in this installation."""
    return {
        KIND: backup_jobs.make,
        INCREMENT: backup_jobs.make_increment,
        "audit.retention": _audit_retention,
        "login_attempts.tidy": _login_attempts,
        "jobs.tidy": _old_jobs,
        **(dbt_jobs.handlers(project_of) if settings.dbt_project is not None else {}),
    }


def open_jobs(settings: Settings) -> LocalJobs | CeleryJobs:
    """Who runs jobs: this process, or Celery's workers."""
    if settings.redis.url is not None and settings.server.jobs == "celery":
        return CeleryJobs(settings.redis)
    return LocalJobs(settings.server.job_workers)


async def start_jobs(
    jobs: LocalJobs | CeleryJobs, settings: Settings, ground: Callable[[], Ground]
) -> None:
    """See to it from now on that jobs are run, and ask for those that are due by the clock."""
    handlers, worker = handlers_of(settings), worker_name()
    ground().job_metrics.know(handlers)
    await schedules.put_in(ground(), [u for u in USUAL if u.kind in handlers])
    if isinstance(jobs, CeleryJobs):
        jobs.start(lambda: tend_and_send(ground(), jobs))
        return

    async def run(job_id: str) -> bool:
        return await run_job(ground(), handlers, job_id, worker, stopping=jobs.stopping)

    jobs.start(due=lambda most: queue.due(ground(), most), run=run, tend=lambda: tend(ground()))


async def tend(ground: Ground) -> None:
    """Ask for what is due by the clock, and take back what lost its worker."""
    await schedules.fire(ground)
    await queue.reap(ground)


async def tend_and_send(ground: Ground, jobs: CeleryJobs) -> None:
    """The same, and tell Celery's workers of what they were not told, or took no note of: while
    messages wait for them, none is lost for all that is known."""
    await tend(ground)
    ground.job_metrics.messages = None
    waiting = ground.job_metrics.messages = await jobs.waiting()
    for job_id in await queue.to_send(ground, BATCH, again=waiting == 0):
        jobs.send(job_id)


def worker_name() -> str:
    """This process, and no other one after it."""
    return clock.new_id(f"{socket.gethostname()[:50]}-{os.getpid()}")
