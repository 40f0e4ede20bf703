"""Tells whether a governed statement may give other rows over the same data; unknown means yes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlDialect
from sqlglot.tokenizer_core import TokenType

from datamind.governance.tables import clickhouse, duckdb, postgres
from datamind.records import Dialect
from datamind.semantics.catalog import TEMPORAL, Table

VOLATILE: Mapping[Dialect, frozenset[str]] = {
    "duckdb": duckdb.VOLATILE,
    "postgres": postgres.VOLATILE,
    "clickhouse": clickhouse.VOLATILE,
}
# However a text is written: plain, escaped, raw, between dollars.
TEXTS = frozenset(kind for kind in TokenType if kind.name.endswith("STRING"))
# Texts that PostgreSQL takes for a moment that moves on.
MOVING = ("now", "today", "tomorrow", "yesterday")
MOMENTS = frozenset(
    getattr(exp.DType, word)
    for word in "DATE TIME TIMETZ TIMESTAMP TIMESTAMPNTZ TIMESTAMPTZ TIMESTAMPLTZ DATETIME".split()
)
TRUNCATED = (exp.TimestampTrunc, exp.DateTrunc)


def is_volatile(tree: exp.Query, sql: str, tables: Sequence[Table], dialect: Dialect) -> bool:
    """Whether the clock or chance has a say in the rows of `sql`, which is `tree` as we wrote it
    and reads these tables."""
    # What a view is made of is not known here.
    if any(table.is_view for table in tables) or _names_one(sql, dialect):
        return True
    return dialect == "postgres" and _reads_moments_off_texts(tree, tables)


def _names_one(sql: str, dialect: Dialect) -> bool:
    """Whether a volatile function is named, or a text that may be taken for a moment: all other
    names in our text are quoted."""
    for token in SqlDialect.get_or_raise(dialect).tokenize(sql):
        text = token.text.lower()
        if token.token_type in TEXTS:
            if dialect == "postgres" and text.strip().startswith(MOVING):
                return True
        elif token.token_type != TokenType.IDENTIFIER and text in VOLATILE[dialect]:
            return True
    return False


def _reads_moments_off_texts(tree: exp.Query, tables: Iterable[Table]) -> bool:
    """Whether a text that may hold 'now', and is no literal, is turned into a moment."""
    types: dict[str, set[str]] = {}
    for table in tables:
        for column in table.columns:
            types.setdefault(column.name, set()).add(column.type)
    known = {name for name, found in types.items() if found <= TEMPORAL}
    return any(
        cast.to.this in MOMENTS and not _stands_still(cast.this, known)
        for cast in tree.find_all(exp.Cast, exp.TryCast)
    )


def _stands_still(node: exp.Expr, moments: set[str]) -> bool:
    """Whether it is the same moment each time; `moments` are columns that hold such."""
    if isinstance(node, exp.Literal | exp.Null):
        return True
    if isinstance(node, exp.Column):
        return node.name in moments
    if isinstance(node, exp.Cast):
        return node.to.this in MOMENTS  # looked at by itself
    if isinstance(node, TRUNCATED):
        return True
    return isinstance(node, exp.Paren | exp.Add | exp.Sub) and _stands_still(node.this, moments)
