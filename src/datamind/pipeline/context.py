"""What one ask needs from outside: the view, the warehouse, the planner, limits, clock and ids."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from datamind.governance.policy import Policy
from datamind.pipeline.elsewhere import Beside
from datamind.pipeline.stages import silent
from datamind.ports import Planner, Warehouse
from datamind.records import StageReport, Target
from datamind.semantics.catalog import View


@dataclass(frozen=True, slots=True)
class AskContext:
    """All that an ask depends on, so that it can be replayed.

    `policy` says what is read of the view's tables; without one, all that the view shows.
    `row_limit` rows at most are given back; a query runs for `timeout_s` seconds at most.
    `max_estimate` refuses statements that the warehouse expects to produce more rows than that.
    `beside` is the other warehouse, where plans are routed; `warehouse` runs what is for either.
    `now` tells the moment, `new_id` gives an id with the prefix that it is handed, `timer` counts
    seconds.
    """

    view: View
    warehouse: Warehouse
    planner: Planner
    now: Callable[[], dt.datetime]
    new_id: Callable[[str], str]
    timer: Callable[[], float]
    row_limit: int = 10_000
    timeout_s: float = 30.0
    max_estimate: float = 1e11
    on_stage: Callable[[StageReport], None] = silent
    policy: Policy | None = None
    beside: Beside | None = None

    @property
    def target(self) -> Target:
        """The warehouse as drafts name it."""
        return Target(self.warehouse.name, self.warehouse.dialect)
