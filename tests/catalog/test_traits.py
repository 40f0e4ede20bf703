"""What a column is, told from its name, type and values."""

from __future__ import annotations

import pytest

from datamind.semantics import traits
from datamind.semantics.catalog import Additivity, Column, ColumnType

TYPES: dict[ColumnType, str] = {
    "integer": "INTEGER bigint int4 int8 UTINYINT UHUGEINT hugeint smallserial bigserial serial4",
    "decimal": "DECIMAL(18,3) numeric(10,2) numeric money",
    "float": "DOUBLE FLOAT real float8 double_precision",
    "boolean": "BOOLEAN bool",
    "timestamp": "TIMESTAMP timestamptz TIMESTAMP_NS timestamp(3)_without_time_zone DATETIME",
    "date": "DATE date",
    "time": "TIME TIMETZ time_with_time_zone",
    "interval": "INTERVAL interval",
    "text": "VARCHAR character_varying(20) bpchar text public.citext UUID ENUM('a[1]') enum_mood",
    "other": "int4range numrange daterange datemultirange tsrange INTEGER[] INTEGER[3] VARCHAR[]"
    " STRUCT(a_INTEGER) MAP(VARCHAR,INTEGER) UNION(a_INTEGER) JSON jsonb BLOB bytea BIT inet"
    ' "char" tsvector oid point xml',
}


@pytest.mark.parametrize(
    ("native", "kind"), [(n.replace("_NS", "@").replace("_", " ").replace("@", "_NS"), kind)
                         for kind, natives in TYPES.items() for n in natives.split()],
)  # fmt: skip
def test_a_native_type_is_of_this_kind(native: str, kind: ColumnType) -> None:
    assert traits.column_type(native) == kind


ADDITIVITY: dict[Additivity, str] = {
    "sum": "amount total_price quantity num_orders citation_num_count revenue salary points"
    " hours_worked number_of_rooms balance population",
    "avg": "discount_rate rating avg_price score temperature percentage growth_ratio gpa margin",
    "none": "id customer_id zip_code year fiscal_year birth_month flight_number phone latitude"
    " lon version rank order_key invoice_no paperid",
}


@pytest.mark.parametrize(
    ("name", "kind"), [(n, kind) for kind, names in ADDITIVITY.items() for n in names.split()]
)
def test_a_number_of_this_name_rolls_up_so(name: str, kind: Additivity) -> None:
    assert traits.additivity(Column("t", name, "integer"), is_key=False) == kind


def test_keys_and_what_is_no_number_do_not_add_up() -> None:
    assert traits.additivity(Column("t", "amount", "integer"), is_key=True) == "none"
    assert traits.additivity(Column("t", "amount", "text"), is_key=False) == "none"
    assert traits.additivity(Column("t", "amount", "integer", epoch=True), is_key=False) == "none"
