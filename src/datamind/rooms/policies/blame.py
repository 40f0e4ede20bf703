"""Blame: statements that fail by what policies ask of their asker, told from those at fault.

An attribute that does not fit the column it is compared with makes every statement fail: whoever
reads can't mend that by other words, and is told to see an admin.
"""

from __future__ import annotations

import asyncio
import logging

from sqlglot import exp

from datamind.errors import AccessMisconfigured, DataMindError, QueryFailed
from datamind.governance import check, govern
from datamind.governance.bound import BoundRules
from datamind.governance.policy import table_reference
from datamind.governance.predicates import attributes_of
from datamind.governance.rules import Rights
from datamind.governance.shape import text_of
from datamind.records import Draft, Governed, Optimized
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Parts
from datamind.semantics.catalog import Table

log = logging.getLogger(__name__)
EACH_S = 10.0
SAID = "Your access to these data is set up wrongly: an admin should look at it."


async def told(
    parts: Parts, caller: Caller, rights: Rights, governed: Governed, fault: DataMindError
) -> DataMindError:
    """The fault as it is to be told: AccessMisconfigured where the policies alone make one."""
    if not isinstance(fault, QueryFailed):
        return fault
    bound = parts.bindings.of(rights)
    for relation in governed.relations:
        table = bound.view.by_id.get(relation)
        if table is None or not _asks(bound, table):
            continue
        try:
            await _read(parts, caller, _counting(bound, table))
        except QueryFailed:
            log.warning("policies on %s fail for one of their users", relation)
            return AccessMisconfigured(SAID)
        except DataMindError as other:
            log.info("whether policies fail could not be told: %s", other.code)
    return fault


def _asks(bound: BoundRules, table: Table) -> bool:
    """Whether a predicate on the table asks something of its asker."""
    grants, restrictions = bound.rules.of(table.id, bound.asker)
    rows = [*(g.rows for g in grants), *(r.rows for r in restrictions)]
    return any(attributes_of(one, bound.dialect) for one in rows if one)


def _counting(bound: BoundRules, table: Table) -> Governed:
    """A statement that reads the asker's rows and columns of the table, and nothing else."""
    counts = [
        exp.alias_(exp.Count(this=exp.column(c.name, table.name, quoted=True)), f"c{at}")
        for at, c in enumerate(table.columns)
    ]
    query = exp.select(*counts).from_(table_reference(table))
    sql = text_of(query, bound.dialect, identify=True)
    checked = check(Draft(sql, bound.dialect, "", "verified", "builtin"), bound.view)
    return govern(Optimized(checked, checked.sql), bound.view, row_limit=1, policy=bound)


async def _read(parts: Parts, caller: Caller, governed: Governed) -> None:
    await note(
        parts, caller, "policy_check", Outcome.intent, component="warehouse",
        governed_sql=governed.sql, relations=list(governed.relations),
        policies=list(governed.policies),
    )  # fmt: skip
    async with parts.places.one(caller.counted):
        await asyncio.get_running_loop().run_in_executor(
            parts.threads, lambda: parts.warehouse.run(governed, timeout_s=EACH_S)
        )
