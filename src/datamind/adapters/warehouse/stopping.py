"""Whether a query may go on: it was not called off, and its time is not over."""

from __future__ import annotations

import time

from datamind.errors import QueryCancelled, QueryTimeout
from datamind.ports import Stop

LATE = "The query ran over its time limit and was stopped."


def may_go_on(deadline: float, stop: Stop | None) -> None:
    """QueryCancelled or QueryTimeout where it may not; `deadline` is of `time.monotonic`."""
    if stop is not None and stop.is_set():
        raise QueryCancelled("The query was called off.")
    if time.monotonic() >= deadline:
        raise QueryTimeout(LATE)
