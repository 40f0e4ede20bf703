"""Row predicates: SQL over one relation, with `{user.x}` for what is known of the asker."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.simplify import simplify
from sqlglot.tokenizer_core import Token, TokenType

from datamind.errors import BadInput, SqlRejected
from datamind.governance.limits import tokens_within_limits
from datamind.governance.names import Relations, ascii_lower
from datamind.governance.policy import table_reference
from datamind.governance.resolve import resolve
from datamind.governance.rules import Asker
from datamind.governance.shape import check_shape, parse
from datamind.records import Dialect
from datamind.semantics.catalog import Table

HINT = "A predicate is SQL over the relation's own columns, e.g. region = {user.region}."
MARK = "attribute of the asker: "  # no column's name, for the resolver is asked after it is gone
NAME = re.compile(r"\w+", re.ASCII)
TYPES = {
    "integer": "BIGINT", "decimal": "DECIMAL", "float": "DOUBLE", "text": "TEXT",
    "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP", "time": "TIME",
}  # fmt: skip


def bound(rows: str, table: Table, asker: Asker, all_of_it: Relations) -> exp.Expr | None:
    """The predicate for this asker, its names written out; None where it admits every row.

    An attribute that is absent makes the whole predicate false. `all_of_it` holds every relation,
    for predicates read without any policy.
    """
    dialect = all_of_it.names.dialect
    statement = parsed(rows, table.schema, table.name, dialect).copy()
    for marked in list(statement.find_all(exp.Column)):
        if marked.name.startswith(MARK):
            value = asker.attributes.get(marked.name.removeprefix(MARK))
            listed = isinstance(marked.parent, exp.In) and marked.arg_key == "expressions"
            literals = _literals(value, listed=listed)
            if literals is None:
                return exp.false()
            # One in place of the other; a list's stand among the others of an IN.
            marked.replace(literals if listed else literals[0])
    resolve(statement, all_of_it)
    where = statement.args["where"].this
    return None if isinstance(where, exp.Boolean) and where.this else where


def attributes_of(rows: str, dialect: Dialect) -> frozenset[str]:
    """The attributes that a predicate asks for."""
    return frozenset(name for _, _, name in _asked_for(rows, dialect))


def check(rows: str, table: Table, all_of_it: Relations) -> None:
    """BadInput unless the predicate can be used in this dialect; called when it is saved."""
    try:
        names = attributes_of(rows, all_of_it.names.dialect)
        bound(rows, table, Asker("", attributes=dict.fromkeys(names, "1")), all_of_it)
        if not _is_condition(rows, table, all_of_it.names.dialect):
            raise SqlRejected("This is a value, not a condition.")
    except SqlRejected as fault:
        raise BadInput(f"The predicate on {table.id}: {fault.message}", hint=HINT) from None


def missing(rows: str, asker: Asker, dialect: Dialect) -> frozenset[str]:
    """The attributes that a predicate asks for and that the asker has not."""
    return frozenset(n for n in attributes_of(rows, dialect) if asker.attributes.get(n) is None)


def is_never(predicate: exp.Expr | None) -> bool:
    """Whether a predicate that is bound can be seen to hold for no row."""
    if predicate is None:
        return False
    plain = simplify(predicate.copy())
    return isinstance(plain, exp.Null) or (isinstance(plain, exp.Boolean) and not plain.this)


def _is_condition(rows: str, table: Table, dialect: Dialect) -> bool:
    """Whether what is asked is true or false, as far as types are known; only PostgreSQL has
    numbers be neither."""
    neither = {*exp.DataType.TEXT_TYPES, *exp.DataType.TEMPORAL_TYPES}
    if dialect == "postgres":
        neither |= exp.DataType.NUMERIC_TYPES
    types = {ascii_lower(c.name): TYPES[c.type] for c in table.columns if c.type in TYPES}
    waiting = [parsed(rows, table.schema, table.name, dialect).args["where"].this]
    while waiting:
        at = waiting.pop().unnest()
        if isinstance(at, (exp.Connector, exp.Not)):
            waiting += at.iter_expressions()
        elif not at.find(exp.Query):
            typed = at.copy().transform(_typed, types)
            kind = annotate_types(typed, dialect=dialect).type
            if kind is not None and kind.this in neither:
                return False
    return True


def _typed(node: exp.Expr, types: Mapping[str, str]) -> exp.Expr:
    """A value of the column's type in the column's place."""
    known = types.get(ascii_lower(node.name)) if isinstance(node, exp.Column) else None
    return exp.cast(exp.null(), known) if known is not None else node


@lru_cache(maxsize=4096)
def parsed(rows: str, schema: str, name: str, dialect: Dialect) -> exp.Query:
    """`SELECT 1 FROM table WHERE rows`, checked, with a marked column for each attribute."""
    text, shift = rows, 0
    for start, end, attribute in _asked_for(rows, dialect):
        marked = f'"{MARK}{attribute}"'
        text = text[: start + shift] + marked + text[end + shift :]
        shift += len(marked) - (end - start)
    # Read alone, so that no bracket of it can close one of ours.
    alone = parse(f"SELECT {text}", dialect)
    expressions = alone.expressions
    if len(expressions) != 1 or any(alone.args.get(part) for part in ("from_", "where", "with_")):
        raise SqlRejected("This is not one condition.")
    table = Table(name, schema, name, ())
    statement = exp.select(exp.Literal.number(1)).from_(table_reference(table))
    statement.set("where", exp.Where(this=expressions[0]))
    check_shape(statement, dialect)
    return statement


def _asked_for(rows: str, dialect: Dialect) -> Iterator[tuple[int, int, str]]:
    """Start, end and attribute of each `{user.x}`."""
    tokens = tokens_within_limits(f"SELECT {rows}", dialect)[1:]
    before = len("SELECT ")
    for at, token in enumerate(tokens):
        if token.token_type == TokenType.STRING and "{user." in token.text:
            raise SqlRejected("{user.x} brings its own quotes: put none around it.")
        if token.token_type == TokenType.L_BRACE:
            yield (
                token.start - before, _end(tokens[at : at + 5]) + 1 - before, tokens[at + 3].text
            )  # fmt: skip


def _end(tokens: list[Token]) -> int:
    words = [token.text for token in tokens]
    if len(words) != 5 or words[:3] != ["{", "user", "."] or words[4] != "}":
        raise SqlRejected("Between braces stands an attribute of the asker: {user.region}.")
    if not NAME.fullmatch(words[3]):
        raise SqlRejected("The name of an attribute has letters, digits and underscores.")
    return tokens[4].end


def _literals(value: object, *, listed: bool) -> list[exp.Expr] | None:
    """Literals of the attribute's own type; None where there is no value that could be one."""
    if isinstance(value, tuple):
        made = [_literal(one) for one in value] if listed and value else [None]
        return None if None in made else made  # type: ignore[return-value]
    made_one = _literal(value)
    return None if made_one is None else [made_one]


def _literal(value: object) -> exp.Expr | None:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, int | float | Decimal):
        number = exp.Literal.number(f"{abs(value):f}" if isinstance(value, float) else abs(value))
        return exp.Paren(this=exp.Neg(this=number)) if value < 0 else number
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, dt.datetime):
        return exp.cast(exp.Literal.string(value.isoformat(" ")), exp.DType.TIMESTAMP)
    if isinstance(value, dt.date):
        return exp.cast(exp.Literal.string(value.isoformat()), exp.DType.DATE)
    return None
