"""What the breaker of a warehouse counts: its outages, not what statements bring on themselves."""

from __future__ import annotations

import pytest

from datamind.adapters.warehouse.guarded import is_outage
from datamind.breakers import Breaker
from datamind.errors import (
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    WarehouseError,
    WarehouseNotFound,
    WorkerLost,
)
from datamind.records import Dialect


@pytest.mark.parametrize(
    ("fault", "dialect", "after"),
    [
        (WarehouseNotFound("gone"), "postgres", "open"),
        (WarehouseError("no connection free"), "clickhouse", "open"),
        (WorkerLost("cut"), "clickhouse", "open"),
        (WorkerLost("a process of ours"), "duckdb", "closed"),
        (QueryFailed("it answered"), "postgres", "closed"),
    ],
)
def test_two_failures_of_its_own_open_it(
    fault: WarehouseError, dialect: Dialect, after: str
) -> None:
    breaker = Breaker("warehouse")
    for _ in range(2):
        with pytest.raises(WarehouseError), breaker.guarding(is_outage(dialect)):
            raise fault
    assert breaker.state == after


@pytest.mark.parametrize("fault", [QueryTimeout("late"), QueryCancelled("called off")])
def test_who_waited_in_vain_learnt_nothing_of_it(fault: WarehouseError) -> None:
    breaker = Breaker("clickhouse")
    with pytest.raises(WarehouseError), breaker.guarding(is_outage("clickhouse")):
        breaker.trip()  # others found out meanwhile
        raise fault
    assert breaker.state == "open"
