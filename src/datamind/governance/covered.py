"""The last look at a governed text: each table stands behind what its asker may read of it."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from datamind.errors import SqlRejected
from datamind.governance.policy import Policy
from datamind.semantics.catalog import Table, View

References = list[tuple[exp.Table, Table]]
UNGOVERNED = "The governed statement reads a table past its policy."


def only_governed(
    asked: References, again: References, view: View, policy: Policy, write: Callable[..., str]
) -> None:
    """SqlRejected unless every table of the text that was read `again` is in a body that `policy`
    gives, or is one that the asker reads as it is; and there are as many as were `asked` for."""
    bodies = {
        write(body): table.id
        for table in {t.id: t for _, t in asked}.values()
        if (body := policy.body(table)) is not None
    }
    governed = frozenset(bodies.values())
    found: set[int] = set()
    plain = 0
    for reference, table in again:
        around = _body_around(reference, bodies, write)
        if around is not None:
            found.add(id(around))
        elif table.id in governed or not view.sees(table.id):
            raise SqlRejected(UNGOVERNED)
        else:
            plain += 1
    if len(found) + plain != len(asked):
        raise SqlRejected(UNGOVERNED)


def _body_around(
    reference: exp.Table, bodies: dict[str, str], write: Callable[..., str]
) -> exp.Expr | None:
    """The outermost subquery around the reference that is, word for word, a body."""
    around = None
    node = reference.find_ancestor(exp.Subquery)
    while node is not None:
        inner = node.this
        if isinstance(inner, exp.Select) and not inner.args.get("joins"):
            clause = inner.args.get("from_")
            if clause is not None and isinstance(clause.this, exp.Table) and write(inner) in bodies:
                around = node
        node = node.find_ancestor(exp.Subquery)
    return around
