"""Tells Celery's workers of jobs, through Redis: a message is the job's id and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from datamind.errors import BadInput, DataMindError, Unavailable
from datamind.settings.redis import RedisSettings

if TYPE_CHECKING:
    from celery import Celery

log = logging.getLogger(__name__)

TASK = "datamind.run_job"
QUEUE = "jobs"
TEND_S = 2.0
ANSWER_S = 2.0  # how long the broker may take
MOST_UNSENT = 1_000  # beyond these nothing is told now: the table has it all
# A message that a lost worker had is told again by the queue of record, long before Redis does.
VISIBLE_AGAIN_S = 3600


def celery_app(redis: RedisSettings) -> Celery:
    """Celery as we use it: JSON alone, no results, a message is done with once its job is."""
    try:
        from celery import Celery

        from datamind.adapters.jobs.transport import Transport
    except ImportError:
        raise BadInput(
            "Celery is not installed here.", hint="pip install 'datamind[scale]'"
        ) from None
    if redis.url is None:
        raise BadInput(
            "Celery needs Redis.",
            hint="Set REDIS_URL; without it the server runs jobs and schedules by itself.",
        )
    app = Celery("datamind", broker=redis.url, set_as_current=False)
    app.conf.update(
        broker_transport=Transport,
        broker_transport_options={
            "visibility_timeout": VISIBLE_AGAIN_S, "global_keyprefix": f"{redis.namespace}:",
            "socket_timeout": ANSWER_S, "socket_connect_timeout": ANSWER_S,
            "socket_keepalive": True, "health_check_interval": 10,
        },
        broker_connection_retry_on_startup=True, broker_connection_max_retries=None,
        broker_connection_timeout=ANSWER_S,
        task_default_queue=QUEUE, task_ignore_result=True, result_backend=None,
        task_serializer="json", accept_content=["json"], event_serializer="json",
        task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1,
        # A job goes on while the broker is away: its lease is in the table.
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_max_tasks_per_child=500, worker_send_task_events=True,
        worker_hijack_root_logger=False, worker_redirect_stdouts=False,
        enable_utc=True, timezone="UTC",
    )  # fmt: skip
    return app


class CeleryJobs:
    """`send` tells the workers, from a thread of its own; what can't be told now is told later,
    from the table."""

    def __init__(self, redis: RedisSettings, app: Celery | None = None) -> None:
        self._redis = redis
        self._made = app
        self._url = redis.url or ""
        self._key = f"{redis.namespace}:{QUEUE}"
        self._thread = ThreadPoolExecutor(1, "jobs")
        self._unsent: set[str] = set()
        self._client: Any = None
        self._task: asyncio.Task[None] | None = None

    def send(self, job_id: str) -> None:
        """Tell of it, soon."""
        if job_id not in self._unsent and len(self._unsent) < MOST_UNSENT:
            self._unsent.add(job_id)
            self._thread.submit(self._send, job_id)

    async def waiting(self) -> int:
        """How many messages no worker took yet; Unavailable where the broker does not answer."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._count)

    def start(self, tend: Callable[[], Awaitable[object]]) -> None:
        """Look after the queue from now on."""
        _ = self._app  # what is missing is told at once
        self._task = asyncio.create_task(self._keep_tending(tend))

    async def end(self) -> None:
        """Tell what waits to be told, and no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        ended = asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended, 2 * ANSWER_S)
        if self._client is not None:
            self._client.close()

    @property
    def _app(self) -> Celery:
        """Made late: most who could ask for a job don't."""
        if self._made is None:
            self._made = celery_app(self._redis)
        return self._made

    async def _keep_tending(self, tend: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await tend()
            except DataMindError as fault:
                log.warning("the queue of jobs can't be tended: %s", fault.message)
            except Exception:
                log.exception("tending the queue of jobs failed")
            await asyncio.sleep(TEND_S)

    def _send(self, job_id: str) -> None:
        try:
            self._app.send_task(TASK, (job_id,), retry=False)
        except Exception as fault:  # noqa: BLE001 (whatever the broker's client throws)
            log.warning("a job can't be told of now: %s", type(fault).__name__)
        finally:
            self._unsent.discard(job_id)

    def _count(self) -> int:
        from redis import Redis, RedisError

        if self._client is None:
            self._client = Redis.from_url(
                self._url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S
            )
        try:
            return int(self._client.llen(self._key))
        except RedisError:
            raise Unavailable("The broker of jobs, Redis, does not answer.") from None
