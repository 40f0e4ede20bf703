"""Identifiers: quoted only where the dialect needs it, so that people can read the SQL."""

from __future__ import annotations

import re

from sqlglot import exp

_PLAIN = {
    "duckdb": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),  # case-insensitive, keeps the case
    "postgres": re.compile(r"[a-z_][a-z0-9_]*"),
    "clickhouse": re.compile(r"[A-Za-z_][A-Za-z0-9_]*"),
}
# Words that either engine reserves in some place where we put a name, and sqlglot's own.
RESERVED = frozenset(
    """all analyse analyze and anti any array as asc asof asymmetric at authorization between bigint
    binary bit boolean both by case cast char character check coalesce collate collation column
    columns concurrently constraint create cross cube current current_catalog current_date
    current_role current_schema current_time current_timestamp current_user date dec decimal default
    deferrable delete desc describe distinct div do else end escape except exclude exists explain
    extract false fetch filter final float following for foreign freeze from full generated glob
    grant group grouping groups having if ilike in initially inner inout insert int integer
    intersect interval into is isnull join lambda lateral leading left like limit localtime
    localtimestamp map merge minus national natural nchar none not notnull null nullif numeric
    offset on only or order out outer over overlaps overlay partition pivot pivot_longer
    pivot_wider placing position positional preceding precision primary qualify range real
    references replace returning right row rows sample select semi session_user set setof show
    similar smallint some struct substring summarize symmetric system_user table tablesample then
    time timestamp to top trailing treat trim true truncate try_cast tuple unbounded union unique
    unnest unpack unpivot update use user using values varchar variadic verbose when where window
    with within xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi
    xmlroot xmlserialize xmltable""".split()
)


def identifier(name: str, dialect: str) -> exp.Identifier:
    """The name as an identifier."""
    plain = _PLAIN[dialect].fullmatch(name) and name.lower() not in RESERVED
    return exp.Identifier(this=name, quoted=not plain)


def column(alias: str, name: str, dialect: str) -> exp.Column:
    """`alias.name`; the bare name where there is no alias."""
    table = identifier(alias, dialect) if alias else None
    return exp.Column(this=identifier(name, dialect), table=table)
