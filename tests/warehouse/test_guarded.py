"""What the breaker of a warehouse counts: its outages, not what statements bring on themselves."""

from __future__ import annotations

import socket
import time
from contextlib import closing

import pytest

from datamind.adapters.warehouse.clickhouse import ClickHouseWarehouse
from datamind.adapters.warehouse.guarded import GuardedWarehouse, is_outage
from datamind.adapters.warehouse.postgres_faults import query_fault
from datamind.breakers import Breaker
from datamind.errors import (
    QueryCancelled,
    QueryFailed,
    QueryTimeout,
    Unavailable,
    WarehouseError,
    WarehouseNotFound,
    WorkerLost,
)
from datamind.records import Dialect, Governed


@pytest.mark.parametrize(
    ("fault", "dialect", "after"),
    [
        (WarehouseNotFound("gone"), "postgres", "open"),
        (WarehouseError("no connection free"), "clickhouse", "open"),
        (WorkerLost("cut"), "clickhouse", "open"),
        (WorkerLost("a process of ours"), "duckdb", "closed"),
        (QueryFailed("it answered"), "postgres", "closed"),
        (query_fault("40001"), "postgres", "closed"),  # a standby that catches up
        (query_fault("57P01"), "postgres", "open"),  # an admin ended it
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


@pytest.mark.slow
def test_one_that_hangs_costs_seconds_once_where_another_can_answer() -> None:
    """It takes connections, and never says a word."""
    asked = Governed("SELECT 1", (), "clickhouse", "there", "f", ())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"clickhouse://127.0.0.1:{silent.getsockname()[1]}"
        inside, breaker = ClickHouseWarehouse(url), Breaker("clickhouse")
        with closing(GuardedWarehouse(inside, breaker, has_a_stand_in=True)) as guarded:
            for most_s in (4.0, 0.2):
                began = time.monotonic()
                with pytest.raises(Unavailable, match="ClickHouse is down"):
                    guarded.run(asked, timeout_s=60)
                assert time.monotonic() - began < most_s
                assert breaker.state == "open"
