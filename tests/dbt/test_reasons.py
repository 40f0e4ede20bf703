"""Why a node failed is told without a value of the data or a secret."""

from __future__ import annotations

import pytest

from datamind.adapters.dbt.reasons import reason_of

HEAD = "Runtime Error in model orders (models/orders.sql)\n  "
CODE = "select custmer_id, status, cast(age as int) as age from {{ ref('raw_orders') }}"
COMPILED = "select custmer_id, status, cast(age as int) as age from main.raw_orders where 7 = 7"
CASES = [
    (  # DuckDB
        'Binder Error: Column "custmer_id" not found!\n  Candidate bindings: "x"\n\n  LINE 6: x',
        'Binder Error: Column "custmer_id" not found! Candidate bindings: "…" (line 6)',
    ),
    (
        "Catalog Error: Table with name raw_orders does not exist!\n  Did you mean \"x\"?",
        'Catalog Error: Table with name raw_orders does not exist! Did you mean "…"?',
    ),
    (
        "Conversion Error: Could not convert string 'Ada' to INT32",
        "Conversion Error: Could not convert string '…' to INT32",
    ),
    (
        "Constraint Error: Duplicate key \"id: 7\" violates primary key constraint",
        'Constraint Error: Duplicate key "…" violates primary key constraint',
    ),
    (  # PostgreSQL
        'column "custmer_id" does not exist\n  LINE 3: select custmer_id\n  HINT:  Perhaps you …',
        'column "custmer_id" does not exist (line 3)',
    ),
    (
        'invalid input syntax for type integer: "Ada Lovelace"',
        'invalid input syntax for type integer: "…"',
    ),
    ("new row for Ada is wrong\n  DETAIL:  Failing row contains (7, Ada).", "… row for … is wrong"),
    (  # ClickHouse
        "Code: 47. DB::Exception: Unknown expression identifier `custmer_id` in scope SELECT",
        "Code: …. DB::Exception: Unknown expression identifier `custmer_id` in … SELECT",
    ),
    ("Code: 6. DB::Exception: Cannot parse string 'Ada' as Int32", None),
    ("Ada Lovelace", ""),
    ("", ""),
    ("could not connect with s3cret", "could not connect with *****"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "told"), CASES, ids=[c[0][:30] for c in CASES])
def test_a_reason_holds_what_the_project_wrote_and_how_databases_speak(
    said: str, told: str | None
) -> None:
    result = {"message": HEAD + said, "compiled_code": COMPILED}
    found = reason_of(result, {"raw_code": CODE, "name": "orders"}, ["s3cret"])
    assert told is None or found == told
    assert not any(value in found for value in ("Ada", "Lovelace", "s3cret", "47"))


def test_reasons_are_short_however_long_an_error_is() -> None:
    result = {"message": HEAD + "null value in column " * 100_000}
    assert len(reason_of(result, {}, [])) < 400
