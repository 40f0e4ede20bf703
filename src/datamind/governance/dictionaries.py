"""ClickHouse's LowCardinality: a column's values in a dictionary, which filters leave whole.

Functions are run on the dictionary, values of hidden rows included, even behind a fence. So such
columns of a table whose rows are filtered leave its body as the plain type.
"""

from __future__ import annotations

from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.governance.tables.nodes import TYPES
from datamind.semantics.catalog import Column

WORD = "lowcardinality("


@lru_cache(maxsize=4096)
def plain_type(column: Column) -> exp.DataType | None:
    """The column's type without dictionaries; None where it has none."""
    if WORD not in column.native_type.lower():
        return None
    try:
        made = exp.DataType.build(column.native_type, dialect="clickhouse")
    except SqlglotError:
        return None
    while made.this == exp.DType.LOWCARDINALITY:
        made = made.expressions[0]
    for inner in list(made.find_all(exp.DataType)):
        if inner is not made and inner.this == exp.DType.LOWCARDINALITY:
            inner.replace(inner.expressions[0])
    named = all(t.this in TYPES for t in made.find_all(exp.DataType))
    return made.copy() if named and WORD not in made.sql("clickhouse").lower() else None


def is_entangled(column: Column) -> bool:
    """Whether a dictionary in its type can't be left out: in a tuple, say."""
    return WORD in column.native_type.lower() and plain_type(column) is None
