"""Tells what in ClickHouse is the sync's own, and of which database: nothing else is replaced or
dropped."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from datamind.adapters.sync.ddl import HOME
from datamind.adapters.sync.tables import SKIP, Relation, State
from datamind.adapters.sync.wanted import Unfound
from datamind.errors import SyncFailed

# Tables of rows, of whatever generation, and those that they are filled by. What is materialized
# may stand under any name, and no state tells of it.
_ROWS = re.compile(r"(?!aggregate_)(.+__\d+_\d+)(__stage)?", re.DOTALL)


def is_ours(there: Relation) -> bool:
    """Whether a sync made it: all that it shows people are views of its own tables."""
    return there.engine == "View" and bool(re.search(rf"\bFROM {HOME}\.", there.select))


def must_be_ours(name: str, relations: Iterable[Relation], helps: str = SKIP) -> None:
    """SyncFailed where something of that full name stands there which no sync made."""
    for there in relations:
        if there.id == name and not is_ours(there):
            kind = "view" if "View" in there.engine else "table"
            raise SyncFailed(
                f"ClickHouse has a {kind} {name} that no sync made.",
                hint=f"Nothing of others is replaced: rename it in ClickHouse, or {helps}.",
            )


def is_anothers(state: State | None, source: str) -> bool:
    """Whether the copy is known to be of another database than this."""
    return state is not None and state.source not in ("", source)


def must_not_be_anothers(states: Iterable[State | None], source: str) -> None:
    """SyncFailed where one of the copies is of another database."""
    for state in states:
        if state is not None and is_anothers(state, source):
            raise SyncFailed(
                f"{state.table} is in ClickHouse already, as a copy of another database"
                f" ({state.source.rpartition('/')[2]}).",
                hint="Copy this database into a ClickHouse of its own. If it is the same one,"
                " restored or upgraded, --take-over makes the copies its own.",
            )


def unfound(
    states: Iterable[State], found: Collection[str], there: Collection[str], source: str
) -> tuple[Unfound, ...]:
    """The copies of this database, or of nobody knows which, whose tables were not `found`;
    `there` are also those that our role may not read."""
    copies = {s.table: s for s in sorted(states, key=lambda s: s.status != "copying")}
    told = []
    for name, state in sorted(copies.items()):
        if name in found or is_anothers(state, source):
            continue
        if name in there:
            told.append(Unfound(name, "this role may not read it any more"))
        elif state.source and not source.startswith("/"):  # else its cluster is not known
            told.append(Unfound(name, "it is no more in PostgreSQL", dropped=True))
        else:
            told.append(Unfound(name, "it is not known whether it is a copy of this database"))
    return tuple(told)


def left_over(
    relations: Iterable[Relation], states: Mapping[str, State], source: str | None
) -> list[str]:
    """Tables of rows that no state names and no view reads, as killed syncs leave them; and the
    stages of what is of `source`, into which nothing is on its way."""
    shown = [there.select for there in relations if there.select]
    named = {state.base: state.source for state in states.values()}
    found = []
    for there in relations:
        rows = _ROWS.fullmatch(there.name) if there.database == HOME else None
        if rows is None:
            continue
        base, stage = rows.groups()
        if base in named:
            if stage and named[base] == source:
                found.append(there.name)
        elif not any(reads(select, base) for select in shown):
            found.append(there.name)
    return found


def reads(select: str, base: str) -> bool:
    """Whether a view's definition names the table of ours."""
    return re.search(rf"(?<!\w){re.escape(base)}(?!\w)", select) is not None
