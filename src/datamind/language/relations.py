"""Relations: rows that have, or have not, related rows; flags and filled columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import cast

from datamind.language.ages import years_since
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable, compared, conjunction, has_unit
from datamind.language.graph import Edge
from datamind.language.kinds import TRUE_WORDS
from datamind.language.metric_rows import rows_of
from datamind.language.scales import is_amount
from datamind.language.scope import NoPath, Scope
from datamind.language.sketch import TIMES, TOLD, Cond, Measure, Mention, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Percent
from datamind.semantics import plan as P
from datamind.semantics.catalog import Column

Builder = Callable[[Cond, Context], P.Predicate]


def related(cond: Cond, ctx: Context, predicate: Builder) -> P.Predicate:
    """There is (not) a related row, a value, a flag or a filled column; or so many of them.

    `predicate` builds the conditions that hold for the related rows themselves.
    """
    assert cond.subject is not None
    candidate = ctx.meaning(cond.subject)
    view = ctx.scope.view
    if candidate.kind == "value":
        column = view.column(candidate.id)
        made: P.Predicate = P.Compare("=", ctx.expr(column), P.Value(candidate.value))
        made = P.Not(made) if cond.negated else made
        return conjunction([made, *(predicate(c, ctx) for c in cond.within)])
    if candidate.kind == "metric" and not cond.numbers:
        rows = rows_of(view.metrics_by_name[candidate.id], ctx)
        return conjunction([P.Not(rows) if cond.negated else rows])
    if cond.match == "every":
        return related_count(cond, cond.subject, ctx, predicate)
    if candidate.kind == "column":
        refers = candidate.id in ctx.scope.graph.references and candidate.table == ctx.scope.home
        if cond.match == TOLD and _names_thing(cond.subject) and not refers:
            raise Unbuildable("the thing itself, not what is kept of it")
        return _has_column(cond, view.column(candidate.id), ctx, predicate)
    if candidate.kind != "table":
        raise Unbuildable("not something that rows are related to")
    if cond.numbers:
        return related_count(cond, cond.subject, ctx, predicate)
    if cond.negated and cond.within and candidate.id == ctx.scope.home:
        return P.Not(conjunction([predicate(c, ctx) for c in cond.within]))
    return _exists(cond, candidate.id, ctx, predicate)


def _names_thing(mention: Mention) -> bool:
    return any(c.kind == "table" and c.score >= SURE for c in mention.candidates)


def _has_column(cond: Cond, column: Column, ctx: Context, predicate: Builder) -> P.Predicate:
    """What the column says of the row, and the conditions that follow it."""
    many = column.table not in ctx.scope.graph.owned(ctx.scope.home)
    apart = many and ctx.scope.home not in ctx.scope.graph.owned(column.table)
    if cond.negated and apart:
        raise Unbuildable("a date of others, that these rows do not have")
    pending = column.is_date and column.null_fraction and "never" not in ctx.lemmas
    if (
        cond.negated and not cond.numbers and many and not pending
        and column.id not in ctx.index.flags
    ):  # fmt: skip
        return _exists(cond, column.table, ctx, predicate)  # `never sold`: no sale at all
    return conjunction([_column_test(cond, column, ctx), *(predicate(c, ctx) for c in cond.within)])


# `no deductible recorded` is none that is known, not one of nothing.
_ON_RECORD = frozenset({"recorded", "record", "known", "given", "specified", "filled", "file"})


def _column_test(cond: Cond, column: Column, ctx: Context) -> P.Predicate:
    """A flag, a number that is compared, or a column that is filled in."""
    expr = ctx.expr(column)
    if cond.numbers and column.is_number:
        if cond.match == TIMES:
            raise Unbuildable("so many times, not so much")
        if cond.subject is not None and _is_thing(cond.subject, ctx) and not has_unit(cond, ctx):
            raise Unbuildable("things, not what a column holds")
        if is_amount(column) and any(isinstance(n, Percent) for n in cond.numbers):
            raise Unbuildable("a percentage of what was not understood")
        return compared(cond, years_since(column, cond.numbers[0], expr, ctx), ctx)
    if cond.numbers:
        return related_count(cond, cast(Mention, cond.subject), ctx)
    truth = flag(column, expr, ctx)
    if truth is not None:
        return P.Not(truth) if cond.negated else truth
    told = _ON_RECORD & set(ctx.lemmas) or _ON_RECORD & {w.lower() for w in ctx.words}
    if (
        column.is_number
        and column.additivity == "sum"
        and not told
        and not (cond.negated and column.null_fraction)
    ):
        if column.low is not None and not column.null_fraction and float(column.low) > 0:
            raise Unbuildable("all of them have some")
        return P.Compare("=" if cond.negated else ">", expr, P.Value(0))
    reference = ctx.scope.graph.references.get(column.id)
    if (
        cond.negated
        and reference is not None
        and reference.to_table != column.table
        and any(
            c.kind == "table" and c.table == reference.to_table and m.first < cond.first
            for m, c in ctx.chosen.items()
        )
    ):  # `depots that are not the origin of any parcel`
        raise Unbuildable("nothing refers to it, not that it refers to nothing")
    if cond.negated and column.is_date and column.null_fraction == 0:
        raise Unbuildable("every row has one")
    if not column.nullable or not column.null_fraction:
        ctx.penalty += 0.4
    return P.IsNull(expr) if cond.negated else P.Not(P.IsNull(expr))


def _is_thing(mention: Mention, ctx: Context) -> bool:
    """`five reviews` are reviews where a table is called so, though ratings may be too."""
    meant = ctx.meaning(mention)
    return (meant.source == "synonym" or not meant.whole) and _names_thing(mention)


_HAVING = frozenset({"with", "have", "has", "had", "got", "get", "received", "receive"})


def has_some(mention: Mention, sketch: Sketch, ctx: Context) -> bool:
    """Whether to have an amount says which are meant: `how many orders have a discount`; in a list
    `with amount` may be shown along."""
    before = [w.lower() for w in ctx.words[max(0, mention.first - 2) : mention.first]]
    some = before[-1:] in (["a"], ["an"], ["any"])
    if ctx.meaning(mention).score < (0.6 if some else 0.9):
        return False  # jobs that we have `open` are not those with openings
    if not _HAVING & set(before if some else before[-1:]):
        return False
    figures = [isinstance(o, Measure) or ctx.meaning(o).kind == "metric" for o in sketch.outputs]
    return some or (bool(figures) and all(figures))


def is_had(mention: Mention, ctx: Context) -> bool:
    """Whether a verb or `with` stands before the noun: `orders that used a promotion`."""
    before = [w.lower() for w in ctx.words[: mention.first]]
    while before and before[-1] in ("a", "an", "the", "any"):
        before.pop()
    verb = before[-1] if before else ""
    return verb in K.RELATING or verb in ("with", "have", "has", "had") or verb.endswith("ed")


SURE = 0.99


def flag(column: Column, expr: P.Expr, ctx: Context) -> P.Predicate | None:
    """The column as a yes or no, if it is one."""
    if column.id not in ctx.index.flags:
        return None
    if column.type == "boolean":
        return P.Truth(expr)
    if column.type == "integer":
        return P.Compare("=", expr, P.Value(1))
    values = [v for v, _ in ctx.scope.view.values(column.id)]
    yes = [v for v in values if v.strip().lower() in TRUE_WORDS] or ["Yes"]
    return P.Compare("=", expr, P.Value(yes[0]))


def _exists(cond: Cond, table: str, ctx: Context, predicate: Builder) -> P.Predicate:
    """There is (not) a related row, itself under the conditions that follow it."""
    scope = ctx.scope
    if table == scope.home:
        raise Unbuildable("a table is not related to itself here")
    found = scope.graph.path({scope.home}, table, scope.mentioned, scope.words)
    if found is None:
        raise Unbuildable("no way to the related table")
    first = found[0][0]
    told = cond.match == TOLD  # the one condition of a share
    if (cond.negated or told) and not cond.within and all(_always(e, ctx) for e in found[0]):
        raise Unbuildable("every row has one")
    if told and table in scope.aliases and table not in scope.graph.owned(scope.home):
        raise Unbuildable("all of them have one, for it is joined in")
    turns = [down.start for up, down in pairwise(found[0]) if up.reverse < down.reverse]
    if turns and (told or (cond.negated and not set(turns) & set(scope.mentioned))):
        raise Unbuildable("of something that both belong to, not its own")
    if not first.reverse and len(found[0]) == 1 and cond.negated and not cond.within:
        column = first.relationship.columns[0]
        if not scope.view.column(f"{first.start}.{column}").null_fraction:
            raise Unbuildable("every row has one")
        return P.IsNull(P.Column(scope.aliases[first.start], column))
    inner_ctx = replace(inner_context(ctx, first.end), related=first.end)
    inner = inner_ctx.scope
    inner.need([table])
    steps: list[P.Step] = []
    wheres = [predicate(c, inner_ctx) for c in cond.within if not plain_relation(c, inner_ctx)]
    ctx.used |= inner_ctx.used
    if wheres:
        steps.append(P.Filter(conjunction(wheres)))
    made = P.Exists(
        scope.aliases[first.start], first.relationship.id, first.reverse,
        P.Query(inner.source(), tuple(steps)),
    )  # fmt: skip
    return P.Not(made) if cond.negated else made


def _always(edge: Edge, ctx: Context) -> bool:
    """Whether each row refers to one on the other side."""
    if edge.reverse:
        return False
    columns = (ctx.scope.view.column(f"{edge.start}.{c}") for c in edge.relationship.columns)
    return not any(c.null_fraction for c in columns)


def of_subtype(candidate: Candidate, ctx: Context) -> P.Predicate:
    """The row is one of the subtype's: its key is there."""
    relationship = ctx.scope.view.relationships_by_id[candidate.within]
    inner = inner_context(ctx, relationship.table).scope
    alias = ctx.scope.alias(relationship.to_table)
    return P.Exists(alias, relationship.id, True, P.Query(inner.source(), ()))


def plain_relation(cond: Cond, ctx: Context) -> bool:
    """A relation inside a negation only needs its table joined in."""
    if cond.kind != "related" or cond.negated or cond.numbers or cond.subject is None:
        return False
    if cond.match == TOLD:
        return False
    candidate = ctx.meaning(cond.subject)
    if candidate.kind != "table":
        return False
    ctx.scope.alias(candidate.id)
    return True


def related_count(
    cond: Cond, subject: Mention, ctx: Context, predicate: Builder | None = None
) -> P.Predicate:
    """`more than 2 papers`: the home's key is among those with that many related rows.

    `predicate` builds the conditions that the counted rows are under.
    """
    if any(isinstance(n, Percent) for n in cond.numbers):
        raise Unbuildable("a percentage is no count")
    candidate = ctx.meaning(subject)
    view = ctx.scope.view
    home = view.table(ctx.scope.home)
    if not home.primary_key:
        raise Unbuildable("no key to count by")
    if candidate.table == home.id:
        raise Unbuildable("a table is not counted for itself")
    if candidate.kind == "column" and candidate.table in ctx.scope.graph.owned(home.id):
        raise Unbuildable("a row has one of them, not several")
    inner_ctx = replace(inner_context(ctx), related=candidate.table)
    inner = inner_ctx.scope
    inner.need([candidate.table])
    of = inner.aliases[candidate.table]
    wheres = [predicate(c, inner_ctx) for c in cond.within] if predicate is not None else []
    ctx.used |= inner_ctx.used
    if candidate.kind == "table":
        measure = P.Aggregate("count", None, of)
    else:
        measure = P.Aggregate("count", inner.column(candidate.id), distinct=True)
    keys = tuple(P.Named(k, P.Column(inner.aliases[home.id], k)) for k in home.primary_key[:1])
    few = cond.op in FEWER and not cond.negated  # who has none has fewer, too
    asked = replace(cond, op=FEWER[cond.op]) if few else cond
    compare = compared(asked, P.Field("related"), ctx, counted=True)
    query = P.Query(
        inner.source(),
        (
            *((P.Filter(conjunction(wheres)),) if wheres else ()),
            P.Group(keys, (P.Named("related", measure),)),
            P.Filter(compare),
            P.Project((P.Named(keys[0].name, P.Field(keys[0].name)),)),
        ),
    )
    made = P.InQuery(ctx.scope.column(f"{home.id}.{home.primary_key[0]}"), query)
    return P.Not(made) if cond.negated or few else made


FEWER: dict[str, str] = {"<": ">=", "<=": ">"}


def inner_context(ctx: Context, home: str | None = None) -> Context:
    """A context for a query inside this one: a scope of its own, aliases that differ."""
    scope = ctx.scope
    inner = Scope(
        scope.view,
        scope.graph,
        home or scope.home,
        mentioned=scope.mentioned,
        words=scope.words,
        taken=scope.taken,
    )
    return replace(ctx, scope=inner, notes=[], used=set(), penalty=0.0, dates=[])


def matched(table: str, sketch: Sketch, ctx: Context) -> P.Predicate:
    """A table that no key leads to, but that has the same column as what is asked for or grouped
    by: its values must be among that table's."""
    for mention in (*sketch.groups, *sketch.outputs):
        candidate = ctx.chosen.get(mention) if isinstance(mention, Mention) else None
        if candidate is None or candidate.kind != "column":
            continue
        name = candidate.name
        if any(c.name == name for c in ctx.scope.view.table(table).columns):
            inner = Scope(ctx.scope.view, ctx.scope.graph, table, taken=ctx.scope.taken)
            other = P.Column(inner.aliases[table], name)
            query = P.Query(inner.source(), (P.Project((P.Named(name, other),)),))
            ctx.notes.append(f"{table} is matched by {name}")
            return P.InQuery(ctx.scope.column(candidate.id), query)
    raise NoPath(table)
