"""The context in which one reading of a question is built into a plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile
from typing import Any, cast

from datamind.language.calendar import Period
from datamind.language.candidates import Candidate
from datamind.language.evidence import Overlay
from datamind.language.index import Index
from datamind.language.scales import kept_in
from datamind.language.scales import scaled as in_unit
from datamind.language.scope import Scope, display
from datamind.language.sketch import Cond, Formula, Mention
from datamind.language.units import Percent
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column
from datamind.semantics.walk import NODES, below, field_names


class Unbuildable(Exception):
    """This reading can't be put as a plan; another one may."""


@dataclass
class Context:
    """What building one reading needs: meanings, scope, words, today, and how text is matched.

    `notes` collects the assumptions that the answer will state; `penalty` what makes the reading
    less likely, `idle` how many names changed nothing; `dates` are those that periods were said
    of, `spans` the periods that metrics take each by its own date.
    """

    chosen: dict[Mention, Candidate]
    scope: Scope
    index: Index
    words: tuple[str, ...]
    lemmas: tuple[str, ...]
    today: dt.date
    overlay: Overlay = field(default_factory=Overlay)
    notes: list[str] = field(default_factory=list)
    penalty: float = 0.0
    idle: int = 0
    used: set[str] = field(default_factory=set)
    dates: list[P.Expr] = field(default_factory=list)
    spans: list[Period] = field(default_factory=list)
    figures: frozenset[str] = frozenset()  # the tables whose rows are added up, counted, ranked by
    related: str = ""  # inside a condition on related rows: the table of these

    def since(self, start: int) -> Context:
        """The same for what was said from this word on: what was said before has been heeded."""
        if not start:
            return self
        gone = (".",) * start
        return replace(
            self, words=(*gone, *self.words[start:]), lemmas=(*gone, *self.lemmas[start:])
        )

    def meaning(self, mention: Mention) -> Candidate:
        """What the mention was taken for."""
        found = self.chosen.get(mention)
        if found is None:
            raise Unbuildable("a mention has no meaning in its role")
        return found

    def column_of(self, mention: Mention) -> Column:
        """The column a mention means: itself, or what names the rows of its table."""
        candidate = self.meaning(mention)
        view = self.scope.view
        if candidate.kind in ("column", "value"):
            return view.column(candidate.id)
        if candidate.kind == "table":
            return display(view.table(candidate.id))[0]
        raise Unbuildable(f"{candidate.kind} is no column")

    def expr(self, column: Column, role: str | None = None, *, scaled: bool = True) -> P.Expr:
        """The column as an expression; Unix seconds become a timestamp, cents what was asked for.

        With `scaled` false cents stay cents, for a formula that knows of them.
        """
        self.used.add(column.id)
        found: P.Expr = self.scope.column(column.id, role)
        if column.dated:
            return P.Call("date", (found,))
        told = self.told(column.name, found, kept_in(column)) if scaled else found
        return P.FromEpoch(found) if column.epoch and told == found else told

    def told(self, name: str, figure: P.Expr, kept: str | None) -> P.Expr:
        """The figure of that name, kept in that unit, in the unit that the question names."""
        made = in_unit(figure, kept, self.lemmas)
        match made:
            case P.Arithmetic(op=op, right=P.Value(value=many)) if made is not figure:
                done = "divided" if op == "/" else "multiplied"
                self.notes.append(f"{name.replace('_', ' ')} is {done} by {many}")
        return made


def number(value: float | dt.time) -> P.Value:
    """A literal, whole where it can be."""
    if isinstance(value, dt.time):
        return P.Value(value)
    return P.Value(int(value) if value == int(value) else Decimal(repr(value)))


_WORTHS = frozenset(
    "$ € £ usd eur gbp dollar euro pound hour minute second day week month year percent %".split()
)

_WHEN = frozenset("last this each every per past previous in during within".split())


def has_unit(cond: Cond, ctx: Context) -> bool:
    """Whether its number is of money, time or percent; a period said behind it is none."""
    near = takewhile(lambda w: w not in _WHEN, ctx.lemmas[cond.first : cond.first + 6])
    return bool(_WORTHS & set(near))


def compared(
    cond: Cond, expr: P.Expr, ctx: Context, *, scale: float = 1.0, counted: bool = False
) -> P.Predicate:
    """The expression against the condition's numbers; what is `counted` has no unit."""
    if counted and has_unit(cond, ctx):
        raise Unbuildable("an amount is no count")
    if counted and any(isinstance(n, Percent) for n in cond.numbers):
        raise Unbuildable("a percentage is no count")
    values = [number(n * scale if isinstance(n, float | int) else n) for n in cond.numbers]
    if cond.op == "between":
        return P.And((P.Compare(">=", expr, values[0]), P.Compare("<=", expr, values[1])))
    return P.Compare(cast(P.Comparison, cond.op), expr, values[0])


def conjunction(items: list[P.Predicate]) -> P.Predicate:
    """All of them; one alone stays itself."""
    return items[0] if len(items) == 1 else P.And(tuple(items))


def filled(formula: Formula, ctx: Context) -> Any:
    """The formula's expression or predicate with its columns and entities in place."""
    columns = {
        f"?{n}": ctx.expr(ctx.column_of(m), _via(m, ctx), scaled=False)
        for n, m in enumerate(formula.mentions)
    }
    aliases = {
        f"?{n}": ctx.scope.alias(ctx.meaning(m).table) for n, m in enumerate(formula.mentions)
    }
    counted = [n for n in below(formula.expr) if isinstance(n, P.Aggregate) and n.of]
    tables = {ctx.meaning(m).table for m in formula.mentions}
    if counted and len(tables) > 1:  # counts that are set against each other
        event = ctx.scope.graph.event(tables)
        if event is not None:
            aliases = dict.fromkeys(aliases, ctx.scope.alias(event))
    return _fill(formula.expr, columns, aliases)


def _via(mention: Mention, ctx: Context) -> str | None:
    """The reference that the evidence says to follow, where it leads to the column's table."""
    if not mention.via:
        return None
    reference = ctx.scope.view.relationships_by_id[mention.via]
    return mention.via if reference.to_table == ctx.meaning(mention).table else None


def moved(node: Any, columns: Mapping[str, P.Expr]) -> Any:
    """A formula's part with its placeholders renumbered."""
    return _fill(node, columns, {name: str(field.name) for name, field in columns.items()})  # type: ignore[union-attr]


def _open(node: P.Query) -> bool:
    """Whether it has places that are still to be filled."""
    return any(isinstance(n, P.Field) and n.name.startswith("?") for n in below(node))


def _fill(node: Any, columns: Mapping[str, P.Expr], aliases: Mapping[str, str]) -> Any:
    if isinstance(node, P.Field):
        return columns[node.name]
    if isinstance(node, P.InQuery) and not _open(node.query):
        return replace(node, of=_fill(node.of, columns, aliases))
    if isinstance(node, tuple):
        return tuple(_fill(n, columns, aliases) for n in node)
    if isinstance(node, P.Aggregate):
        node = replace(node, of=aliases.get(node.of, ""))
    kind: type = type(node)
    if kind in NODES:
        made = {f: _fill(getattr(node, f), columns, aliases) for f in field_names(kind)}
        return replace(node, **made)
    return node


def follows_worth(noun: Mention, ctx: Context) -> bool:
    """`Average order value`: of each of them something is measured."""
    return bool(_MEASURED & set(ctx.lemmas[noun.last : noun.last + 1]))


_MEASURED = frozenset("value worth amount size price cost total length duration time".split())
