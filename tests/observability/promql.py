"""What a PromQL expression is about: the series that it selects, with their labels, and the labels
that it groups and joins by."""

from __future__ import annotations

from dataclasses import dataclass, field

import promql_parser
from promql_parser import AggregateExpr, BinaryExpr, Expr, VectorSelector


@dataclass
class Expression:
    """Series by name with the labels that select them, and labels that are grouped by."""

    series: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    grouped: set[str] = field(default_factory=set)


def parse(text: str) -> Expression:
    """ValueError for what is no PromQL, or is wrong in its types."""
    found = Expression()

    def visit(part: Expr) -> None:
        if isinstance(part, VectorSelector):
            labels = frozenset(matcher.name for matcher in part.matchers.matchers)
            found.series.append((part.name or "", labels))
        elif isinstance(part, AggregateExpr) and part.modifier is not None:
            found.grouped |= set(part.modifier.labels)
        elif isinstance(part, BinaryExpr) and part.modifier is not None:
            if part.modifier.matching is not None:
                found.grouped |= set(part.modifier.matching.labels)
            found.grouped |= set(part.modifier.group_labels or ())

    promql_parser.walk(promql_parser.parse(text), visit)
    return found
