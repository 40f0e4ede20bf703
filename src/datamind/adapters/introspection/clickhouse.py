"""Introspection of the databases of a ClickHouse server that the URL's user may read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from datamind.adapters.introspection.survey import Declared, survey
from datamind.adapters.warehouse.clickhouse import driver
from datamind.adapters.warehouse.clickhouse_faults import connection_fault, query_fault
from datamind.adapters.warehouse.clickhouse_line import Address, Line, ServerError, say
from datamind.adapters.warehouse.clickhouse_settings import Known, needed
from datamind.errors import BadInput, QueryTimeout, WarehouseError, WarehouseNotFound
from datamind.records import Scalar
from datamind.semantics.catalog import Catalog

CONNECT_S = 10
STATEMENT_S = 60
_SETTINGS = "SELECT name, value, readonly FROM system.settings"
_OWN = "lower(database) NOT IN ('system', 'information_schema')"
# Tables within views are read through these; what is kept for one session is nobody else's.
_TABLES = f"""
SELECT database, name, comment, engine LIKE '%View', engine LIKE '%MergeTree', total_rows,
       sorting_key
FROM system.tables WHERE {_OWN} AND NOT is_temporary AND NOT startsWith(name, '.inner')
ORDER BY database, name
"""
_COLUMNS = f"""
SELECT database, table, name, type, comment, is_in_sorting_key
FROM system.columns WHERE {_OWN} AND default_kind <> 'EPHEMERAL'
ORDER BY database, table, position
"""


class ClickHouseProbe:
    """Rows of one statement of ours, as text, whole numbers and None."""

    def __init__(self, address: Address) -> None:
        self.name = address.name
        self._address = address
        self._line = Line(address)
        self._settings: dict[str, str] = {}
        self.is_held = False  # to reading, by the user's own profile

    def settle(self) -> None:
        """Set what the dialect means its statements under; errors are those of a connection."""
        try:
            found = self._asked(_SETTINGS, CONNECT_S)
        except ServerError as error:
            raise connection_fault(error.code, self.name) from None
        known = {str(n): Known(str(v), str(locked) == "0") for n, v, locked in found}
        self._settings = needed(known, self.name)
        self.is_held = known["readonly"].value != "0"
        if known["max_execution_time"].is_free:
            self._settings["max_execution_time"] = str(STATEMENT_S)

    def rows(self, sql: str, parameters: Sequence[Scalar] = ()) -> list[tuple[Scalar, ...]]:
        """All rows; the server's errors reworded."""
        if parameters:
            raise BadInput("A probe of ClickHouse takes no parameters.")
        try:
            return self._asked(sql, STATEMENT_S + CONNECT_S)
        except ServerError as error:
            if error.code is None:
                raise QueryTimeout("The server did not answer in time.") from None
            raise query_fault(error.code) from None

    def allows(self, privilege: str) -> bool:
        """Whether this user has it; what the server does not know it does not grant."""
        try:
            told = say(self._line.pool, self._address, f"CHECK GRANT {privilege}", CONNECT_S)
        except ServerError as error:
            if error.code is None:
                raise WarehouseNotFound(f"No ClickHouse answers at {self.name}.") from None
            return False
        return told.strip() == "1"

    def close(self) -> None:
        """End its connections."""
        self._line.pool.clear()

    def _asked(self, sql: str, seconds: float) -> list[tuple[Scalar, ...]]:
        told = say(
            self._line.pool, self._address, f"{sql}\nFORMAT JSONCompact", seconds, self._settings
        )
        try:
            return [tuple(row) for row in json.loads(told)["data"]]
        except (ValueError, KeyError):
            raise WarehouseError(f"{self.name} answers, but not as ClickHouse does.") from None


@contextmanager
def reading(url: str) -> Iterator[ClickHouseProbe]:
    """A probe that reads, under the settings that statements run under."""
    driver()
    probe = ClickHouseProbe(Address.of(url))
    try:
        probe.settle()
        yield probe
    finally:
        probe.close()


def introspect_clickhouse(url: str) -> Catalog:
    """The catalog of what the URL's user may read. Its keys are guessed: ClickHouse's own are
    orders, and no promise that a row is alone."""
    with reading(url) as probe:
        return survey(
            probe, _declared(probe), dialect="clickhouse", place=probe.name, data_version="",
            default_schema=Address.of(url).database,
        )  # fmt: skip


def _declared(probe: ClickHouseProbe) -> list[Declared]:
    found: dict[tuple[str, str], Declared] = {}
    orders: dict[tuple[str, str], str] = {}
    for schema, name, comment, is_view, is_stored, rows, order in probe.rows(_TABLES):
        key = (str(schema), str(name))
        found[key] = Declared(
            *key, [], str(comment or ""), bool(is_view), bool(is_stored),
            None if rows is None else int(str(rows)),
        )  # fmt: skip
        orders[key] = str(order)
    for schema, table, column, native, comment, is_sorted in probe.rows(_COLUMNS):
        declared = found.get((str(schema), str(table)))
        if declared is None:
            continue
        nullable = str(native).startswith(("Nullable(", "LowCardinality(Nullable("))
        declared.columns.append((str(column), str(native), nullable, str(comment or "")))
        if is_sorted and not nullable:
            declared.key_hint += (str(column),)
    for key, declared in found.items():
        if sorted(orders[key].split(", ")) != sorted(declared.key_hint):
            declared.key_hint = ()  # the order is by an expression, which is no column
    return [d for d in found.values() if d.columns]
