"""Phrases for what lasts so long, where a column keeps how long things take."""

from __future__ import annotations

import re

# Verbs and phrases that say no more than that something takes its time.
LASTING = frozenset(
    "take takes took taken taking need needs needed require requires required last lasts lasted"
    " lasting spend spends spent".split()
)
_STATES = r"under way|underway|on the road|on the way|in transit"
_LEAD = rf"(?:(?P<lead>{_STATES}|\w+) (?:us |them |it |you |we )?(?:for )?)"
_N = r"(?P<n>\d+(?:\.\d+)?|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve)"
_U = r"(?P<unit>seconds?|minutes?|hours?|days?|weeks?)"
_TO = r"(?: (?:to|until|before|till) (?:(?:be|being|get|getting|it was|they were) )?(?P<tail>[a-z]+)(?: it| them)?)?"
_NOT = r"(?! (?:ago|before|after|earlier|later|from|old|of|overdue|late|past|prior|between|since|until|or|and more|each|per|a)(?!\S))"
_TEXTS: tuple[tuple[str, str], ...] = (
    (">", rf"(?:more than|over|longer than|above|upwards of|in excess of) {_N} {_U}{_TO}{_NOT}"),
    (">=", rf"(?:at least|no less than) {_N} {_U}{_TO}{_NOT}"),
    (">=", rf"{_N} {_U} or (?:more|longer|over){_TO}{_NOT}"),
    ("<=", rf"{_N} {_U} or (?:less|fewer|shorter|under){_TO}{_NOT}"),
    ("<", rf"(?:less than|fewer than|under|below|in under|in less than) {_N} {_U}{_TO}{_NOT}"),
    ("<=", rf"(?:within|inside|at most|up to|no more than|not more than|no longer than) {_N} {_U}{_TO}{_NOT}"),
    ("=", rf"(?:exactly )?{_N} {_U}{_TO}{_NOT}"),
)  # fmt: skip
LIMITS = tuple((op, re.compile(rf"(?<!\S){_LEAD}{text}(?!\S)")) for op, text in _TEXTS)

# `took longer than average`, of what keeps how long
LONGER = re.compile(
    r"(?<!\S)(?:take|takes|took|taken|taking|last|lasts|lasted)"
    r"(?= (?:longer|shorter|more|less) than (?:the |our )?(?:average|mean)(?!\S))"
)

_AGG = r"(?P<function>average|mean|avg|typical|median|longest|maximum|max|shortest|minimum)"
_LENGTH = r"(?:time|seconds|minutes|hours|days|weeks)"
# `average hours to close`
TIMES_TO = re.compile(rf"(?<!\S){_AGG} {_LENGTH} (?:to|until) (?:be )?(?P<tail>[a-z]+)(?!\S)")

_PERSON = r"(?:it|we|they|you|our team|the team)"
_TO_DO = r"(?: (?:us|them|you|people))?(?: on average| usually| typically)? to (?:be |get )?(?P<tail>[a-z]+)(?!\S)"
# `how long do we take to close a case`: nobody asks that of each row
TAKES_TO = re.compile(
    rf"(?<!\S)(?:on average ,? )?how (?:long|much time|many {_U}) (?:do|does|did|has|have) {_PERSON}"
    rf"(?: (?:usually|typically|normally))? (?:take|need|taken|needed){_TO_DO}"
)
# `the longest it ever took us to close a case`
LONGEST_TO = re.compile(
    rf"(?<!\S)(?:the )?{_AGG}(?: {_LENGTH})?(?: that)? {_PERSON}(?: (?:has|have|had|ever))*"
    rf" (?:take|takes|took|taken){_TO_DO}"
)

_TAKE = (
    r"(?:take|need|require|last|stay|run|go on|wait(?: for (?:an? |the |our )?\w+(?= from ))?)"
    r"(?: us| them)?(?: each)?"
)
_USUALLY = r"(?: (?:on average|usually|typically))?(?: , in [a-z]+ ,| in [a-z]+)?"
_HOW = rf"how (?:long|much time|many {_U}) (?:do|does|did)"
# `and how long do they take?` tells of each row; `how many days does a parcel take on average?`
HOW_LONG_EACH = re.compile(
    rf"(?<!\S){_HOW} (?:they|it|these|those|each)(?: of them)? {_TAKE}(?!\S)"
)
# A single thing, the usual one or an extreme one, stands for all of them.
_ONE = (
    r"(?: (?:an?|one|(?:the|our|an?) (?P<function>average|mean|typical|median|longest|shortest))"
    r"(?= ))?"
)
HOW_LONG = re.compile(
    rf"(?<!\S){_HOW}(?P<one>{_ONE})(?= (?P<what>[^,.?;]+?) (?P<take>{_TAKE}{_USUALLY}{_TO})(?!\S))"
)
# `average length in days of the subscriptions`, `median processing time of a claim`
_KIND = (
    r"(?:(?:handling|processing|turnaround|cycle|waiting|service|working|total|dwell|holding) )?"
    r"(?:length|duration|time|length of time|lifetime|life)"
)
LENGTH_OF = re.compile(
    rf"(?<!\S){_AGG} {_KIND}(?:,? (?:in|measured in) {_U})? (?:of|for) (?:the |an? |all |our |each )*"
    r"(?=(?P<what>[a-z][^,.?;]*))"
)

_USUAL = r"(?P<usual>(?: on average| usually| typically)?)"
# `are the slowest`, `take the longest to repair`, `ran the longest`
SLOWEST = re.compile(
    r"(?<!\S)(?:(?:is|are|was|were|has|have|does|do|did) )?(?:on average )?"
    r"(?:(?:take|takes|took|taken|need|needs|needed|last|lasts|lasted|run|runs|ran)(?: us| them)?"
    r"(?: the)? (?P<long>longest|shortest)(?: time)?|(?:the )?(?P<way>slowest|fastest|quickest))"
    r"(?: (?:to|at|until) (?:be |get |being )?(?P<tail>[a-z]+))?"
    rf"{_USUAL}(?= (?:[,.?!;-]|in|for|by|during|this|last|since|and|from|so|of all)(?!\S)|$)"
)

# The last day counts, too.
BOTH_DAYS = re.compile(
    r"(?<!\S)(?:inclusive"
    r"|(?:counting|including|with) (?:both )?(?:the )?(?:first|start) and (?:the )?(?:last|end)(?: days?)?"
    r"|(?:the )?(?:first|start|both)(?: day)?(?: and (?:the )?(?:last|end))? days?"
    r" (?:included|inclusive|count(?:ed)?))(?!\S)"
)
