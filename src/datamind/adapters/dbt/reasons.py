"""Why a node could not be built, in its database's or dbt's words without values of the data.

An error may repeat what a row holds (`could not convert string 'Ada' to INT`). So a word of it is
shown only if the project has it in the node's own code, or if it is one of those that databases
say their errors with; everything else is left out. The run's log file has all of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from datamind.adapters.dbt.log_lines import hidden
from datamind.personal import masked

Json = Mapping[str, Any]
LONGEST = 300
LEFT_OUT = "…"
# What DuckDB, PostgreSQL, ClickHouse and dbt say of a statement, besides the names in it.
WORDS = frozenset(
    """
    a access aggregate aggregates aggregation allowed already ambiguous an and any appear argument
    arguments array as at available be because between bigint binder bindings boolean but by can
    candidate cannot cast catalog char character check clause code column columns compilation
    compile conflict connect connection constraint conversion convert could create database date db
    decimal defined denied dependency depends did dividing division does double duplicate end error
    exception exist existing exists expected explicit expression failed field find float for foreign
    found from function functions group has have identifier if implementation implicit in index
    input insert int int32 int64 integer integrity internal interval into invalid io is it join key
    known limit line list match mean memory missing model must name named near no not null number
    numeric occurs of on only operator or order out over overflow parameter parse parser permission
    possible primary query range read reference referenced relation relations required requires row
    rows runtime same scan schema seed select set should snapshot source space statement string
    subquery such syntax table tables test than that the there this time timeout timestamp to token
    too type types undefined unexpected union unique unknown unrecognized use used using value
    values varchar view violated violates was when where which while with without write wrong you
    zero
    """.split()
)
_HEADING = re.compile(r"\s*\w+ Error in [\w ]+ [\w.-]+ \([^)\n]*\)\s*")
# From here on the statement is quoted, or what is in a row.
_QUOTED = re.compile(r"\n\s*\n|\n\s*(?:LINE \d|DETAIL|HINT|CONTEXT|compiled code|> )|; in query|\^")
_LINE = re.compile(r"\bLINE (\d{1,6}):")
_TOKEN = re.compile(r"[\w$]+")
_GAPS = re.compile(rf"{LEFT_OUT}(?:[^\w\s]*\s*{LEFT_OUT})+")


def reason_of(result: Json, node: Json, secrets: Sequence[str]) -> str:
    """The reason in one line; "" where there is none that could be told."""
    said = _HEADING.sub("", hidden(str(result.get("message") or ""), secrets), count=1)
    line = _LINE.search(said)
    kept = " ".join(_QUOTED.split(said, maxsplit=1)[0].split())[: 4 * LONGEST]
    own = _words_of(result.get("compiled_code"), result.get("relation_name"), *_code_of(node))
    shown = _GAPS.sub(LEFT_OUT, _TOKEN.sub(lambda found: _shown(found[0], own), kept))
    told = masked(shown).rstrip(" .:")[:LONGEST]
    if not told.strip(f"{LEFT_OUT} :.\"'()"):
        return ""
    return f"{told} (line {line[1]})" if line is not None else told


def _shown(word: str, own: frozenset[str]) -> str:
    lower = word.lower()
    return word if lower in WORDS or (lower in own and not word.isdigit()) else LEFT_OUT


def _code_of(node: Json) -> tuple[object, ...]:
    return node.get("raw_code"), node.get("name"), node.get("original_file_path")


def _words_of(*texts: object) -> frozenset[str]:
    return frozenset(word.lower() for text in texts for word in _TOKEN.findall(str(text or "")))
