"""Duration phrases: how a question asks for the time between two moments, and words for moments."""

from __future__ import annotations

import re

_AGG = r"(?P<function>average|mean|avg|typical|median|longest|maximum|max|shortest|minimum)"
_UNIT = r"(?P<unit>seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
_IN = r"(?: (?:in|measured in|as) (?P<unit_>seconds?|minutes?|hours?|days?|weeks?|months?|years?))?"
_LENGTH = rf"(?:(?:number|amount|length) of )?(?:{_UNIT}|time|duration|delay|lag|gap|interval)"
_ELAPSING = (
    r"(?: (?:that )?(?:pass(?:es|ed)?|elapse[sd]?|go(?:es)? by|lies?|are there|is there|is it|it takes?"
    r"|it took|taken|needed|required|does it take|did it take|do they take|usually pass))?"
)
_AVG = r"(?:,? (?:on average|usually|typically))?"
_THE = r"(?:(?:the|a|an|its|their|his|her) )?"
# Where the words of the second moment end.
_STOP = (
    r"(?= (?:for|by|per|in|on|with|where|when|who|whose|which|that|each|across|grouped|during|over|at"
    r"|broken|among|rounded|if|of each|of every|of all|and (?:what|how|which))(?!\S)"
    r"| [,.?!;:]|$)"
)
_ASKED = rf"(?:how many {_UNIT}|how long|how much time)"
_WHICH = r"(?:(?P<which>actual|real|scheduled|planned|expected|estimated|predicted|promised) )?"
_HEAD = rf"(?:{_AGG} )?{_WHICH}(?:(?:how many )?{_LENGTH}|how long|how much time)"

_START, _WHAT, _END = (rf"{_THE}(?P<{part}>[^,.?]+?)" for part in ("start", "what", "end"))
_UNTIL = r"(?:to|until|till)"
_TAKES = r"(?: (?:does|did) it (?:usually |typically )?take)"
_FROM = rf"(?: (?:after|from|since) {_START})?"  # `to finish a course after enrolling`
_WAIT = rf" (?:do|does|did) {_WHAT} (?:usually |typically |have to |had to )*wait"
_EVENT = r"(?:first )?(?!\bday|hour|minute|week|month|year)[a-z]+"
_TEXTS = (
    rf"{_AGG} {_THE}(?P<end>{_EVENT}) (?:time|delay|duration|lag){_IN}(?P<unit>)?{_STOP}",
    rf"{_HEAD}{_AVG}{_ELAPSING}{_AVG}{_IN} between {_START} and {_END}{_STOP}",
    rf"{_HEAD}{_ELAPSING}{_AVG}{_IN}{_AVG} from {_START} {_UNTIL} {_END}{_STOP}",
    rf"{_HEAD}{_AVG}{_TAKES}?{_AVG}{_IN}{_AVG} from {_START} {_UNTIL} {_END}{_STOP}",
    (
        rf"(?:{_AGG} )?{_ASKED}{_AVG}{_TAKES}{_AVG}{_IN}(?: (?:for )?{_WHAT})?"
        rf" (?:to(?: be)?|until|before) {_END}{_FROM}{_STOP}"
    ),
    (
        rf"(?:{_AGG} )?{_LENGTH}{_IN}{_ELAPSING}{_AVG}(?: for {_WHAT})?"
        rf" (?:to(?: be)?|until) {_END}{_FROM}{_STOP}"
    ),
    rf"(?P<function>)?(?P<unit>)?how long (?:do|does|did) {_WHAT} take{_AVG} to(?: be)? {_END}{_STOP}",
    (
        rf"{_AGG}(?P<unit>)? (?:it|we|they)(?: has| have| had| ever)* (?:take|takes|took|taken)"
        rf"(?: us| them)?{_IN} to(?: be)? {_END}{_STOP}"
    ),
    rf"(?P<function>)?{_ASKED}{_WAIT}{_AVG}{_IN} (?:to(?: be)?|until|before) {_END}{_STOP}",
)
# Each finds `end`, and perhaps `start`, `what` it happens to, a `unit` and a `function`.
DURATIONS: tuple[re.Pattern[str], ...] = tuple(re.compile(rf"(?<!\S){text}") for text in _TEXTS)
RANKED = re.compile(r"(?<!\S)(?:with|had|has|have|having|took|takes|take) the $")
# Nobody asks that of each row: `how long does it take to close a case`.
GENERAL = re.compile(
    r"^(?:and )?how (?:long|much time|many [a-z]+) (?:do|does|did) (?:it|we|you)(?!.* (?:each|every)(?!\S))"
)
ON_AVERAGE = re.compile(r"(?<!\S)(?:on average|usually|typically)(?!\S)")

# Words of English for the moments of a thing's life: what happens then may be called by any.
MOMENTS: dict[str, str] = {
    "made": "create created open opened start started begin began place placed order ordered register"
            " registered registration submit submitted report reported request requested enter sign"
            " signup joined join enroll enrolled issue issued book booked booking launch hire hired",
    "joined": "register registered registration sign signed signup join joined joining enroll"
              " enrolled subscribe subscribed",
    "sent": "ship shipped shipping shipment dispatch dispatched send sent mailed handed leave left"
            " leaving depart departed departure",
    "arrived": "arrive arrived arrival deliver delivered delivery receive received receipt bring"
               " brought reach reached",
    "ended": "end ended close closed closing closure resolve resolved resolution settle settled"
             " solve solved fix fixed settlement complete completed completion finish finished decide decided decision"
             " cancel cancelled leave left discharge discharged terminate terminated termination expire expired"
             " fire fired dismiss dismissed fulfil fulfilled fulfilment clear cleared",
    "paid": "pay paid payment settle settled settlement",
    "given back": "return returned refund refunded",
    "read": "read seen opened viewed",
    "sold": "sell sold sale purchase purchased buy bought order ordered",
    "visited": "visit appointment slot scheduled schedule",
}  # fmt: skip
