"""Fills whatever tables a store has with plausible rows, and reads them back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Inspector

from datamind.migrations.stores import open_engine, parsed

ROWS = 3
NOTHING = object()  # a value that has to be null
MOMENT = dt.datetime(2026, 3, 15, 9, 30, 0, 123456, tzinfo=dt.UTC)
Rows = dict[str, list[dict[str, Any]]]


@contextmanager
def connected(url: str) -> Iterator[sa.Connection]:
    with open_engine(parsed(url)) as engine, engine.begin() as connection:
        yield connection


def tables_of(connection: sa.Connection) -> list[sa.Table]:
    """The store's own tables, those that others refer to first."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(url: str) -> Rows:
    """Put rows into all tables that have none; all rows there are."""
    with connected(url) as connection:
        inspector = sa.inspect(connection)
        for table in tables_of(connection):
            if not connection.scalar(sa.select(sa.func.count()).select_from(table)):
                allowed = _allowed(inspector, table.name)
                rows = [_row(connection, table, n, allowed) for n in range(ROWS)]
                connection.execute(table.insert(), rows)
    return rows_in(url)


def rows_in(url: str) -> Rows:
    with connected(url) as connection:
        return {
            table.name: sorted(
                (_plain(row) for row in connection.execute(sa.select(table)).mappings()), key=repr
            )
            for table in tables_of(connection)
        }


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value
        for name, value in row.items()
    }


def _allowed(inspector: Inspector, table: str) -> dict[str, Any]:
    """By column, a value that the checks of the table let pass."""
    found: dict[str, Any] = {}
    for check in inspector.get_check_constraints(table):
        said = check["sqltext"]
        if either := re.search(r"(\w+) IS NULL\)* <> \(*(\w+) IS NULL", said):  # one, not both
            found |= {either[1]: "0 2 * * *", either[2]: NOTHING}
            continue
        column = re.search(r"\w+", said)
        word, number = re.search(r"'([^']+)'", said), re.search(r"\d+", said)
        assert column is not None and (word or number), f"{table}: how to fit {said}?"
        found[column[0]] = word[1] if word else int(number[0])  # type: ignore[index]
    return found


def _row(
    connection: sa.Connection, table: sa.Table, number: int, allowed: dict[str, Any]
) -> dict[str, Any]:
    return {
        column.name: _value(connection, column, number, allowed.get(column.name))
        for column in table.columns
    }


def _value(connection: sa.Connection, column: sa.Column[Any], number: int, fits: Any) -> Any:
    if fits is not None:
        return None if fits is NOTHING else fits
    for key in column.foreign_keys:
        if key.column.table is column.table:
            return None
        rows = connection.scalars(sa.select(key.column).order_by(key.column)).all()
        return rows[number % len(rows)]
    if column.nullable and number == ROWS - 1:
        return None
    kind, name = column.type, column.name
    if isinstance(kind, sa.JSON):
        return {"said": [number, None, "Größe 😀"], "of": name}
    if isinstance(kind, sa.DateTime):
        return MOMENT + dt.timedelta(days=number)
    if isinstance(kind, sa.Boolean):
        return bool(number % 2)
    if isinstance(kind, sa.Float | sa.Numeric):
        return 0.1 + number
    if isinstance(kind, sa.Integer):
        return number + 1
    if isinstance(kind, sa.LargeBinary):
        return b"\x00\xff" + bytes([number])
    assert isinstance(kind, sa.String), f"{column}: what of {kind!r}?"
    return f"{name}-{number} é'%"[: kind.length or 100]
