"""Advice for a database without a dbt project: the SQL that takes a step of readiness.

Notes are lines of a comment. A comment is set as a whole, so what it says already is repeated.
"""

from __future__ import annotations

from datamind.adapters.dbt.advice import CALLED, UNIT, WHAT, legend_of
from datamind.adapters.introspection.survey import quoted
from datamind.semantics.catalog import Column, Table
from datamind.semantics.readiness import Step


def sql_of(step: Step, table: Table, other: Table | None, dialect: str) -> str:
    """What to run as the tables' owner; empty where a database has no way to say it."""
    path = f"{quoted(table.schema)}.{quoted(table.name)}"
    if step.check == "metrics" or (
        dialect == "clickhouse" and step.check in ("keys", "references")
    ):
        return ""
    if step.check == "keys":
        column = quoted(step.wanted[0]) if step.wanted else "<column>"
        return f"ALTER TABLE {path} ADD PRIMARY KEY ({column});"
    if step.check == "references":
        return _reference(step, table, other, path, dialect)
    if step.item == table.id:
        kind = "VIEW" if table.is_view else "TABLE"
        if dialect == "clickhouse":
            return f"ALTER TABLE {path} MODIFY COMMENT {_text(_of_table(step, table), dialect)};"
        return f"COMMENT ON {kind} {path} IS {_text(_of_table(step, table), dialect)};"
    column_ = table.column(step.item.removeprefix(f"{table.id}."))
    if dialect == "clickhouse":
        told = _text(_of_column(step, table, column_), dialect)
        return f"ALTER TABLE {path} COMMENT COLUMN {quoted(column_.name)} {told};"
    place = f"{path}.{quoted(column_.name)}"
    return f"COMMENT ON COLUMN {place} IS {_text(_of_column(step, table, column_), dialect)};"


def _reference(step: Step, table: Table, other: Table | None, path: str, dialect: str) -> str:
    column = quoted(step.item.removeprefix(f"{table.id}."))
    to = f"{quoted(other.schema)}.{quoted(other.name)}" if other else "<table>"
    field = quoted(step.wanted[1]) if len(step.wanted) > 1 else "<column>"
    key = f"FOREIGN KEY ({column}) REFERENCES {to} ({field})"
    if dialect == "duckdb":  # which adds no foreign key to a table that is there
        return f"CREATE TABLE {path} (..., {key});"
    return f"ALTER TABLE {path} ADD {key};"


def _of_table(step: Step, table: Table) -> list[str]:
    column = step.wanted[0] if step.wanted else "<column>"
    lines = {
        "description": table.description,
        "synonyms": ", ".join(table.synonyms),
        "default date": table.default_date or "",
    }
    wanted = {
        "layers": ("hidden", "yes"),
        "display": ("display", column),
        "dates": ("default date", column),
        "synonyms": ("synonyms", CALLED),
    }
    key, value = wanted.get(step.check, ("description", WHAT))
    return _lines({**lines, key: value})


def _of_column(step: Step, table: Table, column: Column) -> list[str]:
    lines = {
        "description": column.description,
        "synonyms": ", ".join(column.synonyms),
        "unit": column.unit or "",
        "additive": column.additivity if column.additivity_said else "",
    }
    wanted = {
        "synonyms": ("synonyms", CALLED),
        "units": ("unit", UNIT),
        "additivity": ("additive", "<sum, avg or none>"),
    }
    key, value = wanted.get(step.check, ("description", WHAT))
    if step.check == "codes":
        value = legend_of(step, table)
    return _lines({**lines, key: value})


def _lines(said: dict[str, str]) -> list[str]:
    return [
        text if key == "description" else f"{key}: {text}" for key, text in said.items() if text
    ]


def _text(lines: list[str], dialect: str) -> str:
    text = "\n".join(lines)
    if dialect == "clickhouse":  # where a backslash escapes
        text = text.replace("\\", "\\\\")
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
