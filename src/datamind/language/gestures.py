"""Gestures: `total?`, `compare the two`, `the other way round`, said to the answer before.

They are known by all of their words at once (tables/gestures.py), and done to the sketch of what
was asked. How others begin is said plainly: `remove ...` leaves out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from datamind.language import combine_windows as windows
from datamind.language.edit_conditions import one_more, side_by_side, without_limits
from datamind.language.edit_figures import (
    aggregated,
    all_at_once,
    keep_ranked,
    listed,
    the_figure,
    without_column,
)
from datamind.language.nodes import to_nodes
from datamind.language.sketch import Cond, Measure, Mention, Sketch
from datamind.language.tables.gestures import (
    AS_SHARES,
    GESTURES,
    IN_PERCENT,
    OPENINGS,
    SAME_DAYS,
    SHARES,
    YEAR_BEFORE,
)
from datamind.language.tokens import Token, lemma
from datamind.language.units import Unit
from datamind.records import Turn

_MIDDLES = frozenset({"avg", "median"})
# Gestures that edits.py reads by their units; here it is known only that they are some.
_READ = frozenset({"sorted", "compared"})


@dataclass(frozen=True, slots=True)
class Gesture:
    """What is done, whether the words may ask something of their own, and the words that fit."""

    done: str
    alone: bool
    found: re.Match[str]

    @property
    def read(self) -> bool:
        """Whether it is done as any other change is."""
        return self.done in _READ

    @property
    def read_else(self) -> bool:
        """Whether it may be another change, where it can't be done: `add their email`."""
        return self.read or self.done in ("one more", "unshown")


def heard(words: Sequence[str]) -> Gesture | None:
    """The gesture that all of the words are."""
    said = " ".join(w for w in words if w[:1].isalnum())
    found = ((done, alone, p.fullmatch(said)) for done, alone, p in GESTURES)
    return next((Gesture(done, alone, match) for done, alone, match in found if match), None)


def plainly(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with how they begin said plainly: `compare it with`, `remove`."""
    out = list(tokens)
    for pattern, plain in OPENINGS:
        found = pattern.match(" ".join(t.lower for t in out))
        if found is not None:
            out = _put(out, 0, len(found[0].split()), plain)
    text = " ".join(t.lower for t in out)
    if out and SHARES.fullmatch(text):
        return _put(out, 0, len(out), IN_PERCENT if "percent" in text else AS_SHARES)
    same = SAME_DAYS.search(text)
    if same is not None:
        first = len(text[: same.start()].split())
        out = _put(out, first, first + len(same[0].split()), YEAR_BEFORE)
    return out


def _put(tokens: list[Token], first: int, last: int, plain: str) -> list[Token]:
    """The tokens with the words in place of those from `first` up to `last`."""
    low, high = tokens[first].start, tokens[last - 1].end
    made = [Token(w, w, lemma(w), "word", low, high) for w in plain.split()]
    return [*tokens[:first], *made, *tokens[last:]]


def made(sketch: Sketch, gesture: Gesture, units: Sequence[Unit]) -> bool:
    """Change the sketch as the gesture says; False where it can't be done to it."""
    done = gesture.done
    if done == "turned":
        return _turned(sketch)
    if done == "more":
        return _more(sketch, next((u.payload for u in units if u.code == "n"), None))
    if done == "first":
        return _first(sketch, next((u.payload for u in units if u.code == "n"), None))
    if done == "all":
        return not sketch.groups and listed(sketch)
    if done == "names":
        return _named(sketch)
    if done == "total":
        placed = _total(sketch, gesture.found[0])
    elif done == "side by side":
        placed = side_by_side(sketch)
    elif done == "always":
        placed = _dropped(sketch, [c for c in sketch.conds if c.kind == "period"])
    elif done == "unshown":
        named = _mentions(units)
        placed = len(named) == 1 and without_column(sketch, named[0])
    elif done == "one more":
        placed = _one_more(sketch, units)
    else:
        placed = _unlimited(sketch, gesture.found[0], units)
    windows.settle(sketch)
    return placed


def _total(sketch: Sketch, said: str) -> bool:
    """All groups at once; of averages that are told for each group `the total` is the sum of each,
    and `overall` the average of all."""
    figure = the_figure(sketch)
    average = isinstance(figure, Measure) and figure.function in _MIDDLES
    if average and figure is not None and "total" in said.split():
        return aggregated(sketch, "sum", figure.first)
    return all_at_once(sketch)


def _turned(sketch: Sketch) -> bool:
    """What was ordered, or ranked, the other way round."""
    if not (sketch.order or sketch.ranks):
        return False
    sketch.order = [replace(r, descending=not r.descending) for r in sketch.order]
    sketch.ranks = [replace(r, descending=not r.descending, skip=0) for r in sketch.ranks]
    return True


def _more(sketch: Sketch, wanted: object) -> bool:
    """Those that come after the ones that were shown."""
    shown = [r for r in sketch.ranks if r.count and not r.extreme]
    if len(shown) != 1 or shown[0].count is None:
        return False
    last, count = shown[0], shown[0].count
    many = int(wanted) if isinstance(wanted, float) else count
    after = replace(last, count=many, skip=last.skip + count)
    sketch.ranks = [after if r is last else r for r in sketch.ranks]
    keep_ranked(sketch)
    return True


def _first(sketch: Sketch, wanted: object) -> bool:
    """So many of a list, in its order."""
    if not isinstance(wanted, float) or not (sketch.order or sketch.ranks):
        return False
    ranks = sketch.ranks or sketch.order[:1]
    sketch.order = sketch.order if sketch.ranks else sketch.order[1:]
    sketch.ranks = [replace(r, count=int(wanted), extreme=False, skip=0) for r in ranks]
    return True


def _named(sketch: Sketch) -> bool:
    """`show names`: of things that are told apart they are shown; what was counted is listed."""
    told = [m for m in (sketch.head, *sketch.groups) if m is not None and _is_table(m)]
    return bool(told) or (the_figure(sketch) is not None and listed(sketch))


def _is_table(mention: Mention) -> bool:
    return bool(mention.candidates) and mention.candidates[0].kind == "table"


def _dropped(sketch: Sketch, conds: Sequence[Cond]) -> bool:
    sketch.conds = [c for c in sketch.conds if c not in conds]
    return bool(conds)


def _mentions(units: Sequence[Unit]) -> list[Mention]:
    return [n.payload for n in to_nodes(units) if n.code in "cv"]


def _one_more(sketch: Sketch, units: Sequence[Unit]) -> bool:
    """Each value that is named beside those of the same column."""
    named = _mentions(units)
    values = [m for m in named if any(c.kind == "value" for c in m.candidates[:1])]
    for mention in values:
        mention.role = "value"
    conds = [Cond("value", mention=m, first=m.first) for m in values]
    return bool(conds) and len(values) == len(named) and all(one_more(sketch, c) for c in conds)


def _unlimited(sketch: Sketch, said: str, units: Sequence[Unit]) -> bool:
    """Without the conditions on what is named; `the filter` is the one that was said last."""
    if said.split()[-1].rstrip("s") in ("filter", "condition", "restriction", "limit"):
        named = [m for m in _mentions(units) if m.candidates[0].score > 0.9]
        return without_limits(sketch, named) if named else _dropped(sketch, sketch.conds[-1:])
    return without_limits(sketch, _mentions(units))


_BACK = re.compile(
    r"\W*(?:(?:ok|okay|no|please|now)\W+)*(?:(?:go )?back|undo|undo (?:that|this|it)"
    r"|take (?:me|that) back"
    r"|(?:go )?back (?:a step|one step|to (?:the )?(?:one before|before|(?:last|previous)"
    r"(?: (?:one|answer|question|result))?)))\W*",
    re.IGNORECASE,
)


def is_back(text: str) -> bool:
    """Whether it asks for the answer before the last."""
    return _BACK.fullmatch(text) is not None


def standing(earlier: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns that were not gone back on."""
    kept: list[Turn] = []
    for turn in earlier:
        if is_back(turn.text):
            del kept[-1:]
        else:
            kept.append(turn)
    return tuple(kept)


_OF_SHOWN = re.compile(
    r"(?:please )?(?:also )?(?:add (?:also )?(?:a column (?:for|with)(?: the)? )?"
    r"|remove |include |drop |(?:change|switch) (?:it|that|this) to )"
    r"(?!an? |new |another |it\b|them\b|this\b|these\b|those\b)[\w' &-]{2,40}[.!]?",
    re.IGNORECASE,
)
_OF_DATA = frozenset("to into from row rows record records table column database every".split())


def of_what_is_shown(text: str) -> bool:
    """`add their region`, `remove Spain`: to what is shown, or from it, not to the data."""
    words = text.lower().split()
    known = {"add": {"column"}, "change": {"to"}, "switch": {"to"}}.get(words[0], set())
    return bool(_OF_SHOWN.fullmatch(" ".join(words))) and not (_OF_DATA - known) & set(words)


_MEANT = re.compile(r"\W*(?:(?:no|sorry|oh|actually)\W+)*(?:i|we) (?:meant|mean)\b", re.IGNORECASE)


def is_correction(text: str) -> bool:
    """`I meant the stores in Munich`, whose first words say nothing else."""
    return _MEANT.match(text) is not None
