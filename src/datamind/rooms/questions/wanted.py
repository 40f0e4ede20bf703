"""What people want of the data: how often each table, column and metric was asked for, and the
words of their questions that nothing explained; for admins, who may read all questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.rooms.caller import Caller, need
from datamind.rooms.questions.history import plan_of
from datamind.rooms.questions.models import QueryRow
from datamind.semantics import plan as P
from datamind.semantics.readiness import Asked, Word
from datamind.semantics.walk import below

MOST = 5_000  # questions, the latest
SHORTEST = 3


async def asked(session: AsyncSession, caller: Caller) -> Asked:
    """What the latest questions were about."""
    need(caller, "admin")
    latest = (
        select(QueryRow.plan, QueryRow.interpretation)
        .where(QueryRow.kind.in_(("ask", "generate")))
        .order_by(QueryRow.created_at.desc(), QueryRow.id.desc())
        .limit(MOST)
    )
    items: Counter[str] = Counter()
    words: Counter[str] = Counter()
    for row in await session.execute(latest):
        items.update(set(_items(plan_of(row[0]))))
        words.update(set(_words((row[1] or {}).get("unresolved") or ())))
    return Asked(items, tuple(Word(text, n) for text, n in words.most_common()))


def _items(plan: P.Query | None) -> Iterator[str]:
    """The tables, columns and metrics that a plan reads."""
    found = list(below(plan)) if plan is not None else []
    tables = {n.alias: n.table for n in found if isinstance(n, P.Source | P.Join)}
    yield from tables.values()
    for node in found:
        if isinstance(node, P.Metric):
            yield node.name
        elif isinstance(node, P.Column) and node.alias in tables:
            yield f"{tables[node.alias]}.{node.name}"


def _words(unresolved: Iterable[Any]) -> Iterator[str]:
    """Common nouns only, in small letters as they were typed: names and numbers may be somebody's,
    and are values, not what a thing is called."""
    for text in map(str, unresolved):
        if len(text) >= SHORTEST and text.islower() and text.isalpha():
            yield text
