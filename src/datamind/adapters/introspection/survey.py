"""The survey: tables as a database declares them, their statistics, values and guessed keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from datamind.errors import QueryFailed, QueryTimeout, ResultTooLarge, WarehouseEmpty
from datamind.language import names
from datamind.ports import Probe
from datamind.semantics import keys, traits
from datamind.semantics.catalog import Catalog, Column, Relationship, Table, version_of
from datamind.semantics.merge import Overlay, TableNote, merge
from datamind.semantics.notes import column_note, of_comment, table_note
from datamind.semantics.pii import pii_kind

EXACT_ROWS = 1_000_000  # larger tables are surveyed on a sample
SAMPLE_ROWS = 100_000
ESTIMATED_ROWS = 5_000_000  # above this the database's own estimate of its rows is believed
LOOKED_AT = 100  # values of a column that are looked at for personal data
MAX_VALUES = 2_000  # of a column
MAX_VALUE_LENGTH = 100
TOTAL_VALUES = 400_000
_TOO_DEAR = (QueryTimeout, ResultTooLarge)
# A part of a large table that is the same at each reading: neither the first rows, which are the
# oldest, nor every nth row, which would miss that neighbours share a key.
_SAMPLES = {
    "duckdb": "(SELECT * FROM {path} WHERE hash(rowid // 64) % {every} = 0) AS s",
    "postgres": "{path} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (0)",
    "clickhouse": (
        "(SELECT {names} FROM {path}"
        " WHERE cityHash64(_part, intDiv(_part_offset, 64)) % {every} = 0) AS s"
    ),
}
_COUNTED = frozenset(
    {"integer", "decimal", "float", "text", "boolean", "date", "timestamp", "time"}
)
_RANGED = frozenset({"integer", "decimal", "float", "date", "timestamp"})


@dataclass(slots=True)
class Declared:
    """A table as the database declares it; columns are (name, native type, nullable, comment).

    `is_stored` says that its rows lie in blocks that can be sampled; `estimate` is how many rows
    the database believes it has, where it does. `key_hint` may be a key: whether it is, is counted.
    """

    schema: str
    name: str
    columns: list[tuple[str, str, bool, str]]
    comment: str = ""
    is_view: bool = False
    is_stored: bool = True
    estimate: int | None = None
    primary_key: tuple[str, ...] = ()
    key_hint: tuple[str, ...] = ()
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
    surveyor = _Surveyor(probe, dialect, _ids(declared, default_schema), prefixes)
    tables = [t for t in map(surveyor.readable, declared) if t is not None]
    if not tables:
        raise WarehouseEmpty(f"{place} holds no table that can be read.")
    by_id = {t.id: t for t in tables}
    known = [
        r for d in declared if surveyor.ids[d.schema, d.name] in by_id
        for r in surveyor.references(d, by_id)
    ]  # fmt: skip
    guessed = keys.relationships(
        by_id, [(r, surveyor.inclusion(r, by_id)) for r in keys.plausible_references(tables)], known
    )
    relationships = (*known, *guessed)
    finished = tuple(_additive(t, relationships) for t in tables)
    values, complete = surveyor.values(finished)
    notes = {surveyor.ids[d.schema, d.name]: _note(d) for d in declared}
    catalog = Catalog(
        version="",
        dialect=dialect,
        default_schema=default_schema,
        tables=finished,
        relationships=relationships,
        values=values,
        complete=frozenset(complete),
        data_version=data_version,
    )
    if any(note != TableNote() for note in notes.values()):
        return merge(catalog, Overlay(notes))
    return replace(catalog, version=version_of(catalog))


def _note(declared: Declared) -> TableNote:
    """The notes among the comments of a table and its columns."""
    said = {name: of_comment(comment)[1] for name, _, _, comment in declared.columns}
    columns = {name: column_note(notes) for name, notes in said.items() if notes}
    return table_note(of_comment(declared.comment)[1], columns=columns)


def _ids(declared: Sequence[Declared], default_schema: str) -> dict[tuple[str, str], str]:
    """Ids by schema and name: the name alone in the default schema, unless it reads like another's
    (`"a.b"` beside `b` of the schema `a`)."""
    long = {(d.schema, d.name): f"{d.schema}.{d.name}" for d in declared}
    taken = {long[key] for key in long if key[0] != default_schema}
    return {
        key: key[1] if key[0] == default_schema and key[1] not in taken else full
        for key, full in long.items()
    }


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

    def __init__(
        self, probe: Probe, dialect: str, ids: Mapping[tuple[str, str], str],
        prefixes: frozenset[str],
    ) -> None:  # fmt: skip
        self.probe = probe
        self.sample = _SAMPLES[dialect]
        self.ids = ids
        self.prefixes = prefixes
        self.paths: dict[str, str] = {}
        self.sources: dict[str, str] = {}

    def readable(self, declared: Declared) -> Table | None:
        """The table; None for one over something else (files, a server) that can't be read here."""
        try:
            return self.table(declared)
        except QueryFailed:
            if declared.is_stored:
                raise
            return None

    def table(self, declared: Declared) -> Table:
        table_id = self.ids[declared.schema, declared.name]
        path = f"{quoted(declared.schema)}.{quoted(declared.name)}"
        rows = self._rows(declared, path)
        source = self._source(declared, path, rows)
        self.paths[table_id], self.sources[table_id] = path, source
        columns = [
            Column(
                table_id, name, traits.column_type(native), native, nullable, of_comment(comment)[0]
            )
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
            description=of_comment(declared.comment)[0],
            entity=traits.entity_of(declared.name, self.prefixes),
            is_view=declared.is_view,
        )
        if not table.primary_key:
            table = replace(table, primary_key=keys.guess_primary_key(table), key_origin="guessed")
        if not table.primary_key and self._is_key(declared.key_hint, path, rows):
            table = replace(table, primary_key=declared.key_hint)
        return replace(table, display=traits.display_columns(table.name, measured, rows))

    def _rows(self, declared: Declared, path: str) -> int | None:
        """How many rows there are; the database's own estimate where there are very many."""
        if declared.estimate is not None and declared.estimate > ESTIMATED_ROWS:
            return declared.estimate
        found = self._one(f"SELECT count(*) FROM {path}")
        return None if found is None else int(str(found[0]))

    def _is_key(self, columns: tuple[str, ...], path: str, rows: int | None) -> bool:
        """Whether no two rows have the same of these; of a large table that is not counted."""
        if not columns or not rows or rows > EXACT_ROWS:
            return False
        named = ", ".join(map(quoted, columns))
        found = self._one(f"SELECT count(*) FROM (SELECT DISTINCT {named} FROM {path}) AS s")
        return found is not None and int(str(found[0])) == rows

    def _source(self, declared: Declared, path: str, rows: int | None) -> str:
        """What statistics are taken from: the table, or a part of it where it is large."""
        if rows is not None and rows <= EXACT_ROWS:
            return path
        named = ", ".join(quoted(name) for name, *_ in declared.columns)
        if rows is None or not declared.is_stored:
            return f"(SELECT {named} FROM {path} LIMIT {SAMPLE_ROWS}) AS s"
        percent = f"{100 * SAMPLE_ROWS / rows:.6f}"
        every = rows // SAMPLE_ROWS
        return self.sample.format(path=path, every=every, percent=percent, names=named)

    def _one(self, sql: str) -> tuple[object, ...] | None:
        """The row that a statement gives; None where the database gave up on it."""
        try:
            return self.probe.rows(sql)[0]
        except _TOO_DEAR:
            return None

    def _measure(self, columns: list[Column], source: str, rows: int | None) -> list[Column]:
        """Columns with distinct count, share of nulls, lowest and highest, in one scan."""
        counted = [c for c in columns if c.type in _COUNTED]
        if not counted or rows == 0:
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
        if found is None:
            return columns
        seen = int(str(found[0])) or 1
        measured = {}
        for place, column in enumerate(counted):
            distinct, filled, low, high = found[1 + 4 * place : 5 + 4 * place]
            known = replace(
                column,
                distinct=_distinct(int(str(distinct)), int(str(filled)), seen, rows),
                null_fraction=round(1 - int(str(filled)) / seen, 6),
                low=None if low is None else str(low),
                high=None if high is None else str(high),
            )
            measured[column.name] = self._read_traits(known, source)
        return [measured.get(c.name, c) for c in columns]

    def _read_traits(self, column: Column, source: str) -> Column:
        low, high = _number(column.low), _number(column.high)
        samples: list[str] = []
        if column.type == "text" and column.distinct:
            samples = self._samples(column, source)
        kind = pii_kind(column.name, samples, column.type)
        return replace(
            column,
            epoch=traits.is_epoch(column, low, high),
            unit=traits.unit_of(column),
            pii=kind,
            dated=traits.is_dated(samples),
        )

    def _samples(self, column: Column, source: str) -> list[str]:
        name = quoted(column.name)
        rows = self.probe.rows(
            f"SELECT {name} FROM {source} WHERE {name} IS NOT NULL LIMIT {LOOKED_AT}"
        )
        return [str(r[0]) for r in rows]

    def references(self, declared: Declared, tables: dict[str, Table]) -> list[Relationship]:
        """The foreign keys that the database declares."""
        own = self.ids[declared.schema, declared.name]
        out = []
        for columns, schema, name, to_columns in declared.references:
            other = self.ids.get((schema, name), "")
            there = {c.name for c in tables[other].columns} if other in tables else set()
            if there.issuperset(to_columns) and there:
                out.append(keys.declared_relationship(tables, own, columns, other, to_columns))
        return out

    def inclusion(self, reference: keys.Reference, tables: dict[str, Table]) -> float:
        """The share of referring values that exist on the other side; 0 where there are none."""
        column, target = quoted(reference.column.name), quoted(reference.target.name)
        inner, outer = self.sources[reference.column.table], self.paths[reference.target.table]
        found = self._compared(
            f"SELECT count(*), count(t.k) FROM (SELECT DISTINCT {column} AS v FROM {inner}"
            f" WHERE {column} IS NOT NULL) AS r LEFT JOIN"
            f" (SELECT DISTINCT {target} AS k FROM {outer}) AS t ON t.k = r.v"
        )
        if found is None or not found[0]:
            return 0.0
        return int(str(found[1])) / int(str(found[0]))

    def _compared(self, sql: str) -> tuple[object, ...] | None:
        """The same, and None where the two sides are of types that aren't compared."""
        try:
            return self._one(sql)
        except QueryFailed:
            return None

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
                if len(rows) == column.distinct and self._is_whole(table.id):
                    complete.add(column.id)
        return found, complete

    def _is_whole(self, table: str) -> bool:
        return self.sources[table] == self.paths[table]

    def _values(self, column: Column) -> list[tuple[object, ...]]:
        text = f"CAST({quoted(column.name)} AS VARCHAR)"
        try:
            return list(
                self.probe.rows(
                    f"SELECT {text}, count(*) FROM {self.sources[column.table]}"
                    f" WHERE length({text}) <= {MAX_VALUE_LENGTH}"
                    f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_VALUES}"
                )
            )
        except _TOO_DEAR:
            return []


def _distinct(found: int, filled: int, seen: int, rows: int | None) -> int:
    """How many values a column has: on a sample that repeats none, as many as there are rows."""
    if rows is None or seen >= rows or found < filled:
        return found
    return round(rows * filled / seen)


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
