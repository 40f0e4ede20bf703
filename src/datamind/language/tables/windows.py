"""Window phrases: how a question asks for a previous period, a running total, a share or a rank.

Each is a regular expression over the question's lower-case words, joined by single spaces, with
what it asks for. `grain` and `count` are taken from the groups of these names.
"""

from __future__ import annotations

import re

_G = r"(?:hour|day|week|month|quarter|year)"
_GRAIN = rf"(?P<grain>{_G})"
_NUMBER = r"(?P<count>\d+|two|three|four|five|six|seven|ten|twelve|thirty)"
_RATE = r"(?:(?:percentage|percent|pct|relative|absolute|%) )?"
_CHANGE = (
    r"(?:growth rates?|rates? of (?:change|growth)|changes?|growth|differences?|increases?|trend)"
)
_FALL = r"(?:decreases?|declines?|drop|fall|dip|jump|rise|gain)"
_MOVES = rf"(?:{_CHANGE}|decreases?|declines?|drops?|falls?|dips?|jumps?|rises?|gains?)"
_ITS = r"(?: (?:in|of) (?:that|this|the same|its) (?:number|figure|amount|value|count|total|one))?"
_AGAINST = r"(?:(?:as )?compared (?:to|with)|versus|vs|relative to|against)"
_EARLIER = (
    rf"(?:that of )?(?:the )?(?:(?:immediately )?(?:previous|prior|preceding|last) (?P<grain>{_G})s?"
    rf"|(?P<grain_>{_G}) (?:before|earlier|prior))"
)
_RUNNING = r"(?:running|cumulative|accumulated|cumulated)"
_MOVING = r"(?:moving|rolling|trailing) (?:average|avg|mean)(?: of)?"
_PERIOD = (
    r"(?:the )?(?:same|q[1-4]|last|previous|prior|preceding|first|second|third|fourth"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|(?:year|quarter|month|week)s? before)\b"
)
_YEAR = r"(?:19|20)\d\d\b"
THAN = (
    rf"(?:than(?: in| during| for| over)?(?= {_PERIOD})|than (?:in|during|for|over)(?= {_YEAR})"
    rf"|(?<=\d\d\d\d )than(?= {_YEAR}))"
)
_WHOLE = r"(?:the )?(?:grand |overall )?(?:total|whole|overall|all)"
_PART = r"(?:percentages?|percent|pct|%|shares?|proportions?|fractions?)"

# The kind that is asked for, and the words that ask for it. `changing` says that something changed
# without saying since when, `verb` perhaps so; `since` says only when, and nothing where nothing
# changed.
PHRASES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"(?<!\S){text}(?!\S)"))
    for kind, text in (
        ("change", rf"{_RATE}{_GRAIN} (?:over|on|to) (?P=grain)(?: {_RATE}{_MOVES}{_ITS})?"),
        ("change", rf"from (?:one |each )?{_GRAIN} to (?:the )?(?:(?P=grain)|next)"),
        ("change", rf"{_RATE}(?P<short>dod|wow|mom|qoq|yoy)(?: {_RATE}{_MOVES}{_ITS})?"),
        ("change", rf"{_RATE}{_MOVES}{_ITS} (?:from|over|since|to|on) {_EARLIER}"),
        ("change", rf"{_AGAINST} {_EARLIER}"),
        ("change", r"by (?:what|how many|which) (?P<rate>percentage|percent|%)(?: points)?"),
        ("since", rf"(?:from|over|since|than|to) {_EARLIER}"),
        ("changing", rf"{_RATE}{_CHANGE}{_ITS}"),
        ("changing", rf"{_RATE}{_FALL}{_ITS}(?= (?:in|of|from|over|since|compared|to|against|vs) )"),
        ("verb", r"grow|grew|grown|increased?|decreased?|declined?|dropped|fell|risen?|rose|shrank"),
        ("rose", rf"(?<!how much )(?<!how many )(?:more|higher|greater|fewer|less|lower)(?: often| frequently| times)?(?=[^.?!]* {THAN})"),
        ("rose", rf"(?:lost|gained)(?=[^.?!]* (?:{_AGAINST}|from \S+ to|between) )"),
        ("rose", r"(?<=are )(?:up|down)(?=[^.?!]* (?:on|against|versus|vs|compared|from|since) )"),
        ("running", _RUNNING + r"(?: (?:totals?|sums?|counts?)(?: of)?)?"),
        ("moving", rf"{_NUMBER} {_GRAIN}s? {_MOVING}"),
        ("moving", rf"(?:moving|rolling|trailing) {_NUMBER} {_GRAIN}s? (?:average|avg|mean)(?: of)?"),
        ("share", rf"(?:as|in|with|and)(?: an?| the| their| its)? {_PART}(?: of {_WHOLE})(?! [a-z])"),
        ("share", rf"(?:as|in)(?: an?)? {_PART}(?! [a-z])"),
        ("share", rf"in {_PART} terms"),
        ("share", rf"(?<=, ){_PART}(?! [a-z0-9])"),
        ("share", rf"(?:as|in)(?: an?)? {_PART}(?= by| per| for each)"),
        ("share", r"(?:percentage|percent) (?:distribution|breakdown|split)(?: of)?"),
        ("compare", r"compare|compared|comparison of|comparison"),
    )
)  # fmt: skip
# What leads to the earlier period, where something is said to be more or less.
BEFORE = re.compile(rf"(?<!\S)(?:{THAN}|on(?= {_PERIOD}))(?!\S)")
# A question without one of these asks for no window.
ASKING = frozenset(
    """dod wow mom qoq yoy change changes growth previous prior preceding before earlier running
    cumulative accumulated cumulated moving rolling trailing percent grow grew grown increase
    increased decrease decreased decline declined dropped fell rise risen rose percentage percentages pct %
    share shares proportion proportions fraction more higher greater fewer less lower
    shrank up down lost gained compare comparison hour day week month quarter
    year compared drop fall jump gain dip declines decreases""".split()
)
SHORT = {"dod": "day", "wow": "week", "mom": "month", "qoq": "quarter", "yoy": "year"}
FALLS = re.compile(r"\b(?:decreas|declin|drop|fall|fell|dip|shrank|fewer|less|lower|down|lost)")
RATE = re.compile(r"percent|pct|%|growth|relative|rates?\b")

_ON = r"(?:(?:on|during|at|for|by|between|across) )?(?:the |a )?"
_LATE, _EARLY = r"weekends?(?: days?)?", r"(?:weekdays?|working days?|week days?)"
_AGAINST = r"(?:versus|vs(?: \.)?|and|or|against|compared to|compared with)"
# The parts of a date that rows are gathered by, whatever their year.
PARTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("weekday", re.compile(r"(?<!\S)(?:days? of (?:the )?week"
                           r"|(?:(?<=which )|(?<=what )|(?<=by )|(?<=per )|(?<=each ))weekdays?)"
                           r"(?!\S)")),
    ("weekend", re.compile(
        rf"(?<!\S){_ON}(?:{_LATE},? {_AGAINST} {_ON}{_EARLY}|{_EARLY},? {_AGAINST} {_ON}{_LATE})(?!\S)"
    )),
    ("hour_of_day", re.compile(r"(?<!\S)hours? of (?:the )?day(?!\S)")),
    ("month_of_year", re.compile(r"(?<!\S)(?:calendar months?|months? of (?:the )?year)(?!\S)")),
)  # fmt: skip

# What an adjective or verb compares, where the question does not say it.
COMPARED: dict[str, tuple[str, ...]] = {
    "expensive": ("price", "cost", "fee"), "cheaper": ("price", "cost", "fee"),
    "costlier": ("price", "cost", "fee"), "pricier": ("price", "cost", "fee"),
    "dearer": ("price", "cost", "fee"),
    "earn": ("salary", "wage", "pay", "income"), "paid": ("salary", "wage", "pay", "income"),
    "make": ("salary", "wage"), "longer": ("length", "duration", "minute"),
    "shorter": ("length", "duration", "minute"), "heavier": ("weight",), "lighter": ("weight",),
    "taller": ("height",), "larger": ("size", "area", "capacity"), "faster": ("speed",),
    "bigger": ("size", "area", "capacity"), "smaller": ("size", "area", "capacity"),
    "cost": ("price", "cost", "fee"),
}  # fmt: skip
SPENDING = frozenset({"spend", "pay", "spent", "paid"})
