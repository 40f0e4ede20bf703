"""Masks: what a column shows in place of its value, as SQL at the table read.

Each gives text, and NULL for NULL, but `null` (always NULL) and `generalise` (a date's year, a
number's hundred). None shows more than the guard corpus allows for its kind.
"""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from datamind.governance.rules import Mask
from datamind.records import Dialect
from datamind.semantics.catalog import NUMERIC, TEMPORAL, Column

# `v` is the value as text, `k` the key. What is too short to be cut is not shown at all.
LAST = "CASE WHEN v IS NULL THEN NULL WHEN length(v) >= 8 THEN '***' || right(v, 4) ELSE '***' END"
EMAIL = (
    "CASE WHEN v IS NULL THEN NULL WHEN strpos(v, '@') > 1"
    " THEN left(v, 1) || '***' || right(v, strpos(reverse(v), '@')) ELSE '***' END"
)
# Only before a second letter, so that no part of one letter is shown whole.
NAME = (
    "CASE WHEN v IS NULL THEN NULL WHEN lower(substring(v, 2, 1)) <> upper(substring(v, 2, 1))"
    " THEN left(v, 1) || '***' ELSE '***' END"
)
TEMPLATES: dict[Dialect, dict[str, str]] = {
    "postgres": {
        "last": LAST, "email": EMAIL, "name": NAME,
        "hash": "encode(sha256(convert_to(k || v, 'UTF8')), 'hex')",
    },
    "duckdb": {"last": LAST, "email": EMAIL, "name": NAME, "hash": "sha256(k || v)"},
    "clickhouse": {
        "last": "CASE WHEN v IS NULL THEN NULL WHEN lengthUTF8(v) >= 8"
        " THEN concat('***', rightUTF8(v, 4)) ELSE '***' END",
        "email": "CASE WHEN v IS NULL THEN NULL WHEN positionUTF8(v, '@') > 1 THEN"
        " concat(leftUTF8(v, 1), '***', rightUTF8(v, positionUTF8(reverseUTF8(v), '@')))"
        " ELSE '***' END",
        "name": "CASE WHEN v IS NULL THEN NULL WHEN lowerUTF8(substringUTF8(v, 2, 1)) <>"
        " upperUTF8(substringUTF8(v, 2, 1)) THEN concat(leftUTF8(v, 1), '***') ELSE '***' END",
        "hash": "lower(hex(SHA256(concat(k, v))))",
    },
}  # fmt: skip
KINDS: dict[Mask, str] = {
    "email": "email", "phone": "last", "ssn": "last", "card": "last", "last4": "last",
    "name": "name", "hash": "hash",
}  # fmt: skip
BAND = 100
LETTERS = frozenset({"text", "other"})
DIGITS = LETTERS | NUMERIC
# The types of the columns that a mask makes sense of; those that are not here fit any.
FITS: dict[Mask, frozenset[str]] = {
    "email": LETTERS, "name": LETTERS, "phone": DIGITS, "ssn": DIGITS, "card": DIGITS,
    "last4": DIGITS,
}  # fmt: skip


def fits(mask: Mask, column: Column) -> bool:
    """Whether the mask leaves of the column what its name promises."""
    if mask == "generalise":
        return column.type in TEMPORAL or column.is_number
    return column.type in FITS.get(mask, (column.type,))


def masked(
    value: exp.Expr, column: Column, mask: Mask, dialect: Dialect, key: exp.Expr
) -> exp.Expr:
    """The masked form of a column's value; hashes are made with `key`."""
    if mask == "null" and dialect != "clickhouse":  # NULL of the column's own type, whatever it is
        return exp.Case(ifs=[exp.If(this=exp.false(), true=value)])
    if mask == "null" and column.type == "other":  # arrays and maps can't be NULL there
        return exp.Anonymous(this="defaultValueOfArgumentType", expressions=[value])
    if mask == "null":
        return exp.Cast(this=exp.null(), to=_nullable(column))
    if mask == "generalise" and column.type in ("date", "timestamp"):
        return exp.TimestampTrunc(this=value, unit=exp.var("YEAR"))
    if mask == "generalise" and column.is_number:
        band = exp.Literal.number(BAND)
        return exp.Mul(this=exp.Floor(this=exp.Div(this=value, expression=band)), expression=band)
    text = exp.cast(value, exp.DType.TEXT, dialect=dialect)
    made = _template(dialect, KINDS.get(mask, "hash")).copy()
    stand_ins = {"v": text, "k": key}
    for node in list(made.find_all(exp.Column)):
        node.replace(stand_ins[node.name].copy())
    return made


@lru_cache(maxsize=64)
def _template(dialect: Dialect, kind: str) -> exp.Expr:
    return sqlglot.parse_one(TEMPLATES[dialect][kind], dialect=dialect)


@lru_cache(maxsize=4096)
def _nullable(column: Column) -> exp.DataType:
    """ClickHouse's type of the column that may be NULL, or of text where there is none."""
    try:
        made = exp.DataType.build(column.native_type or column.type, dialect="clickhouse")
    except SqlglotError:
        made = exp.DataType.build("TEXT", dialect="clickhouse")
    made.set("nullable", True)
    return made
