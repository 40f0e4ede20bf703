"""Why: questions that ask what is behind a change, as the figure that they are about.

`why did revenue fall in May 2025?` is about `revenue in May 2025`; `why?` is about what was asked
before. What no figure could answer (`why do people buy?`) is none of these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from datamind.records import Turn

Direction = Literal["", "down", "up"]
_DOWN = (
    r"drop(?:s|ped|ping)?|fall(?:s|en|ing)?|fell|declin(?:e|es|ed|ing)|decreas(?:e|es|ed|ing)"
    r"|shrink(?:s|ing)?|shrank|shrunk|dip(?:s|ped)?|plummet(?:s|ed)?|collaps(?:e|es|ed)"
    r"|worsen(?:s|ed)?|slump(?:s|ed)?|sink|sank|down|lower|less|fewer|loss|decay"
)
_UP = (
    r"ris(?:e|es|en|ing)|rose|grow(?:s|n|th|ing)?|grew|increas(?:e|es|ed|ing)|jump(?:s|ed)?"
    r"|surg(?:e|es|ed)|spik(?:e|es|ed)|climb(?:s|ed)?|improv(?:e|es|ed|ement)|up|higher|more|gain"
)
_ANY = r"chang(?:e|es|ed|ing)|mov(?:e|es|ed|ement)|differen(?:t|ce)|differ|shift(?:s|ed)?"
_MOVE = rf"(?P<move>{_DOWN}|{_UP}|{_ANY})"
_GO = r"(?:(?:go|goes|went|gone|going|be|been|become|get|got) )?(?:so |that |as )?(?:much |far )?"
_IT = (
    r"(?:it|that|this|they|these|those"
    r"|(?:the|this|that) (?:number|figure|value|total|result|amount)s?)"
)
_BEHIND = (
    r"(?:drove|drives|is driving|was driving|caused?|causes|is causing|explains?|explained"
    r"|is behind|was behind|led to|made|contributed (?:most )?to|accounts? for)"
)
_ADJECTIVE = r"(?:(?:big|large|sudden|sharp|steep|recent|strong|small|latest) )?"
_THAT = r"(?:the|this|that)"
_LEAD = r"(?:(?:and|so|but|ok|okay|hm+|then|now|please|can you|could you|tell me)[ ,]+)*"
_AUX = r"(?:did|does|do|has|have|had|is|are|was|were)"

# What `why` alone is about was asked before.
_BARE = tuple(
    re.compile(rf"{_LEAD}{text}")
    for text in (
        r"(?:but )?why(?: so| then| (?:is|was) (?:that|this|it)(?: so)?)?",
        r"how come",
        rf"(?:explain )?why {_AUX} {_IT} {_GO}{_MOVE}(?: (?:so )?(?:much|sharply|a lot))?",
        rf"what {_BEHIND} (?:{_IT}|{_THAT} {_ADJECTIVE}{_MOVE})",
        rf"(?:explain|break down) {_THAT} {_ADJECTIVE}{_MOVE}",
        rf"what(?: is|'s) the reason (?:for|behind) (?:{_IT}|{_THAT} {_ADJECTIVE}{_MOVE})",
    )
)
_WHOLE = tuple(
    re.compile(rf"{_LEAD}{text}")
    for text in (
        rf"(?:explain )?why {_AUX} there (?:an? )?{_ADJECTIVE}{_MOVE} (?:in|of) (?P<what>.+)",
        rf"(?:explain )?why (?:{_AUX} )?(?P<what>.+?) {_GO}{_MOVE}(?P<rest>(?: .*)?)",
        rf"what {_BEHIND} {_THAT} {_ADJECTIVE}{_MOVE} (?:in|of) (?P<what>.+)",
        rf"what {_BEHIND} (?:the )?(?P<what>.+?) (?:to )?{_MOVE}(?P<rest>(?: .*)?)",
        rf"what made (?P<what>.+?) {_GO}{_MOVE}(?P<rest>(?: .*)?)",
        rf"(?:explain|break down) {_THAT} {_ADJECTIVE}{_MOVE} (?:in|of) (?P<what>.+)",
        rf"what(?: is|'s) the reason (?:for|behind) the {_ADJECTIVE}{_MOVE} (?:in|of) (?P<what>.+)",
    )
)
_GRAIN = r"(?P<{}>day|week|month|quarter|year)"
# Against which period, where it is not simply the one before.
_AGAINST = re.compile(
    r" (?:(?:as )?compared (?:to|with)|versus|vs\.?|against|over|than|relative to|from|since)"
    r" (?:that of |in )?(?:the )?(?:same (?:\w+ )?(?:in |of )?)?(?:the )?"
    rf"(?:(?:previous|prior|preceding|last) {_GRAIN.format('one')}|{_GRAIN.format('other')}"
    r" (?:before|earlier|ago))\b"
    rf"| (?:year (?:on|over) (?P<yoy>year)|yoy)\b"
)
_FROM_TO = re.compile(
    r" (?:from|between) (?P<first>[^,]+?) (?:to|and) (?P<last>[^,]+?)(?=$| (?:for|in|at|by) )"
)
_AMOUNT = re.compile(r" by (?:about |over |almost )?[$€£]?[\d.,]+ ?(?:%|percent|k|m)?(?= |$)")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MUCH = re.compile(r" (?:so (?:much|sharply|fast|far|strongly)|sharply|a lot|strongly)\b")


@dataclass(frozen=True, slots=True)
class Why:
    """What a why-question is about: the figure's question, empty for what was asked before.

    `direction` is the way that it is said to have gone, `back` the grain of the period that it is
    set against, where that was said.
    """

    about: str
    direction: Direction = ""
    back: str = ""


def heard(text: str) -> Why | None:
    """The why-question that the words are; None where they are none about a change."""
    plain = " ".join(text.replace("’", "'").split()).rstrip(" ?.!")
    lower = plain.lower()
    back = _AGAINST.search(lower)
    grain = next(filter(None, back.groupdict().values()), "year") if back else ""
    if back:
        plain = plain[: back.start()] + plain[back.end() :]
        lower = plain.lower()
    for pattern in _BARE:
        found = pattern.fullmatch(lower)
        if found:
            return Why("", _direction(found.groupdict().get("move")), grain)
    for pattern in _WHOLE:
        found = pattern.fullmatch(lower)
        if found:
            rest = "rest" in found.groupdict() and found.span("rest")
            about = plain[slice(*found.span("what"))] + (plain[slice(*rest)] if rest else "")
            return Why(_figure(about), _direction(found["move"]), grain)
    return None


def without(earlier: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns that asked for a figure themselves."""
    return tuple(turn for turn in earlier if heard(turn.text) is None)


def _direction(move: str | None) -> Direction:
    if move and re.fullmatch(_DOWN, move):
        return "down"
    return "up" if move and re.fullmatch(_UP, move) else ""


def _figure(about: str) -> str:
    """`revenue from April to May 2025` asks for both periods side by side, in the year said."""
    about = _AMOUNT.sub("", f" {_MUCH.sub('', about).strip()}")
    found = _FROM_TO.search(about)
    if found:
        first, last = found["first"], found["last"]
        year = _YEAR.search(last)
        if year and not _YEAR.search(first):
            first = f"{first} {year[0]}"
        about = f"{about[: found.start()]} in {first} vs {last}{about[found.end() :]}"
    return " ".join(about.split())
