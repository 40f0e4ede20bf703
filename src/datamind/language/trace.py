"""A trace: what each stage of the engine made of one question, for those who work on it."""

from __future__ import annotations

from dataclasses import dataclass

from datamind.language import combine_windows as windows
from datamind.language import ranking
from datamind.language.engine import BuiltinPlanner
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.nodes import Node, to_nodes
from datamind.language.patterns import combine
from datamind.language.ratios import cut_ratios
from datamind.language.refusal import by_form
from datamind.language.sketch import Mention
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.language.wording import tokens_of
from datamind.records import Candidate, Interpretation, Question
from datamind.semantics.catalog import View
from datamind.semantics.describe import describe

SHOWN = 3  # candidates of a link, readings


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the question: its code and what it may mean."""

    code: str
    text: str
    means: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """A pattern that fitted: its codes and example, and the question's codes before and after."""

    pattern: str
    example: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ReadAs:
    """A reading: its score, the features that are not nothing, and its plan in English."""

    score: float
    features: dict[str, float]
    plan: str


@dataclass(frozen=True, slots=True)
class Trace:
    """All of it, in the order in which it happens. Pieces and patterns are those of the best cover;
    `covers` are the codes of all covers that were tried."""

    form: str | None
    notes: tuple[str, ...]
    covers: tuple[str, ...]
    pieces: tuple[Piece, ...]
    patterns: tuple[Applied, ...]
    readings: tuple[ReadAs, ...]
    status: str
    confidence: float
    answers_from: float
    unresolved: tuple[str, ...]


def traced(question: Question, view: View, planner: BuiltinPlanner) -> Trace:
    """The question read as it always is, and what was made of it on the way."""
    read = planner.interpret(question, view)
    form = by_form(question.text)
    index = planner.compiled(view).index
    tokens, notes = tokens_of(question.text, index)
    cuts = covers(Linker(index, tokens), question.today, tokens)
    best = cuts[0][0] if cuts else ()
    return Trace(
        form=form.code if form else None,
        notes=tuple(notes),
        covers=tuple("".join(u.code for u in units) for units, _ in cuts),
        pieces=tuple(_piece(unit, tokens) for unit in best),
        patterns=tuple(_applied(best)),
        readings=tuple(_read_as(c, view) for c in read.candidates[:SHOWN]),
        status=read.status,
        confidence=read.confidence,
        answers_from=ranking.calibration()["answer"],
        unresolved=_unresolved(read),
    )


def _unresolved(read: Interpretation) -> tuple[str, ...]:
    return read.unresolved or (read.refusal.missing if read.refusal else ())


def _piece(unit: Unit, tokens: list[Token]) -> Piece:
    text = " ".join(t.text for t in tokens[unit.first : unit.last])
    (node,) = to_nodes([unit])
    if not isinstance(node.payload, Mention):
        return Piece(node.code, text, (str(unit.payload),) if unit.payload else ())
    found = node.payload.candidates[:SHOWN]
    said = (f"{c.kind} {c.id}{f' = {c.value}' if c.value else ''}" for c in found)
    means = tuple(f"{s} ({c.source} {c.score:.2f})" for s, c in zip(said, found, strict=True))
    return Piece(node.code, text, means)


def _applied(units: tuple[Unit, ...]) -> list[Applied]:
    """The patterns that fitted, sentence by sentence."""
    found: list[Applied] = []
    sentence: list[Unit] = []
    for unit in (*units, None):
        if unit is not None and unit.code != ".":
            sentence.append(unit)
            continue
        nodes = cut_ratios(windows.lift(to_nodes(sentence), None)[0])
        combine(nodes, lambda p, old, new: found.append(
            Applied(p.codes, p.example, _codes(old), _codes(new))
        ))  # fmt: skip
        sentence = []
    return found


def _codes(nodes: list[Node]) -> str:
    return "".join(node.code for node in nodes)


def _read_as(reading: Candidate, view: View) -> ReadAs:
    features = {name: round(value, 3) for name, value in reading.features if value}
    return ReadAs(reading.score, features, describe(reading.plan, view))
