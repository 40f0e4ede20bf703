"""Formulas: SQL-like text of a definition as a part of a plan, its names those of the data.

Nothing of the text is run: it is parsed, and only comparisons, arithmetic and a few functions over
columns that the asker sees are taken over. What else it holds makes it no formula.
"""

from __future__ import annotations

import datetime as dt
import re

import sqlglot
from sqlglot.errors import SqlglotError

from datamind.language import restrictions
from datamind.language.context import moved
from datamind.language.formula_reader import FLIPPED, Names, NoFormula, Reader, is_predicate, plain
from datamind.language.sketch import Formula, Mention
from datamind.semantics import plan as P
from datamind.semantics.catalog import NUMERIC, Column

__all__ = ["Names", "NoFormula", "columns_listed", "is_condition", "read"]
MAX_TEXT = 600


def is_condition(formula: Formula) -> bool:
    """Whether it is a predicate."""
    return isinstance(formula.expr, P.Predicate)


def read(text: str, names: Names, today: dt.date) -> Formula:
    """The formula that the text is; NoFormula if it is none."""
    if len(text) > MAX_TEXT:
        raise NoFormula(text[:40])
    text, only = restrictions.cut(text, names)
    text, *joined = re.split(r"\)?\s+where\s+(?![^()]*\))", text, maxsplit=1, flags=re.IGNORECASE)
    made, mentions = _parsed(text, names, today)
    if not mentions:
        raise NoFormula(text)
    for condition in joined:
        reference = _reference(condition, names)
        if reference is not None:
            for mention in mentions:
                mention.via = reference
        else:
            also, others = _parsed(condition, names, today)
            if not isinstance(made, P.Predicate) or not isinstance(also, P.Predicate):
                raise NoFormula(condition)
            shift = {f"?{n}": P.Field(f"?{n + len(mentions)}") for n in range(len(others))}
            made, mentions = P.And((made, moved(also, shift))), [*mentions, *others]
    for condition in only:
        also, others = _parsed(condition, names, today)
        shift = {f"?{n}": P.Field(f"?{n + len(mentions)}") for n in range(len(others))}
        made, mentions = restrictions.within(made, moved(also, shift)), [*mentions, *others]
    return Formula(made, tuple(mentions))


def _parsed(text: str, names: Names, today: dt.date) -> tuple[P.Expr | P.Predicate, list[Mention]]:
    try:
        tree = sqlglot.parse_one(_clean(text, names), read="sqlite")
    except (SqlglotError, RecursionError):
        raise NoFormula(text) from None
    reader = Reader(names, today)
    made = reader.predicate(tree) if is_predicate(tree) else reader.value(tree)
    return made, reader.mentions


_ON = re.compile(r"\s*([\w.`\"]+)\s*=\s*([\w.`\"]+)\s*")


def _reference(condition: str, names: Names) -> str | None:
    """The relationship that `eye_colour_id = colour.id` follows."""
    found = _ON.fullmatch(condition.strip(" .;)"))
    if found is None:
        return None
    sides = [plain(side.rpartition(".")[2]) for side in found.groups()]
    for relationship in names.index.view.relationships:
        if len(relationship.columns) != 1:
            continue
        ends = [plain(relationship.columns[0]), plain(relationship.to_columns[0])]
        if sorted(ends) == sorted(sides):
            return relationship.id
    return None


def columns_listed(text: str, names: Names) -> list[Column]:
    """The columns that a list of names is, as in `first_name, last_name`; empty if it is none."""
    pieces = [p.strip().strip("`\"'") for p in re.split(r",|\band\b|\+|\|\|", text)]
    found = [names.columns.get(plain(p.rpartition(".")[2])) for p in pieces if p]
    if len(found) < 2 or any(not f for f in found):
        return []
    first = [f for f in found if f]
    shared = set.intersection(*({c.table for c in f} for f in first))
    if not shared:
        return []
    table = min(shared)
    listed = [next(c for c in f if c.table == table) for f in first]
    summed = "+" in text and all(c.type in NUMERIC for c in listed)  # names are put together
    return [] if summed else listed


_PARTICLES = re.compile(r"^(?:is|are|if|when|where|that|the|to)\s+", re.IGNORECASE)
_TAIL = re.compile(
    r"(?:\s+as\s+\"?[\w ]+\"?|\s+in (?:the )?(?:table )?[\w\"]+(?: table)?)?[\s.;,]*$",
    re.IGNORECASE,
)
_CHAIN = re.compile(r"(-?[\d.]+)\s*(<=?|>=?)\s*([\w.\"]+)\s*(<=?|>=?)\s*(-?[\d.]+)")
# `SUM(amount WHERE sex = 'M')`, as hints write it.
_INNER = re.compile(
    r"\b(sum|count|avg|max|min)\(\s*((?:distinct )?[\w.\"*]+)\s+"
    r"(?:where|of|for|when|if|with)\s+([^()]+)\)",
    re.IGNORECASE,
)
# What hints say in words between the names of a formula.
_NAME = r"(\w+_\w+|\w*[a-z][A-Z]\w*)"
_WORDED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(said, re.IGNORECASE if said.startswith(r"\b") else 0), written)
    for said, written in (
        (r"\bdivided by\b", "/"),
        (r"(?<=\))\s+minus\s+", " - "),
        (r"(?<=\))\s+plus\s+", " + "),
        (r"(?<=[<>=])\s*(?:today|now)\b", " CURRENT_DATE"),
        (rf"{_NAME} (?:is )?empty or not before today\b", r"(\1 IS NULL OR \1 >= CURRENT_DATE)"),
        (rf"{_NAME} (?:is )?(?:empty|missing|blank|not set)\b", r"\1 IS NULL"),
        (rf"{_NAME} (?:is )?(?:filled|known|recorded|set)\b", r"\1 IS NOT NULL"),
    )
)
_OF_TABLE = re.compile(
    r"\)\s+(?:of|from|over|across) (?:the |all )*(\w+)(?: rows| records)?"
    r"(?=\s*(?:[-+*/;,.)]|$))"
)
_MARKS = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "≥": ">=", "≤": "<=", "≠": "!=",
                        "×": "*", "÷": "/", "−": "-", "[": '"', "]": '"'})  # fmt: skip


def _clean(text: str, names: Names) -> str:
    """The text as SQL writes it."""
    text = text.translate(_MARKS).replace(">==", ">=").replace("==", "=").replace("`", '"').strip()
    text = text.replace("> =", ">=").replace("< =", "<=")
    text = _PARTICLES.sub("", text)
    for said, written in _WORDED:
        text = said.sub(written, text)
    text = _OF_TABLE.sub(lambda m: ")" if plain(m[1]) in names.tables else m[0], text)
    text = re.sub(r"\b100\s?%", "100", text)
    text = re.sub(r"(?:!=|<>|=\s*not)\s*'?null'?\b", " is not null", text, flags=re.IGNORECASE)
    text = re.sub(r"=\s*'?null'?\b", " is null", text, flags=re.IGNORECASE)
    text = re.sub(r"\bis (\d)", r"= \1", text, flags=re.IGNORECASE)
    for name in names.odd:
        if name.lower() in text.lower():
            text = re.sub(
                rf'(?<!["\w]){re.escape(name)}(?!["\w])', f'"{name}"', text, flags=re.IGNORECASE
            )
    text = _INNER.sub(_conditional, text)
    text = _CHAIN.sub(lambda m: f"{m[3]} {FLIPPED[m[2]]} {m[1]} and {m[3]} {m[4]} {m[5]}", text)
    return _TAIL.sub("", text)


def _conditional(found: re.Match[str]) -> str:
    """The aggregate with its condition as an arm."""
    what, distinct = re.subn(r"(?i)^distinct ", "", found[2])
    arm = f"CASE WHEN {found[3]} THEN {'1' if what == '*' else what} END"
    return f"{found[1]}({'DISTINCT ' if distinct else ''}{arm})"
