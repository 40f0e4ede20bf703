"""Introspection of a DuckDB file, through a short-lived read-only connection of its own."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

from datamind.adapters.introspection.survey import Declared, survey
from datamind.adapters.warehouse.duckdb_faults import opening_fault, query_fault
from datamind.errors import WarehouseNotFound
from datamind.records import Scalar
from datamind.semantics.catalog import Catalog

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STATEMENT_S = 60.0
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "access_mode": "read_only",
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "autoinstall_known_extensions": False,
}


class DuckDbProbe:
    """Rows of one statement of ours.

    It runs in a thread of its own: DuckDB hears neither a time limit nor Ctrl-C while it works.
    """

    def __init__(self, connection: DuckDBPyConnection, name: str) -> None:
        self.connection = connection
        self.name = name
        self._thread = ThreadPoolExecutor(1)

    def rows(self, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
        """All rows; database errors reworded."""
        import duckdb

        running = self._thread.submit(
            lambda: self.connection.execute(sql, list(parameters)).fetchall()
        )
        try:
            wait((running,), STATEMENT_S)
            if not running.done():
                self.connection.interrupt()
            return running.result()
        except duckdb.Error as fault:
            raise query_fault(type(fault).__name__, str(fault), self.name) from None
        except KeyboardInterrupt:
            self.connection.interrupt()
            wait((running,))  # the connection is closed next, which must not happen under its feet
            raise


def data_version(path: Path) -> str:
    """Changes with the file: its size and the time it was written."""
    stat = path.stat()
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"


def introspect_duckdb(path: Path) -> Catalog:
    """The catalog of a DuckDB file."""
    import duckdb

    if not path.is_file():
        raise WarehouseNotFound(f"There is no database at {path.name}.")
    try:
        connection = duckdb.connect(str(path), config=_SETTINGS)
    except duckdb.Error as fault:
        raise opening_fault(type(fault).__name__, str(fault), path.name) from None
    with connection:
        probe = DuckDbProbe(connection, path.name)
        return survey(
            probe,
            _declared(probe),
            dialect="duckdb",
            default_schema="main",
            place=path.name,
            data_version=data_version(path),
        )


def _declared(probe: DuckDbProbe) -> list[Declared]:
    """Tables and views with their columns, comments and constraints."""
    found: dict[tuple[str, str], Declared] = {}
    own = "database_name = current_database() AND NOT internal"
    for schema, name, comment, is_view in probe.rows(
        f"SELECT schema_name, table_name, comment, false FROM duckdb_tables() WHERE {own}"
        f" UNION ALL SELECT schema_name, view_name, comment, true FROM duckdb_views() WHERE {own}"
        " ORDER BY 1, 2"
    ):
        key = (str(schema), str(name))
        found[key] = Declared(
            *key, [], str(comment or ""), is_view=bool(is_view), is_stored=not is_view
        )
    for schema, table, column, native, nullable, comment in probe.rows(
        "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment"
        f" FROM duckdb_columns() WHERE {own} ORDER BY schema_name, table_name, column_index"
    ):
        declared = found.get((str(schema), str(table)))
        if declared is not None:
            declared.columns.append((str(column), str(native), bool(nullable), str(comment or "")))
    for row in probe.rows(
        "SELECT schema_name, table_name, constraint_type, constraint_column_names,"
        " referenced_table, referenced_column_names FROM duckdb_constraints()"
        " WHERE database_name = current_database()"
    ):
        declared = found.get((str(row[0]), str(row[1])))
        if declared is not None:
            _constrain(declared, found, row)
    return [d for d in found.values() if d.columns]


def _constrain(
    declared: Declared, found: dict[tuple[str, str], Declared], row: Sequence[object]
) -> None:
    names = tuple(str(c) for c in row[3]) if isinstance(row[3], list) else ()
    if row[2] == "PRIMARY KEY":
        declared.primary_key = names
    elif row[2] == "UNIQUE":
        declared.unique_keys.append(names)
    elif row[2] == "FOREIGN KEY" and isinstance(row[5], list):
        wanted = str(row[4]).lower()
        for schema, name in found:
            if schema == declared.schema and name.lower() == wanted:
                columns = tuple(str(c) for c in row[5])
                declared.references.append((names, schema, name, columns))
