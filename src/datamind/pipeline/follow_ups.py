"""Follow-ups: questions that would make sense next, in words that the engine understands."""

from __future__ import annotations

from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, Column, Table, View
from datamind.semantics.wording import singular, spoken, words

MOST = 4
MOST_GROUPS = 30


def follow_ups(plan: P.Query, view: View) -> tuple[str, ...]:
    """Up to four questions about the same entity: another cut, a trend, the top, the average."""
    source = plan.source
    if not isinstance(source, P.Source) or source.table not in view.by_id:
        return ()
    table = view.table(source.table)
    noun = plural(table.entity or spoken(table.name, "", ()))
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
    number = next(iter(_measures(table)), None)
    if number is not None:
        found.append(f"What is the average {_said(number, table)} of {noun}?")
        if table.display:
            found.append(f"What are the top 5 {noun} by {_said(number, table)}?")
    return tuple(found[:MOST])


def plural(noun: str) -> str:
    """The plural of a noun, as most nouns make it."""
    if noun.endswith(("s", "x", "ch", "sh")):
        return f"{noun}es"
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def _said(column: Column, table: Table) -> str:
    """The column's words, less those that the noun says already."""
    own = {*words(table.name).split(), *words(table.entity or "").split()}
    own |= {singular(word) for word in own}
    return " ".join(w for w in words(column.name).split() if w not in own) or words(column.name)


def _categories(table: Table) -> list[Column]:
    """Columns that cut the rows into a few groups; a name for each row is no cut."""
    most = min(MOST_GROUPS, (table.rows or 2 * MOST_GROUPS) // 2)
    return [
        c for c in table.columns
        if c.type == "text" and c.pii is None and c.name not in table.display
        and c.distinct is not None and 2 <= c.distinct <= most
    ]  # fmt: skip


def _measures(table: Table) -> list[Column]:
    """Numbers to average: amounts with a unit first."""
    keys = {*table.primary_key, *(name for key in table.unique_keys for name in key)}
    found = [
        c for c in table.columns
        if c.type in NUMERIC and c.additivity != "none" and c.name not in keys
    ]  # fmt: skip
    return sorted(found, key=lambda c: c.unit is None)


def _by_time(plan: P.Query) -> bool:
    return any(
        isinstance(k.expr, P.DateTrunc)
        for s in plan.steps if isinstance(s, P.Group) for k in s.keys
    )  # fmt: skip
