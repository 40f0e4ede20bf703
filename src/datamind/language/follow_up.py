"""Follow-ups: `and for Texas?`, `by month instead`, `only the top 5`, as edits of what was asked.

The sketch of the earlier question is changed where the new words say something else in its place,
and built anew; nothing that was asked before is guessed from its SQL.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from datamind.language import gestures
from datamind.language.anaphora import (
    OWNERS,
    SUBJECTS,
    elided,
    keys_shown,
    of_them,
    pronoun,
    referring,
    spelt_out,
    thing,
)
from datamind.language.assemble import assemble
from datamind.language.calendar import move
from datamind.language.edits import ADDING, JOINING, edited
from datamind.language.index import Index
from datamind.language.sketch import Sketch
from datamind.language.stance import ASKING, QUESTIONS, best_of, is_bare, plain, refers
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import View

_OPEN = QUESTIONS - {"which", "what"}
_ALL_SAID = frozenset(
    """me all the are there please those these them it they one ones in total how many of
    just""".split()
)
_STOP = Token(".", ".", ".", "mark", 0, 0)

Cut = tuple[tuple[Unit, ...], float]


@dataclass(frozen=True, slots=True)
class Change:
    """What was said after a question: its tokens, the ways to cut them into units with their
    gains, best first, where they stand in all that was said, the plan that answered what came
    before, and the pronoun for what that showed, with its place. `asks` says that it asks something
    new of what the pronoun stands for, `counts` that it counts some of them (`how many are late?`):
    a second such count is of the same."""

    tokens: Sequence[Token]
    cuts: Sequence[Cut]
    start: int
    shown: P.Query
    pronoun: str = ""
    at: int = 0
    asks: bool = False
    counts: bool = False

    def moved(self, units: Sequence[Unit]) -> tuple[Unit, ...]:
        """The units at their places in all that was said, without words that only join."""
        return tuple(
            replace(u, first=u.first + self.start, last=u.last + self.start)
            for u in units
            if u.payload not in JOINING
        )


def change(
    text: Sequence[Token], start: int, shown: P.Query, index: Index,
    cut: Callable[[list[Token]], list[Cut]],
) -> Change:  # fmt: skip
    """What the text says after an answer, its pronoun spelt out where that helps."""
    tokens = plain(text)
    cuts = cut(tokens)
    words = [t.lower for t in tokens if t.kind != "mark"]
    if refers(words, cuts[0][0]):
        return Change(tokens, cuts, start, shown, "the", asks=True)
    place = elided(tokens, cuts[0][0])
    if place is not None:
        tokens = of_them(tokens, place)
        cuts = cut(tokens)
    at = pronoun(tokens, cuts[0][0]) if place is None else place + 1
    if at is None:
        return Change(tokens, cuts, start, shown)
    said, asks = tokens[at].lower, False
    if said != "that" and _more_told(tokens) and not is_bare(cuts[0][0]):
        tokens = spelt_out(tokens, at, shown, index)
        cuts = cut(tokens)
        asks = not ADDING & {t.lower for t in tokens} and bool(assemble(cuts[0][0]).outputs)
    return Change(tokens, cuts, start, shown, said, at, asks, place is not None)


def said_since(
    texts: Sequence[list[Token]], plans: Sequence[P.Query], index: Index,
    cut: Callable[[list[Token]], list[Cut]],
) -> tuple[list[Token], list[Change]]:  # fmt: skip
    """All that was said, a mark between two, and the changes of the first text in it. Of what a
    pronoun stands for only the rows count, not the words that asked for them."""
    said, changes = list(texts[0]), list[Change]()
    for text, plan in zip(texts[1:], plans, strict=True):
        said.append(_STOP)
        changes.append(change(text, len(said), plan, index, cut))
        said.extend(changes[-1].tokens)
    fresh = max((c.start for c in changes if c.asks), default=0)
    return [*[_STOP] * fresh, *said[fresh:]], changes


def _more_told(tokens: Sequence[Token]) -> bool:
    """Whether the words ask for something of what a pronoun stands for."""
    words = {t.lower for t in tokens}
    told = words - _ALL_SAID - ASKING - {",", "and"}
    return "where" in words or bool(words & ASKING and told)


@dataclass(frozen=True, slots=True)
class Changed:
    """A sketch after all changes, the units that its plan has to explain, how much less they gain
    than the best, and where what it has to heed begins: a gesture is done, and asks no more."""

    sketch: Sketch
    units: tuple[Unit, ...]
    less: float
    since: int


def changed(sketch: Sketch, changes: Sequence[Change], view: View) -> Iterator[Changed]:
    """The sketch after all changes, the last of them by each way to cut it; nothing where one says
    what can't be placed."""
    whole, counted = sketch, False
    for change in changes[:-1]:
        whole, counted = (whole if counted and change.counts else sketch), change.counts
        tries = (
            _gestured(whole, change, units) or _changed(whole, change, units, view)
            for units, _ in change.cuts
        )
        made = next((m for m in tries if m), None)
        if made is None:
            return
        sketch = made
    last = changes[-1]
    sketch = whole if counted and last.counts else sketch
    for units, gain in last.cuts:
        less = gain - last.cuts[0][1]
        made = _gestured(sketch, last, units)
        if made is not None:
            yield Changed(made, (), less, last.start + len(last.tokens))
            continue
        made = _changed(sketch, last, units, view)
        if made is not None:
            yield Changed(made, last.moved(units), less, last.start)


def _gestured(sketch: Sketch, change: Change, units: Sequence[Unit]) -> Sketch | None:
    """The sketch with the gesture that all words are done to it."""
    gesture = gestures.heard([t.lower for t in change.tokens])
    if gesture is None or gesture.read:
        return None
    made = copy.deepcopy(sketch)
    return made if gestures.made(made, gesture, change.moved(units)) else None


def _changed(sketch: Sketch, change: Change, units: Sequence[Unit], view: View) -> Sketch | None:
    words = [t.lower for t in change.tokens]
    gesture = gestures.heard(words)
    if any(_misheard(u, change.tokens) for u in units) or (gesture and not gesture.read_else):
        return None
    if words[0] in ("by", "per") and not {u.code for u in units} & {K.BY, K.GROUP}:
        return None
    moved = change.moved(units)
    if change.pronoun in SUBJECTS and QUESTIONS & set(words) and thing(change.shown, view) is None:
        return None  # `which of them are urgent` of a sum
    if change.asks:
        asked, at = assemble(moved), change.start + change.at
        known = referring(asked, sketch, change.shown, view, change.pronoun, at)
        return asked if known else None
    wanted = {"count", "list", "show", "name"} & set(words)
    if change.pronoun and wanted and not (is_bare(units) or _more_told(change.tokens)):
        return None  # `count them`: no column is meant
    if change.pronoun and not is_bare(units) and _OPEN & set(words):
        return None  # `how were they paid`: something new, that was not understood
    if change.pronoun == "that":
        return None
    if change.pronoun in ("one", "ones") and not keys_shown(change.shown, view):
        return None
    made = copy.deepcopy(sketch)
    said = ["and", *words] if change.pronoun in OWNERS else words  # `their refunds`, too
    pairs = any(c.kind == "any" for c in made.conds)
    if pairs and _BEFORE.search(" ".join(words)) and not _COMPARED & set(words):
        return None  # the month before which of the two?
    if not (_moved(made, words) or edited(made, moved, said, view)):
        return None
    unsorted = gesture is not None and gesture.done == "sorted" and not (made.order or made.ranks)
    return None if unsorted else made


def _misheard(unit: Unit, tokens: Sequence[Token]) -> bool:
    """A name that the data does not hold, taken for a column that is spelt a little like it."""
    if unit.code != "c" or not tokens[unit.first].is_proper or unit.first == 0:
        return False
    best = best_of(unit)
    return best is not None and best.source in ("fuzzy", "abbreviation", "partial")


_BEFORE = re.compile(
    r"\b(?:(?:the )?(?P<grain>day|week|month|quarter|year) (?:before|earlier|prior)(?: that)?"
    r"|the (?:previous|preceding|prior) (?P<other>day|week|month|quarter|year)"
    r"|the same (?:time|period|day|week|month|quarter|half) (?:of )?(?:the )?(?:last|previous) year"
    r"|(?:a|one) year (?:ago|back))\b"
)


_COMPARED = frozenset({"compared", "compare", "versus", "vs", "against", "than"})


def _moved(sketch: Sketch, words: Sequence[str]) -> bool:
    """`and the month before?`: the period of before, moved back."""
    said = " ".join(words)
    found = None if _COMPARED & set(said.split()) else _BEFORE.search(said)
    places = [n for n, c in enumerate(sketch.conds) if c.kind == "period" and c.period]
    if found is None or len(places) != 1:
        return False
    cond, grain = sketch.conds[places[0]], found["grain"] or found["other"] or "year"
    period = cond.period
    if period is None or period.low is None or period.high is None:
        return False
    back = replace(
        period, low=move(period.low, grain, -1), high=move(period.high, grain, -1), year=None
    )
    sketch.conds[places[0]] = replace(cond, period=back)
    return True
