"""Random worlds on real engines: what builds them, and whether two results are the same."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
from random_plans import SQL_TYPES, World

from datamind.records import Dialect
from datamind.semantics.catalog import View
from datamind.semantics.compiler.clickhouse import SETTINGS

Rows = Sequence[tuple[Any, ...]]
Run = Callable[[str], Rows]
OF_CLICKHOUSE = {
    "BIGINT": "Nullable(Int64)", "DOUBLE PRECISION": "Nullable(Float64)",
    "VARCHAR": "Nullable(String)", "DATE": "Nullable(Date32)",
    "TIMESTAMP": "Nullable(DateTime64(6))", "BOOLEAN": "Nullable(Bool)",
}  # fmt: skip
# How values come out of ClickHouse's JSON, by type; what is not here is text.
READ: dict[str, Callable[[Any], Any]] = {
    "Bool": bool, "Date": dt.date.fromisoformat, "Date32": dt.date.fromisoformat,
    "DateTime": dt.datetime.fromisoformat, "DateTime64": dt.datetime.fromisoformat,
    "String": str,
}  # fmt: skip


def sized(world: World) -> World:
    """The catalog knows how many rows there are, by which ClickHouse's joins are put in order."""
    known = (replace(t, rows=len(world.data[t.id])) for t in world.view.catalog.tables)
    return World(View.open(replace(world.view.catalog, tables=tuple(known))), world.data)


def fact_first(world: World) -> World:
    """The same, each table being taken for larger than those before it, to which it refers."""
    known = (replace(t, rows=n) for n, t in enumerate(world.view.catalog.tables))
    return World(View.open(replace(world.view.catalog, tables=tuple(known))), world.data)


def statements(world: World, dialect: Dialect) -> Iterator[str]:
    """The SQL that builds a world."""
    kinds, engine = (OF_CLICKHOUSE, "ENGINE Memory") if dialect == "clickhouse" else ({}, "")
    for table in world.view.tables:
        types = [SQL_TYPES.get(c.name, "BIGINT") for c in table.columns]
        columns = ", ".join(
            f"{c.name} {kinds.get(t, t)}" for c, t in zip(table.columns, types, strict=True)
        )
        yield f"DROP TABLE IF EXISTS main.{table.name}"
        yield f"CREATE TABLE main.{table.name} ({columns}) {engine}"
        rows, escaped = world.data[table.id], "\\\\" if dialect == "clickhouse" else "\\"
        if rows:
            values = ", ".join(
                "(" + ", ".join(_literal(r[c.name], escaped) for c in table.columns) + ")"
                for r in rows
            )
            yield f"INSERT INTO main.{table.name} VALUES {values}"


def _literal(value: Any, escaped: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str | dt.date):
        return "'" + str(value).replace("'", "''").replace("\\", escaped) + "'"
    return str(value)


def normal(rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
    return [tuple(_normal(v) for v in row) for row in rows]


def _normal(value: Any) -> Any:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return round(float(value), 6) + 0.0
    if isinstance(value, dt.datetime):
        return value
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time())
    return value


def same(found: Rows, expected: Rows, *, ordered: bool) -> bool:
    one, other = normal(found), normal(expected)
    if not ordered:
        one, other = sorted(one, key=_sortable), sorted(other, key=_sortable)
    return len(one) == len(other) and all(
        len(a) == len(b) and all(_close(x, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(one, other, strict=True)
    )


def _sortable(row: tuple[Any, ...]) -> str:
    return repr([f"{v:.4f}" if isinstance(v, float) else v for v in row])


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=2e-6)
    return bool(one == other)


@contextmanager
def clickhouse_runner(url: str) -> Iterator[Run]:
    """Runs statements as the compiler means them, and reads what comes out."""
    with httpx.Client(base_url=url.replace("clickhouse", "http", 1), timeout=60) as client:

        def run(sql: str) -> Rows:
            asked = {**SETTINGS, "default_format": "JSONCompact"}
            answer = client.post("/", content=sql, params=asked)
            assert answer.is_success, f"{answer.text}\n{sql}"
            if not answer.text.strip():
                return []
            told = json.loads(answer.text)
            kinds = [
                c["type"].removeprefix("Nullable(").split("(")[0].rstrip(")") for c in told["meta"]
            ]
            return [
                tuple(
                    v if v is None else READ.get(k, float)(v)
                    for v, k in zip(row, kinds, strict=True)
                )
                for row in told["data"]
            ]

        yield run
