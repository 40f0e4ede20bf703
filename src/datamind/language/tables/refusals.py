"""Forms of question that no data answers, with the reason that is given."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Form:
    """A form of question that is not answered: its code, its pattern, and what is said."""

    code: str
    pattern: re.Pattern[str]
    reason: str


def _form(code: str, pattern: str, reason: str) -> Form:
    return Form(code, re.compile(pattern, re.IGNORECASE), reason)


FORMS: tuple[Form, ...] = (
    _form(
        "write_request",
        r"^\s*(please\s+|can you\s+|could you\s+)?(delete|drop|truncate|insert|update|alter|remove|"
        r"create|grant|revoke|erase|overwrite|rename)\b(?!d)",
        "DataMind only reads: it does not change data.",
    ),
    _form(
        "advice",
        r"\b(should|shall)\s+(i|we|you|one|companies|businesses|people|they)\b|\brecommend\b|"
        r"\b(tips|advice|suggestions?)\s+(for|on|to|about)\b|\bbest (way|practice|strateg\w+)\b|"
        r"\bhow (can|could|might|would|do|should) (i|we|you|one|a|an|the|companies|businesses|people|"
        r"teachers?|organi[sz]ations?|scientists?|someone)\b(?!.*\bhow (many|much)\b)|"
        r"\bwhat (are|is) (some|the) (of the )?(key|main|best|effective|potential|necessary|common|"
        r"ethical|possible|current|important)?\s*(factors|benefits|risks|steps|considerations|"
        r"strategies|applications|tips|ways|features and|security measures|process (for|of|to))\b|"
        r"\bwhat steps\b|\bwhat is the (process|meaning|purpose|definition)\b",
        "This asks for advice or an explanation, which data alone does not give.",
    ),
    _form(
        "general_knowledge",
        r"^\s*how (does|do|did|has|have)\b(?!.*\b(ratio|average|number|total|count|proportion|"
        r"percentage|rate|amount|vary|var(y|ies)|compare|change|differ|population|sales?|revenue|"
        r"price|cost)\b)|"
        r"^\s*(can|could|is|are|was|has|have|do|does|will|would)\s+(we|i|you|there (been )?any|there a "
        r"meaning|art|genetic|it)\b(?!.*\b(how many|orders?|customers?|show|list|give|tell)\b)",
        "This asks about the world at large, not about this data.",
    ),
    _form(
        "future",
        r"\b(predict|forecast|project)\s+(the|our|next|how|what|future)\b|\bwill\b.*\bnext (year|month|"
        r"quarter|week|decade)\b|\bwhat will\b|\bhow many .* will\b",
        "This asks about the future; the data holds only what has happened.",
    ),
)  # fmt: skip
