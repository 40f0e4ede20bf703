"""The engine: a question and a view become ranked plans, a question back, or a refusal."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from datamind.errors import DataMindError
from datamind.language import apposition, evidence, follow_up, ranking, reasons, why
from datamind.language.assemble import assemble
from datamind.language.build import build
from datamind.language.candidates import Candidate
from datamind.language.canonical import canonical
from datamind.language.context import Context, Unbuildable
from datamind.language.dates import find_periods
from datamind.language.definitions import units_of
from datamind.language.evidence import Overlay
from datamind.language.formulas import Names
from datamind.language.graph import Graph
from datamind.language.heeded import heed
from datamind.language.homes import home_table, per_unrelated
from datamind.language.index import Index
from datamind.language.index import build as build_index
from datamind.language.kinds import is_party
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.reach import reached_back
from datamind.language.refusal import by_form
from datamind.language.resolve import Assignment, mentions_of, resolve
from datamind.language.roles import link_of
from datamind.language.scope import NoPath, Scope
from datamind.language.sketch import Mention, Sketch
from datamind.language.tokens import Token, is_participle, stem, tokenize
from datamind.language.units import UNREAD, Unit
from datamind.language.wording import tokens_of
from datamind.records import Candidate as Reading
from datamind.records import Choice, Interpretation, Link, Question, Refusal, Turn
from datamind.semantics.catalog import View
from datamind.semantics.check import check
from datamind.semantics.describe import describe

MAX_READINGS, KEPT_VIEWS, CHOICES = 20, 8, 3
BASES = 3  # ways to cut the earlier question that are tried
# Verbs of people's lives that need a date of their own: `born in 1980` is by no other.
_LIVES = frozenset({"born", "died", "hired", "married", "retired", "founded"})
# What became of things: never true of all of them.
_STATES = frozenset(
    """failed passed succeeded declined rejected approved refused expired unpaid overdue late
    blocked lost won""".split()
)
_NOT_SO_FAR = "This asks about a time that the data does not reach."
LONGEST = 160  # words and marks of a question; the time to read one grows with them
TOO_LONG = Refusal("not_understood", f"A question has at most {LONGEST} words and marks.")
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
        """Readings of the question, best first, or why there is none.

        What leans on the turn before (`and for Texas?`) is read as a change of that; `why?` asks
        what is behind it.
        """
        compiled = self.compiled(view)
        asked = why.heard(question.text)
        if asked is not None:
            return reasons.read(
                question, asked, compiled.graph, compiled.metrics,
                lambda figure: self._alone(figure, view, compiled),
            )  # fmt: skip
        question = replace(question, earlier=why.without(question.earlier))
        if not question.earlier or (by_form(question.text) and not follow_up.adds(question.text)):
            return self._alone(question, view, compiled)
        tokens, notes = tokens_of(question.text, compiled.index)
        stance = _stance(tokens, compiled, question.today)
        alone = None if stance.surely else self._alone(question, view, compiled)
        if alone is not None and (alone.status == "answered" or not stance.leans):
            return alone
        together = self._together(question, tokens, notes, view, compiled)
        if together is not None and (together.status == "answered" or not stance.complete):
            return together
        if stance.surely and not stance.complete:
            return reasons.unplaced(tokens, stance.at)
        return alone or self._alone(question, view, compiled)

    def _alone(self, question: Question, view: View, compiled: _Compiled) -> Interpretation:
        refusal = by_form(question.text)
        if refusal is not None:
            return Interpretation("refused", (), 0.95, refusal=refusal)
        if len(tokenize(question.text)) > LONGEST:
            return Interpretation("refused", (), 0.95, refusal=TOO_LONG)
        told = apposition.explained(question.text)
        if told is not None:
            text, definitions = told
            known = f"{question.evidence}\n{definitions}".strip()
            read = self._read(replace(question, text=text, evidence=known), view, compiled)
            if read.status == "answered":
                return read
        return self._read(question, view, compiled)

    def _read(self, question: Question, view: View, compiled: _Compiled) -> Interpretation:
        """The readings of a question that stands alone and that data may answer."""
        overlay = evidence.read(question.evidence, question.text)
        tokens, notes = tokens_of(evidence.expand(question.text, overlay), compiled.index)
        defined, combined = units_of(overlay, tokens, compiled.names, question.today)
        unread = tuple(str(u.payload) for u in defined if u.code == UNREAD)
        if unread:  # to take its words for others would be another figure
            return reasons.unread(unread)
        linkers = [Linker(compiled.index, tokens)]
        if compiled.metrics:  # `list the cancelled orders` wants no metric of that name
            linkers.append(Linker(compiled.index, tokens, metrics=False))
        readings: list[_Scored] = []
        for linker in linkers:
            readings = readings or _readings(
                linker, combined, defined, question.today, overlay, compiled, view, self._width,
            )  # fmt: skip
        if not readings and any(f.period.low and f.period.low > question.today for f in
                                find_periods(tokens, question.today)):  # fmt: skip
            return Interpretation("refused", (), 0.9, refusal=Refusal("future", _NOT_SO_FAR))
        return _noted(_decide(readings, tokens, view), notes)

    def _together(
        self, question: Question, tokens: list[Token], notes: list[str], view: View,
        compiled: _Compiled,
    ) -> Interpretation | None:  # fmt: skip
        """The readings of the question as a change of those before it; None where it is none."""
        turns, today = self._leading_up(question, view, compiled), question.today

        def cut(stretch: list[Token]) -> list[follow_up.Cut]:
            return covers(Linker(compiled.index, stretch), today, stretch)[:BASES]

        texts = [*(tokens_of(t.text, compiled.index)[0] for t in turns), tokens]
        plans = [t.plan for t in turns]
        said, changes = follow_up.said_since(texts, plans, compiled.index, cut)
        lower, base, last = [t.lower for t in said], cut(texts[0]), changes[-1]
        found: list[_Scored] = []
        for rank, (units, gain) in enumerate(base):
            for sketch, now, less in follow_up.changed(assemble(units), changes, view):
                for assignment in resolve(sketch, view, compiled.graph, lower):
                    made = _plan(
                        sketch, assignment, said, today, Overlay(), compiled, view, now, last.start
                    )
                    if made is None:
                        continue
                    made.features.update(gain=gain - base[0][1] + less, cover=float(rank))
                    kept = follow_up.agreement(made.reading.plan, last.shown)
                    if kept == 1.0 or not last.asks:  # of the rows that were shown
                        found.append(_with_score(made, ranking.score(made.features) + kept))
        if not found:
            return None
        found.sort(key=lambda s: -s.reading.score)
        here = (*notes, f"follows on from: {question.earlier[-1].text}")
        return _noted(_decide(found[:MAX_READINGS], tokens, view), here)

    def _leading_up(self, question: Question, view: View, compiled: _Compiled) -> list[Turn]:
        """The last question that was read alone, and those that changed it since."""
        turns: list[Turn] = []
        for turn in reversed(question.earlier):
            turns.insert(0, turn)
            if not _stance(tokens_of(turn.text, compiled.index)[0], compiled, question.today).leans:
                break
            alone = self._alone(replace(question, text=turn.text, earlier=()), view, compiled)
            if alone.status == "answered" and canonical(alone.candidates[0].plan) == canonical(
                turn.plan
            ):
                break
        return turns


def _noted(read: Interpretation, notes: Sequence[str]) -> Interpretation:
    noted = tuple(replace(c, assumptions=(*notes, *c.assumptions)) for c in read.candidates)
    return replace(read, candidates=noted) if notes else read


def _stance(tokens: list[Token], compiled: _Compiled, today: dt.date) -> follow_up.Stance:
    plain = follow_up.plain(tokens)
    return follow_up.stance(plain, covers(Linker(compiled.index, plain), today, plain)[0][0])


@dataclass(frozen=True, slots=True)
class _Scored:
    reading: Reading
    features: dict[str, float]
    unknown: tuple[str, ...]


def _readings(
    linker: Linker, combined: list[Token], defined: list[Unit], today: dt.date,
    overlay: Overlay, compiled: _Compiled, view: View, width: int,
) -> list[_Scored]:  # fmt: skip
    found: dict[str, _Scored] = {}
    best_gain: float | None = None
    lower = [t.lower for t in combined]
    for rank, (units, gain) in enumerate(covers(linker, today, linker.tokens, defined, width)):
        best_gain = gain if best_gain is None else best_gain
        sketch = assemble(units)
        for assignment in resolve(sketch, view, compiled.graph, lower, width):
            made = _plan(sketch, assignment, combined, today, overlay, compiled, view, units)
            if made is None:
                continue
            made.features["gain"] = gain - best_gain
            made.features["cover"] = float(rank)
            score = ranking.score(made.features)
            key = canonical(made.reading.plan)
            if key not in found or score > found[key].reading.score:
                found[key] = _with_score(made, score)
    ordered = sorted(found.values(), key=lambda s: -s.reading.score)
    return ordered[: MAX_READINGS * width]


def _with_score(scored: _Scored, score: float) -> _Scored:
    features = tuple(sorted(scored.features.items()))
    kept = replace(scored.reading, score=round(score, 4), features=features)
    return _Scored(kept, scored.features, scored.unknown)


def _plan(
    sketch: Sketch, assignment: Assignment, tokens: list[Token], today: dt.date, overlay: Overlay,
    compiled: _Compiled, view: View, units: tuple[Unit, ...], since: int = 0,
) -> _Scored | None:  # fmt: skip
    """The plan of a sketch with its meanings, and what is known of it. `since` is the place of the
    first token that was said now, not earlier in the conversation."""
    words = tuple(t.text for t in tokens)
    lemmas = tuple(t.lemma for t in tokens)
    try:
        chosen = dict(assignment.chosen)
        sketch = per_unrelated(sketch, chosen, compiled.metrics, compiled.graph)
        home = home_table(sketch, chosen, compiled.metrics, compiled.graph)
        playing = _playing(assignment, compiled.graph)
        known = playing | compiled.graph.calendars
        named = assignment.tables | _of_metrics(assignment, view) | known
        scope = Scope(view, compiled.graph, home, mentioned=named, words=frozenset(lemmas))
        ctx = Context(chosen, scope, compiled.index, words, lemmas, today, overlay)
        plan = reached_back(build(sketch, ctx))
        heed(plan, units, ctx)
        check(plan, view)
    except (Unbuildable, NoPath, DataMindError):
        return None
    unknown, narrowing = _unexplained(ctx, units, tokens)
    valued = {c.table for c in assignment.chosen.values() if c.kind == "value"} | playing
    dropped = [m for m in mentions_of(sketch) if m not in assignment.chosen]
    features = {
        "links": assignment.cost,
        "joins": scope.cost,
        "penalty": ctx.penalty,
        "idle": float(ctx.idle),
        "unknown": float(sum(not t.is_proper and not is_participle(t) for t in unknown)),
        "verbs": float(sum(not t.is_proper and is_participle(t) for t in unknown)),
        "proper": float(sum(t.is_proper for t in unknown)),
        "narrowing": float(narrowing),
        "dropped": float(len(dropped)),
        "relations": float(sum(j.table not in valued for j in scope.joins)),
        "unnamed": float(
            sum(j.table not in named | scope.forced | compiled.graph.bridges for j in scope.joins)
        ),
        "unused": float(sketch.unused),
        **_link_features(assignment),
    }
    links = tuple(_link(m, c, tokens) for m, c in assignment.chosen.items() if m.first >= since)
    left = (*(t.text for t in unknown), *(" ".join(words[m.first : m.last]) for m in dropped))
    reading = Reading(plan, 0.0, links, tuple(dict.fromkeys(ctx.notes)))
    return _Scored(reading, features, left)


def _of_metrics(assignment: Assignment, view: View) -> frozenset[str]:
    """The tables that the metrics which are meant read."""
    metrics = [c.id for c in assignment.chosen.values() if c.kind == "metric"]
    return frozenset(t for name in metrics for t in view.metrics_by_name[name].relations)


def _playing(assignment: Assignment, graph: Graph) -> frozenset[str]:
    """The tables that roles which are meant go through: who plays them, and in what."""
    links = {link_of(c, assignment.tables, graph) for c in assignment.chosen.values()} - {None}
    people = {
        r.to_table for r in graph.view.relationships
        if r.table in links and is_party(graph.view.table(r.to_table))
    }  # fmt: skip
    return frozenset({t for t in links if t} | people)


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
    # A paraphrase may have changed the order of the words.
    said = tokens[mention.first : max(mention.last, mention.first + 1)]
    text = " ".join(t.text for t in said)
    item = candidate.id if candidate.value is None else f"{candidate.id} = {candidate.value}"
    return Link(
        min(t.start for t in said), max(t.end for t in said), text, candidate.kind, item,
        candidate.source, candidate.score,
    )  # fmt: skip


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
        placed = code in "irfbgM" and bool(code) and not is_participle(token)
        tells = is_participle(token) or (after is not None and after.code == "A")
        dated = token.lower in _LIVES and after is not None and after.code in "id"
        stated = token.lower in _STATES
        narrowing += placed or (narrows and tells) or dated or stated
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
