"""Which predicates mean the same in each dialect, so that a table may be read in another one."""

from __future__ import annotations

from sqlglot import exp

from datamind.errors import DataMindError
from datamind.governance.predicates import parsed
from datamind.governance.rules import Asker, Rules
from datamind.records import Dialect
from datamind.semantics.catalog import Table

# Comparisons of columns with values; what computes may do it otherwise elsewhere.
ALIKE = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or,
    exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Is, exp.Between,
    exp.Neg, exp.Tuple,
)  # fmt: skip


def portable(rules: Rules, asker: Asker, table: Table, dialect: Dialect) -> bool:
    """Whether what the rules say of the table's rows for this asker means the same in all
    dialects, as it is written for this one."""
    grants, restrictions = rules.of(table.id, asker)
    said = [g.rows for g in grants if g.rows] + [r.rows for r in restrictions if r.rows]
    return all(_alike(rows, table, dialect) for rows in said)


def _alike(rows: str, table: Table, dialect: Dialect) -> bool:
    try:
        condition = parsed(rows, table.schema, table.name, dialect).args["where"].this
    except DataMindError:
        return False
    return all(isinstance(node, ALIKE) for node in condition.walk())
