r"""Gestures: short things that are said to an answer, and mean nothing without one.

A row is: what is done (see gestures.py), whether the words may be a question of their own, too,
and a regular expression over all words that were said, in lower case and without marks.
"""

from __future__ import annotations

import re

_PLEASE = (
    r"(?:(?:and|so|ok|okay|now|then|just|please|also|but|no|yes) )*"
    r"(?:(?:can|could) (?:you|i|we) |let me |let's )?(?:(?:have|see|get) )?"
    r"(?:(?:show|give|list|display|put)(?: me| us)? |i (?:want|need)(?: to see)? )?"
)
_IS = r"(?:what (?:is|was|are|were) |what's |how about |what about )?"
_TWO = (
    r"(?:the (?:two|2)(?: of them)?|both(?: of them)?|them(?: both)?|these(?: two)?|those(?: two)?)"
)
_FILTERS = r"(?:filter|condition|restriction|limit)s?"
_OFF = r"(?:without|remove|drop|clear|lift|forget|undo|ignore|no|reset|take (?:off|away|out))"
_AGAIN = r"(?: again| back| too| as well)"

GESTURES: tuple[tuple[str, bool, re.Pattern[str]], ...] = tuple(
    (done, alone, re.compile(pattern))
    for done, alone, pattern in (
        ("total", False, rf"{_PLEASE}{_IS}(?:(?:the|a|in|as|for|of) )*(?:grand |overall )?total"),
        ("total", False, (rf"{_PLEASE}{_IS}(?:(?:the|in|as) )*"
                         r"(?:overall|altogether|all together|everything together)(?: total)?")),
        ("side by side", False, (rf"{_PLEASE}(?:for )?(?:compare(?: {_TWO})?|both(?: of them)?"
                                r"|(?:the |these |those )(?:two|2)(?: of them)?)"
                                r"(?: (?:side by side|next to each other|in comparison))?")),
        ("side by side", False, rf"{_PLEASE}(?:{_TWO} )?(?:side by side|next to each other)"),
        ("side by side", False, rf"{_PLEASE}how do (?:they|the two|both|these|those) compare"),
        ("turned", False, (rf"{_PLEASE}(?:the )?(?:other way (?:a?round)|reversed?(?: it| them"
                          r"| (?:the |that )?(?:order|sort|sorting|list))?|(?:in |the )?(?:reverse"
                          r"|opposite)(?: order)?|(?:flip|turn|invert) (?:it|them|that|the order"
                          r"|the list)(?: around)?)")),
        ("more", False, (rf"{_PLEASE}(?:(?:a few|some|any|few) )?more(?: (?:of (?:them|those)"
                        r"|rows|results))?")),
        ("more", False, (rf"{_PLEASE}(?:the )?next (?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)?"
                        r"(?: ?ones| rows| results| of (?:them|those))?")),
        ("first", False, (rf"{_PLEASE}(?:(?:only|just) )*(?:the )?first (?:\d+|two|three|four|five|six"
                         r"|seven|eight|nine|ten|twelve|twenty)(?: ?ones| rows| results| of (?:them|those))?")),
        ("all", False, (rf"{_PLEASE}(?:all(?: again)?|everything(?: again)?|all of (?:them|it|those)|them all|all rows"
                       r"|the (?:full|whole|complete|entire) (?:list|thing|ranking|table)"
                       r"|every one of them)")),
        ("names", False, (rf"{_PLEASE}(?:(?:add|include|with|by) )?(?:(?:the|their|its) )?names?"
                         r"(?: too| as well| also| instead of (?:the )?(?:ids?|numbers?))?")),
        ("always", False, (r"(?:and |for |of |over )*(?:all time|ever|the whole (?:period|time)|all years"
                          r"|all (?:the )?time|since the (?:beginning|start)|all dates|any time)")),
        ("unlimited", False, r"(?:no )?not (?:only|just) .+"),
        ("unlimited", False, (r"(?:(?:now|and|again|show|give me|then) )*(?:for|across|in|from|of|over|at|on)"
                             r" all (?:of )?(?:the )?\w+(?: \w+)?(?: again)?")),
        ("unlimited", True, r"(?:(?:now|and|again|show|give me|then) )*all (?:the )?\w+(?: again)?"),
        ("unlimited", False, rf"(?:and )?{_OFF} (?:(?:the|that|this|any|all) )*(?:\w+ )?{_FILTERS}"),
        ("unlimited", False, r"(?:and )?regardless of (?:the |their )?\w+(?: \w+)?"),
        ("one more", False, (r"(?:(?:and|also|please|now) )*(?:add|include|bring back|put back) (?:the )?"
                            rf"(?:\w+ ?){{1,4}}?{_AGAIN}?")),
        ("one more", False, r"(?:and |now )?with (?:the )?(?:\w+ ?){1,3}(?: again| back)"),
        ("one more", False, r"(?:and )?(?:the )?(?:\w+ ?){1,3} (?:too|as well)"),
        ("unshown", False, rf"(?:and |but )?(?:{_OFF}|leave out|exclude|excluding|except) (?:the )?\w+(?: \w+)?(?: columns?)?"),
        ("sorted", False, (rf"{_PLEASE}(?:sort|order|rank|arrange)(?:ed)?(?: (?:it|them|this|that|these|those"
                          r"|the (?:list|rows|results?|table)))?"
                          r" (?:by|from|descending|ascending|alphabetically|in|on) .+")),
        ("sorted", False, (rf"{_PLEASE}(?:sort|order|rank|arrange)(?:ed)?(?: (?:it|them|this|that|these|those))?"
                          r" (?:alphabetically|descending|ascending)")),
        ("sorted", False, (r"(?:the )?(?:highest|lowest|largest|smallest|biggest|newest|oldest|latest"
                          r"|earliest|longest|shortest|best|worst|most|least|cheapest)"
                          r"(?: \w+)? first")),
        ("sorted", False, (r"(?:alphabetically|descending|ascending|(?:in )?(?:alphabetical|descending"
                          r"|ascending) order)")),
        ("compared", False, (r"(?:and )?(?P<grain>year|month|quarter|week) (?:over|on) (?P=grain)"
                            r"(?: (?:growth|change|comparison))?")),
        ("compared", False, r"(?:and )?(?:yoy|mom|qoq|wow)(?: (?:growth|change|comparison))?"),
    )
)  # fmt: skip

# What stands at the beginning, and the plain way to say it.
_SET_BESIDE = (
    r"(?:how (?:does|did|do|would) (?:that|this|it|they|these|those) compare|(?:can you |please )?"
    r"compared?)(?: (?:it|that|this|them|these|those))? (?:to|with|against)"
)
_INSTEAD = r"(?:change|switch|swap|turn)(?: (?:it|that|this))? (?:to|into|over to)"
OPENINGS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"(?:(?:and|so|now) )?(?:{_SET_BESIDE})(?: that of| the one of| those of)?(?!\S)"),
     "compared to"),
    (re.compile(r"(?:(?:and|so|now|please) )*(?:remove|hide|skip|take out|filter out|get rid of"
                r"|cut out|strip out)(?: (?:the|all|all the))?(?!\S)(?! \S+ filters?\b)(?! filters?\b)"),
     "without"),
    (re.compile(rf"(?:(?:and|so|now|please) )*{_INSTEAD}(?! by\b)(?!\S)"), "instead"),
    (re.compile(rf"(?:(?:and|so|now|please) )*{_INSTEAD}(?= by\b)"), ""),
)  # fmt: skip
# A share of all, in other words.
SHARES = re.compile(
    r"(?:as |and |in |with |the )*(?:share|percentage|percent|proportion|part)s?"
    r"(?: (?:of|per|from) (?:the |a )?(?:(?:grand |overall )?total|whole|all))?"
)
AS_SHARES, IN_PERCENT = "as a share of the total", "in percent"
# The same days a year earlier, as the windows know it.
SAME_DAYS = re.compile(
    r"(?:in |of |during )?(?:the )?(?:same|corresponding) (?:time|period|days?|weeks?|months?"
    r"|quarters?|half|stretch)(?: in| of| from)?(?: the)? (?:(?:last|previous|prior|preceding) year"
    r"|(?:a|one) year (?:ago|earlier|before)|year before)(?!\S)"
)
YEAR_BEFORE = "the previous year"
