"""Everyday ways to say things, read as the plain ones: rows as in `paraphrases.py`."""

from __future__ import annotations

_USUAL = r"(?:average|typical|normal|usual)"
_DAYS = r"monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MADE = r"(?: (?:do|did|does|have|has|are|were|is|was) (?:we |there |they |you |it )?(?:\w+ )?)?"
_END = r"(?= ?[?.,]|$| (?:in|during|for|by|at|since|from|this|last)(?!\S))"
_NUMBER = r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)"
_PERIODS = (("day", "daily"), ("week", "weekly"), ("month", "monthly"), ("year", "yearly"))

# Who did it first, by when; `finished first` and `came last` are places in a race.
_DID = (
    r"(?:(?:was|were|is|has been|have been) )?(?!finished|ranked|placed|scored|listed)"
    r"(?:\w+ed|began|built|sold|made|sent|bought|paid|born)(?: up| in| on| out)?"
)
_LEAST = "lowest|smallest|minimum|min|least|shortest"
_MOST = "highest|largest|biggest|greatest|maximum|max|longest"
_GOT = "bought|sold|ordered|purchased|returned|sent back"
_GET = "buy|order|purchase|return|send back"

EVERYDAY: tuple[tuple[str, ...], ...] = (
    *(
        (way, rf"^(who|(?:which|what) \w+(?: \w+)?) ({_DID}) {way}(?= ?[?.]|$| (?:in|this|last) )", f"{{1}} {{2}} {meant}")
        for way, meant in (("first", "earliest"), ("last", "most recently"))
    ),
    ("once twice", r"only (\w+ed|bought|made|paid|sold|took|came) (once|twice)(?!\S)", "{1} only {2}"),
    ("and", rf"(?:the )?(?:{_LEAST}) and (?:the )?(?:{_MOST})(?= \w)(?! \d)", "minimum and maximum"),
    ("and", rf"(?:the )?(?:{_MOST}) and (?:the )?(?:{_LEAST})(?= \w)(?! \d)", "maximum and minimum"),
    ("and", r"(?:the )?(?:first|earliest|oldest) and (?:the )?(?:last|latest|newest|most recent) (\w+ (?:date|day)s?)(?!\S)", "minimum and maximum {1}"),
    ("and", r"(?:the )?(?:earliest) and (?:the )?(?:latest|most recent) (\w+)(?= ?[?.]|$)", "minimum and maximum {1} date"),
    # What sells: the products.
    ("what", rf"^what (?:do|did|does|have|has) ((?:our |the )?(?:\w+ )?\w+) ({_GET}|{_GOT})(?= (?:the )?(?:most|least)(?!\S))", "which products did {1} {2}", "product"),
    ("best worst", r"^what (?:sells|sold|is selling|has sold|has been selling)(?= (?:the )?(?:best|worst|most|least)(?!\S))", "which products sold", "product"),
    ("what", rf"^what (?:is|are|was|were|gets|got|has been) ({_GOT})(?= (?:the )?(?:most|least)(?!\S))", "which products were {1}", "product"),
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
    ("min", r"min(?= ?(?:and|&|/|,) ?max(?:imum)?(?!\S))", "minimum"),
    ("max", r"(?<=minimum and )max", "maximum"),
    # `More returns than 3`.
    ("than", rf"(more|fewer|less) (\w+) than ({_NUMBER}){_END}", "{1} than {3} {2}"),
    # The first there ever was.
    ("ever very", r"^(?:(?:what|which|who) (?:is|was|were) )?(?:the |our )?(?:very first (?!name)(\w+)(?: ever)?|first (?!name)(\w+) ever)(?: made| placed)?(?= ?[?.]|$)", "the earliest {1} {2}"),
    ("ever very", r"^(?:(?:what|which|who) (?:is|was|were) )?(?:the |our )?very last (?!name)(\w+)(?: ever)?(?: made| placed)?(?= ?[?.]|$)", "the latest {1}"),
)  # fmt: skip
