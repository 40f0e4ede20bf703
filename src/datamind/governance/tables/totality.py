"""What can be compared without an error, whatever the values: families of types, by dialect.

A family holds the database's own names for its types (as patterns). Types that are in none (JSON,
arrays, enumerations, 128-bit numbers, text with a collation of its own) are not compared without a
fence.
"""

from __future__ import annotations

from datamind.records import Dialect

FAMILIES: dict[Dialect, dict[str, str]] = {
    "postgres": {
        "integer": r"smallint|integer|bigint|int[248]?|(small|big)?serial",
        "decimal": r"(numeric|decimal)( ?\(.*\))?",
        "float": r"real|double( precision)?|float[48]?",
        "text": r"text|(character varying|varchar|character|char|bpchar)( ?\(\d+\))?",
        "boolean": r"bool(ean)?",
        "date": r"date",
        "timestamp": r"timestamp( ?\(\d\))?( without time zone)?",
        "timestamptz": r"timestamptz|timestamp( ?\(\d\))? with time zone",
        "uuid": r"uuid",
    },
    "duckdb": {
        "integer": r"u?(tiny|small|big)?int(eger)?|u?integer|int[1248]",
        "decimal": r"(decimal|numeric)( ?\(\d+, ?\d+\))?",
        "float": r"real|float[48]?|double",
        "text": r"(varchar|text|string|char|bpchar)( ?\(\d+\))?",
        "boolean": r"bool(ean)?",
        "date": r"date",
        "timestamp": r"timestamp|datetime",
        "timestamptz": r"timestamptz|timestamp with time zone",
    },
    "clickhouse": {
        "integer": r"u?int(8|16|32|64)",
        "decimal": r"decimal\(\d+, ?\d+\)",
        "float": r"float(32|64)",
        "text": r"string",
        "boolean": r"bool(ean)?",
        "date": r"date(32)?",
        "timestamp": r"datetime",
    },
}  # fmt: skip
# Families that may meet. Two decimals, or a decimal and an integer, are looked at by their digits.
MEET: dict[Dialect, tuple[frozenset[str], ...]] = {
    "postgres": (
        frozenset({"integer", "decimal"}),
        frozenset({"integer", "float"}),  # numeric to float8 can be out of range
        frozenset({"date", "timestamp", "timestamptz"}),  # by operators of their own, no casts
    ),
    # Casts between the kinds of time can be out of range; text is cast to whatever it meets.
    "duckdb": (frozenset({"integer", "decimal", "float"}),),
    "clickhouse": (frozenset({"integer", "float"}),),
}
# Digits of the widest decimal, and of the widest integer that takes part.
MOST_DIGITS, INTEGER_DIGITS = 38, 20
# The widest decimals whose sums are always in range.
WIDEST_SUM: dict[Dialect, int] = {"postgres": 1000, "duckdb": 18, "clickhouse": 0}
# Longer patterns of LIKE may overflow PostgreSQL's stack, for some texts.
MOST_WILDCARDS, LONGEST_PATTERN = 100, 1000
# What a constant may be written in beside a column of a family.
ISO_DATE = r"(19[789]\d|20\d\d|21[0-3]\d)-\d\d-\d\d"  # ClickHouse's Date begins in 1970
ISO_TIME = ISO_DATE + r"[ T]\d\d:\d\d:\d\d(\.\d{1,6})?"
NUMBER = r"(\d{1,18})(\.(\d{1,9}))?"
# Parts of a time that every time has.
PARTS = frozenset({"YEAR", "QUARTER", "MONTH", "DAY", "HOUR", "MINUTE", "DOW", "DOY", "ISODOW"})
OF_A_DAY = frozenset({"HOUR", "MINUTE"})  # of a time only: a date has none
# What a part of a time is, and the types that aggregates give.
GIVES: dict[Dialect, dict[str, str]] = {
    "postgres": {"part": "numeric", "count": "bigint", "avg": "numeric", "sum": "numeric"},
    "duckdb": {"part": "bigint", "count": "bigint", "avg": "double", "sum": ""},
    "clickhouse": {"part": "UInt16", "count": "UInt64", "avg": "Float64", "sum": ""},
}
