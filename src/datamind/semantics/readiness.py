"""Readiness: how well a catalog says what its data means, as a grade, and what would raise it most.

Each check of `readiness_checks` looks at some things of a table and finds each of them told or not.
A table's figure is the weighted mean of the shares that are told, over the checks that have
anything to look at; the model's is the mean of its tables, each weighted by how much hangs on it.
So what a step is worth is known: as many points as the model's figure rises when it is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from datamind.semantics.catalog import Table, View
from datamind.semantics.readiness_checks import CHECKS, LAYER, Check, Known, Looked, known_of

# The least figure of each letter.
LETTERS = ((90, "A"), (75, "B"), (60, "C"), (40, "D"), (0, "E"))
OF_COLUMN = 0.5  # what a question about a column weighs beside one about its table
MOST_WORDS = 20


@dataclass(frozen=True, slots=True)
class Word:
    """A word of questions that nothing in the data explained, and how many questions had it."""

    text: str
    questions: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: how many questions read each table, column or metric (by id), and the words
    that nothing explained."""

    items: Mapping[str, int] = field(default_factory=dict)
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is not told yet: which check missed it, of what, and the points that telling
    it is worth. `wanted` is what to fill in, where that can be proposed."""

    check: str
    table: str
    item: str
    why: str
    gain: float
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grade:
    """A figure from 0 to 100 and its letter; `parts` are the shares that are told, by check."""

    of: str
    figure: float
    letter: str
    parts: Mapping[str, float]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """The grade of a model and of each of its tables, and the steps that raise it, best first."""

    grade: Grade
    tables: tuple[Grade, ...]
    steps: tuple[Step, ...]
    words: tuple[Word, ...] = ()


def readiness(
    view: View, asked: Asked | None = None, *, masked: frozenset[str] = frozenset()
) -> Readiness:
    """The grade of what the view shows; columns in `masked` are not shown to everybody."""
    asked = asked or Asked()
    known = known_of(view, masked)
    weights = {t.id: _weight(t, known, asked) for t in view.tables}
    total = sum(weights.values()) or 1.0
    grades, steps = [], []
    for table in view.tables:
        looked = {
            check: found for check in _checks(table, known) if (found := check.look(table, known))
        }
        grades.append(_grade(table.id, looked, asked, weights[table.id]))
        worth = 100 * weights[table.id] / total
        steps += _steps(table, looked, asked, worth)
    figure = sum(g.figure * g.weight for g in grades) / total
    steps = [_without(s, figure, weights[s.table], total) if s.check == LAYER.name else s
             for s in steps]  # fmt: skip
    whole = Grade("all", round(figure, 1), _letter(figure), _shares(grades))
    ordered = sorted(steps, key=lambda s: (-s.gain, s.item, s.check))
    return Readiness(whole, tuple(grades), tuple(ordered), asked.words[:MOST_WORDS])


def _checks(table: Table, known: Known) -> Sequence[Check]:
    """A copy that people should not be asked about has only that to be mended."""
    return [c for c in CHECKS if (c is LAYER) == (table.id in known.layers)]


def _weight(table: Table, known: Known, asked: Asked) -> float:
    """How much hangs on a table: its references either way, and the questions that read it."""
    return 1.0 + len(known.view.catalog.edges[table.id]) + asked.items.get(table.id, 0)


def _importance(item: str, table: Table, asked: Asked) -> float:
    return 1.0 if item == table.id else 1.0 + OF_COLUMN * asked.items.get(item, 0)


def _share(found: Sequence[Looked], table: Table, asked: Asked) -> float:
    every = sum(_importance(f.item, table, asked) for f in found)
    return sum(_importance(f.item, table, asked) for f in found if f.told) / every


def _grade(
    table: str, looked: Mapping[Check, Sequence[Looked]], asked: Asked, weight: float
) -> Grade:
    total = sum(check.weight for check in looked)
    owner = next((f.table for found in looked.values() for f in found), None)
    parts = {c.name: _share(f, owner, asked) for c, f in looked.items()} if owner else {}
    figure = 100.0
    if total:
        figure = 100 * sum(c.weight * parts[c.name] for c in looked) / total
    shown = {name: round(share, 3) for name, share in parts.items()}
    return Grade(table, round(figure, 1), _letter(figure), shown, weight)


def _steps(
    table: Table, looked: Mapping[Check, Sequence[Looked]], asked: Asked, worth: float
) -> list[Step]:
    """What is not told, each with its part of what the whole table is worth."""
    total = sum(check.weight for check in looked)
    steps = []
    for check, found in looked.items():
        every = sum(_importance(f.item, table, asked) for f in found)
        for one in found:
            if not one.told:
                share = _importance(one.item, table, asked) / every
                gain = worth * check.weight / total * share
                steps.append(
                    Step(check.name, table.id, one.item, one.why, round(gain, 2), one.wanted)
                )
    return steps


def _without(step: Step, figure: float, weight: float, total: float) -> Step:
    """A copy is not described but left out: the mean is then one of the others."""
    return replace(step, gain=round(figure * weight / (total - weight), 2))


def _shares(grades: Sequence[Grade]) -> dict[str, float]:
    """For each check, the mean over the tables that it looked at."""
    found = {}
    for check in CHECKS:
        of = [g for g in grades if check.name in g.parts]
        if of:
            whole = sum(g.weight for g in of)
            found[check.name] = round(sum(g.weight * g.parts[check.name] for g in of) / whole, 3)
    return found


def _letter(figure: float) -> str:
    return next(letter for least, letter in LETTERS if figure >= least - 0.05)
