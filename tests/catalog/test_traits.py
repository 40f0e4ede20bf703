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


PERSONAL = {
    "email": "email e_mail contact_email EmailAddress",
    "phone": "phone mobile_no fax telephone",
    "ssn": "ssn passport",
    "card": "iban credit_card_number",
    "secret": "password api_token password_hash",  # pragma: allowlist secret
    None: "name city email_count phone_id panel status address_type",
}


@pytest.mark.parametrize(
    ("name", "kind"), [(n, kind) for kind, names in PERSONAL.items() for n in names.split()]
)
def test_a_name_tells_personal_data(name: str, kind: str | None) -> None:
    assert traits.pii_kind(name, ()) == kind


@pytest.mark.parametrize(
    ("name", "samples", "kind"),
    [
        ("x", ["a@b.org"] * 3, "email"),
        ("x", ["a@b.org"] * 8 + ["none", "-"], "email"),
        ("x", ["a@b.org"] * 2, None),
        ("x", ["a@b.org"] * 3 + ["plain"] * 3, None),
        ("x", ["123-45-6789"] * 3, "ssn"),
        ("x", ["4111 1111 1111 1111", "4111111111111111", "3400-0000-0000-009"], "card"),
        ("x", ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819", "CH9300762011623852957"],
         "card"),
        ("x", ["+41 79 123 45 67", "(555) 123-4567", "0041791234567"], "phone"),
        ("order_code", ["1234567890"] * 5, None),
        ("x", ["2024-01-01", "2024-01-02", "2024-01-03"], None),
        ("x", ["red", "green", "blue"], None),
    ],
)  # fmt: skip
def test_values_tell_personal_data(name: str, samples: list[str], kind: str | None) -> None:
    assert traits.pii_kind(name, samples) == kind
