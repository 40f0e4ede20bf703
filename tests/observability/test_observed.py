"""An observed warehouse: tells of each statement, and is the warehouse itself in all else."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, cast

import pytest

from datamind.adapters.warehouse.observed import observed
from datamind.errors import QueryFailed
from datamind.ports import Warehouse
from datamind.records import Governed, Ran, Result

STATEMENT = Governed("SELECT 1", (), "duckdb", "shop", "f", ())
ROWS = Result((), ((1,), (2,)), 1.0)


class Inside:
    """Answers what it is told to, for there is no statement that fails on demand."""

    name = "shop"

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    def run(self, governed: Governed, **_: object) -> Result:
        if self.fault is not None:
            raise self.fault
        return ROWS

    def batches(self, governed: Governed, **_: object) -> Generator[Result, None, None]:
        yield ROWS
        yield self.run(governed)


def made(told: Any, fault: Exception | None = None) -> Warehouse:
    return observed(cast(Warehouse, Inside(fault)), told)


def test_each_statement_is_told_with_what_came_of_it() -> None:
    seen: list[Ran] = []
    fine = made(lambda ran, _: seen.append(ran))
    assert fine.run(STATEMENT, timeout_s=1) is ROWS
    assert list(fine.batches(STATEMENT, timeout_s=1)) == [ROWS, ROWS]
    broken = made(lambda ran, _: seen.append(ran), QueryFailed("no"))
    with pytest.raises(QueryFailed):
        broken.run(STATEMENT, timeout_s=1)
    with pytest.raises(QueryFailed):
        list(broken.batches(STATEMENT, timeout_s=1))
    for part in fine.batches(STATEMENT, timeout_s=1):  # who stops early is told of too
        assert part is ROWS
        break
    told = [(ran.rows, ran.code) for ran in seen]
    assert told == [(2, None), (4, None), (0, "query_failed"), (2, "query_failed"), (2, None)]
    assert all(ran.seconds >= 0 and ran.began > 0 for ran in seen)
    assert fine.name == "shop"


def test_who_asks_does_not_suffer_from_who_looks_on(caplog: pytest.LogCaptureFixture) -> None:
    def told(*_: object) -> None:
        raise ValueError("a fault of ours")

    assert made(told).run(STATEMENT, timeout_s=1) is ROWS
    assert "could not be told" in caplog.text
