"""What a PromQL expression is about: the series that it selects, with their labels, and the labels
that it groups and joins by. Enough to hold expressions against what is exported."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r'\s*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?(?:e-?\d+)?(?:ms|[smhdwy])?)'
    r"|(?P<word>[a-zA-Z_:][a-zA-Z0-9_:]*)|(?P<sign>=~|!~|!=|==|<=|>=|[-+*/%^(){}\[\],=<>]))"
)
FUNCTIONS = frozenset(
    "rate increase histogram_quantile avg_over_time max_over_time vector clamp_max absent time"
    " predict_linear deriv".split()
)
AGGREGATES = frozenset("sum avg min max count topk bottomk".split())
GROUPING = frozenset("by without on ignoring group_left group_right".split())
OPERATORS = frozenset("and or unless bool offset".split())


@dataclass
class Expression:
    """Series by name with the labels that select them, and labels that are grouped by."""

    series: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)


def parse(text: str) -> Expression:
    """ValueError for what is no PromQL that we know."""
    tokens = _tokens(text)
    found, at, open_brackets = Expression(), 0, []
    while at < len(tokens):
        kind, token = tokens[at]
        following = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if token in GROUPING:
            at, labels = _list(tokens, at + 1)
            found.grouped |= labels
            continue
        if kind == "word" and token not in OPERATORS:
            if token in FUNCTIONS | AGGREGATES:
                if following != "(" and following not in GROUPING:
                    raise ValueError(f"{token} is no series: {text}")
            elif following == "(":
                raise ValueError(f"{token} is no function that we know: {text}")
            else:
                at, labels = _matchers(tokens, at + 1)
                found.series.append((token, labels))
                continue
        if token in "([" and kind == "sign":
            open_brackets.append(token)
        if token in (")", "]") and (not open_brackets or open_brackets.pop() + token not in "()[]"):
            raise ValueError(f"brackets don't match: {text}")
        at += 1
    if open_brackets:
        raise ValueError(f"brackets stay open: {text}")
    return found


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while text[at:].strip():
        token = TOKEN.match(text, at)
        if token is None:
            raise ValueError(f"what is {text[at:]!r}?")
        found.append((str(token.lastgroup), token[str(token.lastgroup)]))
        at = token.end()
    return found


def _list(tokens: list[tuple[str, str]], at: int) -> tuple[int, set[str]]:
    """Labels between brackets, and where they end."""
    if tokens[at][1] != "(":
        raise ValueError("labels stand in brackets")
    labels: set[str] = set()
    while tokens[at][1] != ")":
        at += 1
        if tokens[at][0] == "word":
            labels.add(tokens[at][1])
    return at + 1, labels


def _matchers(tokens: list[tuple[str, str]], at: int) -> tuple[int, frozenset[str]]:
    """The labels that select a series, if any, and where they end."""
    if at >= len(tokens) or tokens[at][1] != "{":
        return at, frozenset()
    labels: set[str] = set()
    while tokens[at][1] != "}":
        at += 1
        kind, token = tokens[at]
        if kind == "word":
            labels.add(token)
            if tokens[at + 1][1] not in ("=", "!=", "=~", "!~") or tokens[at + 2][0] != "string":
                raise ValueError(f"the matcher of {token} can't be read")
    return at + 1, frozenset(labels)
