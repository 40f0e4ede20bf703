"""What becomes of types and keys, and what a person may choose: decided without any database."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datamind.adapters.sync.ddl import create_base, create_view
from datamind.adapters.sync.drift import drift_of
from datamind.adapters.sync.job import wanted_by
from datamind.adapters.sync.overrides import choices_of, merged, read_choices
from datamind.adapters.sync.planning import columns_of, plan_of, why_not
from datamind.adapters.sync.tables import Choices, Seen, Shortcut, SourceColumn, SourceTable, State
from datamind.adapters.sync.types import Numeric, kind_of, widened, with_null
from datamind.errors import BadInput
from datamind.settings import RouterSettings, Settings

ORDERS = SourceTable(
    "sales", "orders", 7,
    (
        SourceColumn(1, "id", "bigint", False),
        SourceColumn(2, "status", "text", True, distinct=5),
        SourceColumn(3, "amount", "numeric(12,2)", False),
        SourceColumn(4, "updated_at", "timestamp with time zone", False),
        SourceColumn(5, "note", "text", True, distinct=-0.9),
    ),
    ("id",), frozenset({"id"}), 1_000_000, 1 << 30, Seen("m1"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("native", "nullable", "becomes"),
    [
        ("smallint", False, "Int16"),
        ("bigint", True, "Nullable(Int64)"),
        ("numeric(12,2)", False, "Decimal(12, 2)"),
        ("numeric(50)", True, "Nullable(Decimal(50, 0))"),
        ("numeric(100,2)", False, "String"),
        ("numeric", False, "Decimal(38, 4)"),
        ("double precision", False, "Float64"),
        ("timestamp with time zone", True, "Nullable(DateTime64(6, 'UTC'))"),
        ("timestamp(3) without time zone", False, "DateTime64(6, 'UTC')"),
        ("date", False, "Date32"),
        ("uuid", True, "Nullable(UUID)"),
        ("boolean", False, "Bool"),
        ("character varying(20)", False, "String"),
        ("jsonb", True, "Nullable(String)"),
        ("text[]", False, "Array(Nullable(String))"),
        ("integer[]", False, "Array(Nullable(Int32))"),
        ("integer[]", True, "Nullable(String)"),
        ("tsvector", True, "Nullable(String)"),
    ],
)
def test_what_a_type_becomes(native: str, nullable: bool, becomes: str) -> None:
    kind = kind_of(native, enum=False, nullable=nullable, found=Numeric(3, 4))
    assert with_null(kind.clickhouse, nullable) == becomes


def test_what_is_not_as_it_was_is_told() -> None:
    for native in ("numeric", "time without time zone", "citext", "point", "integer[]"):
        assert kind_of(native, enum=False, nullable=True).note, native


@pytest.mark.parametrize(
    ("before", "after", "fits"),
    [
        ("Int16", "Int64", True),
        ("Int64", "Int32", False),
        ("Decimal(12, 2)", "Decimal(14, 2)", True),
        ("Decimal(12, 2)", "Decimal(14, 4)", False),
        ("Int32", "Nullable(Int64)", True),
        ("String", "Int32", False),
    ],
)
def test_which_columns_are_widened_where_they_stand(before: str, after: str, fits: bool) -> None:
    assert widened(before, after) is fits


def test_what_is_chosen_for_a_table_and_why() -> None:
    plan = plan_of(ORDERS, Choices(), {})
    assert plan.identity == ("id",)
    assert plan.watermark == "updated_at"
    assert plan.column("status").type == "LowCardinality(Nullable(String))"
    assert plan.column("note").type == "Nullable(String)"
    assert any("LowCardinality for status" in reason for reason in plan.reasons)
    made = create_base(plan, "b")
    assert "ReplacingMergeTree(_version) ORDER BY (c1)" in made
    assert "INDEX i4 c4 TYPE minmax" in made
    assert 'c1 AS "id"' in create_view(plan, "b")
    assert "FINAL WHERE _deleted = 0" in create_view(plan, "b")


def test_a_persons_choices_come_first() -> None:
    chosen = Choices(order_by=("amount", "id"), low_cardinality=(), watermark="id")
    plan = plan_of(ORDERS, chosen, {})
    assert (plan.identity, plan.watermark) == (("amount", "id"), "id")
    assert plan.column("status").type == "Nullable(String)"


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        (Choices(order_by=("amount",)), "has to hold its key"),
        (Choices(order_by=("status", "id")), "may be null"),
        (Choices(order_by=("nothing", "id")), "which the table has not"),
        (Choices(partition_by="toYYYYMM(updated_at)"), "made of its order_by columns"),
        (Choices(watermark="status"), "no moment or number"),
    ],
)
def test_choices_that_would_lose_or_double_rows_are_refused(choices: Choices, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        plan_of(ORDERS, choices, {})


def test_a_table_that_row_security_hides_a_part_of_is_not_synced() -> None:
    assert "not be whole" in (why_not(replace(ORDERS, seen=Seen("m1", secured=True))) or "")
    assert why_not(ORDERS) is None


def test_a_name_that_would_end_within_clickhouses_quotes_is_refused() -> None:
    name = 'x\\" FROM datamind_sync.salaries__7_1 -- '
    columns = (*ORDERS.columns, SourceColumn(6, name, "text", True))
    assert "backslash" in (why_not(replace(ORDERS, columns=columns)) or "")


NATIVE = {"amount": "numeric(14,2)", "id": "integer"}


@pytest.mark.parametrize(
    ("columns", "told", "anew"),
    [
        (lambda c: (*c, SourceColumn(6, "x", "text", True)), "x was added", None),
        (lambda c: c[:4], "note is no more", None),
        (lambda c: (*c[:4], replace(c[4], name="memo")), "note is called memo", None),
        (lambda c: (*c[:2], replace(c[2], native="numeric(14,2)"), *c[3:]), "amount became", None),
        (lambda c: (*c[:2], replace(c[2], native="numeric(14,4)"), *c[3:]), "amount became",
         "the type of amount"),
        (lambda c: (replace(c[0], native="integer"), *c[1:]), "id became", "the type of id"),
    ],
)  # fmt: skip
def test_what_a_change_of_shape_takes(columns, told: str, anew: str | None) -> None:  # type: ignore[no-untyped-def]
    before = plan_of(ORDERS, Choices(), {})
    state = State("sales.orders", "live", "b", 1, 7, columns_of(before), before.identity, None)
    after = plan_of(replace(ORDERS, columns=columns(ORDERS.columns)), Choices(), {}, state)
    drift = drift_of(after, state)
    assert any(told in line for line in drift.told), drift
    assert (drift.anew or "").startswith(anew or "")
    assert bool(drift.anew) is bool(anew)


def test_choices_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "choices.yaml"
    file.write_text(
        "tables:\n  sales.orders: {order_by: [amount, id], reconcile_minutes: 60}\n"
        "  sales.logs: {skip: true}\nmaterialized:\n  by_day: SELECT 1\n"
    )
    tables, made = read_choices(file)
    assert tables["sales.orders"] == Choices(order_by=("amount", "id"), reconcile_minutes=60)
    assert tables["sales.logs"].skip
    assert [(a.name, a.sql) for a in made] == [("by_day", "SELECT 1")]
    file.write_text("tables:\n  sales.orders: {ordr_by: [id]}\n")
    with pytest.raises(BadInput, match="ordr_by"):
        read_choices(file)


BY_STATUS = Shortcut("by_status", ("status",), ("sum(amount)", "count(*)"))
SAID = {"by_status": {"group_by": ["status"], "measures": ["sum(amount)", "count(*)"]}}


@pytest.mark.parametrize(
    ("said", "shortcuts", "refused"),
    [
        ({"materialized": SAID}, (BY_STATUS,), ()),
        ({"filtered_by": ["note"]}, (Shortcut("index_note", ("note",)),), ()),
        ({"materialized": {**SAID, "by_note": False}}, (BY_STATUS,), ("by_note",)),
        ({"filtered_by": []}, (), ()),
        ({"history": False}, None, None),
    ],
)
def test_what_is_materialized_is_chosen_or_refused(
    said: dict[str, Any], shortcuts: tuple[Shortcut, ...] | None, refused: tuple[str, ...] | None
) -> None:
    chosen = choices_of(said, "sales.orders")
    assert (chosen.shortcuts, chosen.refused) == (shortcuts, refused)


ASKED = Shortcut("by_note", ("note",), ("count(*)",), "grouped by in 9 of 20 questions", True)


@pytest.mark.parametrize(
    ("choices", "names", "why"),
    [
        (Choices(), ["by_note"], "PROJECTION by_note: count(*) by note, grouped by in 9 of 20"),
        (Choices(shortcuts=(BY_STATUS,)), ["by_status", "by_note"], "by status, as was chosen"),
        (Choices(refused=("by_note",)), [], "no by_note, as was chosen"),
        (Choices(history=False), [], ""),
        (Choices(shortcuts=(Shortcut("mine", ASKED.columns, ASKED.measures),)), ["mine"], ""),
    ],
)
def test_what_the_history_suggests_stands_beneath_what_is_chosen(
    choices: Choices, names: list[str], why: str
) -> None:
    plan = plan_of(ORDERS, choices, {}, asked=[ASKED])
    assert [one.name for one in plan.shortcuts] == names
    assert why in "; ".join(plan.reasons)
    state = State("sales.orders", "live", "b", 1, 7, (), (), None, shortcuts=plan.shortcuts)
    assert plan_of(ORDERS, choices, {}, state).shortcuts == plan.shortcuts, "kept by the next sync"


@pytest.mark.parametrize(
    ("columns", "measure", "why"),
    [
        (("status",), "sum(nothing)", "names nothing"),
        (("nothing",), "count(*)", "names nothing"),
        (("status",), "uniq(note)", "can't be kept"),
        (("status",), "count(DISTINCT note)", "can't be kept"),
        (("status",), "sum((SELECT 1))", "can't be kept"),
        (("status",), "sum(amount) OVER ()", "can't be kept"),
        (("status",), "sum(rand())", "can't be kept"),
        (("status",), "sum(amount)) GROUP BY 1; DROP TABLE x --", "can't be kept"),
    ],
)
def test_what_can_not_be_materialized_is_told(
    columns: tuple[str, ...], measure: str, why: str
) -> None:
    chosen = Choices(shortcuts=(Shortcut("p", columns, (measure,)),))
    with pytest.raises(BadInput, match=why):
        plan_of(ORDERS, chosen, {})


def test_a_file_comes_before_dbt_one_thing_at_a_time() -> None:
    dbt = {"a.t": Choices(order_by=("id",), watermark="at"), "a.u": Choices(skip=True)}
    file = {"a.t": Choices(watermark="seen"), "a.u": Choices(skip=False), "a.v": Choices()}
    assert merged(dbt, file) == {
        "a.t": Choices(order_by=("id",), watermark="seen"),
        "a.u": Choices(skip=False),
        "a.v": Choices(),
    }


def test_what_dbt_says_is_of_the_build_in_use(tmp_path: Path) -> None:
    """An old manifest in the project's own folder says nothing."""
    home, project = tmp_path / "home", tmp_path / "project"
    for folder, chosen in ((home / "dbt" / "builds" / "b1", "new"), (project, "old")):
        node = {"schema": "shop", "name": "orders", "config": {"meta": {
            "datamind": {"clickhouse": {"watermark": chosen}}}}}  # fmt: skip
        (folder / "target").mkdir(parents=True)
        (folder / "target" / "manifest.json").write_text(json.dumps({"nodes": {"m": node}}))
    pointer = {"id": "b1", "elapsed_s": 1, "elsewhere": True}
    (home / "dbt" / "builds" / "current.json").write_text(json.dumps(pointer))
    settings = Settings(
        home=home, dbt_project=project, warehouse_url="postgresql://db/shop",
        router=RouterSettings("clickhouse://ch"),
    )  # fmt: skip
    assert wanted_by(settings).choices["shop.orders"] == Choices(watermark="new")


@pytest.mark.parametrize(
    ("found", "note"),
    [
        (Numeric(3, 20), "became Decimal(38, 20)"),
        (Numeric(30, 4), "became Decimal(64, 4)"),
        (Numeric(1, 80), "is kept as text"),
    ],
)
def test_a_numeric_without_a_size_is_planned_as_it_is_kept(found: Numeric, note: str) -> None:
    table = replace(ORDERS, columns=(*ORDERS.columns, SourceColumn(6, "free", "numeric", True)))
    first = plan_of(table, Choices(), {"free": found})
    state = State("sales.orders", "live", "b", 1, 7, columns_of(first), ("id",), None)
    assert plan_of(table, Choices(), {}, state) == first
    assert f"free: numeric without a size {note}" in first.notes


def test_what_was_suggested_goes_with_a_column_that_it_adds_up() -> None:
    asked = Shortcut("by_status", ("status",), ("sum(amount)",), asked=True)
    state = State("sales.orders", "live", "b", 1, 7, (), (), None, shortcuts=(asked,))
    renamed = replace(ORDERS.columns[2], name="total")
    table = replace(ORDERS, columns=(*ORDERS.columns[:2], renamed, *ORDERS.columns[3:]))
    assert plan_of(ORDERS, Choices(), {}, state).shortcuts == (asked,)
    assert plan_of(table, Choices(), {}, state).shortcuts == ()
