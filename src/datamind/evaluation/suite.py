"""A suite: questions, each with the SQL of its right answers, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamind.errors import BadInput


@dataclass(frozen=True, slots=True)
class Gold:
    """A right answer as DuckDB SQL.

    `order` are the positions of the columns that it is sorted by. Where its LIMIT cuts through
    a tie, `unlimited` is the SQL without the limit and `tied` the sort columns there.
    """

    sql: str
    order: tuple[int, ...] = ()
    unlimited: str | None = None
    tied: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A question about a database; no golds where it has to be refused."""

    id: str
    set: str
    database: str
    question: str
    golds: tuple[Gold, ...]
    evidence: str = ""
    order_matters: bool = False
    tags: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the database has an answer."""
        return bool(self.golds)


def load(path: Path, only: Collection[str] = ()) -> list[Case]:
    """The cases of a suite, or those whose id, set, database or tag is in `only`."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"The suite {path.name} can't be read.") from None
    cases = [_case(line, n, path.name) for n, line in enumerate(lines, 1) if line.strip()]
    wanted = set(only)
    if wanted:
        cases = [c for c in cases if wanted & {c.id, c.set, c.database, *c.tags}]
    if not cases:
        raise BadInput("No question is left to ask.", hint="Look at the suite and at --only.")
    return cases


def _case(line: str, number: int, name: str) -> Case:
    try:
        entry = json.loads(line)
        refuse = entry.get("expect", "answer") == "refuse"
        golds = () if refuse else tuple(_golds(entry))
        case = Case(
            id=str(entry["id"]),
            set=str(entry.get("set", "all")),
            database=str(entry.get("database", "")),
            question=str(entry["question"]),
            golds=golds,
            evidence=str(entry.get("evidence") or ""),
            order_matters=bool(entry.get("order_matters")),
            tags=tuple(map(str, entry.get("tags") or ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(
            f"Line {number} of {name} is no question.",
            hint='Each line is {"id", "question", "gold": [SQL] or "expect": "refuse", ...}.',
        ) from None
    if not refuse and not golds:
        raise BadInput(f"Line {number} of {name} has neither gold SQL nor expect: refuse.")
    return case


def _golds(entry: Mapping[str, Any]) -> list[Gold]:
    texts = entry["gold"]
    texts = [texts] if isinstance(texts, str) else texts
    orders = entry.get("order_cols") or []
    cut = entry.get("gold_unlimited") or []
    made = []
    for at, sql in enumerate(texts):
        order = tuple(orders[at]) if at < len(orders) and orders[at] else ()
        free = cut[at] if at < len(cut) and cut[at] else {}
        tied = tuple(free.get("tie_cols") or ())
        made.append(Gold(str(sql), order, free.get("sql"), tied))
    return made
