"""The last look at a governed text: each table stands behind what its asker may read of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.fences import Bodies, References, widened
from datamind.governance.shape import text_of
from datamind.records import Dialect
from datamind.semantics.catalog import View

UNGOVERNED = "The governed statement reads a table past its policy."


def only_governed(
    asked: References, again: References, view: View, bodies: Bodies, dialect: Dialect
) -> None:
    """SqlRejected unless every table of the text that was read `again` is in its body (by id), or
    is one that the asker reads as it is; and there are as many as were `asked` for."""
    write = partial(text_of, dialect=dialect, identify=True)
    texts = frozenset(map(write, bodies.values()))

    def is_body(query: exp.Select) -> bool:
        """Word for word, but for conditions that only narrow it."""
        query = _merged(query)
        if write(query) in texts:
            return True
        wider = widened(query, dialect)
        return wider is not None and write(wider) in texts

    found: set[int] = set()
    plain = 0
    for reference, table in again:
        around = _body_around(reference, is_body)
        if around is not None:
            found.add(id(around))
        elif table.id in bodies or not view.sees(table.id):
            raise SqlRejected(UNGOVERNED)
        else:
            plain += 1
    if len(found) + plain != len(asked):
        raise SqlRejected(UNGOVERNED)


def _body_around(reference: exp.Table, is_body: Callable[[exp.Select], bool]) -> exp.Expr | None:
    """The outermost subquery around the reference that is a body."""
    around = None
    inside: exp.Expr = reference
    node = reference.parent
    while node is not None:
        # Not what is joined to it: that is beside the body, not in it.
        held = isinstance(node, exp.Subquery) and node.this is inside
        if held and isinstance(inside, exp.Select) and not inside.args.get("joins"):
            clause = inside.args.get("from_")
            table = clause is not None and isinstance(clause.this, (exp.Table, exp.Final))
            if table and is_body(inside):
                around = node
        inside, node = node, node.parent
    return around


def _merged(query: exp.Select) -> exp.Select:
    """Without ClickHouse's FINAL, which the asker may add: it says how parts are merged."""
    clause = query.args.get("from_")
    if clause is None or not isinstance(clause.this, exp.Final):
        return query
    made = query.copy()
    made.args["from_"].set("this", made.args["from_"].this.this)
    return made
