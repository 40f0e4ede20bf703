"""Follow-ups: questions that would make sense next, in words that the engine understands."""

from __future__ import annotations

from datamind.language import names
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, Column, Table, View

MOST = 4


def follow_ups(plan: P.Query, view: View) -> tuple[str, ...]:
    """Up to four questions about the same entity: another cut, a trend, the top, the average."""
    source = plan.source
    if not isinstance(source, P.Source) or source.table not in view.by_id:
        return ()
    table = view.table(source.table)
    noun = plural(table.entity or table.name)
    grouped = {
        k.expr.name for s in plan.steps if isinstance(s, P.Group) for k in s.keys
        if isinstance(k.expr, P.Column)
    }  # fmt: skip
    found: list[str] = []
    cut = next((c for c in _categories(table) if c.name not in grouped), None)
    if cut is not None:
        found.append(f"How many {noun} are there for each {_said(cut, table)}?")
    if any(c.is_date for c in table.columns) and not _by_time(plan):
        found.append(f"How many {noun} were there each month?")
    number = next((c for c in table.columns if _is_measure(c, table)), None)
    if number is not None:
        found.append(f"What is the average {_said(number, table)} of {noun}?")
        if table.display:
            found.append(f"Which 5 {noun} have the highest {_said(number, table)}?")
    return tuple(found[:MOST])


def plural(noun: str) -> str:
    """The plural of a noun, as most nouns make it."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def _said(column: Column, table: Table) -> str:
    own = set(names.words_of(table.entity or table.name))
    words = [w for w in names.words_of(column.name, names.GENERIC_PREFIXES) if w not in own]
    return " ".join(words) or column.name


def _categories(table: Table) -> list[Column]:
    return [
        c for c in table.columns
        if c.type == "text" and c.pii is None and c.distinct is not None and 2 <= c.distinct <= 30
    ]  # fmt: skip


def _is_measure(column: Column, table: Table) -> bool:
    return (
        column.type in NUMERIC
        and column.additivity != "none"
        and column.name not in table.primary_key
    )


def _by_time(plan: P.Query) -> bool:
    return any(
        isinstance(k.expr, P.DateTrunc)
        for s in plan.steps if isinstance(s, P.Group) for k in s.keys
    )  # fmt: skip
