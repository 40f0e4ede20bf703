"""What a PostgreSQL column becomes in ClickHouse, and how both write its values alike.

A value travels as text: PostgreSQL's COPY writes what ClickHouse's TabSeparated reads. For
checksums both write a value canonically, which for one kind of column is the same text bit for bit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

# The widest decimal of ClickHouse.
MOST_DIGITS = 76
AS_TEXT = "kept as text"


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of some type are written: the ClickHouse type; then, with `{}` for the column,
    what COPY selects, and the canonical text in PostgreSQL and in ClickHouse. `free` says that a
    text may hold anything, commas too. `note` says what is not as it was."""

    clickhouse: str
    copied: str
    postgres_text: str
    clickhouse_text: str
    note: str = ""
    free: bool = True

    def written(self, column: str) -> tuple[str, str]:
        """The text and what tells where it ends, in PostgreSQL and in ClickHouse."""
        theirs, ours = self.postgres_text.format(column), self.clickhouse_text.format(column)
        if not self.free:
            return f"({theirs}) || ','", f"concat({ours}, ',')"
        return (
            f"octet_length({theirs}) || ':' || ({theirs})",
            f"concat(toString(length({ours})), ':', {ours})",
        )


_TEXT = ("{}::text", "{}::text", "{}")
_MICROS = (
    "(extract(epoch FROM {}) * 1000000)::bigint::text", "toString(toUnixTimestamp64Micro({}))"
)  # fmt: skip
_BITS = "('x' || encode(float{}send({{}}), 'hex'))::bit({})::{}::text"


def _plain(clickhouse: str) -> Kind:
    return Kind(clickhouse, "{}", "{}::text", "toString({})", free=False)


# By the name that format_type gives, its brackets taken off.
KINDS: dict[str, Kind] = {
    "smallint": _plain("Int16"),
    "integer": _plain("Int32"),
    "bigint": _plain("Int64"),
    "oid": _plain("UInt32"),
    "uuid": _plain("UUID"),
    "date": _plain("Date32"),
    "boolean": Kind("Bool", "{}::text", "{}::text", "toString({})", free=False),
    "real": Kind(
        "Float32", "{}", _BITS.format(4, 32, "int"), "toString(reinterpretAsInt32({}))",
        free=False,
    ),
    "double precision": Kind(
        "Float64", "{}", _BITS.format(8, 64, "bigint"), "toString(reinterpretAsInt64({}))",
        free=False,
    ),
    "timestamp without time zone": Kind(
        "DateTime64(6, 'UTC')", "{}::text", *_MICROS, free=False
    ),
    "timestamp with time zone": Kind(
        "DateTime64(6, 'UTC')", "({} AT TIME ZONE 'UTC')::text", *_MICROS, free=False
    ),
    "text": Kind("String", *_TEXT),
    "character varying": Kind("String", *_TEXT),
    "character": Kind("String", *_TEXT, note="trailing blanks of character(n) are left out"),
    "name": Kind("String", *_TEXT),
    "citext": Kind("String", *_TEXT, note="compared case by case in ClickHouse"),
    "json": Kind("String", *_TEXT),
    "jsonb": Kind("String", *_TEXT),
    "xml": Kind("String", *_TEXT),
    "inet": Kind("String", *_TEXT),
    "cidr": Kind("String", *_TEXT),
    "macaddr": Kind("String", *_TEXT),
    "time without time zone": Kind("String", *_TEXT, note=AS_TEXT),
    "time with time zone": Kind("String", *_TEXT, note=AS_TEXT),
    "interval": Kind("String", *_TEXT, note=AS_TEXT),
    "bytea": Kind(
        "String", "encode({}, 'hex')", "encode({}, 'hex')", "{}", "bytes are kept as hex digits"
    ),
}  # fmt: skip
_DECIMAL = ("{}", "trim_scale({})::text", "toString({})")
_TEXT_NUMERIC = Kind("String", *_TEXT, note=f"numeric without a size is {AS_TEXT}")
_ENUM = Kind("LowCardinality(String)", *_TEXT)
# Each is the next one's part: a column may be widened so in place.
WIDER: tuple[tuple[str, ...], ...] = (("Int16", "Int32", "Int64"),)


@dataclass(frozen=True, slots=True)
class Numeric:
    """How large the values of a numeric column without a declared size are."""

    whole: int
    scale: int


def kind_of(native: str, *, enum: bool, nullable: bool, found: Numeric | None = None) -> Kind:
    """What becomes of a type, as format_type writes it; `found` is what a numeric column without
    a declared size holds."""
    if native.endswith("[]"):
        return _array_kind(native[:-2], enum=enum, nullable=nullable)
    if enum:
        return _ENUM
    base, numbers = _apart(native)
    if base == "numeric":
        return _numeric_kind(numbers, found)
    known = KINDS.get(base)
    if known is not None:
        return known
    return Kind("String", *_TEXT, note=f"{native} is {AS_TEXT}")


def _apart(native: str) -> tuple[str, tuple[int, ...]]:
    """`timestamp(3) with time zone` without its size, and the size."""
    match = re.search(r"\(([-\d,]+)\)", native)
    if match is None:
        return native, ()
    numbers = tuple(int(n) for n in match[1].split(","))
    return (native[: match.start()] + native[match.end() :]).strip(), numbers


def _numeric_kind(size: tuple[int, ...], found: Numeric | None) -> Kind:
    if not size:
        # Twice the digits that there are; what does not fit one day is seen by the checksums.
        found = found or Numeric(12, 6)
        scale = max(found.scale, 2)
        return _unsized(min(MOST_DIGITS, max(38, 2 * found.whole + scale)), scale)
    return _decimal(size[0], size[1] if len(size) > 1 else 0)


def numeric_as(kept: str) -> Kind:
    """What a numeric column without a declared size is in a copy that is there already."""
    size = re.search(r"Decimal\((\d+), (\d+)\)", kept)
    return _unsized(int(size[1]), int(size[2])) if size else _TEXT_NUMERIC


def _unsized(precision: int, scale: int) -> Kind:
    made = _decimal(precision, scale)
    if made.note:
        return _TEXT_NUMERIC
    return replace(made, note=f"numeric without a size became {made.clickhouse}")


def _decimal(precision: int, scale: int) -> Kind:
    if not 0 <= scale <= precision <= MOST_DIGITS:
        return Kind("String", *_TEXT, note=f"numeric{precision, scale} is {AS_TEXT}")
    return Kind(f"Decimal({precision}, {scale})", *_DECIMAL, free=False)


def _array_kind(element: str, *, enum: bool, nullable: bool) -> Kind:
    """An array of one dimension that is never null; others are JSON, for ClickHouse has no null
    array."""
    of = _ENUM if enum else KINDS.get(_apart(element)[0])
    if nullable or of is None or _apart(element)[0] in ("bytea", "real", "double precision"):
        text = "to_json({})::text"
        return Kind("String", text, text, "{}", note=f"{element}[] is kept as JSON")
    quoted = of.clickhouse not in ("Int16", "Int32", "Int64", "UInt32", "Bool")
    item = f"({of.copied.format('e')})::text"
    # COPY itself doubles backslashes, so that only quotes are left to write.
    written = f"'''' || replace({item}, '''', '''''') || ''''" if quoted else item
    copied = (
        "'[' || coalesce((SELECT string_agg(coalesce(" + written + ", 'NULL'), ',' ORDER BY i)"
        " FROM unnest({}) WITH ORDINALITY AS u(e, i)), '') || ']'"
    )
    theirs, _ = of.written("e")
    _, ours = of.written("assumeNotNull(e)")
    postgres = (
        f"coalesce(array_ndims({{0}}), 0) || coalesce((SELECT string_agg(coalesce({theirs}, '-'),"
        " '' ORDER BY i) FROM unnest({0}) WITH ORDINALITY AS u(e, i)), '')"
    )
    clickhouse = (
        "concat(if(empty({0}), '0', '1'),"
        f" arrayStringConcat(arrayMap(e -> if(isNull(e), '-', {ours}), {{0}})))"
    )
    inner = "String" if enum else of.clickhouse
    return Kind(f"Array(Nullable({inner}))", copied, postgres, clickhouse)


def with_null(clickhouse: str, nullable: bool) -> str:
    """The type with room for null, where there may be one."""
    if not nullable or clickhouse.startswith("Array"):
        return clickhouse
    if clickhouse.startswith("LowCardinality("):
        return f"LowCardinality(Nullable({clickhouse[15:-1]}))"
    return f"Nullable({clickhouse})"


def widened(before: str, after: str) -> bool:
    """Whether each value of the one type is a value of the other, so that a column can be changed
    where it stands."""
    before, after = (re.sub(r"^Nullable\((.*)\)$", r"\1", t) for t in (before, after))
    if before == after:
        return True
    for row in WIDER:
        if before in row and after in row:
            return row.index(before) <= row.index(after)
    sizes = [re.fullmatch(r"Decimal\((\d+), (\d+)\)", t) for t in (before, after)]
    if all(sizes):
        (p, s), (q, r) = ((int(m[1]), int(m[2])) for m in sizes if m)
        return s == r and p <= q
    return False


def alike(native: str, *, enum: bool) -> bool:
    """Whether values of the type are, and are compared, in ClickHouse as they are in PostgreSQL."""
    base, _ = _apart(native)
    if enum or base in ("text", "character varying", "name"):
        return True
    return base == "numeric" or (base in KINDS and KINDS[base].clickhouse != "String")
