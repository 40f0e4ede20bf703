"""Forms of question that no data answers, with the reason that is given.

They are looked for before the catalog is, so only what no table could hold belongs here: `what is
the purpose of trip 5` may well be a column. A form's `unless` names what is asked of data in the
same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """A form of question that is not answered: its code, its pattern, and what is said."""

    code: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    reason: str


def _forms(code: str, reason: str, *patterns: str | tuple[str, str]) -> tuple[Form, ...]:
    pairs = (p if isinstance(p, tuple) else (p, "") for p in patterns)
    return tuple(
        Form(code, _compiled(pattern), _compiled(unless) if unless else None, reason)
        for pattern, unless in pairs
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        pattern = pattern.replace(f"<{name}>", part)
    return re.compile(pattern, re.IGNORECASE)


_PARTS = {
    # The start of an order, with what politeness puts before its verb.
    "order": r"^\s*(?:(?:hi|hey|hello|ok|okay|so|now|just|please|kindly|then|also|and|next|first"
    r"|go ahead and|let'?s|help me(?: to)?|try to|you (?:must|should|need to|have to)"
    r"|(?:can|could|would|will) (?:you|u|we)(?: please)?(?: help me(?: to)?)?"
    r"|(?:i|we)(?: would like| want| need|'d like)(?: you)? to"
    r"|(?:i|we) (?:must|have to))\b[\s,!:]*)*",
    "the": r"(?:the|all|every|each|any|this|that|these|those|my|our|his|her|their|its|a|an|another"
    r"|one|two|new|some|everything|it|them)\b",
    "we": r"(?:i|we|you|one|someone|people|they|he|she|companies|businesses|organi[sz]ations"
    r"|teachers|students|governments|society|humans?|managers)\b",
    "who": r"(?:i|we|you|one|someone|companies|businesses|organi[sz]ations|governments|society"
    r"|humans?)\b",
    "move": r"(?:drop|dropp?ed|fall|fallen|fell|ris(?:e|en|ing)|rose|increas\w+|decreas\w+"
    r"|declin\w+|grow\w*|grew|chang\w+|spik\w+|surg\w+|dip\w*|plummet\w*|collaps\w+|shr[iau]nk"
    r"|slow\w*|improv\w+|worsen\w*)\b",
    "event": r"(?:churn|buy|purchase|sell|grow|rise|drop|fall|increase|decrease|decline|improve"
    r"|happen|earn|make|lose|gain|reach|exceed|win|survive|die|look like|look|perform|run out"
    r"|come back|visit|want|require|relapse|stay|click|respond|vote|convert|subscribe|double|succeed|fail"
    r"|recover|outperform|crash|generate|be (?:like|worth|the|higher|lower"
    r"|more|less))\b",
    "report": r"(?:(?:a|an|the|me|us|some|this|that|one|quick|short|brief|new|simple|monthly"
    r"|weekly|daily|detailed|full|pivot|bar|line|pie)\s+)*(?:report|list|listing|chart|graph|plot"
    r"|histogram|summary|overview|breakdown|ranking|dashboard|comparison|query|leaderboard"
    r"|distribution|table (?:of|with|showing|that|listing)|view (?:of|with|showing)|pivot)\b",
    # Nouns that turn the verb before them into one: `update frequency`, `cancel rate`.
    "noun": r"(?:events?|requests?|operations?|statements?|rates?|counts?|times?|reasons?|dates?"
    r"|fees?|polic\w+|volumes?|frequency|history|logs?|cycles?|duties|buttons?|costs?)\b",
}

_NO_WRITE = "DataMind only reads: it does not change data."
_NO_ADVICE = "This asks for advice or an explanation, which data alone does not give."
_NO_WORLD = "This asks about the world at large, not about this data."
_NO_FUTURE = "This asks about the future; the data holds only what is recorded."
_HELP = "You can ask about the data in your own words."
_NO_ORDERS = "DataMind answers questions about the data; its rules are not open to instructions."

FORMS: tuple[Form, ...] = (
    *_forms(
        "help", _HELP,
        r"^\s*(?:hi|hello|hey|good (?:morning|afternoon|evening)|help|help me|i need help|\?+"
        r"|menu|examples?|(?:show|give) me (?:some )?(?:examples?|example questions))"
        r"(?: (?:there|you|please|everyone|all|datamind))*\s*[.!?]*\s*$",
        r"^\s*(?:what|which) (?:can i|could i|should i|can we|may i|(?:kind|sort)s? of (?:questions?"
        r"|things?|data) can i|(?:questions?|things?) can i|else can i) ask(?: you| about| here)?"
        r"\s*[.!?]*\s*$",
        r"^\s*(?:what|which) (?:tables?|data|metrics?|data ?sets?|fields|columns)(?: and (?:tables?"
        r"|metrics?|columns))? (?:are there|is there|is available|are available|do (?:you|we|i) have"
        r"|do you know(?: about)?|can (?:i|you) (?:ask about|see|use|query)|exists?)\s*[.!?]*\s*$",
        r"^\s*(?:(?:show|list|give)(?: me)? (?:all )?(?:the )?(?:tables|metrics|data ?sets|schema)"
        r"|what do you know(?: about)?|what can you (?:do|answer|tell me)|how do(?:es)? (?:i|this|it)"
        r" (?:use (?:this|it|you)|work)|how can i (?:ask|use (?:this|it|you))(?: questions?)?"
        r"|what is this|what data is this)\s*[.!?]*\s*$",
    ),
    *_forms(
        "instruction", _NO_ORDERS,
        r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:\w+ )?(?:(?:previous|prior|above"
        r"|earlier|preceding|your|the|all|these|my|any|of)\s+)*(?:system )?(?:instructions?"
        r"|prompts?|guidelines|guardrails|directives)\b",
        r"\b(?:ignore|disregard|forget|override)\s+(?:all )?(?:of )?(?:your|previous|prior"
        r"|the above)\s+(?:rules|restrictions|policies|training)\b",
        r"\b(?:override|bypass|circumvent|disable)\s+(?:\S+ ){0,2}(?:security|permissions?|access"
        r"|restrictions|row[- ]level|guard|polic(?:y|ies))\b",
        r"\bsystem prompt\b|\bjailbreak|\bdeveloper mode\b|\bdo anything now\b",
        r"\b(?:show|reveal|print|repeat|tell me|what (?:is|are)|output)\b[^.?!]{0,20}\byour"
        r" (?:\w+ )?(?:instructions|prompt|rules|source code|configuration|guidelines)\b",
        r"<order>(?:(?:act|behave|roleplay) as\b|(?:pretend|imagine) (?:to be|that you|you)\b)",
        r"\byou are (?:now|no longer)\b|\bfrom now on,? you\b",
    ),
    *_forms(
        "write_request", _NO_WRITE,
        (r"<order>(?:delete|truncate|insert|erase|overwrite|purge|wipe)\b(?!-)",
         r"<order>\w+ <noun>"),
        ((r"<order>(?:remove|cancel|revoke|add|create|rename|modify|edit|assign|deactivate|disable"
         r"|enable|activate|approve|reject|reassign|reschedule|unsubscribe)\b(?!-)"),
         (r"<order>(?:create|add) <report>|<order>\w+ <noun>|<order>add (?:up|together"
         r"|the (?:sum|total|number|amount|value)s?)\b")),
        (r"<order>update\b(?!-)", r"<order>update (?:me|us|<noun>|status by)\b"),
        r"<order>drop\s+(?:<the>|tables?|columns?|databases?|schemas?|views?|index\w*|rows?"
        r"|records?|\w+ (?:table|column|database|schema))",
        r"<order>set\s+(?!of\b).*\b(?:to|as|=)\s*\S",
        r"<order>(?:change|switch)\s+(?:<the>|\w+'s|order|customer|status|price)\b.*\b(?:to|into)\b",
        r"<order>(?:transfer|move|mark|reset|restore|merge|replace|correct|fix|increase|decrease"
        r"|raise|reduce|refund|hire|fire|promote|enrol+|register|schedule|book|e-?mail|post|alter"
        r"|publish|submit|block|unblock|archive|reopen|ban|lock|unlock|back ?up|migrate|upload"
        r"|import|reimburse|ship|buy|purchase|pay|close|resolve|settle|escalate|dispatch)"
        r"\s+<the>\s*\w",
        r"<order>(?:open|close|reopen|refund|approve|ship|mark|pay)\s+(?:<the>\s+)?(?:ticket|case"
        r"|order|account|issue|invoice|request|task|claim|incident)\s+#?(?=\S*\d)[\w/-]+",
        r"<order>(?:e-?mail|text|message|notify|call|phone|remind|invite|forward|ship|refund|cancel"
        r"|archive|book|fix|close|delete|remove|approve|block)\s+(?:it|them|him|her|this|that|these"
        r"|those)\s*[.!?]*$",
        r"<order>(?:mark|tag|label)\s+.+\bas\s+\w",
        r"<order>move\s+\w+\s+(?:to|from)\b|<order>increase (?:prices|salaries)\b",
        r"<order>send\s+(?:an?|the|this|it|them|all|every)\b(?!.*\bto (?:me|us)\b)",
        r"<order>grant\s+(?:\w+\s+){0,3}(?:select|insert|update|delete|access|permissions?|rights"
        r"|privileges?|roles?|admin)\b.*\b(?:to|on)\b",
        r"<order>give (?!the |me |us |all |a )\S+(?: \S+)? (?:an? )?(?:admin|access|permissions?"
        r"|privileges?)\b",
        r"<order>(?:make|give)\s+(?:the|all|every|each)\s+.*\ba (?:raise|discount|refund|bonus)\b",
        r"\b(?:delete\s+from|drop\s+(?:table|database|schema|view)|insert\s+into|truncate\s+table"
        r"|alter\s+table|update\s+\w+\s+set)\b|\bcreate\s+table\s+\w+\s*\(",
        r"(?:\b(?:and|then)|,)\s+(?:then\s+|afterwards?\s+)?(?:delete|remove|drop|update|insert"
        r"|truncate|erase|overwrite)\s+(?:them|it|those|these|all|the|every)\b",
        r"\bwould you mind (?:delet|remov|updat|insert|add|chang|cancel|creat|renam)\w*ing\b",
    ),
    *_forms(
        "future", _NO_FUTURE,
        r"<order>(?:predict|extrapolate)\b(?!-)",
        r"<order>(?:forecast|project)\s+(?:the|our|my|next|how|what|future|sales|revenue|demand)\b"
        r"(?!\s*\w*\s*by\b)",
        r"\b(?:can|could|do) you (?:predict|forecast|foresee|think\b.*\bwill)\b",
        (r"\bwhat will\b.*\bbe\b|\bwhat will (?:happen|the)\b|\bwhat (?:will|'ll)\b.*\b<event>",
         r"\bwhat will be \w+(?:ed|en|ent|due)\b|\b(?:dates?|deadline|arrival|departure|age)\b"),
        ((r"\bhow (?:many|much)\b.*\bwill\b.*\b<event>|\bhow will\b|^\s*will\b.*\b<event>"
         r"|\b(?:who|which \w+|when|where)(?: \w+)* will(?: \w+)? <event>"
         r"|\bhow many\b.*\bwill there be\b|\bwill (?:i|we|they) (?:have|get|see|spend|need)\b"),
         r"\bwill (?:be|have been) (?:\w+ed|\w+en|sent|sold|made|paid|shipped|due)\b"),
        r"\b(?:is|are|be) (?:most |more |least |less )?likely to\b",
        r"\bwhat (?:would|might|could) happen\b|\bwhat if\b|\bthe future of\b",
        (r"\bwould\b[^.?!]*\bif\b|\bif\b[^.?!]*\bwould\b",
         r"\bwould(?: also)? (?:like|love|want|need|prefer)\b|\bwould you\b"),
        r"<order>(?:suppose|imagine|assume)\s+(?:that|we|i|you|the|an?|all|every|prices?|sales|it"
        r"|there)\b",
    ),
    *_forms(
        "general_knowledge", _NO_WORLD,
        r"^\s*(?:hi|hello|hey|good (?:morning|afternoon|evening|night)|thanks?|thank you|bye|ok"
        r"|goodbye|okay|cool|great|nice|yes|no|sure)(?: (?:there|you|so much|a lot|everyone|all"
        r"|datamind|again))*\s*[.!?]*\s*$",
        r"^\s*(?:hi|hello|hey)?[\s,]*(?:who|what|how) (?:are|r) (?:you|u)\b|\bwhat can you do\b"
        r"|\bhow(?:'s| is) it going\b|\bi love you\b"
        r"|\bwhat(?:'s| is) (?:up\b|your (?:name|favou?rite|age|job|purpose))"
        r"|^\s*are you (?:a |an )?(?:human|robot|bot|ai|real|alive|conscious)\b"
        r"|\bdo you (?:like|love|know how to|speak|feel|have feelings)\b",
        r"<order>(?:tell|give)\s+(?:me|us)\s+(?:a|an|some|another)\s+(?:\w+\s+)?(?:jokes?|riddles?"
        r"|fun facts?)\b|<order>tell\s+(?:me|us)\s+a\s+(?:\w+\s+)?(?:story|poem)\b",
        r"<order>(?:write|compose|draft|generate|sing)\s+(?:me\s+|us\s+)?(?:a|an|some|another)\s+"
        r"(?:\w+\s+){0,2}(?:story|poem|song|essay|haiku|limerick|e-?mail|letter|blog|tweet|speech"
        r"|recipe|code|script|program|function|article|post)\b",
        r"<order>(?:translate (?:this|the|it|that|to|into)|proofread|rewrite (?:this|it)|play (?:a"
        r"|some|me|music|the)|sing (?:a|me|happy)|draw (?:me )?(?:a|the) (?!.*\b(?:chart|graph|plot"
        r"|line|histogram|diagram)))\b",
        r"^\s*how (?:do|does|did)\b(?!.*\b(?:many|much|long|often|hours?|days?)\b).*\bwork\s*\??\s*$",
        r"\bmeaning of life\b|\bwhat time is it\b|\bwhat day is (?:it|today)\b|\bwhat(?:'s| is)"
        r" (?:today's date|the time|the date today)\s*\??\s*$|\bweather (?:like|forecast)\b",
        ((r"\bhow (?:do|does|did|can)\s+(?:\S+\s+){1,8}?(?:affect|influence|impact|contribute to"
         r"|shape|transform|evolve|help|benefit)\b|\bhow (?:has|have|is|are)\s+(?:\S+\s+){1,8}?"
         r"(?:affected|influenced|impacted|contributed to|shaped|transformed|evolved|helped)\b"),
         (r"\b(?:help|impact|influence|benefit|shape) (?:desk|scores?|factors?|plans?|types?|levels?"
         r"|areas?|packages?|vary|varies|differ|compare|change)\b")),
        r"^\s*can (?:machines?|robots?|computers?|ai|humans?|animals?|plants?|art|music|science"
        r"|technology|god|money|love|people)\b|^\s*(?:do|does) (?:machines?|robots?|god|aliens?)\b",
        r"^\s*(?:is|are|was|were) (?:there (?:life|a god|a meaning|aliens|hope)|god|love|aliens?"
        r"|ghosts?)\b",
    ),
    *_forms(
        "advice", _NO_ADVICE,
        r"^(?:who|which \w+|what)\s+(?:should|ought to)\s+(?!have\b)|\b(?:should|shall|ought)(?:n't)?\s+<we>|\bwhat should (?:the|our|be done)\b",
        r"^\s*(?:should|ought) (?!i (?:see|expect)\b)(?:the |our |my )?\w+",
        r"<order>(?:recommend|suggest|advise)\b(?!-)",
        r"\b(?:do|would|can|could|will) you (?:please )?(?:recommend|suggest|advise|think|believe"
        r"|prefer|explain|teach|convince)\b|\b(?:your|do you have any|do you have some) (?:good )?"
        r"(?:recommendations?|advice|suggestions?|opinions?|thoughts?|ideas)\b|^\s*any (?:advice"
        r"|suggestions?|thoughts|ideas|recommendations?)\b",
        r"\bgive (?:me|us) (?:\w+ )?(?:\w+ )?(?:advice|tips|suggestions?|recommendations?|ideas)"
        r" (?:for|on|to|about|how)\b|\b(?:some|useful|practical|helpful|good) tips (?:for|on|to)\b",
        r"\bbest (?:ways?|practices?|approach(?:es)?|strateg\w+|method) (?:to|for|of \w+ing"
        r"|in \w+ing)\b|\bbest practices\b",
        (r"(?:^|[,.;]\s*)how (?:can|could|might|would|to|should)\b",
         (r"\bhow (?:can|could|would|might) (?:i|we) (?:see|view|list|look up|check|find out (?:how"
         r"|which|who|what))\b|\bhow (?:many|much)\b")),
        ((r"\bhow (?:do|does) <who>(?!.*\b(?:compare|perform|rank|stand|spend|earn|rate|score|differ"
         r"|vary)\b)"),
         r"\bhow (?:many|much|often|long|far|old)\b"),
        r"\bwhat (?:steps|measures|actions|precautions|strategies)\b.*\b(?:should|can|could|must)\b"
        r"|\bwhat can (?:i|we|one|be done)\b",
        r"^\s*(?:so |and |but )?why\b|\bexplain (?:to me )?(?:how|why|what|the (?:concept|meaning"
        r"|theory|difference|reason|process))\b|\bthe reasons? why\b",
        r"\bwhat (?:caused|causes|is causing|led to|explains|drove|drives|is driving|is behind)\s+"
        r"(?:the|this|our|that)?\s*(?:\w+\s+){0,2}<move>",
        r"\b(?:key|critical|crucial|necessary|essential|ethical) (?:success )?(?:factors|principles"
        r"|considerations|strategies|implications|ingredients|challenges)\b.*\b(?:\w+ing\b|success"
        r"|to consider|when)",
        r"\bwhat (?:is|are) the (?:process|procedures?|steps|requirements)\b.*\b(?:to [a-z]+"
        r"|of [a-z]+ing|for [a-z]+ing)\b",
        r"\bwhat (?:does|do) \S+(?: \S+){0,3} (?:mean|stand for)\s*\??\s*$|\bwhat is meant by\b"
        r"|<order>define\b(?!-)|\bwhat is the (?:meaning|definition) of (?:an? |the )?[a-z]+"
        r"\s*\??\s*$",
        r"\bis it (?:better|worth|wise|advisable|a good idea|safe|legal|ethical|possible to (?!see"
        r"|get|list|show|view|find|filter))\b",
        r"\bwhat (?:is|are) the (?:\w+ )?(?:advantages|disadvantages|drawbacks|downsides|importance"
            r"|significance) of\b",
        r"\bwhat are the (?:\w+ )?benefits of (?!(?:the|an?|each|every|all|this|that|my|our)\b)"
        r"(?:[a-z]+ )?[a-z]*[a-rt-z]\s*\??\s*$",
        r"\bpros and cons\b|\badvantages and disadvantages\b|\bwhat do you think\b",
    ),
)  # fmt: skip
