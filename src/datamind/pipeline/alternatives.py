"""Alternatives: other readings of an answered question that are near, and differ in one thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from datamind.language.periods import DATE_CHOSEN
from datamind.language.scope import dates_of, is_personal, is_technical
from datamind.records import Candidate, Choice
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.describe import describe
from datamind.semantics.walk import NODES, below, field_names

MOST = 3
NEAR = 1.0  # of score; further off it is not what was meant
Column = tuple[str, str]  # table and name
Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a plan counts, cuts by and tests, whichever aliases it has."""

    measures: tuple[tuple[object, ...], ...]
    keys: tuple[Column, ...]
    tests: tuple[Column, ...]
    rest: tuple[str, ...]


def alternatives(readings: Sequence[Candidate], view: View) -> tuple[Choice, ...]:
    """Up to three, the likeliest first: of which country, by which date, the average of what."""
    if not readings:
        return ()
    best = readings[0]
    shape = _shape_of(best.plan)
    found: dict[str, Choice] = {}
    for reading in readings[1:]:
        if best.score - reading.score > NEAR or len(found) == MOST:
            break
        if _differs_in_one(shape, _shape_of(reading.plan), best.plan, view):
            label = describe(reading.plan, view)
            found.setdefault(label, Choice(label, reading.plan))
    for plan in _by_other_dates(best, view):
        found.setdefault(describe(plan, view), Choice(describe(plan, view), plan))
    found.pop(describe(best.plan, view), None)
    return tuple(found.values())[:MOST]


def _by_other_dates(reading: Candidate, view: View) -> Iterator[P.Query]:
    """The same by another date of the same rows, where the question named none."""
    if not any(a.startswith(DATE_CHOSEN) for a in reading.assumptions):
        return
    tables = {n.alias: n.table for n in below(reading.plan) if isinstance(n, P.Source | P.Join)}
    used = {n for n in below(reading.plan) if isinstance(n, P.Column) and n.alias in tables}
    dates = [c for c in used if view.table(tables[c.alias]).column(c.name).is_date]
    if len(dates) != 1:
        return
    chosen = dates[0]
    table = view.table(tables[chosen.alias])
    for column in dates_of(table):
        other = column.name != chosen.name and column.type == table.column(chosen.name).type
        if other and not is_technical(column) and not is_personal(column):
            yield _instead(reading.plan, chosen, P.Column(chosen.alias, column.name))


def _instead(node: Node, old: P.Column, new: P.Column) -> Node:
    """The plan with a column in another's place."""
    if node == old:
        return new  # type: ignore[return-value]  # a column for a column
    if isinstance(node, tuple):
        return tuple(_instead(n, old, new) for n in node)  # type: ignore[return-value]
    kind: type = type(node)
    if kind not in NODES:
        return node
    made = {f: _instead(getattr(node, f), old, new) for f in field_names(kind)}
    return replace(node, **made)  # type: ignore[type-var]  # nodes are dataclasses


def _shape_of(plan: P.Query) -> _Shape:
    tables = {n.alias: n.table for n in below(plan) if isinstance(n, P.Source | P.Join)}
    groups = [s for s in plan.steps if isinstance(s, P.Group)]

    def columns(*nodes: object) -> tuple[Column, ...]:
        return tuple(
            (tables.get(n.alias, ""), n.name) for n in below(*nodes) if isinstance(n, P.Column)
        )

    measures = tuple((_kind(m.expr), *columns(m.expr)) for group in groups for m in group.measures)
    tests = columns(*(s for s in plan.steps if isinstance(s, P.Filter)))
    rest = tuple(type(s).__name__ for s in plan.steps)
    return _Shape(measures, columns(*(k for g in groups for k in g.keys)), tests, rest)


def _kind(measure: P.Expr) -> str:
    """What is done, whatever it is done to."""
    match measure:
        case P.Metric():
            return f"metric {measure.name} {measure.where is not None}"
        case P.Aggregate():
            return f"{measure.function} {measure.distinct} {measure.where is not None}"
    return type(measure).__name__


def _differs_in_one(one: _Shape, other: _Shape, plan: P.Query, view: View) -> bool:
    if one.rest != other.rest or len(one.measures) != 1 or len(other.measures) != 1:
        return False
    pairs = [(one.keys, other.keys), (one.tests, other.tests)]
    apart = [(a, b) for a, b in pairs if a != b]
    if one.measures == other.measures:
        return len(apart) == 1 and _other_columns(*apart[0], plan, view)
    kinds = [s.measures[0][0] for s in (one, other)]
    return not apart and kinds[0] == kinds[1] and not str(kinds[0]).startswith("Arithmetic")


def _other_columns(
    one: tuple[Column, ...], other: tuple[Column, ...], plan: P.Query, view: View
) -> bool:
    """As many of the same types; no keys of rows, nor just a copy, elsewhere, of what the rows have
    themselves."""
    if len(one) != len(other) or not isinstance(plan.source, P.Source):
        return False
    own, pairs = plan.source.table, [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    return all(
        view.table(a[0]).column(a[1]).type == view.table(b[0]).column(b[1]).type
        and b[1] not in view.table(b[0]).primary_key and not (a[0] == own and a[1] == b[1])
        for a, b in pairs
    )  # fmt: skip
