"""Carried: what the plan of a follow-up keeps of the plan before it."""

from __future__ import annotations

from datamind.language import gestures
from datamind.language.anaphora import OWNERS, keys_shown
from datamind.language.canonical import canonical
from datamind.language.edits import JOINING
from datamind.language.follow_up import Change
from datamind.language.tables import keywords as K
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.walk import below

# What says nothing of the figure that is asked for.
_LIMITING = frozenset({"d", "v", "n", "P", "p", "z", "u"} | {
    K.AND, K.OR, K.COMMA, K.IN, K.OF, K.WITH, K.NOT, K.EXCLUDED, K.COMPARE,
})  # fmt: skip


# What says nothing of the rows that are meant.
_ORDERING = frozenset({K.ASK, K.SUPERLATIVE, K.TOP, K.DIRECTION, K.AND, K.IN, K.AGGREGATE, "n"})
_KEEPING = frozenset(
    {"turned", "more", "first", "all", "unlimited", "always", "one more", "sorted"}
)


def keeps_figures(change: Change, plan: P.Query) -> bool:
    """Whether the figures are as they were, where the change only limits: the median stays one."""
    gesture = gestures.heard([t.lower for t in change.tokens])
    if gesture is not None and gesture.done in _KEEPING:
        return _figures(plan) == _figures(change.shown)
    codes = {u.code for u in change.cuts[0][0] if u.payload not in JOINING}
    return not codes <= _LIMITING or _figures(plan) == _figures(change.shown)


def keeps_things(change: Change, plan: P.Query, view: View) -> bool:
    """Whether what is told of each of them, `their tier`, is told of the same things; and no other
    rows are left out where only an order or a rank is said."""
    if change.pronoun in OWNERS and not change.asks:
        before = {t.id for t, _, _ in keys_shown(change.shown, view)}
        if not before <= {t.id for t, _, _ in keys_shown(plan, view)}:
            return False
    codes = {u.code for u in change.cuts[0][0]}
    return not codes <= _ORDERING or _tested(plan) <= _tested(change.shown)


def says_nothing(change: Change, plan: P.Query) -> bool:
    """Whether a question of what was shown comes to the same answer again: it was not read."""
    return change.asks and canonical(plan) == canonical(change.shown)


def _figures(plan: P.Query) -> set[object]:
    """What is counted and added up, whichever way the rows are found."""
    nodes = list(below(plan))
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    made: set[object] = {n.name for n in nodes if isinstance(n, P.Metric)}
    for node in (n for n in nodes if isinstance(n, P.Aggregate)):
        columns = [c for c in below(node.arg) if isinstance(c, P.Column)] if node.arg else []
        made.add((node.function, *((tables.get(c.alias), c.name) for c in columns)))
    return made


def agreement(plan: P.Query, earlier: P.Query, view: View) -> float:
    """How many of the columns that the earlier plan's conditions are on the plan has, 0 to 1: what
    was understood once is meant so still. Of other rows a period is of their own date."""
    before = _tested(earlier)
    if _home(plan) != _home(earlier):
        before = {(t, c) for t, c in before if not view.column(f"{t}.{c}").is_date}
    return len(before & _tested(plan)) / len(before) if before else 1.0


def _home(plan: P.Query) -> str:
    """The table whose rows the plan begins with."""
    source = plan.source
    while isinstance(source, P.Query):
        source = source.source
    return source.table if isinstance(source, P.Source) else ""


def _tested(plan: P.Query) -> set[tuple[str, str]]:
    nodes = list(below(plan))
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    filters = [n.where for n in nodes if isinstance(n, P.Filter)]
    return {
        (tables.get(c.alias, c.alias), c.name)
        for where in filters for c in below(where) if isinstance(c, P.Column)
    }  # fmt: skip
