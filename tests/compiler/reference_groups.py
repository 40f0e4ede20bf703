"""What a group means, naively: each aggregate over the distinct rows of its own entity."""

from __future__ import annotations

from typing import Any

from reference import Evaluator, Row, Rows, aggregate, aliases_in, arithmetic, date_add, key_of

from datamind.semantics import plan as P
from datamind.semantics.walk import below


class Grouping:
    """One Group step over the rows so far."""

    def __init__(self, evaluator: Evaluator, step: P.Group, state: Rows, outer: Row | None) -> None:
        self.evaluator, self.step, self.state, self.outer = evaluator, step, state, outer
        self.source = state.source
        self.aggregates = [
            n
            for n in below(*(m.expr for m in step.measures), queries=False)
            if isinstance(n, P.Aggregate)
        ]

    def rows(self) -> Rows:
        taken = {id(a): self._groups(a) for a in self.aggregates}
        keys: dict[Any, tuple[Any, ...]] = {}
        for groups in [*taken.values()] or [self._grouped(self.state.rows)]:
            for key, members in groups.items():
                keys.setdefault(key, self._key_values(members[0]))
        if not self.step.keys:
            keys = {(): ()}
        made = []
        for key, values in keys.items():
            found = {
                i: self._aggregate(a, taken[i].get(key, []))
                for i, a in ((id(a), a) for a in self.aggregates)
            }
            names = [k.name for k in self.step.keys]
            fields = dict(zip(names, values, strict=True))
            for measure in self.step.measures:
                fields[measure.name] = self._measure(measure.expr, found)
            made.append(Row({}, fields, self.outer))
        if self.step.fill:
            made = self._filled(made)
        return Rows(made, None, fresh=False)

    def _key_values(self, row: Row) -> tuple[Any, ...]:
        return tuple(self.evaluator.value(k.expr, row) for k in self.step.keys)

    def _grouped(self, rows: list[Row]) -> dict[Any, list[Row]]:
        groups: dict[Any, list[Row]] = {}
        for row in rows:
            groups.setdefault(key_of(self._key_values(row)), []).append(row)
        return groups

    def _measure(self, expr: P.Expr, found: dict[int, Any]) -> Any:
        if isinstance(expr, P.Aggregate):
            return found[id(expr)]
        if isinstance(expr, P.Arithmetic):
            return arithmetic(
                expr.op, self._measure(expr.left, found), self._measure(expr.right, found)
            )
        return self.evaluator.value(expr, Row({}, {}, self.outer))

    # ---- homes ---------------------------------------------------------------------------------

    def _home(self, aggregate_: P.Aggregate) -> list[str]:
        assert self.source is not None
        if aggregate_.of:
            return [aggregate_.of]
        known = self._known()
        used = aliases_in(*([aggregate_.arg] if aggregate_.arg else [])) & set(known)
        if not used and aggregate_.where is not None:
            used = aliases_in(aggregate_.where) & set(known)
        left = [a for a in known if a in used]
        for alias in tuple(left):
            if any(alias in self._determined(o) for o in left if o != alias):
                left.remove(alias)
        return left or [self.source.alias]

    def _known(self) -> list[str]:
        assert self.source is not None
        return [self.source.alias, *(j.alias for j in self.source.joins)]

    def _edges(self, alias: str) -> list[tuple[str, bool]]:
        """Neighbours, and whether one row here may meet many there."""
        assert self.source is not None
        found = []
        for join in self.source.joins:
            single = self.evaluator.relations[join.relationship].one_to_one
            if join.parent == alias:
                found.append((join.alias, join.reverse and not single))
            if join.alias == alias:
                found.append((join.parent, not join.reverse and not single))
        return found

    def _determined(self, home: str) -> set[str]:
        found, queue = {home}, [home]
        while queue:
            for other, many in self._edges(queue.pop()):
                if not many and other not in found:
                    found.add(other)
                    queue.append(other)
        return found

    def _branches(self, home: str) -> list[set[str]]:
        """What lies beyond each to-many edge, seen from home."""
        branches = []
        queue = [(home, "")]
        while queue:
            alias, before = queue.pop()
            for other, many in self._edges(alias):
                if other != before:
                    queue.append((other, alias))
                    if many:
                        branches.append(self._behind(other, alias))
        return branches

    def _behind(self, alias: str, before: str) -> set[str]:
        found = {alias}
        for other, _ in self._edges(alias):
            if other != before:
                found |= self._behind(other, alias)
        return found

    def _uses(self, a: P.Aggregate) -> set[str]:
        parts = [p for p in (a.arg, a.where) if p is not None]
        return (aliases_in(*parts) & set(self._known())) | set(self._home(a))

    def _groups(self, a: P.Aggregate) -> dict[Any, list[Row]]:
        """The joined rows that this aggregate is about, by group."""
        if self.source is None or not self.state.fresh:
            return self._grouped(self.state.rows)
        shared = aliases_in(*(k.expr for k in self.step.keys), *self.state.filters)
        for join in self.source.joins:
            if join.also is not None:
                shared |= aliases_in(join.also) - {join.alias, join.parent}
        mine = self._uses(a) | shared
        others = {x for o in self.aggregates if o is not a for x in self._uses(o)}
        dropped = set()
        for branch in self._branches(self._home(a)[0]):
            if branch & others and not branch & {*mine, self.source.alias}:
                dropped |= branch
        rows = self.evaluator.joined(self.source, set(self._known()) - dropped, self.outer)
        for where in self.state.filters:
            rows = [r for r in rows if self.evaluator.holds(where, r)]
        return self._grouped(rows)

    def _aggregate(self, a: P.Aggregate, rows: list[Row]) -> Any:
        value = self.evaluator.value
        if a.where is not None:
            rows = [r for r in rows if self.evaluator.holds(a.where, r)]
        if self.source is not None:
            rows = self._distinct(rows, self._home(a))
        if a.arg is None:
            return len(rows)
        values = [value(a.arg, r) for r in rows]
        if a.distinct:
            values = list({key_of([v]): v for v in values}.values())
        return aggregate(a.function, values, a.percent)

    def _distinct(self, rows: list[Row], home: list[str]) -> list[Row]:
        found = {}
        for row in rows:
            tables = [row.tables[h] for h in home]
            if None not in tables:
                found[tuple(id(t) for t in tables)] = row
        return list(found.values())

    # ---- filling -------------------------------------------------------------------------------

    def _filled(self, rows: list[Row]) -> list[Row]:
        time = next(k for k in self.step.keys if isinstance(k.expr, P.DateTrunc))
        assert isinstance(time.expr, P.DateTrunc)
        others = [k.name for k in self.step.keys if k is not time]
        periods = [r.fields[time.name] for r in rows if r.fields[time.name] is not None]
        if not periods:
            return [self._zeroed(r) for r in rows]
        held = {key_of([r.fields[time.name], *(r.fields[o] for o in others)]) for r in rows}
        combinations = {key_of(r.fields[o] for o in others): r for r in rows}
        period = min(periods)
        made = [self._zeroed(r) for r in rows]
        while period <= max(periods):
            for row in combinations.values():
                rest = {o: row.fields[o] for o in others}
                if key_of([period, *rest.values()]) not in held:
                    fields = dict.fromkeys(row.fields)
                    made.append(self._zeroed(Row({}, {**fields, time.name: period, **rest})))
            period = date_add(time.expr.grain, 1, period)
        return made

    def _zeroed(self, row: Row) -> Row:
        fields = dict(row.fields)
        for m in self.step.measures:
            adds = isinstance(m.expr, P.Aggregate) and m.expr.function in ("count", "sum")
            if adds and fields[m.name] is None:
                fields[m.name] = 0
        return Row({}, fields, row.outer)
