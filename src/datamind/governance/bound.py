"""Rules bound to an asker: their view of the catalog, and what they read of each table."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

from sqlglot import exp

from datamind.errors import DataMindError
from datamind.governance.dictionaries import is_entangled, plain_type
from datamind.governance.fences import is_plain
from datamind.governance.masks import masked
from datamind.governance.names import relations
from datamind.governance.policy import table_reference
from datamind.governance.predicates import bound as bound_predicate
from datamind.governance.predicates import is_never, missing
from datamind.governance.rules import Asker, Grant, Restriction, Rights, Rules
from datamind.governance.shape import PARAMETER
from datamind.records import Dialect, Scalar
from datamind.semantics.catalog import Catalog, Column, Table, Values, View

MOST_BOUND = 200


Extent = Literal["none", "some", "all"]
EXTENTS: tuple[Extent, ...] = get_args(Extent)


@dataclass(frozen=True, slots=True)
class Sight:
    """On which rows of a table its asker sees anything, and each column; `missing` are attributes
    that predicates ask for and the asker has not."""

    rows: Extent
    columns: Mapping[str, Extent]
    missing: frozenset[str]

    def why(self, extent: Extent) -> str | None:
        """Why no row is seen, where none is."""
        if extent != "none":
            return None
        if not self.missing:
            return "No row is seen: what the policies ask of a row can't hold for this user."
        names = ", ".join(sorted(self.missing))
        return f"No row is seen: policies ask for {names}, which this user has not."


class BoundRules:
    """What one asker reads, in one dialect; a Policy.

    Hashes of masked columns are made with `key`: a literal, or else a parameter whose value is in
    `parameters`, for a text that nobody may read.
    """

    def __init__(
        self, rules: Rules, asker: Asker, catalog: Catalog, dialect: Dialect, key: exp.Expr,
        parameters: tuple[Scalar, ...] = (), own: Values | None = None, told: str = "",
    ) -> None:  # fmt: skip
        self.rules = rules
        self.asker = asker
        self.catalog = catalog
        self.dialect = dialect
        self.key = key
        self.parameters = parameters
        self._own = own or {}
        self._told = told
        self._everything = View(catalog)
        self._bodies: dict[str, exp.Query | None] = {}

    @cached_property
    def view(self) -> View:
        """The part of the catalog that exists for the asker.

        A table of which a predicate can't be read any more, for the catalog has moved on, does not.
        """
        hidden: set[str] = set()
        closed: set[str] = set()
        veiled: set[str] = set()
        filtered: set[str] = set()
        seen = hashlib.sha256()
        for table in self.catalog.tables:
            grants, restrictions = self.rules.of(table.id, self.asker)
            gone = frozenset().union(*(r.hide for r in restrictions))
            hides = any(g.rows for g in grants) or any(r.rows for r in restrictions)
            shown = [
                c for c in table.columns
                if c.name not in gone and any(g.carries(c) for g in grants)
                and not (hides and self.dialect == "clickhouse" and is_entangled(c))
            ]  # fmt: skip
            try:
                said = self._said(table)
            except DataMindError:
                shown, said = [], ()
            hidden.update({c.id for c in table.columns} - {c.id for c in shown})
            if not shown:
                closed.add(table.id)
                continue
            veiled.update(c.id for c in shown if any(c.name in r.mask for r in restrictions))
            # A column that is shown on some rows only has values that are not seen either.
            partly = any(all(g.rows for g in grants if g.carries(c)) for c in shown)
            if partly or any(r.rows for r in restrictions):
                filtered.add(table.id)
            seen.update(repr((table.id, [c.name for c in shown], said)).encode())
        # The same for all who read the same.
        fingerprint = f"{self.catalog.version}-{seen.hexdigest()[:16]}{self._told}"
        closed_, hidden_, veiled_, filtered_ = map(frozenset, (closed, hidden, veiled, filtered))
        return View(self.catalog, fingerprint, closed_, hidden_, veiled_, filtered_, self._own)

    def body(self, table: Table) -> exp.Query | None:
        """What is read instead of the table; None where the asker reads it as it is."""
        if table.id not in self._bodies:
            self._bodies[table.id] = self._made(self.catalog.by_id[table.id])
        body = self._bodies[table.id]
        return body.copy() if body is not None else None

    def named(self, table: Table) -> tuple[str, ...]:
        """The policies that concern the asker on this table, by id and version."""
        grants, restrictions = self.rules.of(table.id, self.asker)
        named = [*(g.policy for g in grants), *(r.policy for r in restrictions)]
        return tuple(name for name in named if name)

    def sight(self, table: Table) -> Sight:
        """On which of its rows a visible table, and each of its columns, is seen."""
        grants, restrictions = self.rules.of(table.id, self.asker)
        admitted = [self._predicate(g.rows, table) for g in grants]
        limits = [self._predicate(r.rows, table) for r in restrictions]
        left: Extent = "all" if all(one is None for one in limits) else "some"
        if any(map(is_never, limits)):
            left = "none"
        rules = [*(g.rows for g in grants), *(r.rows for r in restrictions)]
        carried = {
            c.name: [a for g, a in zip(grants, admitted, strict=True) if g.carries(c)]
            for c in table.columns
        }
        return Sight(
            _least(left, _union(admitted)),
            {name: _least(left, _union(found)) for name, found in carried.items()},
            frozenset().union(*(missing(rows, self.asker, self.dialect) for rows in rules if rows)),
        )

    def _made(self, table: Table) -> exp.Query | None:
        grants, restrictions = self.rules.of(table.id, self.asker)
        admitted = [self._predicate(g.rows, table) for g in grants]
        where = [self._predicate(r.rows, table) for r in restrictions]
        if None not in admitted:
            where.insert(0, _any(admitted))
        conditions = [w for w in where if w is not None]
        shown = [c for c in table.columns if c.id not in self.view.hidden_columns]
        columns = [self._column(table, c, grants, admitted, restrictions) for c in shown]
        plain = len(shown) == len(table.columns) and all(c is None or is_plain(c) for c in columns)
        if not conditions and plain:
            return None
        body = exp.select(
            *(made or exp.column(c.name, table.name, quoted=True)
              for c, made in zip(shown, columns, strict=True))
        ).from_(table_reference(table))  # fmt: skip
        if conditions:
            body.set("where", exp.Where(this=exp.and_(*conditions, copy=True)))
        return body

    def _predicate(self, rows: str | None, table: Table) -> exp.Expr | None:
        if rows is None:
            return None
        everything = relations(self._everything, self.dialect)
        return bound_predicate(rows, table, self.asker, everything)

    def _column(
        self, table: Table, column: Column, grants: list[Grant],
        admitted: list[exp.Expr | None], restrictions: list[Restriction],
    ) -> exp.Expr | None:  # fmt: skip
        """What the column shows, under its own name; None for its plain value.

        A cell is shown where a grant that carries its column admits its row.
        """
        value: exp.Expr = exp.column(column.name, table.name, quoted=True)
        hides = any(g.rows for g in grants) or any(r.rows for r in restrictions)
        plain = plain_type(column) if hides and self.dialect == "clickhouse" else None
        if plain is not None:
            value = exp.Cast(this=value, to=plain.copy())
        carried = [a for g, a in zip(grants, admitted, strict=True) if g.carries(column)]
        masks = {r.mask[column.name] for r in restrictions if column.name in r.mask}
        whole = None in carried or len(carried) == len(grants)
        if whole and not masks:
            return exp.alias_(value, column.name, quoted=True) if plain is not None else None
        if not whole:
            value = shown_where(_any(carried), value, column, self.dialect)
        if masks:
            mask = masks.pop() if len(masks) == 1 else "null"
            value = masked(value, column, mask, self.dialect, self.key)
        return exp.alias_(value, column.name, quoted=True)

    def _said(self, table: Table) -> tuple[object, ...]:
        """What the asker's rules on a table say, whoever they name, in whatever order."""
        grants, restrictions = self.rules.of(table.id, self.asker)
        admits = sorted(
            (_text(self._predicate(g.rows, table)), sorted(c.name for c in table.columns
             if g.carries(c))) for g in grants
        )  # fmt: skip
        limits = sorted(
            (_text(self._predicate(r.rows, table)), sorted(r.mask.items())) for r in restrictions
        )
        return tuple(admits), tuple(limits)


class Bindings:
    """The rules bound to each asker of late, over one catalog; for one thread at a time."""

    def __init__(self, catalog: Catalog, dialect: Dialect, key: str) -> None:
        self.catalog = catalog
        self._dialect = dialect
        self._key = key
        self._kept: OrderedDict[tuple[object, ...], BoundRules] = OrderedDict()

    def of(self, rights: Rights) -> BoundRules:
        """What this asker reads under these rules."""
        key = rights.key
        kept = self._kept.get(key)
        if kept is None:
            kept = BoundRules(
                rights.rules, rights.asker, self.catalog, self._dialect,
                PARAMETER[self._dialect], (self._key,), rights.own, rights.told,
            )  # fmt: skip
            self._kept[key] = kept
            while len(self._kept) > MOST_BOUND:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return kept


def shown_where(condition: exp.Expr, value: exp.Expr, column: Column, dialect: Dialect) -> exp.Expr:
    """The value where the condition holds, else NULL.

    ClickHouse only marks a value as NULL and leaves it underneath, where assumeNotNull and throwIf
    find it: there the value is gone before it is marked. What can't be NULL there (arrays, maps)
    is empty.
    """
    if dialect != "clickhouse":
        return exp.Case(ifs=[exp.If(this=condition, true=value)])
    gone = exp.Anonymous(this="defaultValueOfArgumentType", expressions=[value.copy()])
    bare = exp.Case(ifs=[exp.If(this=condition, true=value)], default=gone)
    if column.type == "other":
        return bare
    nullable = exp.Anonymous(this="toNullable", expressions=[bare])
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=nullable)])


def _union(predicates: Sequence[exp.Expr | None]) -> Extent:
    """The rows that one of them admits."""
    if any(one is None for one in predicates):
        return "all"
    return "none" if all(map(is_never, predicates)) else "some"


def _least(*extents: Extent) -> Extent:
    return min(extents, key=EXTENTS.index)


def _any(predicates: list[exp.Expr | None]) -> exp.Expr:
    """One of them holds; none of them, where there is none."""
    found = [p for p in predicates if p is not None]
    return exp.or_(*found, copy=True) if found else exp.false()


def _text(predicate: exp.Expr | None) -> str:
    return "" if predicate is None else predicate.sql()
