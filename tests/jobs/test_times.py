"""When a schedule is due, and when a job is tried again."""

from __future__ import annotations

import datetime as dt

import pytest

from datamind.errors import BadInput
from datamind.rooms.jobs.queue import BACK_OFF_MOST_S, back_off_s
from datamind.rooms.jobs.schedules import following


@pytest.mark.parametrize(
    "cron",
    ["", "0 2 * *", "61 * * * *", "0 2 * * * *", "x", "0 0 30 2 *", "@daily", "0 2 * * mon\0"],
)
def test_what_is_no_time_is_told(cron: str) -> None:
    with pytest.raises(BadInput):
        following(cron, None, dt.datetime(2026, 3, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("cron", "after", "then"),
    [
        ("0 2 * * *", "2026-03-01T02:00:00+00:00", "2026-03-02T02:00:00+00:00"),
        ("0 2 * * *", "2026-03-01T01:59:59+00:00", "2026-03-01T02:00:00+00:00"),
        ("0 2 * * *", "2026-03-29T03:30:00+02:00", "2026-03-29T02:00:00+00:00"),  # UTC, always
        ("*/5 8-9 * * 1", "2026-03-01T00:00:00+00:00", "2026-03-02T08:00:00+00:00"),
    ],
)
def test_times_are_in_utc(cron: str, after: str, then: str) -> None:
    found = following(cron, None, dt.datetime.fromisoformat(after))
    assert found == dt.datetime.fromisoformat(then)


def test_each_attempt_waits_longer_and_not_all_alike() -> None:
    waits = {attempt: [back_off_s(attempt) for _ in range(50)] for attempt in (1, 2, 5, 40)}
    assert all(2.5 <= w <= 7.5 for w in waits[1]) and len(set(waits[1])) > 10
    assert all(5 <= w <= 15 for w in waits[2]) and all(40 <= w <= 120 for w in waits[5])
    assert max(waits[40]) <= dt.timedelta(seconds=1.5 * BACK_OFF_MOST_S).total_seconds()
