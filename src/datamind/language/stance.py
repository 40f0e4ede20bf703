"""Stance: how what is said stands to the question before it, by its words and how it is cut.

It can be a change of it, it can hardly be anything else, or it asks for something of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from datamind.language import gestures
from datamind.language.anaphora import elided, pronoun
from datamind.language.candidates import Candidate
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics.catalog import NUMERIC

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
    within until including include having""".split()
)
ASKING = frozenset(
    """how what which who whose where when why list show give count is are was were did does do tell
    find name number""".split()
)
QUESTIONS = frozenset("how what which who whose where when why".split())
_ARRANGED = frozenset({"sorted", "ordered", "compared"})
_JOINS = frozenset({"and", "but", "also"})
_OPENING = frozenset({"and", "but", "also", "so", "then", "now"})
_ASSENT = frozenset(
    {"yes", "yep", "ok", "okay", "right", "thanks", "great", "please", "now", "then"}
)


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
    if elided(tokens, units) is not None:
        return Stance(True, True, complete=False)
    if _elided_most(units) or "".join(u.code for u in units) == "v":
        return Stance(True, True)
    if refers(words, units):
        return Stance(True, True, complete=False)
    at = pronoun(tokens, units)
    short = len(words) <= MOST_WORDS
    asks = bool(QUESTIONS & set(words))
    lead = next((p for p in _SURE_LEADS if words[: len(p)] == p), None)
    fragment = words[0] in _FRAGMENTS and len(words) <= _SHORT
    fragment = fragment and (not asks or (words[1] in ("which", "what") and len(words) <= _FEW))
    only = [u for u in units if u.code in "cvM"] if words[0] not in _ALONG else list(units[1:])
    fragment = fragment and (only == list(units[1:]) or not any(map(_is_figure, units[1:])))
    parts = words[0] in _PARTING and len(words) <= (_FEW if asks else _SHORT)
    told = len(words) <= _FEW - 1 and _tells_a_figure(units)
    bare = is_bare(units) or _bare_most(units)
    told = told or (words[-1] == "ones" and len(words) <= _FEW and not asks)
    changing = told or "instead" in words or lead is not None or fragment or parts
    surely = at is not None or bare or (short and changing)
    rest = words[1:] if words[0] in _OPENING else words
    asking = len(rest) > _FEW - 1 and rest[0] in ASKING and rest[1] != "about"
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
    """`which has the most?`, `the bottom 3`: of what there was, with no name of its own."""
    codes = "".join(u.code for u in units)
    return bool(re.fullmatch(r"&?q[qrifn=]*S[qrifn]*|&?[TS]n?", codes))


# Figures of whatever was spoken of.
_VAGUE = frozenset(
    {"value", "amount", "sum", "cost", "price", "fee", "budget", "due", "paid", "worth"}
)


def refers(words: Sequence[str], units: Sequence[Unit]) -> bool:
    """`what was the total value?`: of what was asked for, which alone says of what."""
    codes = "".join(u.code for u in units)
    asked = bool(re.fullmatch("&?qA?c", codes)) and "the" in words
    asked = asked and set(words[units[-1].first - units[-1].last :]) <= _VAGUE
    best = best_of(units[-1]) if asked else None
    return best is not None and best.kind != "metric" and _is_figure(units[-1])


# By these a rank is of whatever was told before.
_ALONG = frozenset({"with", "without", "include", "including"})
_PLAIN_MOST = frozenset({"most", "fewest", "least", "highest", "lowest", "best", "worst"})


def _elided_most(units: Sequence[Unit]) -> bool:
    """`which city has the most?`: of what there was."""
    codes = "".join(u.code for u in units)
    return bool(re.fullmatch("&?qcr?S", codes)) and units[-1].payload in _PLAIN_MOST


def _tells_a_figure(units: Sequence[Unit]) -> bool:
    """`total refund`, `loss rate`: one figure, of nothing that is said."""
    codes = "".join(u.code for u in units)
    return codes in ("M", "A") or (codes in ("c", "Ac") and _is_figure(units[-1]))


def _is_figure(unit: Unit) -> bool:
    best = best_of(unit) if unit.code == "c" else None
    return best is not None and (best.kind == "metric" or best.type in NUMERIC)


def best_of(unit: Unit) -> Candidate | None:
    """The likeliest meaning of a unit that names something."""
    payload = unit.payload
    first = payload[0] if isinstance(payload, tuple) and payload else None
    return first if isinstance(first, Candidate) else None


def is_bare(units: Sequence[Unit]) -> bool:
    """`how many are there?`, `list them`: of what was asked, with nothing more said."""
    codes = {u.code for u in units}
    if any(u.payload in ("where", "when") for u in units):
        return False
    return bool(codes & {K.ASK, K.COUNT}) and codes <= {K.ASK, K.COUNT, K.OF, K.IN, K.AND, K.COMMA}
