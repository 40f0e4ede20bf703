"""A plan's other form: governed for the warehouse beside the first, where it may run there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from datamind.errors import DataMindError
from datamind.governance.bound import BoundRules
from datamind.governance.portable import portable
from datamind.pipeline.prepare import Prepared, prepare
from datamind.pipeline.stages import Stages
from datamind.semantics.catalog import View
from datamind.semantics.routing import Choice, Copies, Second, route

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Beside:
    """The other warehouse as one asker has it: `view` is what they see there and `policy` what they
    read of it (None: all that is seen). `copies` says what may be read there now."""

    second: Second
    view: View
    policy: BoundRules | None
    copies: Callable[[], Copies]


def routed(made: Prepared, beside: Beside, *, row_limit: int) -> Prepared:
    """The same with its form for the other warehouse, where it may run there; and why, or not."""
    copies, second = beside.copies(), beside.second
    if made.reading is None:
        return replace(made, routed=copies.down)
    choice = _choice(made, beside, copies)
    if not choice.second:
        return replace(made, routed=choice.reason)
    try:
        again = prepare(
            (made.reading,), beside.view, second.target, Stages(time.perf_counter),
            row_limit=row_limit, policy=beside.policy,
        )  # fmt: skip
    except DataMindError as fault:
        log.info("a plan has no form for ClickHouse: %s", fault.code)
        return replace(made, routed="the plan can't be put into ClickHouse's SQL")
    if len(again.governed.lineage) != len(made.governed.lineage):
        return replace(made, routed="the plan gives other columns there")
    return replace(made, elsewhere=again.governed, routed=choice.reason)


def _choice(made: Prepared, beside: Beside, copies: Copies) -> Choice:
    """By the plan and the copies; then by the policies, as they are written for the first."""
    choice = route(made.draft.plan, made.governed, beside.second, copies)
    if not choice.second or beside.policy is None:
        return choice
    rules, asker = beside.policy.rules, beside.policy.asker
    tables = [beside.second.catalog.by_id[name] for name in made.governed.relations]
    if all(portable(rules, asker, table, made.governed.dialect) for table in tables):
        return choice
    return Choice(False, "a policy is written in a way that means something else there")
