"""A suite: questions with their right answers, in YAML or as one JSON object a line."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from datamind.errors import BadInput
from datamind.evaluation.entries import Entry, faults_of
from datamind.evaluation.results import EXACT, Tolerance
from datamind.governance.yaml_text import read_list
from datamind.records import Scalar

SHAPE = "Each entry has a `question`, and `sql`, a `figure`, `rows` or `expect: refuse`."
HINT = f"{SHAPE} docs/evaluation.md lists the other fields."
YAML = (".yaml", ".yml")
MOST_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Gold:
    """A right answer as SQL.

    `order` are the positions of the columns that it is sorted by. Where its LIMIT cuts through
    a tie, `unlimited` is the SQL without the limit and `tied` the sort columns there.
    """

    sql: str
    order: tuple[int, ...] = ()
    unlimited: str | None = None
    tied: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """A question about a database, with golds or `rows`; with neither it has to be refused.

    `after` are the questions before it in its conversation, `asker` who asks (by address; empty:
    nobody in particular), `known_miss` why it is not answered rightly yet, `place` where it stands.
    """

    id: str
    set: str
    database: str
    question: str
    golds: tuple[Gold, ...] = ()
    rows: tuple[tuple[Scalar, ...], ...] | None = None
    evidence: str = ""
    order_matters: bool = False
    tolerance: Tolerance = EXACT
    tags: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    asker: str = ""
    known_miss: str = ""
    place: str = ""

    @property
    def answerable(self) -> bool:
        """Whether the database has an answer."""
        return bool(self.golds) or self.rows is not None


@dataclass(frozen=True, slots=True)
class Suite:
    """A file of cases; `version` names its content."""

    name: str
    version: str
    cases: tuple[Case, ...]

    def only(self, wanted: Collection[str]) -> Suite:
        """The cases whose id, set, database, asker or tag is named; all of them where none is."""
        kept = [
            c for c in self.cases
            if not wanted or {c.id, c.set, c.database, c.asker, *c.tags}.intersection(wanted)
        ]  # fmt: skip
        if not kept:
            raise BadInput("No question is left to ask.", hint="Look at the suite and at --only.")
        return replace(self, cases=tuple(kept))


def load(path: Path) -> Suite:
    """The suite; BadInput names each entry that is none, and its line."""
    text = _text(path)
    faults: list[tuple[str, str]] = []
    cases: list[Case] = []
    for line, entry in _entries(text, path):
        place = f"Line {line} of {path.name}"
        try:
            cases.append(_case(Entry.model_validate(entry), place))
        except ValidationError as fault:
            faults.append((place, f"is no question: {faults_of(fault)}"))
    counted = Counter(case.id for case in cases)
    faults += [
        (c.place, f"has an id that another entry has: {c.id}") for c in cases if counted[c.id] > 1
    ]
    refuse(faults, path.name)
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return Suite(path.name, version, tuple(cases))


def refuse(faults: Collection[tuple[str, str]], name: str) -> None:
    """BadInput that names all faults (place and message) of a suite, if there are any."""
    if len(faults) == 1:
        ((place, message),) = faults
        raise BadInput(f"{place} {message.rstrip('.')}.", hint=HINT)
    if faults:
        errors = [{"loc": [place], "msg": message} for place, message in faults]
        raise BadInput(f"{name} has {len(faults):,} broken entries.", hint=HINT, errors=errors)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadInput(f"The suite {path.name} is larger than {MOST_BYTES:,} bytes.")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            f"The suite {path.name} can't be read.", hint="Is it there, and UTF-8?"
        ) from None


def _entries(text: str, path: Path) -> Iterable[tuple[int, Any]]:
    if path.suffix.lower() in YAML:
        return read_list(text, path.name, shape=HINT)
    return list(_of_lines(text, path.name))


def _of_lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError):
                message = f"Line {number} of {name} is no question: it is not JSON."
                raise BadInput(message, hint=HINT) from None


def _case(entry: Entry, place: str) -> Case:
    """The case; without an id it is known by what is asked, after what and by whom."""
    asked = " › ".join([*entry.after, entry.question])
    known = f"{asked} (as {entry.asker})" if entry.asker else asked
    rows = entry.rows if entry.figure is None else [[entry.figure]]
    return Case(
        id=str(entry.id) if entry.id is not None else known,
        set=entry.set,
        database=entry.database,
        question=entry.question,
        golds=tuple(_golds(entry)),
        rows=None if rows is None else tuple(map(tuple, rows)),
        evidence=entry.evidence or "",
        order_matters=entry.ordered,
        tolerance=entry.tolerance,
        tags=tuple(map(str, entry.tags or ())),
        after=tuple(entry.after),
        asker=entry.asker or "",
        known_miss=entry.known_miss,
        place=place,
    )


def _golds(entry: Entry) -> Iterator[Gold]:
    """Each text of SQL with its order and, where its ties are cut, itself without the limit."""
    texts = entry.sql or []
    further = zip_longest(texts, entry.order_cols or (), entry.gold_unlimited or ())
    for sql, order, free in list(further)[: len(texts)]:
        tied = tuple(free.tie_cols) if free is not None else ()
        yield Gold(sql, tuple(order or ()), free.sql if free is not None else None, tied)


def by_place(cases: Iterable[Case]) -> Mapping[tuple[str, str], list[Case]]:
    """The cases of each database and asker, which are asked together."""
    found: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        found.setdefault((case.database, case.asker), []).append(case)
    return dict(sorted(found.items()))
