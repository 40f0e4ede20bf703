"""The plain form of a database's plan: its steps, what they read and how much, with no value.

Plans hold the values of conditions, those of policies too, written in whatever way the engine
likes. So a word is shown only if the statement's own plain form holds it, or if it is one of those
that all plans have; all else is `?`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set

from datamind.governance.plain_form import HIDDEN

MOST_LINES, LONGEST = 200, 300
STEP = re.compile(r"[A-Za-z][A-Za-z_ ]{0,40}")
# In this order: what stands in quotes is hidden as a whole, whatever the words in it.
PIECES = re.compile(
    r"'(?:[^']|'')*'?|\"(?P<quoted>[^\"]*)\"|(?P<word>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<sign>[()\[\],.;:*/+\-=<>!|&%~ ]+)|[^\s]"
)
RUNS = re.compile(r"\?(?:[ ,]*\?)+")
COMMON = frozenset(
    "and or not is null in any all between like ilike true false case when then else end cast as"
    " text varchar character varying integer bigint double precision numeric decimal date timestamp"
    " time zone with without interval boolean sum count count_star avg min max coalesce desc asc"
    " nulls first last inner left right full outer semi anti mark single join optional".split()
)
# What is told of a step, by the database that says it; figures beside them are figures.
CHILDREN = ("children", "Plans")
ROWS = ("Estimated Cardinality", "Plan Rows")
TOLD = (
    "Table", "Relation Name", "Index Name", "Join Type", "Conditions", "Hash Cond", "Merge Cond",
    "Join Filter", "Index Cond", "Recheck Cond", "Filters", "Filter", "Groups", "Group Key",
    "Aggregates", "Order By", "Sort Key",
)  # fmt: skip
FIGURES = re.compile(r"(?:Parts|Granules): \d+(?:/\d+)?(?: \| Granules: \d+(?:/\d+)?)?")
BRANCHES = str.maketrans("│├└─", "    ")


def plain_plan(plan: str, words: Set[str]) -> tuple[str, ...]:
    """The plan, a line a step, indented; `words` are those of the statement's plain form."""
    known = COMMON | words
    try:
        steps = json.loads(plan)
    except ValueError:
        lines = _of_text(plan, known)
    else:
        lines = _of_tree(steps, known, 0)
    return tuple(line[:LONGEST] for line, _ in zip(lines, range(MOST_LINES), strict=False))


def _of_tree(step: object, known: Set[str], depth: int) -> Iterator[str]:
    """DuckDB's and PostgreSQL's plans are trees in JSON."""
    if isinstance(step, list):
        for one in step:
            yield from _of_tree(one, known, depth)
        return
    if not isinstance(step, Mapping):
        return
    inner = step.get("Plan")
    if isinstance(inner, Mapping):
        yield from _of_tree(inner, known, depth)
        return
    name = str(step.get("name") or step.get("Node Type") or HIDDEN).strip()
    more = step.get("extra_info")
    said = {**step, **more} if isinstance(more, Mapping) else step
    parts = [name if STEP.fullmatch(name) else HIDDEN]
    parts += [f"{key}: {_words(_text(said[key]), known)}" for key in TOLD if key in said]
    rows = next((said[key] for key in ROWS if key in said), None)
    if rows is not None and str(rows).isdigit():
        parts.append(f"rows: {rows}")
    yield "  " * depth + "; ".join(parts)
    for key in CHILDREN:
        yield from _of_tree(step.get(key), known, depth + 1)


def _of_text(plan: str, known: Set[str]) -> Iterator[str]:
    """ClickHouse's plans are lines; what is known of their figures is how much they read."""
    for drawn in plan.splitlines():
        line = drawn.translate(BRANCHES)
        said = line.strip()
        depth = (len(line) - len(line.lstrip())) // 2
        told = said if FIGURES.fullmatch(said) else _words(said, known | STEPS)
        if told.strip("? .,:()-[]~"):
            yield "  " * depth + told


STEPS = frozenset(
    "expression projection filter filters readfrommergetree aggregating sorting limit offset"
    " indexes primarykey minmax partition skip keys condition conditions distinct prewhere"
    " before order by group parts granules output aggregates sort description preliminary for"
    " hash hashjoin parallelhashjoin spillinghashjoin fillrightfirst type strictness algorithm"
    " read default column runtime input search binary ranges source table buildruntimefilter"
    " build on id rows from statistics merging".split()
)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _words(text: str, known: Set[str]) -> str:
    """The text with what is not known hidden."""

    def shown(found: re.Match[str]) -> str:
        if found["sign"] is not None:
            return found["sign"]
        word = found["quoted"] if found["quoted"] is not None else found["word"]
        return word if word is not None and word.lower() in known else HIDDEN

    return RUNS.sub(HIDDEN, PIECES.sub(shown, text))
