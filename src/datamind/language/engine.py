"""The engine: a question and a view become ranked plans, a question back, or a refusal."""

from __future__ import annotations

import datetime as dt
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from datamind.errors import DataMindError
from datamind.language import evidence, ranking, spelling
from datamind.language.assemble import assemble
from datamind.language.build import build, home_table
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.definitions import units_of
from datamind.language.formulas import Names
from datamind.language.graph import Graph
from datamind.language.heeded import heed
from datamind.language.index import Index
from datamind.language.index import build as build_index
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.refusal import by_form
from datamind.language.resolve import Assignment, mentions_of, resolve
from datamind.language.scope import NoPath, Scope
from datamind.language.sketch import Mention, Sketch
from datamind.language.tokens import Token, is_participle, stem, tokenize
from datamind.language.units import Unit
from datamind.records import Candidate as Reading
from datamind.records import Choice, Interpretation, Link, Question, Refusal
from datamind.semantics.catalog import View
from datamind.semantics.check import check
from datamind.semantics.describe import describe

MAX_READINGS = 20
KEPT_VIEWS = 8
CHOICES = 3
_LATIN = re.compile(r"\b(?:i\. ?e\.|e\. ?g\.|ie,|eg,|viz\.),?", re.IGNORECASE)
VAGUE = 0.5  # a word that links no better than this is not worth asking back about


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A view made ready for look-up."""

    index: Index
    graph: Graph
    metrics: dict[str, str]
    names: Names


class BuiltinPlanner:
    """The built-in language engine. Deterministic; it remembers the views that it compiled.

    `width` makes the search so many times as wide.
    """

    def __init__(self, *, width: int = 1) -> None:
        self._width = width
        self._views: OrderedDict[tuple[str, str, int], _Compiled] = OrderedDict()

    def compiled(self, view: View) -> _Compiled:
        """The view's index and join graph, made once for each catalog version and fingerprint."""
        key = (view.catalog.version, view.fingerprint, id(view.catalog))
        if key not in self._views:
            graph, index = Graph(view), build_index(view)
            homes = {m.name: graph.common(m.relations) or m.table for m in view.metrics if m.table}
            self._views[key] = _Compiled(index, graph, homes, Names(index))
            while len(self._views) > KEPT_VIEWS:
                self._views.popitem(last=False)
        self._views.move_to_end(key)
        return self._views[key]

    def interpret(self, question: Question, view: View) -> Interpretation:
        """Readings of the question, best first, or why there is none."""
        refusal = by_form(question.text)
        if refusal is not None:
            return Interpretation("refused", (), 0.95, refusal=refusal)
        overlay = evidence.read(question.evidence, question.text)
        text = _LATIN.sub(lambda m: " " * len(m[0]), spelling.without_greeting(question.text))
        compiled = self.compiled(view)
        tokens, notes = spelling.read(tokenize(evidence.expand(text, overlay)), compiled.index)
        defined, combined = units_of(overlay, tokens, compiled.names, question.today)
        readings = _readings(
            tokens, combined, defined, question.today, overlay.wildcard, compiled, view, self._width
        )
        read = _decide(readings, tokens, view)
        noted = tuple(replace(c, assumptions=(*notes, *c.assumptions)) for c in read.candidates)
        return replace(read, candidates=noted) if notes else read


@dataclass(frozen=True, slots=True)
class _Scored:
    reading: Reading
    features: dict[str, float]
    unknown: tuple[str, ...]


def _readings(
    tokens: list[Token], combined: list[Token], defined: list[Unit], today: dt.date,
    wildcard: bool, compiled: _Compiled, view: View, width: int,
) -> list[_Scored]:  # fmt: skip
    linker = Linker(compiled.index, tokens)
    found: dict[str, _Scored] = {}
    best_gain: float | None = None
    lower = [t.lower for t in combined]
    for rank, (units, gain) in enumerate(covers(linker, today, tokens, defined, width)):
        best_gain = gain if best_gain is None else best_gain
        sketch = assemble(units)
        for assignment in resolve(sketch, view, compiled.graph, lower, width):
            made = _plan(sketch, assignment, combined, today, wildcard, compiled, view, units)
            if made is None:
                continue
            made.features["gain"] = gain - best_gain
            made.features["cover"] = float(rank)
            score = ranking.score(made.features)
            key = repr(made.reading.plan)
            if key not in found or score > found[key].reading.score:
                found[key] = _with_score(made, score)
    ordered = sorted(found.values(), key=lambda s: -s.reading.score)
    return ordered[: MAX_READINGS * width]


def _with_score(scored: _Scored, score: float) -> _Scored:
    reading = scored.reading
    kept = Reading(
        reading.plan, round(score, 4), reading.links, reading.assumptions,
        tuple(sorted(scored.features.items())),
    )  # fmt: skip
    return _Scored(kept, scored.features, scored.unknown)


def _plan(
    sketch: Sketch, assignment: Assignment, tokens: list[Token], today: dt.date, wildcard: bool,
    compiled: _Compiled, view: View, units: tuple[Unit, ...],
) -> _Scored | None:  # fmt: skip
    words = tuple(t.text for t in tokens)
    lemmas = tuple(t.lemma for t in tokens)
    try:
        home = home_table(sketch, assignment.chosen, compiled.metrics, compiled.graph)
        named = assignment.tables | _of_metrics(assignment, view)
        scope = Scope(view, compiled.graph, home, mentioned=named, words=frozenset(lemmas))
        ctx = Context(assignment.chosen, scope, compiled.index, words, lemmas, today, wildcard)
        plan = build(sketch, ctx)
        heed(plan, units, ctx)
        check(plan, view)
    except (Unbuildable, NoPath, DataMindError):
        return None
    unknown, narrowing = _unexplained(ctx, units, tokens)
    valued = {c.table for c in assignment.chosen.values() if c.kind == "value"}
    dropped = [m for m in mentions_of(sketch) if m not in assignment.chosen]
    features = {
        "links": assignment.cost,
        "joins": scope.cost,
        "penalty": ctx.penalty,
        "unknown": float(sum(not t.is_proper and not is_participle(t) for t in unknown)),
        "verbs": float(sum(not t.is_proper and is_participle(t) for t in unknown)),
        "proper": float(sum(t.is_proper for t in unknown)),
        "narrowing": float(narrowing),
        "dropped": float(len(dropped)),
        "relations": float(sum(j.table not in valued for j in scope.joins)),
        "unnamed": float(
            sum(j.table not in named and j.table not in compiled.graph.bridges for j in scope.joins)
        ),
        "unused": float(sketch.unused),
        **_link_features(assignment),
    }
    links = tuple(_link(m, c, tokens) for m, c in assignment.chosen.items())
    left = (*(t.text for t in unknown), *(" ".join(words[m.first : m.last]) for m in dropped))
    reading = Reading(plan, 0.0, links, tuple(dict.fromkeys(ctx.notes)))
    return _Scored(reading, features, left)


def _of_metrics(assignment: Assignment, view: View) -> frozenset[str]:
    """The tables that the metrics which are meant read."""
    metrics = [c.id for c in assignment.chosen.values() if c.kind == "metric"]
    return frozenset(t for name in metrics for t in view.metrics_by_name[name].relations)


def _link_features(assignment: Assignment) -> dict[str, float]:
    """How the meanings were found: the weakest link, and how many were no plain names."""
    found = list(assignment.chosen.values())
    sources = [c.source for c in found]
    return {
        "weakest": 1.0 - min((c.score for c in found), default=0.0),
        "synonyms": float(sources.count("synonym")),
        "guesses": float(
            sum(s in ("fuzzy", "description", "partial", "abbreviation") for s in sources)
        ),
        "texts": float(sum(c.kind == "text" for c in found)),
    }


def _link(mention: Mention, candidate: Candidate, tokens: list[Token]) -> Link:
    first, last = tokens[mention.first], tokens[mention.last - 1]
    text = " ".join(t.text for t in tokens[mention.first : mention.last])
    item = candidate.id if candidate.value is None else f"{candidate.id} = {candidate.value}"
    return Link(
        first.start, last.end, text, candidate.kind, item, candidate.source, candidate.score
    )


def _unexplained(
    ctx: Context, units: tuple[Unit, ...], tokens: list[Token]
) -> tuple[list[Token], int]:
    """Words that nothing was made of, and that no used column's description holds; and how many
    of them stand where a filter does, after a preposition."""
    known: set[str] = set()
    for column_id in ctx.used:
        known |= ctx.index.column_words.get(column_id, frozenset())
    for table_id in ctx.scope.aliases:
        known |= {stem(w) for w in ctx.index.table_words.get(table_id, frozenset())}
    out, narrowing, before = [], 0, ""
    for unit, after in zip_longest(units, units[1:]):
        code, before = before, unit.code
        if unit.code != "u":
            continue
        token = tokens[unit.first]
        if stem(token.lower) in known or token.lemma in known:
            continue
        out.append(token)
        narrows = after is not None and after.code in "cvA" and after.first == unit.last
        placed = code in "irfbg" and bool(code) and not is_participle(token)
        tells = is_participle(token) or (after is not None and after.code == "A")
        narrowing += placed or (narrows and tells)
    return out, narrowing


def _decide(readings: list[_Scored], tokens: list[Token], view: View) -> Interpretation:
    """Answer, ask back or refuse, by the calibrated confidence of the best reading."""
    if not readings:
        reason = "Nothing in this data matches the question."
        missing = tuple(t.text for t in tokens if t.is_proper)[:5]
        return Interpretation("refused", (), 0.9, refusal=Refusal("no_match", reason, missing))
    best = readings[0]
    margin = best.reading.score - readings[1].reading.score if len(readings) > 1 else 3.0
    probability = ranking.confidence(best.features, margin)
    threshold = ranking.calibration()
    candidates = tuple(s.reading for s in readings)
    told = round(probability, 4)
    missed = any(best.features[name] for name in ("unused", "narrowing", "dropped"))
    if probability >= threshold["answer"] and not missed:
        return Interpretation("answered", candidates, told, best.unknown)
    reason = "Not sure enough what is meant"
    if best.unknown:
        reason += f": nothing in this data explains {', '.join(best.unknown)}"
    refusal = Refusal("not_understood", f"{reason}.", best.unknown)
    vague = best.features["weakest"] > VAGUE
    if probability < threshold["clarify"] or best.unknown or vague:
        return Interpretation("refused", candidates, told, best.unknown, refusal=refusal)
    choices = _choices(candidates, view)
    return Interpretation("clarify", candidates, told, best.unknown, choices, refusal)


def _choices(candidates: Sequence[Reading], view: View) -> tuple[Choice, ...]:
    """The likeliest readings that say different things, in English."""
    found: dict[str, Choice] = {}
    for candidate in candidates[: 3 * CHOICES]:
        label = describe(candidate.plan, view)
        found.setdefault(label, Choice(label, candidate.plan))
    return tuple(found.values())[:CHOICES]
