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
    keys_shown,
    pronoun,
    referring,
    spelt_out,
    thing,
)
from datamind.language.assemble import assemble
from datamind.language.calendar import move
from datamind.language.candidates import Candidate
from datamind.language.edits import ADDING, JOINING, edited
from datamind.language.index import Index
from datamind.language.sketch import Sketch
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, View

MOST_WORDS, _FEW, _SHORT = 12, 4, 8
# What a change begins with; the sure ones begin nothing else.
_LEADS = (
    ("then",), ("or",), ("top",), ("last",), ("this",), ("now",), ("show",),
    ("the", "same"), ("more", "than"), ("less", "than"), ("order",),
)  # fmt: skip
_SURE_LEADS = (
    ("and",), ("what", "about"), ("how", "about"), ("only",), ("just",), ("instead",), ("same",),
    ("but",), ("also",), ("not",), ("i", "meant"), ("i", "mean"), ("rather",), ("make", "it"),
    ("change",), ("now", "by"), ("now", "for"), ("then", "by"),
)  # fmt: skip
_PARTING = frozenset({"by", "per", "split", "grouped", "broken"})  # no question begins with them
# A question that begins so goes on with what it asks; without that it is a change.
_FRAGMENTS = frozenset(
    """for in with without excluding exclude except as at on from since during sorted sort ordered
    compared compare versus vs above below over under before after cumulative cumulatively bottom
    within until including include""".split()
)
_ASKING = frozenset(
    """how what which who whose where when why list show give count is are was were did does do tell
    find name number""".split()
)
_QUESTIONS = frozenset("how what which who whose where when why".split())
_OPEN = _QUESTIONS - {"which", "what"}
_ALL_SAID = frozenset(
    """me all the are there please those these them it they one ones in total how many of
    just""".split()
)
_ARRANGED = frozenset({"sorted", "ordered", "compared"})
_JOINS = frozenset({"and", "but", "also"})
_OPENING = frozenset({"and", "but", "also", "so", "then", "now"})
_ASSENT = frozenset({"yes", "yep", "ok", "okay", "right", "thanks", "great", "please"})
_STOP = Token(".", ".", ".", "mark", 0, 0)


@dataclass(frozen=True, slots=True)
class Stance:
    """How the words stand to what was asked before: whether they can be a change of it, whether
    they can hardly be anything else, and whether they ask for something of their own. `goes_on`
    says that they mean nothing without what was asked before. `at` is the place of a pronoun that
    nothing in them explains, `widens` that they take a condition away."""

    leans: bool = False
    surely: bool = False
    complete: bool = True
    goes_on: bool = False
    at: int | None = None
    widens: bool = False


_MAY_LEAN = re.compile(
    r"^\W*(?:and|but|also|by|per|split|grouped|broken|sorted|ordered|compared|(?:what|how) about)\b"
    r"|\b(?:instead|they|them|their|its?|those|these|he|she|his|her)\b|\b(?:that|ones?)\W*$"
    r"|^\W*(?:is|are|was|were) that\b",
    re.IGNORECASE,
)


def may_lean(text: str) -> bool:
    """Whether a first question is worth a look for what it would go on from."""
    return _MAY_LEAN.search(text) is not None


def plain(tokens: Sequence[Token]) -> list[Token]:
    """Without `yes,` and `please`; of `not by channel but by status`, what is wanted."""
    kept = list(tokens)
    while kept and (
        kept[0].lower in _ASSENT or (kept[0].kind == "mark" and len(kept) < len(tokens))
    ):
        kept.pop(0)
    words = [t.lower for t in kept]
    if words[:2] == ["no", ","]:
        kept, words = kept[2:], words[2:]
    while kept and (kept[-1].lower in ("please", "thanks") or kept[-1].lower in "?!."):
        kept, words = kept[:-1], words[:-1]
    if words[:1] == ["not"] and "but" in words:
        return gestures.plainly(kept[words.index("but") + 1 :])
    for at in range(1, len(words)):
        if words[at : at + 2] in (["instead", "of"], ["rather", "than"]):
            return gestures.plainly(kept[:at])
        if words[0] in _PARTING and words[at - 1 : at + 1] == [",", "not"]:
            return gestures.plainly(kept[: at - 1])
    return gestures.plainly(kept or list(tokens))


def stance(tokens: Sequence[Token], units: Sequence[Unit]) -> Stance:
    """How the words stand to what was asked before."""
    words = tuple(t.lower for t in tokens if t.kind != "mark")
    if not words:
        return Stance()
    gesture = gestures.heard(words)
    if gesture is not None:
        widens = gesture.done == "unlimited"
        return Stance(True, True, gesture.alone, not gesture.alone, widens=widens)
    at = pronoun(tokens, units)
    short = len(words) <= MOST_WORDS
    asks = bool(_QUESTIONS & set(words))
    lead = next((p for p in _SURE_LEADS if words[: len(p)] == p), None)
    fragment = words[0] in _FRAGMENTS and len(words) <= _SHORT
    fragment = fragment and (not asks or (words[1] in ("which", "what") and len(words) <= _FEW))
    fragment = fragment and not any(map(_is_figure, units[1:]))
    parts = words[0] in _PARTING and len(words) <= _FEW
    told = len(words) <= _FEW - 1 and _tells_a_figure(units)
    bare = _bare(units) or _bare_most(units)
    told = told or (words[-1] == "ones" and len(words) <= _FEW and not asks)
    changing = told or "instead" in words or lead is not None or fragment or parts
    surely = at is not None or bare or (short and changing)
    rest = words[1:] if words[0] in _OPENING else words
    asking = len(rest) > _FEW - 1 and rest[0] in _ASKING and rest[1] != "about"
    complete = at is None and not bare and asking
    leans = surely or (
        (short and (len(words) <= _FEW - 1 or any(words[: len(p)] == p for p in _LEADS)))
        or (words[0] in _PARTING | _FRAGMENTS and short)
    )
    ordered = short and not asks and words[0] in _ARRANGED
    joins = words[0] in _JOINS or words[1:2] == ("about",) or "instead" in words
    goes_on = at is not None or (short and joins and not complete) or parts or ordered
    return Stance(leans, surely, complete, goes_on, at)


def _bare_most(units: Sequence[Unit]) -> bool:
    """`which has the most?`: of what there was, with no name of its own."""
    codes = "".join(u.code for u in units)
    return bool(re.fullmatch(r"&?q[qrifn=]*S[qrifn]*", codes))


def _tells_a_figure(units: Sequence[Unit]) -> bool:
    """`total refund`, `loss rate`: one figure, of nothing that is said."""
    codes = "".join(u.code for u in units)
    return codes == "M" or (codes in ("c", "Ac") and _is_figure(units[-1]))


def _is_figure(unit: Unit) -> bool:
    best = _best(unit) if unit.code == "c" else None
    return best is not None and (best.kind == "metric" or best.type in NUMERIC)


def _best(unit: Unit) -> Candidate | None:
    """The likeliest meaning of a unit that names something."""
    payload = unit.payload
    first = payload[0] if isinstance(payload, tuple) and payload else None
    return first if isinstance(first, Candidate) else None


def _bare(units: Sequence[Unit]) -> bool:
    """`how many are there?`, `list them`: of what was asked, with nothing more said."""
    codes = {u.code for u in units}
    if any(u.payload in ("where", "when") for u in units):
        return False
    return bool(codes & {K.ASK, K.COUNT}) and codes <= {K.ASK, K.COUNT, K.OF, K.IN, K.AND, K.COMMA}


Cut = tuple[tuple[Unit, ...], float]


@dataclass(frozen=True, slots=True)
class Change:
    """What was said after a question: its tokens, the ways to cut them into units with their
    gains, best first, where they stand in all that was said, the plan that answered what came
    before, and the pronoun for what that showed, with its place. `asks` says that it asks something
    new of what the pronoun stands for."""

    tokens: Sequence[Token]
    cuts: Sequence[Cut]
    start: int
    shown: P.Query
    pronoun: str = ""
    at: int = 0
    asks: bool = False

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
    at = pronoun(tokens, cuts[0][0])
    if at is None:
        return Change(tokens, cuts, start, shown)
    said, asks = tokens[at].lower, False
    if said != "that" and _more_told(tokens) and not _bare(cuts[0][0]):
        tokens = spelt_out(tokens, at, shown, index)
        cuts = cut(tokens)
        asks = not ADDING & {t.lower for t in tokens} and bool(assemble(cuts[0][0]).outputs)
    return Change(tokens, cuts, start, shown, said, at, asks)


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
    told = words - _ALL_SAID - _ASKING - {",", "and"}
    return "where" in words or bool(words & _ASKING and told)


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
    for change in changes[:-1]:
        tries = (
            _gestured(sketch, change, units) or _changed(sketch, change, units, view)
            for units, _ in change.cuts
        )
        made = next((m for m in tries if m), None)
        if made is None:
            return
        sketch = made
    last = changes[-1]
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
    moved = change.moved(units)
    if change.pronoun in SUBJECTS and _QUESTIONS & set(words) and thing(change.shown, view) is None:
        return None  # `which of them are urgent` of a sum
    if change.asks:
        asked, at = assemble(moved), change.start + change.at
        known = referring(asked, sketch, change.shown, view, change.pronoun, at)
        return asked if known else None
    wanted = {"count", "list", "show", "name"} & set(words)
    if change.pronoun and wanted and not (_bare(units) or _more_told(change.tokens)):
        return None  # `count them`: no column is meant
    if change.pronoun and not _bare(units) and _OPEN & set(words):
        return None  # `how were they paid`: something new, that was not understood
    if change.pronoun == "that":
        return None
    if change.pronoun in ("one", "ones") and not keys_shown(change.shown, view):
        return None
    made = copy.deepcopy(sketch)
    said = ["and", *words] if change.pronoun in OWNERS else words  # `their refunds`, too
    if not (_moved(made, words) or edited(made, moved, said, view)):
        return None
    unsorted = gesture is not None and gesture.done == "sorted" and not (made.order or made.ranks)
    return None if unsorted else made


def _misheard(unit: Unit, tokens: Sequence[Token]) -> bool:
    """A name that the data does not hold, taken for a column that is spelt a little like it."""
    if unit.code != "c" or not tokens[unit.first].is_proper or unit.first == 0:
        return False
    best = _best(unit)
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
