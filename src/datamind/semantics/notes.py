"""Notes: what people say of a table or column beyond its description, in dbt's `meta` or a comment.

A database's comment may hold notes, each on a line of its own: `synonyms: sales, purchases`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from datamind.semantics.catalog import Additivity
from datamind.semantics.merge import ColumnNote, TableNote

Said = Mapping[str, object]
_ADDITIVE: Mapping[str, Additivity] = {"sum": "sum", "avg": "avg", "average": "avg", "none": "none"}
_KEYS = "entity synonyms display default.date hidden unit additive pii"
_LINE = re.compile(
    rf"^[ \t]*({'|'.join(_KEYS.split())})[ \t]*:[ \t]*(\S.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_NO = ("", "no", "false", "0")


def table_note(
    said: Said, description: str = "", *, key: tuple[str, ...] = (), date: str | None = None,
    columns: Mapping[str, ColumnNote] | None = None,
) -> TableNote:  # fmt: skip
    """What is said of a table; `date` is its default date where the notes name none."""
    return TableNote(
        description=description,
        synonyms=_texts(said.get("synonyms")),
        entity=_text(said.get("entity")),
        hidden=str(said.get("hidden") or "").lower() not in _NO,
        primary_key=key,
        display=_texts(said.get("display")),
        default_date=_text(said.get("default_date")) or date,
        columns=columns or {},
    )


def column_note(said: Said, description: str = "") -> ColumnNote:
    """What is said of a column."""
    return ColumnNote(
        description=description,
        synonyms=_texts(said.get("synonyms")),
        unit=_text(said.get("unit")),
        pii=_text(said.get("pii")),
        additivity=_ADDITIVE.get(str(said.get("additive", "")).lower()),
    )


def of_comment(comment: str) -> tuple[str, Said]:
    """A comment's own words, and the notes among them."""
    said = {re.sub(r"\W", "_", key.lower()): text for key, text in _LINE.findall(comment)}
    return (_LINE.sub("", comment).strip() if said else comment), said


def _text(value: object) -> str | None:
    return str(value) if value else None


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(str(v) for v in value) if isinstance(value, list) else ()
