"""The survey: tables as a database declares them, their statistics, values and guessed keys."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from datamind.errors import QueryFailed, WarehouseEmpty
from datamind.language import names
from datamind.ports import Probe
from datamind.semantics import keys, traits
from datamind.semantics.catalog import Catalog, Column, Relationship, Table

EXACT_ROWS = 1_000_000  # larger tables are surveyed on a sample
SAMPLE_ROWS = 100_000
MAX_VALUES = 2_000  # of a column
MAX_VALUE_LENGTH = 100
TOTAL_VALUES = 400_000
_COUNTED = frozenset(
    {"integer", "decimal", "float", "text", "boolean", "date", "timestamp", "time"}
)
_RANGED = frozenset({"integer", "decimal", "float", "date", "timestamp"})


@dataclass(slots=True)
class Declared:
    """A table as the database declares it; columns are (name, native type, nullable, comment)."""

    schema: str
    name: str
    columns: list[tuple[str, str, bool, str]]
    comment: str = ""
    is_view: bool = False
    primary_key: tuple[str, ...] = ()
    unique_keys: list[tuple[str, ...]] = field(default_factory=list)
    references: list[tuple[tuple[str, ...], str, str, tuple[str, ...]]] = field(
        default_factory=list
    )


def quoted(name: str) -> str:
    """An identifier, quoted as DuckDB and PostgreSQL both want it."""
    return '"' + name.replace('"', '""') + '"'


def survey(
    probe: Probe, declared: Sequence[Declared], *, dialect: str, default_schema: str, place: str,
    data_version: str,
) -> Catalog:  # fmt: skip
    """The catalog of the declared tables, measured through the probe; `place` is for messages."""
    if not declared:
        raise WarehouseEmpty(f"{place} holds no table.")
    prefixes = names.common_prefixes([d.name for d in declared])
    surveyor = _Surveyor(probe, default_schema, prefixes)
    tables = [t for t in map(surveyor.readable, declared) if t is not None]
    if not tables:
        raise WarehouseEmpty(f"{place} holds no table that can be read.")
    by_id = {t.id: t for t in tables}
    known = [
        r for d in declared if surveyor.id_of(d.schema, d.name) in by_id
        for r in surveyor.references(d, by_id)
    ]  # fmt: skip
    guessed = keys.relationships(
        by_id, [(r, surveyor.inclusion(r, by_id)) for r in keys.plausible_references(tables)], known
    )
    relationships = (*known, *guessed)
    finished = tuple(_additive(t, relationships) for t in tables)
    values, complete = surveyor.values(finished)
    version = hashlib.sha256(repr((finished, relationships)).encode()).hexdigest()[:16]
    return Catalog(
        version=version,
        dialect=dialect,
        default_schema=default_schema,
        tables=finished,
        relationships=relationships,
        values=values,
        complete=frozenset(complete),
        data_version=data_version,
    )


def _additive(table: Table, relationships: Sequence[Relationship]) -> Table:
    """The table with the additivity of its columns, now that its keys are known."""
    references = {c for r in relationships if r.table == table.id for c in r.columns}
    key = set(table.primary_key) | references
    columns = tuple(
        replace(c, additivity=traits.additivity(c, is_key=c.name in key)) for c in table.columns
    )
    return replace(table, columns=columns)


class _Surveyor:
    """Reads statistics and values; one scan a table, one small statement a column of text."""

    def __init__(self, probe: Probe, default_schema: str, prefixes: frozenset[str]) -> None:
        self.probe = probe
        self.default_schema = default_schema
        self.prefixes = prefixes
        self.paths: dict[str, str] = {}

    def id_of(self, schema: str, name: str) -> str:
        return name if schema == self.default_schema else f"{schema}.{name}"

    def readable(self, declared: Declared) -> Table | None:
        """The table; None for a view that can't be read here (over files, or broken)."""
        try:
            return self.table(declared)
        except QueryFailed:
            if declared.is_view:
                return None
            raise

    def table(self, declared: Declared) -> Table:
        table_id = self.id_of(declared.schema, declared.name)
        path = f"{quoted(declared.schema)}.{quoted(declared.name)}"
        rows = int(str(self._one(f"SELECT count(*) FROM {path}")[0]))
        source = path if rows <= EXACT_ROWS else f"(SELECT * FROM {path} LIMIT {SAMPLE_ROWS}) AS s"
        self.paths[table_id] = source
        columns = [
            Column(table_id, name, traits.column_type(native), native, nullable, comment)
            for name, native, nullable, comment in declared.columns
        ]
        measured = tuple(self._measure(columns, source, rows))
        table = Table(
            id=table_id,
            schema=declared.schema,
            name=declared.name,
            columns=measured,
            primary_key=declared.primary_key,
            unique_keys=tuple(declared.unique_keys),
            rows=rows,
            description=declared.comment,
            entity=traits.entity_of(declared.name, self.prefixes),
            is_view=declared.is_view,
        )
        if not table.primary_key:
            table = replace(table, primary_key=keys.guess_primary_key(table), key_origin="guessed")
        return replace(table, display=traits.display_columns(table.name, measured, rows))

    def _one(self, sql: str) -> tuple[object, ...]:
        return self.probe.rows(sql)[0]

    def _measure(self, columns: list[Column], source: str, rows: int) -> list[Column]:
        """Columns with distinct count, share of nulls, lowest and highest, in one scan."""
        counted = [c for c in columns if c.type in _COUNTED]
        if not counted or not rows:
            return columns
        parts = []
        for column in counted:
            name = quoted(column.name)
            ends = column.type in _RANGED
            parts += [f"count(DISTINCT {name})", f"count({name})"]
            parts += (
                [f"CAST({end}({name}) AS VARCHAR)" for end in ("min", "max")]
                if ends
                else ["NULL"] * 2
            )
        found = self._one(f"SELECT count(*), {', '.join(parts)} FROM {source}")
        seen = int(str(found[0])) or 1
        measured = {}
        for place, column in enumerate(counted):
            distinct, filled, low, high = found[1 + 4 * place : 5 + 4 * place]
            known = replace(
                column,
                distinct=int(str(distinct)),
                null_fraction=round(1 - int(str(filled)) / seen, 6),
                low=None if low is None else str(low),
                high=None if high is None else str(high),
            )
            measured[column.name] = self._read_traits(known, source)
        return [measured.get(c.name, c) for c in columns]

    def _read_traits(self, column: Column, source: str) -> Column:
        low, high = _number(column.low), _number(column.high)
        kind = traits.pii_kind(column.name, ())
        samples: list[str] = []
        if kind is None and column.type == "text" and column.distinct:
            samples = self._samples(column, source)
            kind = traits.pii_kind(column.name, samples)
        return replace(
            column,
            epoch=traits.is_epoch(column, low, high),
            unit=traits.unit_of(column),
            pii=kind,
            dated=traits.is_dated(samples),
        )

    def _samples(self, column: Column, source: str) -> list[str]:
        name = quoted(column.name)
        rows = self.probe.rows(f"SELECT {name} FROM {source} WHERE {name} IS NOT NULL LIMIT 20")
        return [str(r[0]) for r in rows]

    def references(self, declared: Declared, tables: dict[str, Table]) -> list[Relationship]:
        """The foreign keys that the database declares."""
        own = self.id_of(declared.schema, declared.name)
        out = []
        for columns, schema, name, to_columns in declared.references:
            other = self.id_of(schema, name)
            if other in tables:
                out.append(keys.declared_relationship(tables, own, columns, other, to_columns))
        return out

    def inclusion(self, reference: keys.Reference, tables: dict[str, Table]) -> float:
        """The share of referring values that exist on the other side; 0 where there are none."""
        column, target = quoted(reference.column.name), quoted(reference.target.name)
        inner, outer = self.paths[reference.column.table], self.paths[reference.target.table]
        found = self._one(
            f"SELECT count(*), count(t.k) FROM (SELECT DISTINCT {column} AS v FROM {inner}"
            f" WHERE {column} IS NOT NULL) AS r LEFT JOIN"
            f" (SELECT DISTINCT {target} AS k FROM {outer}) AS t ON t.k = r.v"
        )
        total = int(str(found[0]))
        return int(str(found[1])) / total if total else 0.0

    def values(
        self, tables: Sequence[Table]
    ) -> tuple[dict[str, tuple[tuple[str, int], ...]], set[str]]:
        """What columns of text hold, most frequent first; never for personal data."""
        found: dict[str, tuple[tuple[str, int], ...]] = {}
        complete: set[str] = set()
        left = TOTAL_VALUES
        for table in tables:
            for column in table.columns:
                if column.type != "text" or column.pii or not column.distinct or left <= 0:
                    continue
                rows = self._values(column)
                left -= len(rows)
                found[column.id] = tuple((str(v), int(str(n))) for v, n in rows)
                if len(rows) == column.distinct:
                    complete.add(column.id)
        return found, complete

    def _values(self, column: Column) -> list[tuple[object, ...]]:
        name = quoted(column.name)
        return list(
            self.probe.rows(
                f"SELECT CAST({name} AS VARCHAR), count(*) FROM {self.paths[column.table]}"
                f" WHERE length(CAST({name} AS VARCHAR)) <= {MAX_VALUE_LENGTH}"
                f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_VALUES}"
            )
        )


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
