r"""Paraphrases of how people speak: learners' English, and what is said around a question.

Rows as in paraphrases.py, where they stand first.
"""

from __future__ import annotations

_PERSON = r"(?:customers?|clients?|users?|patients?|guests?|buyers?|owners?|riders?|passengers?|visitors?|students?|employees?|members?|persons?|people)"
# Superlatives that English makes with an ending.
_ENDINGS = {
    "cheap": "cheapest", "slow": "slowest", "fast": "fastest", "quick": "fastest",
    "big": "biggest", "large": "largest", "small": "smallest", "long": "longest",
    "short": "shortest", "high": "highest", "low": "lowest", "old": "oldest", "new": "newest",
    "young": "youngest", "heavy": "heaviest", "light": "lightest", "late": "latest",
    "early": "earliest", "good": "best", "bad": "worst", "busy": "busiest", "near": "closest",
    "far": "farthest", "tall": "tallest", "deep": "deepest", "wide": "widest", "cold": "coldest",
    "hot": "hottest", "rich": "richest", "poor": "poorest", "strong": "strongest", "rare": "rarest",
}  # fmt: skip
_LEARNT = tuple(
    (adjective, rf"(?:the )?most {adjective}(?= \w| ?[?.,]|$)", f"the {said}")
    for adjective, said in _ENDINGS.items()
    if adjective != "late"  # the most late deliveries are no latest ones
)
_MORE = tuple(
    (adjective, rf"more {adjective} than", f"{comparative} than")
    for adjective, comparative in (
        ("cheap", "cheaper"), ("slow", "slower"), ("fast", "faster"), ("big", "bigger"),
        ("long", "longer"), ("short", "shorter"), ("high", "higher"), ("low", "lower"),
        ("old", "older"), ("new", "newer"), ("heavy", "heavier"), ("small", "smaller"),
    )
)  # fmt: skip

# When it was last or first, of all or of one: `when was the last trip of Ada Stone`.
_LATEST = tuple(
    row
    for way, meant in (
        ("last|latest|most recent|newest", "latest"), ("first|very first|earliest", "earliest"),
    )
    for row in (
        ("when", rf"^when (?:was|were|is) (?:(?:made|placed|done|given|opened|sent) )?(?:the |our )?(?:{way})(?: ever)?(?= \w)(?! (?:time|day|date|name)\b)", f"what is the {meant} date of"),
        ("when", rf"^when (?:did|have|has) (?:we|i|they|you|anyone|anybody|someone) (?:{way})(?: (?:make|take|have|place|get|receive|do|made|taken|had|placed) (?:an? |the )?)? ?(?=\w)", f"what is the {meant} date of "),
        ("when", rf"^when (?:did|has) (?!each|every|the average)(.+?) (?:{way})(?: (?:make|take|have|place|get|made|taken|had|placed) (?:an? |the )?)? ?(\w+)(?= ?[?.]|$)", f"what is the {meant} date of {{2}} of {{1}}"),
    )
)  # fmt: skip

_DONE = (
    r"((?:have |has |had |was |were )?(?:been )?(?:\w+ed|bought|came|paid|rode|made \w+|took \w+))"
)

SPOKEN: tuple[tuple[str, ...], ...] = (
    *(
        (said, rf"(who|that|which|how many {_PERSON}) {_DONE} {said}(?= (?:in|during|last|this|since) |[?., ]*$)", f"{{1}} {{2}} {meant}")
        for said, meant in (("once", "only once"), ("twice", "exactly twice"))
    ),
    *(
        row
        for way, said in (("first|oldest|very first", "first"), ("last|latest|newest|most recent", "last"))
        for verb, done in (("open", "opened"), ("close", "closed"), ("launch", "launched"), ("hire", "hired"))
        for row in (
            ("when", rf"^when (?:did|have) (?:we|they) (?:{verb}|{done}) (?:our |the )(?:{way}) (\w+)(?= ?[?.]|$)", f"when was the {said} {{1}} {done}"),
            ("when", rf"^when did (?:our |the )(?:{way}) (\w+) {verb}(?= ?[?.]|$)", f"when was the {said} {{1}} {done}"),
        )
    ),
    ("sell rent lend order buy", r"^(?:which|what) (\w+(?: \w+)?) (?:did|do) we (?:sell|rent out|lend out)(?= (?:in|on|last|this|yesterday|today|during|between) )", "which {1} were sold"),
    ("most", rf"^what (?:do|did) (?:the |our |your |most )?{_PERSON} (?:buy|order|purchase) (?:the )?most(?: often)?(?= (?:in|on|last|this|during) | ?[?.]|$)", "most bought product", "product"),
    ("returned", rf"({_PERSON}) (?:who|that|which) (?:have |has )?never returned(?= ?[?.]|$)", "{1} with only one order", "order"),
    ("returned", rf"({_PERSON}) (?:who|that|which) (?:have |has )?returned(?= ?[?.]|$)", "{1} with more than one order", "order"),
    ("given granted", r"(average (?:\w+ ){0,2}discount(?: \w+)?) (?:given|granted)(?= (?:in|on|by|per|for|to|last|this) | ?[?.,]|$)", "{1}"),
    ("when", r"^when (?:was|were|is) (?:the |our )?((?:total |average |gross |net )?(?:revenue|turnover|sales|profits?|income|takings|spending)|(?:number of|total|average) \w+(?: \w+)?) (?:at (?:its|their) )?(?:the )?(highest|lowest|greatest)(?= (?:in|during|last|this) | ?[?.]|$)", "which month had the {2} {1}"),
    *(
        ("when", rf"^when (?:was|were|has|have) (?!each|every|all|any)(.+?) (?:been )?(last|first|most recently) {done}(?= ?[?.]|$)", f"when was the {{2}} {noun} of {{1}}", noun)
        for done, noun in (("ordered", "order"), ("sold", "sale"), ("returned", "return"), ("rented", "rental"), ("booked", "booking"), ("visited", "visit"), ("inspected", "inspection"))
    ),
    *_LEARNT,
    *_MORE,
    *_LATEST,
    ("much", r"how much (?=(?:pieces|units|items|products|orders|customers|people|times|users|days)\b)", "how many"),
    ("what", rf"({_PERSON}) what(?= \w)", "{1} who"),
    ("who", rf"^who (?:is|are|was|were) (?:the |our )?({_PERSON}) (?:who|that|which)(?= )", "which {1}"),
    ("average", r", (?:on|in) average ,", "on average"),
    ("takes took", r"^how (long|many \w+|much time) it (?:takes|took)(?= )", "how {1} does it take"),
    ("long", r"how long (?:on|in) average (?!does|do|did)(.+?) (?:takes?|took|lasts?|lasted)(?= ?[?.]|$)", "how long does {1} take on average"),
    ("still", r"^do (?:we|you|they) (?:still|currently) (?:sell|have|offer|carry|stock) (.+?)(?: on sale| in stock)?(?= ?[?]|$)", "is {1} active", "active"),
    ("available sale", r"(is|are) (.+) still (?:available|on sale|in the range|offered)(?= ?[?]|$)", "{1} {2} active", "active"),
    *(
        ("makes manufactures produces", r"^who (?:makes|manufactures|produces) (?!the (?:most|least)|most|more|an? |any )(?:the |our )?(.+?)(?= ?[?]|$)", f"what is the {word} of {{1}}", word)
        for word in ("brand", "manufacturer", "maker", "producer")
    ),
    ("waiting", r"(?:(?:that|which) )?(?:(?:are|is|were|was) )?(?:still )?waiting for (?:somebody|someone|anybody|us|help|attention|an? (?:answer|reply|response))(?: to \w+(?: \w+){0,3})?(?= ?[?.,]|$)", "are open", "open"),
    ("live", r"^(?:in|at) (?:which|what) (\w+) (?:do |does )?(?:live )?(the most \w+)(?: live)?(?= ?[?.])", "which {1} has {2}"),
    ("usually typically normally generally", r"(?<!how )(?:usually|typically|normally|generally)(?= .*\b(?:most|best|least|fewest|highest|lowest|busiest)\b)", ""),
    ("depending", r",? ?depending on(?: the| their| its)?", "by"),
    ("never", r"nobody (has|have|had|was|were) (\w+ed) never", "nobody {1} {2}"),
    ("converts convert converted", r"(?:converts?|converted|converting) (?:the )?(best|worst|least|most)", "have the {1} conversion rate", "conversion"),
    ("when", r",? ?and when (?:did|was|were|has|have) (?:it|they|he|she|this|that|each)(?: of them)? (?:been )?(open|opened|start|started|launch|launched|join|joined|close|closed|built|hired|founded|bought|purchased|ordered|placed|shipped|delivered)(?= ?[?.]|$)", ", and the {1} date"),
    ("money value", r"(?:bought|ordered|purchased) (?:the )?(most|least)(?: from us| with us| here)? ?,? (?:in|by|in terms of) (?:money|value)(?= ?[?.,]|$)", "spent the {1}"),
    ("concerned involved affected", r",? ?and (?:for )?what (?:total )?(amount|sum|value)(?: of money)? (?:is|was|are|were) (?:concerned|involved|affected|at stake)(?= ?[?.]|$)", ", and the total {1}"),
    ("what", r",? ?and for (?:what|which) (?:total )?(amount|sum|value)(?: of money)?(?= ?[?.]|$)", ", and the total {1}"),
    ("what", rf"^what (?:did|has) (?:the |a |our )?{_PERSON} (?:buy|bought|purchase|purchased|order|ordered) (?:in|with) (?:the )?(\w+ \d+)(?= ?[?.]|$)", "which products are in {1}", "product"),
    ("what", r"^what (?:did|has|have|do|does) (.+?) (buy|bought|purchase|purchased|order|ordered)(?= (?:in|on|last|this|yesterday|today|during|with|from|between) | ?[?.]|$)", "which products did {1} {2}", "product"),
)  # fmt: skip
