"""Predicates as SQL conditions. Null is unknown: neither a test nor its negation holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from sqlglot import exp

from datamind.errors import NotYet
from datamind.semantics import plan as P
from datamind.semantics.check import relationship
from datamind.semantics.compiler import dialects as D
from datamind.semantics.compiler.env import Env, Node
from datamind.semantics.compiler.expressions import operand
from datamind.semantics.inference import type_of

ESCAPE = "!"


def condition(where: P.Predicate, env: Env) -> Node:
    """The predicate as a condition."""
    return _PREDICATES[type(where)](where, env)


def conjuncts(where: P.Predicate, env: Env) -> list[Node]:
    """The predicate as the conditions that must all hold."""
    if isinstance(where, P.And):
        return [c for item in where.items for c in conjuncts(item, env)]
    return [condition(where, env)]


def all_of(conditions: Iterable[Node]) -> Node | None:
    """The conditions joined by AND; None if there is none."""
    return _joined(exp.And, list(conditions))


def _joined(operator: type[exp.Connector], items: list[Node]) -> Node | None:
    made: Node | None = None
    for item in items:
        if len(items) > 1 and isinstance(item, exp.Connector) and not isinstance(item, operator):
            item = exp.Paren(this=item)
        made = item if made is None else operator(this=made, expression=item)
    return made


def _and(where: P.And, env: Env) -> Node:
    return all_of(conjuncts(where, env)) or exp.Boolean(this=True)


def _or(where: P.Or, env: Env) -> Node:
    items = [condition(item, env) for item in where.items]
    return _joined(exp.Or, items) or exp.Boolean(this=False)


_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ, "!=": exp.NEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE,
}  # fmt: skip
_OPPOSITE: dict[P.Comparison, P.Comparison] = {
    "=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">",
}  # fmt: skip


def _compare(where: P.Compare, env: Env) -> Node:
    left, right = operand(where.left, env), operand(where.right, env)
    return _COMPARISONS[where.op](this=left, expression=right)


def _one_of(where: P.OneOf, env: Env) -> Node:
    values = [D.literal(v.value) for v in where.values if v.value is not None]
    if not values:
        return exp.Boolean(this=False)
    of = operand(where.of, env)
    if len(values) == 1:
        return exp.EQ(this=of, expression=values[0])
    return exp.In(this=of, expressions=values)


def _between(where: P.Between, env: Env) -> Node:
    of, low, high = (operand(e, env) for e in (where.of, where.low, where.high))
    if not where.open_end:
        return exp.Between(this=of, low=low, high=high)
    return exp.And(
        this=exp.GTE(this=of, expression=low),
        expression=exp.LT(this=of.copy(), expression=high),
    )


# ---- text --------------------------------------------------------------------------------------


def _text_match(where: P.TextMatch, env: Env) -> Node:
    of = operand(where.of, env)
    if type_of(where.of, env.scope).type != "text":
        of = D.cast(of, "TEXT")
    if where.match == "equals":
        return _text_equals(where, of)
    if where.match == "pattern":
        return _like(where, of, where.text, _pattern_escape(where.text, env))
    literal = where.text
    for special in (ESCAPE, "%", "_"):
        literal = literal.replace(special, ESCAPE + special)
    before = "" if where.match == "starts" else "%"
    after = "" if where.match == "ends" else "%"
    special_held = literal != where.text or "\\" in literal
    return _like(where, of, before + literal + after, ESCAPE if special_held else None)


def _text_equals(where: P.TextMatch, of: Node) -> Node:
    if not where.ignore_case:
        return exp.EQ(this=of, expression=exp.Literal.string(where.text))
    text: Node = exp.Literal.string(where.text.lower())
    if not where.text.isascii():  # engines lower other scripts each in their way
        text = exp.Lower(this=exp.Literal.string(where.text))
    return exp.EQ(this=exp.Lower(this=of), expression=text)


def _pattern_escape(text: str, env: Env) -> str | None:
    """PostgreSQL takes a backslash for an escape unless told that there is none."""
    return "" if "\\" in text and env.dialect == "postgres" else None


def _like(where: P.TextMatch, of: Node, pattern: str, escape: str | None) -> Node:
    operator = exp.ILike if where.ignore_case else exp.Like
    made: Node = operator(this=of, expression=exp.Literal.string(pattern))
    if escape is not None:
        made = exp.Escape(this=made, expression=exp.Literal.string(escape))
    return made


# ---- null, truth and negation ------------------------------------------------------------------


def _is_null(where: P.IsNull, env: Env) -> Node:
    return exp.Is(this=operand(where.of, env), expression=exp.Null())


def _truth(where: P.Truth, env: Env) -> Node:
    return operand(where.of, env)


def _not(where: P.Not, env: Env) -> Node:
    item = where.item
    if isinstance(item, P.IsNull):
        return exp.Is(this=operand(item.of, env), expression=exp.Not(this=exp.Null()))
    if isinstance(item, P.Compare):
        return _compare(replace(item, op=_OPPOSITE[item.op]), env)
    if isinstance(item, P.Not) and not isinstance(item.item, P.Truth):
        return condition(item.item, env)
    made = condition(item, env.under_not())
    if isinstance(made, exp.EQ):  # of one value, or a text
        return exp.NEQ(this=made.this, expression=made.expression)
    return exp.Not(this=exp.Paren(this=made) if isinstance(made, exp.Connector) else made)


# ---- related rows ------------------------------------------------------------------------------


def _in_query(where: P.InQuery, env: Env) -> Node:
    query = where.query
    if env.negated:  # one null among the values would make every negation unknown
        query = _without_nulls(query, env)
    made = env.session.build(query, env, env.scope.level + 1)
    around = {*env.scope.tables, env.derived}
    if env.dialect == "clickhouse" and any(c.table in around for c in made.find_all(exp.Column)):
        raise NotYet("ClickHouse takes no list of values that depends on the row.")
    return exp.In(this=operand(where.of, env), query=exp.Subquery(this=made))


def _without_nulls(query: P.Query, env: Env) -> P.Query:
    from datamind.semantics.check import nested

    name = nested(query, env.scope)[0].name
    last = query.steps[-1] if query.steps else None
    if isinstance(last, P.Project) and not any(isinstance(s, P.Limit) for s in query.steps):
        guard = P.Filter(P.Not(P.IsNull(P.Field(name))))
        return replace(query, steps=(*query.steps, guard))
    return P.Query(query, (P.Filter(P.Not(P.IsNull(P.Field(name)))),))


def _exists(where: P.Exists, env: Env) -> Node:
    """EXISTS over the related rows; the relationship is the first of its conditions."""
    relation = relationship(where.relationship, env.session.view)
    near, far = relation.columns, relation.to_columns
    if where.reverse:
        near, far = far, near
    source = where.query.source
    assert isinstance(source, P.Source)
    related = P.And(
        tuple(
            P.Compare("=", P.Column(source.alias, there), P.Column(where.alias, here))
            for here, there in zip(near, far, strict=True)
        )
    )
    inner = P.Query(source, (P.Filter(related), *where.query.steps))
    made = env.session.build(inner, env, env.scope.level + 1)
    return exp.Exists(this=_bare(made))


def _bare(query: exp.Query) -> exp.Query:
    """SELECT 1 where only the presence of a row counts."""
    simple = isinstance(query, exp.Select) and not any(
        query.args.get(k) for k in ("group", "having", "distinct", "limit", "offset", "with_")
    )
    if simple and not any(query.find_all(exp.AggFunc, bfs=False)):
        query.set("expressions", [D.whole(1)])
    return query


_PREDICATES: dict[type, Callable[..., Node]] = {
    P.And: _and,
    P.Or: _or,
    P.Not: _not,
    P.Compare: _compare,
    P.OneOf: _one_of,
    P.Between: _between,
    P.TextMatch: _text_match,
    P.IsNull: _is_null,
    P.Truth: _truth,
    P.InQuery: _in_query,
    P.Exists: _exists,
}
