"""What the clauses of a query hold, for telling whether it gives a value whatever the rows."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

# Clauses that hold tables, queries and conditions, which are looked at one by one.
STRUCTURE = frozenset("this expression alias with_ from_ joins where having qualify".split())
COMPARED = frozenset("group order distinct".split())  # by these the rows are told apart
MOST_ROWS = 2**63 - 1
WRITTEN_OUT = (
    exp.Table, exp.Values, exp.Tuple, exp.TableAlias, exp.Identifier, exp.Literal, exp.Null,
    exp.Neg, exp.GenerateSeries, exp.ExplodingGenerateSeries,
)  # fmt: skip


def are_counts(clause: exp.Expr) -> bool:
    """Whether a LIMIT, OFFSET or FETCH has plain numbers of rows."""
    if isinstance(clause, exp.Fetch):
        count = clause.args.get("count")
        return count is None or _is_count(count)
    return _is_count(clause.args.get("expression"))


def _is_count(node: exp.Expr | None) -> bool:
    """Whether it is a plain number of rows."""
    if not isinstance(node, exp.Literal) or node.is_string or not node.this.isdecimal():
        return False
    return node.this.isascii() and len(node.this) < 20 and int(node.this) <= MOST_ROWS


def position(node: exp.Literal) -> int:
    """The place in the SELECT list that a number in GROUP BY or ORDER BY means; 0 for none."""
    return int(node.this) if _is_count(node) else 0


def sorted_by(select: exp.Select) -> Iterator[exp.Expr]:
    """What the rows of a SELECT may have to be sorted by."""
    for clause in select.find_all(exp.Order, exp.Distinct, exp.Group):
        for item in clause.iter_expressions():
            yield item.this if isinstance(item, exp.Ordered) else item
        if clause.parent is select and (isinstance(clause, exp.Distinct) or clause.args.get("all")):
            yield from select.expressions
    for window in select.find_all(exp.Window):
        yield from window.args.get("partition_by") or ()


def is_written_out(node: exp.Expr) -> bool:
    """Whether rows in FROM are literals, or a series of numbers."""
    if isinstance(node, exp.Table) and node.name.lower() == "numbers":
        return True
    return all(isinstance(part, WRITTEN_OUT) for part in node.walk())


def ctes_called(table: exp.Table) -> Iterator[exp.Expr]:
    """The queries of a WITH that a table's name may stand for."""
    node: exp.Expr | None = table if not table.args.get("db") else None
    while node is not None:
        clause = node.args.get("with_")
        for cte in clause.expressions if clause is not None else ():
            if cte.alias.lower() == table.name.lower():
                yield cte.this
        node = node.parent
