"""A real Celery worker or Beat, with the kinds of jobs that only tests have: `worker` or
`beat`, and how many seconds its clock is ahead."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from pathlib import Path

from datamind import clock
from datamind.rooms.jobs import queue, running
from datamind.rooms.jobs.schedules import Usual
from datamind.settings import load
from datamind.worker import beat, make_worker, work

LEASE = dt.timedelta(seconds=6)  # so that nobody has to wait for long
SYNC = Usual(name="dbt-sync", kind="note", cron="0 2 * * *")


def main() -> int:
    spec = importlib.util.spec_from_file_location("kinds", Path(__file__).with_name("kinds.py"))
    assert spec is not None and spec.loader is not None
    kinds = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kinds)
    queue.LEASE = running.LEASE = LEASE
    running.RENEW_S = LEASE.total_seconds() / 3
    settings, ahead = load(), dt.timedelta(seconds=float(sys.argv[2]))

    def now() -> dt.datetime:
        return clock.now() + ahead

    if sys.argv[1] == "worker":
        return work(settings, 2, make_worker(settings, kinds.HANDLERS, now))
    return beat(settings, kinds.HANDLERS, now, (SYNC,))


if __name__ == "__main__":
    sys.exit(main())
