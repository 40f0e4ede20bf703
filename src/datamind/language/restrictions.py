"""Restrictions: what a definition adds to its formula: `..., only orders whose fee is known`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from datamind.language.formula_reader import plain
from datamind.semantics import plan as P
from datamind.semantics.walk import NODES, field_names


class Known(Protocol):
    """The columns that a text may name."""

    @property
    def columns(self) -> Mapping[str, Any]:
        """Columns by their names without marks."""
        ...


_SAYS = re.compile(
    r"(?:[,;]\s*(?:and\s+)?(?:always\s+)?"
    r"(?P<way>only(?: for)?|over|counting only|excludes?|excluding|ignores?|ignoring|leaving out)\b"
    r"|(?<=[\d)])\s+(?:over|of|for|from)\b(?! all\b))"
    r"(?P<what>[^;]*)$",
    re.IGNORECASE,
)
_FILLED = r"(?:known|filled|recorded|not null|set|given)"
_EMPTY = r"(?:unknown|missing|empty|null|not known|not recorded)"
_STATE = re.compile(rf"\b(?P<column>\w+) (?:is|are|was|were) (?:(?P<filled>{_FILLED})|{_EMPTY})\b")
_VALUES = re.compile(
    r"\b(?:with|whose|having|where|of)(?: the)? (?P<column>\w+)(?: is| are| =)? "
    r"(?P<values>'?[\w ]+?'?(?:\s*(?:,|\bor\b|\band\b)\s*'?[\w ]+?'?)*)\s*[.)]*$"
)
# Said of a date: which one a period of the question is of (`Overlay.dates`).
_PERIOD = re.compile(r"\s+(?:whose|where) \w+ (?:falls?|lies?|is|are) in the \w+\s*$")


def is_restricted(text: str) -> bool:
    """Whether the text says which rows alone count, by what their columns hold."""
    return _tells(_SAYS.search(text))


def restricts(statement: str) -> bool:
    """Whether all that a statement says is which rows alone count."""
    return _tells(_SAYS.match(f"; {statement}"))


def _tells(found: re.Match[str] | None) -> bool:
    if found is None:
        return False
    return found["way"] == "over" or any(p.search(found["what"]) for p in (_STATE, _VALUES))


def cut(text: str, names: Known) -> tuple[str, list[str]]:
    """The text without what it restricts, and that as conditions in SQL; the text as it is where
    that is not understood."""
    found = _SAYS.search(text)
    if found is None:
        return text, []
    test = _test(_PERIOD.sub("", found["what"]), names)
    if test is None:
        return text, []
    keeps = (found["way"] or "only").lower().startswith(("only", "over", "counting"))
    return text[: found.start()], [test if keeps else f"NOT ({test})"]


def _test(what: str, names: Known) -> str | None:
    state = _STATE.search(what)
    if state is not None and plain(state["column"]) in names.columns:
        return f"{state['column']} IS {'NOT ' if state['filled'] else ''}NULL"
    values = _VALUES.search(what)
    if values is None or plain(values["column"]) not in names.columns:
        return None
    said = re.split(r"\s*(?:,|\bor\b|\band\b)\s*", values["values"])
    texts = [v.strip().strip("'") for v in said if v.strip()]
    written = ", ".join("'" + t.replace("'", "''") + "'" for t in texts)
    return f"{values['column']} IN ({written})"


def within(made: Any, test: Any) -> Any:
    """The formula, each of its aggregates over the rows that pass the test."""
    if isinstance(made, tuple):
        return tuple(within(m, test) for m in made)
    if isinstance(made, P.Aggregate):
        return replace(made, where=test if made.where is None else P.And((made.where, test)))
    kind: type = type(made)
    if kind in NODES:
        return replace(made, **{f: within(getattr(made, f), test) for f in field_names(kind)})
    return made
