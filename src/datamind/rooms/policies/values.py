"""The values that a caller may read, of columns in tables of which they see some rows only.

The catalog's own values were read by one who sees all. Here each is read anew by a governed
statement, once for all who read the same rows, and kept until the data change: so "sales in Spain"
is understood by those who may see Spain, and by nobody else.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from dataclasses import replace

from sqlglot import exp

from datamind.errors import DataMindError
from datamind.governance import check, govern
from datamind.governance.bound import BoundRules
from datamind.governance.policy import table_reference
from datamind.governance.rules import Rights
from datamind.governance.shape import text_of
from datamind.records import Draft, Governed, Optimized
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Parts
from datamind.rooms.policies.own_values import Key
from datamind.semantics.catalog import Column, Counted, Table, Values

log = logging.getLogger(__name__)
MOST_VALUES, LONGEST = 2_000, 100  # as many as the catalog keeps of a column
MOST_COLUMNS = 50
PATIENCE_S, EACH_S = 2.0, 10.0


async def rights_of(parts: Parts, caller: Caller) -> Rights:
    """What the engine is told of a caller: rules, attributes, and the values that they may read,
    as far as these were read in time."""
    rights = await parts.rights.of(caller)
    bound = parts.bindings.of(rights)
    wanted = statements(bound)
    if not wanted:
        return rights
    loop = asyncio.get_running_loop()
    version = await loop.run_in_executor(None, parts.warehouse.data_version)
    if any(governed.volatile for governed in wanted.values()):
        version = ""  # by the clock, rows come and go without a change of the data
    key = (bound.view.fingerprint, version)
    reading = parts.values.of(key, lambda: _read(parts, caller, wanted, key))
    try:
        own = await asyncio.wait_for(asyncio.shield(reading), PATIENCE_S)
    except TimeoutError:
        return rights  # the next one who asks has them
    return replace(rights, own=own, told=_digest(own)) if own else rights


def statements(bound: BoundRules) -> dict[str, Governed]:
    """For each column (id) whose values have to be read anew, the statement that reads them."""
    view = bound.view
    found: dict[str, Governed] = {}
    for table in view.tables:
        if table.id not in view.filtered_tables:
            continue
        for column in table.columns:
            if (
                column.id in view.catalog.values
                and column.id not in view.masked_columns
                and not column.public_values
                and len(found) < MOST_COLUMNS
            ):
                found[column.id] = _governed(table, column, bound)
    return found


def _governed(table: Table, column: Column, bound: BoundRules) -> Governed:
    value = exp.column(column.name, table.name, quoted=True)
    count = exp.Count(this=exp.Star())
    query = exp.select(value, count).from_(table_reference(table))
    query = query.where(value.is_(exp.null()).not_()).group_by(value)
    query = query.order_by(exp.Ordered(this=count, desc=True), value).limit(MOST_VALUES)
    sql = text_of(query, bound.dialect, identify=True)
    checked = check(Draft(sql, bound.dialect, "", "verified", "builtin"), bound.view)
    ready = Optimized(checked, checked.sql)
    return govern(ready, bound.view, row_limit=MOST_VALUES, policy=bound)


async def _read(
    parts: Parts, caller: Caller, wanted: dict[str, Governed], key: Key
) -> Values:  # fmt: skip
    """The values of the columns; of one that can't be read, none for now."""
    relations = sorted({r for governed in wanted.values() for r in governed.relations})
    await note(parts, caller, "values_read", Outcome.intent, component="warehouse",
               columns=sorted(wanted), relations=relations)  # fmt: skip
    loop = asyncio.get_running_loop()
    found: dict[str, Counted] = {}
    for column, governed in wanted.items():
        async with parts.places.one(caller.counted):
            try:
                found[column] = await loop.run_in_executor(parts.threads, _values, parts, governed)
            except DataMindError as fault:
                log.warning("values of a column were not read: %s", fault.code)
                parts.values.for_now(key)
    return found


def _values(parts: Parts, governed: Governed) -> Counted:
    result = parts.warehouse.run(governed, timeout_s=EACH_S)
    return tuple(
        (value, int(str(count))) for value, count in result.rows
        if isinstance(value, str) and len(value) <= LONGEST
    )  # fmt: skip


def _digest(own: Values) -> str:
    said = [(column, own[column]) for column in sorted(own)]
    return "-" + hashlib.sha256(repr(said).encode()).hexdigest()[:8]
