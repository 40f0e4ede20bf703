"""Combinators that make conditions on texts: `name starts with J`, `'Ford' in their make`."""

from __future__ import annotations

from datamind.language.candidates import Candidate
from datamind.language.nodes import Node, of_code, span
from datamind.language.sketch import Cond, Mention
from datamind.language.tables import keywords as K

_FREE = (Candidate("text", "", "", 0.6, "grammar", ""),)


def text_test(nodes: list[Node]) -> list[Node]:
    """name `starts with` J; journal `named` 'nature'."""
    subject = nodes[0].payload if nodes[0].code == "c" else None
    last = nodes[-1]
    value: Mention = last.payload if last.code == "v" else Mention(last.first, last.last, _FREE)
    value.role = "value"
    match = of_code(nodes, K.TEXT)[0].payload
    if subject is not None:
        subject.role = "text"
    kind = "value" if match == "equals" and last.code == "v" else "text"
    value.hint = subject
    cond = Cond(kind, subject, mention=value, match=match, first=nodes[0].first)
    return [span(nodes, "P", cond)]


def text_in(nodes: list[Node]) -> list[Node] | None:
    """'Ford' `in` their make name."""
    value, subject = nodes[0].payload, nodes[-1].payload
    if value.candidates[-1].kind != "text":
        return None
    subject.role, value.role = "text", "value"
    cond = Cond("text", subject, mention=value, match="contains", first=nodes[0].first)
    return [span(nodes, "P", cond)]
