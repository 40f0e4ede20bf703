"""Kept results: the key that says all that rows depend on, and rows as bytes and back."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from datamind.records import Governed, Result, ResultColumn, Scalar

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Read:
    """Rows, when they were read, and whether that was for an earlier answer."""

    result: Result
    as_of: dt.datetime
    cached: bool = False


def key_of(governed: Governed, session: str, version: str) -> str:
    """The same where, and only where, the same rows would come: by the text, its parameters, where
    it runs and as whom, and the version of the data of each relation, those of policies included.

    Whoever asks has no part in it: what they may read is in the text.
    """
    said = (
        FORMAT, governed.sql, governed.parameters, governed.dialect, governed.target,
        governed.row_limit, session, [(relation, version) for relation in governed.relations],
    )  # fmt: skip
    return hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()


def packed(key: str, read: Read) -> bytes:
    """A result as it is kept: JSON, which makes nothing but values when it is read."""
    result = read.result
    document = {
        "key": key,
        "as_of": read.as_of.isoformat(),
        "columns": [[c.name, c.type] for c in result.columns],
        "values": [_packed_column(values) for values in zip(*result.rows, strict=True)],
        "rows": len(result.rows),
        "truncated": result.truncated,
        "version": result.data_version,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def unpacked(key: str, kept: bytes) -> Read | None:
    """The result; None where the bytes are none, or one of another key."""
    try:
        document = json.loads(kept)
        if document["key"] != key:
            return None
        columns = [_unpacked_column(*column) for column in document["values"]]
        rows = tuple(zip(*columns, strict=True)) if columns else ((),) * document["rows"]
        result = Result(
            columns=tuple(ResultColumn(name, kind) for name, kind in document["columns"]),
            rows=rows, elapsed_ms=0.0, truncated=document["truncated"],
            data_version=document["version"],
        )  # fmt: skip
        return Read(result, dt.datetime.fromisoformat(document["as_of"]), cached=True)
    except (ValueError, TypeError, KeyError, LookupError, ArithmeticError, RecursionError):
        return None


# What JSON has no word for, by a letter: how it is written, and read.
_Codec = tuple[Callable[[Any], object], Callable[[Any], Scalar]]
CODECS: dict[type, tuple[str, _Codec]] = {
    Decimal: ("n", (str, Decimal)),
    dt.datetime: ("m", (dt.datetime.isoformat, dt.datetime.fromisoformat)),
    dt.date: ("d", (dt.date.isoformat, dt.date.fromisoformat)),
    dt.time: ("t", (dt.time.isoformat, dt.time.fromisoformat)),
    dt.timedelta: (
        "i", (lambda v: [v.days, v.seconds, v.microseconds], lambda v: dt.timedelta(*v)),
    ),
}  # fmt: skip
BY_LETTER = dict(CODECS.values())
PLAIN, MIXED = "p", "x"
JSON_HAS = frozenset({str, int, float, bool, type(None)})


def _packed_column(values: tuple[Scalar, ...]) -> tuple[str, list[object]]:
    """A letter for the type of all its values, and those."""
    types = set(map(type, values))
    if types <= JSON_HAS:
        return PLAIN, list(values)
    one = types - {type(None)}
    if len(one) > 1:
        return MIXED, [_packed_column((value,)) for value in values]
    letter, (write, _) = CODECS[one.pop()]
    return letter, [None if value is None else write(value) for value in values]


def _unpacked_column(letter: str, values: list[Any]) -> list[Scalar]:
    if letter == PLAIN:
        return values
    if letter == MIXED:
        return [_unpacked_column(*value)[0] for value in values]
    _, read = BY_LETTER[letter]
    return [None if value is None else read(value) for value in values]
