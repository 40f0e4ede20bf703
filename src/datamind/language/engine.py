"""The engine: a question and a view become ranked plans, a question back, or a refusal."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from datamind.language import (
    apposition,
    carried,
    evidence,
    follow_up,
    gestures,
    ranking,
    reasons,
    rounding,
    vaguely,
    why,
)
from datamind.language import stance as stances
from datamind.language.assemble import assemble
from datamind.language.canonical import canonical
from datamind.language.dates import find_periods
from datamind.language.definitions import units_of
from datamind.language.evidence import Overlay
from datamind.language.fiscal import FiscalYear
from datamind.language.formulas import Names
from datamind.language.graph import Graph
from datamind.language.index import build as build_index
from datamind.language.lexer import covers
from datamind.language.linking import Linker
from datamind.language.readings import Built, Compiled, Scored, built, scored, with_score
from datamind.language.refusal import by_form
from datamind.language.resolve import resolve
from datamind.language.tokens import Token, tokenize
from datamind.language.units import UNREAD, Unit
from datamind.language.wording import tokens_of
from datamind.records import Candidate as Reading
from datamind.records import Choice, Interpretation, Question, Refusal, Turn
from datamind.semantics.catalog import View
from datamind.semantics.describe import describe

MAX_READINGS, KEPT_VIEWS, CHOICES = 20, 8, 3
BASES = 3  # ways to cut the earlier question that are tried
_NOT_SO_FAR = "This asks about a time that the data does not reach."
LONGEST = 160  # words and marks of a question; the time to read one grows with them
MOST_MISSING = 5
NO_MATCH = "Nothing in this data matches the question."
ACROSS = Refusal(
    "not_understood",
    "What this is to be cut by has nothing to do with it: both only belong to the same thing.",
)
TOO_LONG = Refusal("not_understood", f"A question has at most {LONGEST} words and marks.")
VAGUE = 0.5  # a word that links no better than this is not worth asking back about


class BuiltinPlanner:
    """The built-in language engine. Deterministic; it remembers the views that it compiled.

    `width` makes the search so many times as wide; `fiscal` is the fiscal year, where there is one.
    """

    def __init__(self, *, width: int = 1, fiscal: FiscalYear | None = None) -> None:
        self._width, self._fiscal = width, fiscal
        self._views: OrderedDict[tuple[str, str, int], Compiled] = OrderedDict()

    def compiled(self, view: View) -> Compiled:
        """The view's index and join graph, made once for each catalog version and fingerprint."""
        key = (view.catalog.version, view.fingerprint, id(view.catalog))
        if key not in self._views:
            graph, index = Graph(view), build_index(view)
            index.fiscal = self._fiscal
            homes = {m.name: graph.common(m.relations) or m.table for m in view.metrics if m.table}
            self._views[key] = Compiled(index, graph, homes, Names(index))
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
        question = replace(question, earlier=gestures.standing(question.earlier))
        if gestures.is_back(question.text):
            if len(question.earlier) < 2:
                return reasons.unplaced(tokenize(question.text), None)
            *before, again, _ = question.earlier
            question = replace(question, text=again.text, earlier=tuple(before))
        asked = why.heard(question.text)
        if asked is not None:
            return reasons.read(
                question, asked, compiled.graph, compiled.metrics,
                lambda figure: self._alone(figure, view, compiled),
            )  # fmt: skip
        question = replace(question, earlier=self._figures(question, view, compiled))
        if not question.earlier:
            return self._first(question, view, compiled)
        form = by_form(question.text)
        if form is not None and not gestures.of_what_is_shown(question.text):
            return self._alone(question, view, compiled)
        tokens, notes = tokens_of(question.text, compiled.index)
        stance = _stance(tokens, compiled, question.today, question.text)
        alone = None if stance.surely else self._plainly(question, view, compiled)
        if alone is not None and (alone.status == "answered" or not stance.leans):
            return alone
        together = self._together(question, tokens, notes, view, compiled)
        if together is not None and (together.status == "answered" or not stance.complete):
            return together
        if stance.surely and not stance.complete and (form is None or stance.widens):
            return reasons.unplaced(tokens, stance.at)
        return alone or self._alone(question, view, compiled)

    def _figures(self, question: Question, view: View, compiled: Compiled) -> tuple[Turn, ...]:
        """The earlier turns; of those that asked why, the figure that they were about."""
        turns: list[Turn] = []
        for turn in question.earlier:
            asked = why.heard(turn.text)
            if asked is None:
                turns.append(turn)
            elif asked.about:
                read = self._alone(replace(question, text=asked.about, earlier=()), view, compiled)
                if read.status == "answered":
                    plan = read.candidates[0].plan
                    turns.append(replace(turn, text=asked.about, plan=plan))
        return tuple(turns)

    def _first(self, question: Question, view: View, compiled: Compiled) -> Interpretation:
        """A question with none before it, which can't go on from one: `which of them are new?`"""
        if stances.may_lean(question.text) and not by_form(question.text):
            tokens, _ = tokens_of(question.text, compiled.index)
            stance = _stance(tokens, compiled, question.today, question.text)
            if stance.goes_on:
                return reasons.unplaced(tokens, stance.at)
        return self._plainly(question, view, compiled)

    def _plainly(self, question: Question, view: View, compiled: Compiled) -> Interpretation:
        """A question that stands alone; one that does not say what it goes by is asked back."""
        vague = vaguely.heard(question.text, view, question.today)
        read = None if vague and vague.surely else self._alone(question, view, compiled)
        if vague is None or (read is not None and read.status == "answered"):
            return read or self._alone(question, view, compiled)
        back = vaguely.asked_back(
            vague, lambda text: self._alone(replace(question, text=text), view, compiled), view
        )
        return back if back.choices or read is None else read

    def _alone(self, question: Question, view: View, compiled: Compiled) -> Interpretation:
        refusal = by_form(question.text)
        if refusal is not None:
            return Interpretation("refused", (), 0.95, refusal=refusal)
        if len(tokenize(question.text)) > LONGEST:
            return Interpretation("refused", (), 0.95, refusal=TOO_LONG)
        rounded = rounding.said(question.text)
        if rounded is not None:
            read = self._alone(replace(question, text=rounded.text), view, compiled)
            return rounding.applied(read, rounded.digits)
        spelt = apposition.spelt_out(question.text)
        if spelt is not None:
            read = self._read(replace(question, text=spelt), view, compiled)
            if read.status == "answered":
                return read
        told = apposition.explained(question.text)
        if told is not None:
            text, definitions = told
            known = f"{question.evidence}\n{definitions}".strip()
            read = self._read(replace(question, text=text, evidence=known), view, compiled)
            if read.status == "answered":
                return read
        return self._read(question, view, compiled)

    def _read(self, question: Question, view: View, compiled: Compiled) -> Interpretation:
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
        readings: list[Scored] = []
        for linker in linkers:
            readings = readings or _readings(
                linker, combined, defined, question.today, overlay, compiled, view, self._width,
            )  # fmt: skip
        read = (
            _decide(readings, view) if readings
            else _unmatched(covers(linkers[0], question.today, linkers[0].tokens, defined))
        )  # fmt: skip
        if read.status != "answered" and _lies_ahead(tokens, question.today, readings, compiled):
            return Interpretation("refused", (), 0.9, refusal=Refusal("future", _NOT_SO_FAR))
        return _noted(read, notes)

    def _together(
        self, question: Question, tokens: list[Token], notes: list[str], view: View,
        compiled: Compiled,
    ) -> Interpretation | None:  # fmt: skip
        """The readings of the question as a change of those before it; None where it is none."""
        turns, today = self._leading_up(question, view, compiled), question.today

        def cut(stretch: list[Token]) -> list[follow_up.Cut]:
            return covers(Linker(compiled.index, stretch), today, stretch)[:BASES]

        texts = [*(tokens_of(t.text, compiled.index)[0] for t in turns), tokens]
        plans = [t.plan for t in turns]
        said, changes = follow_up.said_since(texts, plans, compiled.index, cut)
        lower, base, last = [t.lower for t in said], cut(texts[0]), changes[-1]
        found: list[Scored] = []
        for rank, (units, gain) in enumerate(base):
            for change in follow_up.changed(assemble(units), changes, view):
                for assignment in resolve(change.sketch, view, compiled.graph, lower):
                    one = built(change.sketch, assignment, said, today, Overlay(), compiled, view)
                    made = scored(one, said, change.units, change.since) if one else None
                    if made is None:
                        continue
                    made.features.update(gain=gain - base[0][1] + change.less, cover=float(rank))
                    kept = carried.agreement(made.reading.plan, last.shown, view)
                    if kept == 1.0 or not last.asks:  # of the rows that were shown
                        found.append(with_score(made, ranking.score(made.features) + kept))
        found = [s for s in found if carried.keeps_things(last, s.reading.plan, view)]
        found = [s for s in found if carried.keeps_figures(last, s.reading.plan)] or found
        found.sort(key=lambda s: -s.reading.score)
        if not found or carried.says_nothing(last, found[0].reading.plan):
            return None
        here = (*notes, f"follows on from: {question.earlier[-1].text}")
        return _noted(_decide(found[:MAX_READINGS], view), here)

    def _leading_up(self, question: Question, view: View, compiled: Compiled) -> list[Turn]:
        """The last question that was read alone, and those that changed it since."""
        turns: list[Turn] = []
        for turn in reversed(question.earlier):
            turns.insert(0, turn)
            said = tokens_of(turn.text, compiled.index)[0]
            if not _stance(said, compiled, question.today, turn.text).leans:
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


def _stance(tokens: list[Token], compiled: Compiled, today: dt.date, text: str) -> stances.Stance:
    plain = stances.plain(tokens)
    stance = stances.stance(plain, covers(Linker(compiled.index, plain), today, plain)[0][0])
    meant = gestures.is_correction(text)
    return replace(stance, leans=True, surely=True, complete=False) if meant else stance


def _readings(
    linker: Linker, combined: list[Token], defined: list[Unit], today: dt.date,
    overlay: Overlay, compiled: Compiled, view: View, width: int,
) -> list[Scored]:  # fmt: skip
    found: dict[str, Scored] = {}
    plans: dict[str, list[Built]] = {}  # by sketch: many covers come to the same
    best_gain: float | None = None
    lower = [t.lower for t in combined]
    for rank, (units, gain) in enumerate(covers(linker, today, linker.tokens, defined, width)):
        best_gain = gain if best_gain is None else best_gain
        sketch = assemble(units)
        drawn = repr(sketch)
        if drawn not in plans:
            plans[drawn] = [
                one for assignment in resolve(sketch, view, compiled.graph, lower, width)
                if (one := built(sketch, assignment, combined, today, overlay, compiled, view))
            ]  # fmt: skip
        for one in plans[drawn]:
            made = scored(one, combined, units)
            if made is None:
                continue
            made.features["gain"] = gain - best_gain
            made.features["cover"] = float(rank)
            score = ranking.score(made.features)
            key = canonical(made.reading.plan)
            if key not in found or score > found[key].reading.score:
                found[key] = with_score(made, score)
    ordered = sorted(found.values(), key=lambda s: -s.reading.score)
    return ordered[: MAX_READINGS * width]


def _lies_ahead(
    tokens: list[Token], today: dt.date, readings: list[Scored], compiled: Compiled
) -> bool:
    """Whether a period that is yet to come is what can't be read."""
    unknown = set(readings[0].unknown) if readings else {t.text for t in tokens}
    return any(
        f.period.low is not None and f.period.low > today
        and unknown & {t.text for t in tokens[f.first : f.last]}
        for f in find_periods(tokens, today, compiled.index.fiscal)
    )  # fmt: skip


def _unmatched(found: Sequence[tuple[tuple[Unit, ...], float]]) -> Interpretation:
    """The refusal of what can't be read at all: the words that nothing explains are named."""
    units = found[0][0] if found else ()
    missing = tuple(dict.fromkeys(str(u.payload) for u in units if u.code == "u"))[:MOST_MISSING]
    reason = f"Nothing in this data explains {', '.join(missing)}." if missing else NO_MATCH
    return Interpretation("refused", (), 0.9, missing, refusal=Refusal("no_match", reason, missing))


def _decide(readings: list[Scored], view: View) -> Interpretation:
    """Answer, ask back or refuse, by the calibrated confidence of the best of the readings."""
    best = readings[0]
    margin = best.reading.score - readings[1].reading.score if len(readings) > 1 else 3.0
    probability = ranking.confidence(best.features, margin)
    threshold = ranking.calibration()
    candidates = tuple(s.reading for s in readings)
    told = round(probability, 4)
    if best.features["across"]:
        return Interpretation("refused", candidates, told, best.unknown, refusal=ACROSS)
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
