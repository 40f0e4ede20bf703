"""Everyday ways to say things, read as the plain ones: rows as in `paraphrases.py`."""

from __future__ import annotations

_USUAL = r"(?:average|typical|normal|usual)"
_DAYS = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MADE = r"(?: (?:do|did|does|have|has|are|were|is|was) (?:we |there |they |you |it )?(?:\w+ )?)?"
_END = r"(?= ?[?.,]|$| (?:in|during|for|by|at|since|from|this|last)(?!\S))"
_NUMBER = r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)"
_PERIODS = (("day", "daily"), ("week", "weekly"), ("month", "monthly"), ("year", "yearly"))

EVERYDAY: tuple[tuple[str, ...], ...] = (
    # What a day is like on average.
    *(
        (unit, rf"^how many (\w+(?: \w+)?){_MADE} ?(?:on|in) an? {_USUAL} {unit}{_END}", f"average {each} number of {{1}}")
        for unit, each in _PERIODS
    ),
    *(
        (unit, rf"^(?:(?:what (?:is|was)|show|show me) )?(?:the |our )?(?!how )((?:\w+ ){{0,2}}\w+)(?<! average) (?:on|in) an? {_USUAL} {unit}{_END}", f"average {each} {{1}}")
        for unit, each in _PERIODS
    ),
    (_DAYS.replace("|", " "), rf"^how many (\w+(?: \w+)?){_MADE} ?on an? {_USUAL} ({_DAYS}){_END}", "average daily number of {1} on {2}"),
    (_DAYS.replace("|", " "), rf"^(?:(?:what (?:is|was)|show|show me) )?(?:the |our )?(?!how )((?:\w+ ){{0,2}}\w+)(?<! average) on an? {_USUAL} ({_DAYS}){_END}", "average daily {1} on {2}"),
    # `More returns than 3`.
    ("than", rf"(more|fewer|less) (\w+) than ({_NUMBER}){_END}", "{1} than {3} {2}"),
    # The first there ever was.
    ("ever very", r"^(?:(?:what|which|who) (?:is|was|were) )?(?:the |our )?(?:very first (?!name)(\w+)(?: ever)?|first (?!name)(\w+) ever)(?: made| placed)?(?= ?[?.]|$)", "the earliest {1} {2}"),
    ("ever very", r"^(?:(?:what|which|who) (?:is|was|were) )?(?:the |our )?very last (?!name)(\w+)(?: ever)?(?: made| placed)?(?= ?[?.]|$)", "the latest {1}"),
)  # fmt: skip
