"""The conditions of a statement: all in it that decides which rows there are."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

# Each makes rows of values in FROM.
PRODUCERS = (exp.Lateral, exp.Unnest, exp.Values, exp.GenerateSeries, exp.ExplodingGenerateSeries)


def conditions(tree: exp.Expr) -> Iterator[tuple[exp.Expr, bool]]:
    """Whatever decides which rows there are, and joins that compare columns of one name; with
    each whether it may stand on aggregates or windows of its own SELECT."""
    for node in tree.walk():
        if isinstance(node, (exp.Where, exp.Having, exp.Qualify)):
            above = not isinstance(node, exp.Where)
            yield from ((part, above) for part in conjuncts(node.this))
        elif isinstance(node, exp.Join):
            if node.args.get("on") is not None:
                yield from ((part, False) for part in conjuncts(node.args["on"]))
            elif node.meta.get("compared"):
                yield node, False
            if node.args.get("kind") == "ARRAY":
                yield from ((part, False) for part in (node.this, *node.expressions))
        elif makes_rows(node) and node.find(exp.Column):
            yield node, False


def makes_rows(node: exp.Expr) -> bool:
    """Whether it is a function or list of values in FROM."""
    if isinstance(node, exp.Table):
        return not isinstance(node.this, exp.Identifier)
    return isinstance(node, PRODUCERS) and not isinstance(node.this, exp.Subquery)


def conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """What all have to hold."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        if isinstance(at, exp.And):
            waiting += [at.expression, at.this]
        elif isinstance(at, exp.Paren):
            waiting.append(at.this)
        else:
            yield at
