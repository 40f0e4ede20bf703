"""A real Celery worker or Beat, with the kinds of jobs that only tests have: `worker` or
`beat`, and how many seconds its clock is ahead. With TESTS_CLOCK kinds are the product's own."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from datamind import clock
from datamind.api.jobs import USUAL
from datamind.rooms.jobs import queue, running
from datamind.rooms.jobs.running import Handler
from datamind.rooms.jobs.schedules import Usual
from datamind.settings import load
from datamind.worker import beat, make_worker, work

LEASE = dt.timedelta(seconds=6)  # so that nobody has to wait for long
SYNC = Usual(name="dbt-sync", kind="note", cron="0 2 * * *")


def main() -> int:
    settings, now = load(), _clock(float(sys.argv[2]))
    handlers: Mapping[str, Handler] | None
    if "TESTS_CLOCK" in os.environ:
        handlers, usual = None, USUAL  # those of the product
    else:
        handlers, usual = _kinds(), (SYNC,)
    if sys.argv[1] == "worker":
        return work(settings, 2, make_worker(settings, handlers, now))
    return beat(settings, handlers, now, usual)


def _kinds() -> Mapping[str, Handler]:
    spec = importlib.util.spec_from_file_location("kinds", Path(__file__).with_name("kinds.py"))
    assert spec is not None and spec.loader is not None
    kinds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kinds)
    return kinds.HANDLERS  # type: ignore[no-any-return]


def _clock(ahead_s: float) -> Callable[[], dt.datetime]:
    """The clock; one that stands still until the file that TESTS_CLOCK names says since when, by
    the real one, it runs from there, and how many times as fast."""
    file, ahead = os.environ.get("TESTS_CLOCK"), dt.timedelta(seconds=ahead_s)
    times = float(os.environ.get("TESTS_CLOCK_TIMES", "1"))
    queue.LEASE = LEASE * times
    running.LEASE = LEASE  # kept by the real one
    running.RENEW_S = LEASE.total_seconds() / 3
    if file is None:
        return lambda: clock.now() + ahead
    begin = dt.datetime.fromisoformat(os.environ["TESTS_CLOCK_FROM"])

    def now() -> dt.datetime:
        if not os.path.exists(file):
            return begin
        since = dt.datetime.fromtimestamp(os.stat(file).st_mtime, dt.UTC)
        return begin + times * (clock.now() - since)

    return now


if __name__ == "__main__":
    sys.exit(main())
