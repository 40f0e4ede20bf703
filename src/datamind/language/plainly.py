"""Definitions in plain English, as a glossary has them: what they explain, and by what.

A product is low on stock when its stock quantity is below 10.
An active member is a member who has a membership with the status Active.
The backlog consists of the tickets with the status Open or Pending.
The refund rate is the number of refunded orders divided by the number of orders.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_NAME = r"[\w'’ -]{2,60}?"
_WHEN = re.compile(
    rf"^(?:an? |the |any )?(?P<noun>{_NAME}) (?:is|are|has|have|was|were|counts? as|needs? to be"
    rf"|need to be|(?:is|are) (?:considered|called|regarded as|said to be))"
    rf" (?:an? |the |been )?(?P<name>{_NAME}) (?:only )?(?:when|if|where|whenever|once)"
    r" (?P<text>.+)$",
    re.IGNORECASE,
)
_CONSISTS = re.compile(
    rf"^(?:the |our )?(?P<name>{_NAME}) (?:consists? of|comprises?) (?:all |only )?(?:the )?"
    r"(?P<text>.+)$",
    re.IGNORECASE,
)
_IS = re.compile(
    rf"^(?:an? |the |our |any )?(?P<name>{_NAME}) (?:is|are|equals?|means?)"
    r" (?P<text>(?:an? |one |someone |those |all |the |any |every |only |days |hours )?.+)$",
    re.IGNORECASE,
)
_DID = re.compile(
    rf"^(?:an? |any |all )?(?P<name>{_NAME}) (?P<text>(?:was|were|has|have|had|did|does|do"
    r"|weighs?|costs?|lasts?|earns?|holds?|owns?|pays?|spends?|lives?|works?|joined|sent|made)"
    r" .+)$",
    re.IGNORECASE,
)
# What a measure's definition begins with, or has between its parts.
_MEASURES = re.compile(
    r"^(?:the )?(?:total |average |mean )?(?:number|sum|total|average|mean|median|percentage"
    r"|percent|share|proportion|ratio|count|difference|amount)\b|\b(?:divided by|times|minus"
    r"|multiplied by|less|plus)\b|\s[-+*/]\s",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"\b(?:that|who|which|whose|where|with|without|in|on|at)\b", re.IGNORECASE)
# Which date a period is of: `..., counted in the year in which the order was placed`.
_DATED = re.compile(
    r",? (?:and (?:it|they) \w+ |dated |counted |taken |measured )(?:by|in|on|from) the "
    r"(?:day|date|year|month|time|moment) (?:on|in|at|of) which (?P<when>[^,.;]+)$",
    re.IGNORECASE,
)
# `the return of a campaign`, which a question asks of each campaign.
_OF_ONE = re.compile(r" of (?:an?|the|each|every|one) [\w ]+$", re.IGNORECASE)
_ASIDE = re.compile(r",? (?:whatever|regardless of|no matter) [^,.;]+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plain:
    """A phrase, what explains it, and the words that say when it happened."""

    name: str
    text: str
    when: str = ""


_COLON = re.compile(rf"^(?P<name>{_NAME}): (?P<text>.+)$")


def read(statement: str, stands: Callable[[str], bool]) -> Plain | None:
    """What the statement explains, where that `stands` in the question."""
    when = _DATED.search(statement)
    statement = _ASIDE.sub("", _DATED.sub("", statement))
    for pattern in (_COLON, _WHEN, _CONSISTS, _IS, _DID):
        found = pattern.match(statement)
        if found is None:
            continue
        name, text = found["name"].strip(), found["text"].strip()
        if pattern is _WHEN and not stands(name):
            name = f"{name} {found['noun']}"
        if pattern is _IS and not (_MEASURES.search(text) or _CLAUSE.search(text)):
            continue
        for said in (name, _OF_ONE.sub("", name)):
            if stands(said):
                return Plain(said, text, when["when"] if when else "")
    article = re.match(r"(?:an?|the|all|any) ([\w'-]+ [\w'-]+)", statement, re.IGNORECASE)
    if article is not None and stands(article[1]):
        return Plain(article[1], statement)  # it tells of that, but what?
    return None


def is_measure(text: str) -> bool:
    """Whether the text says how a figure is made."""
    return bool(_MEASURES.search(text))
