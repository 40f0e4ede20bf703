"""Artifacts of a real dbt build become the catalog: descriptions, keys, values, metrics, issues."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.dbt.artifacts import overlay_of
from datamind.adapters.dbt.build import Build
from datamind.adapters.introspection import introspect
from datamind.adapters.sync.overrides import dbt_choices
from datamind.adapters.sync.tables import Choices, Shortcut
from datamind.cli import app, guarded
from datamind.commands.wiring import asking
from datamind.errors import BadInput
from datamind.pipeline.ask import ask
from datamind.records import Identity, Question
from datamind.semantics.catalog import Catalog, Column
from datamind.semantics.merge import Overlay
from datamind.settings import Settings

pytestmark = pytest.mark.slow
Json = dict[str, Any]


@pytest.fixture(scope="session")
def url(shop: Build) -> str:
    return f"duckdb:///{shop.warehouse}"


@pytest.fixture(scope="session")
def catalog(shop: Build, url: str) -> Catalog:
    """The database with what dbt says of it."""
    return load_catalog(url, dbt_project=shop.artifacts)


@pytest.fixture
def edited(
    shop: Build, url: str, tmp_path: Path
) -> Callable[[str, Callable[[Json], None]], Overlay]:
    """Reads the artifacts after a change to one of them."""

    def overlay(name: str, change: Callable[[Json], None]) -> Overlay:
        target = Path(shutil.copytree(shop.artifacts, tmp_path / "target"))
        found = json.loads((target / name).read_text("utf-8"))
        change(found)
        (target / name).write_text(json.dumps(found), "utf-8")
        return overlay_of(target.parent, introspect(url))

    return overlay


def column(catalog: Catalog, name: str) -> Column:
    return catalog.column(name)


def test_models_are_tables_but_for_staging_hidden_and_ephemeral_ones(catalog: Catalog) -> None:
    assert sorted(t.id for t in catalog.tables) == ["customers", "lines", "orders"]


def test_descriptions_synonyms_units_and_personal_data_come_from_the_project(
    catalog: Catalog,
) -> None:
    orders = catalog.table("orders")
    assert orders.description == "What was ordered."
    assert {"purchases", "baskets"} <= set(orders.synonyms)
    assert orders.entity == "order"
    amount = column(catalog, "orders.amount")
    assert (amount.description, amount.unit, amount.additivity) == ("Price paid.", "eur", "sum")
    assert {"price", "value"} <= set(amount.synonyms)
    assert column(catalog, "customers.name").pii == "name"
    assert column(catalog, "customers.email").pii == "email"


def test_values_of_personal_columns_are_not_kept_though_a_test_lists_them(catalog: Catalog) -> None:
    assert not {"customers.name", "customers.email"} & set(catalog.values)


def test_accepted_values_are_known_though_none_has_come_yet(catalog: Catalog) -> None:
    found = dict(catalog.values["orders.status"])
    assert found == {"paid": 2, "open": 1, "void": 0}
    assert "orders.status" in catalog.complete


def test_tests_and_entities_make_keys_and_references(catalog: Catalog) -> None:
    keys = {t.id: t.primary_key for t in catalog.tables}
    assert keys == {"orders": ("id",), "customers": ("id",), "lines": ("order_id", "position")}
    assert all(t.key_origin == "dbt" for t in catalog.tables)
    found = {r.id: r.origin for r in catalog.relationships}
    assert found == {
        "orders.customer_id->customers.id": "dbt",
        "customers.referrer_id->customers.id": "dbt",
        "lines.order_id->orders.id": "dbt",
    }
    roles = {r.id: r.role for r in catalog.relationships}
    assert roles["customers.referrer_id->customers.id"] == "referrer"
    assert not any(r.one_to_one for r in catalog.relationships)


def test_a_unique_reference_is_one_to_one(edited: Any) -> None:
    def unique_too(manifest: Json) -> None:
        nodes = manifest["nodes"]
        test = next(n for n in nodes.values() if n["name"] == "unique_orders_id")
        nodes["more"] = test | {"unique_id": "more", "column_name": "customer_id"}

    overlay = edited("manifest.json", unique_too)
    found = {r.id: r.one_to_one for r in overlay.relationships}
    assert found["orders.customer_id->customers.id"]


def test_tests_that_failed_or_look_at_some_rows_prove_no_key(catalog: Catalog) -> None:
    # customers.code is tested unique, and is not; orders.placed_on is tested where id < 2 only.
    assert catalog.table("customers").primary_key == ("id",)
    assert catalog.table("orders").primary_key == ("id",)


def test_an_entity_that_a_test_refutes_is_no_key(edited: Any) -> None:
    def failed(results: Json) -> None:
        for result in results["results"]:
            if result["unique_id"].startswith("test.shop.unique_orders_id"):
                result["status"] = "fail"

    overlay = edited("run_results.json", failed)
    assert overlay.tables["orders"].primary_key == ()


def test_tests_that_failed_in_the_last_run_are_issues_of_each_table_they_are_about(
    catalog: Catalog,
) -> None:
    found = {(i.table, i.test, i.rows) for i in catalog.quality if not i.upstream}
    singular = "orders_have_known_customers_of_code_a"
    assert found == {
        ("orders", "not_null_orders_amount", 1),
        ("customers", "unique_customers_code", 1),
        ("orders", singular, 1),
        ("customers", singular, 1),
        ("orders", "accepted_values_stg_orders_placed_on__2026_01_05__2026_01_06", 1),
    }
    assert all(i.since[:2] == "20" for i in catalog.quality)


def test_an_issue_of_what_nobody_sees_is_told_of_what_is_made_of_it(edited: Any) -> None:
    def hidden(manifest: Json) -> None:
        manifest["nodes"]["model.shop.orders"]["config"]["meta"]["hidden"] = True

    issues = edited("manifest.json", hidden).quality
    assert {i.table for i in issues if "amount" in i.test} == {"lines"}


def test_an_issue_reaches_all_that_is_made_of_the_table(catalog: Catalog) -> None:
    found = {(i.table, i.upstream) for i in catalog.quality if i.test == "not_null_orders_amount"}
    assert found == {("orders", ""), ("lines", "orders")}


def test_an_answer_warns_of_failed_tests_of_the_models_that_it_reads(
    url: str, shop: Build, tmp_path: Path
) -> None:
    with asking(url, shop.artifacts, Settings(home=tmp_path)) as context:

        def warnings(text: str) -> str:
            question = Question(text, Identity("local"), dt.date(2026, 1, 31))
            answer = ask(question, context)
            assert answer.status == "answered"
            return " ".join(answer.warnings)

        assert "not_null_orders_amount" in warnings("How many orders are there?")
        assert "unique_customers_code" not in warnings("How many orders are there?")
        assert "unique_customers_code" in warnings("How many customers are there?")
        assert "not_null_orders_amount" not in warnings("How many customers are there?")
        assert "failed for orders, of which lines is made" in warnings("How many lines are there?")


def test_a_model_of_another_schema_is_found_there_or_not_at_all(edited: Any) -> None:
    def moved(manifest: Json) -> None:
        manifest["nodes"]["model.shop.orders"]["schema"] = "elsewhere"

    overlay = edited("manifest.json", moved)
    assert overlay.only == {"customers", "lines"}
    assert all("orders" not in (r.table, r.to_table) for r in overlay.relationships)
    assert {m.name for m in overlay.metrics} == {"units"}


OURS = {
    "orders": ("simple", "count", "id", ()),
    "revenue": ("simple", "sum", "amount", ()),
    "made_for_you": ("simple", "avg", "amount", ()),
    "typical_order": ("simple", "median", "amount", ()),
    "largest_order": ("simple", "max", "amount", ()),
    "smallest_order": ("simple", "min", "amount", ()),
    "big_orders": ("simple", "sum_boolean", "is_big", ()),
    "paid_revenue": ("simple", "sum", "amount", ("status = 'paid'",)),
    "units": ("simple", "sum", "quantity", ()),
    "big_paid_revenue": (
        "simple", "sum", "amount",
        ("status = 'paid'", "date_trunc('month', placed_on) >= '2026-01-01'", "id > 0",
         "(case when amount > 100 then 'big' else 'small' end) = 'big'"),
    ),
    "average_order": ("ratio", None, "", ()),
    "revenue_per_unit": ("derived", None, "money / units", ()),
    "share_of_average": ("derived", None, "average_order / largest_order", ()),
}  # fmt: skip


def test_metrics_that_we_compile_come_with_all_their_parts(catalog: Catalog) -> None:
    found = {
        m.name: (m.kind, m.aggregation, m.expression, m.filters)
        for m in catalog.metrics
        if not m.name.startswith("other_")
    }
    assert found == OURS
    revenue = catalog.metrics_by_name["revenue"]
    assert (revenue.label, revenue.synonyms, revenue.unit) == ("Revenue", ("turnover",), "eur")
    assert (revenue.table, revenue.time_column) == ("orders", "placed_on")
    ratio = catalog.metrics_by_name["average_order"]
    assert (ratio.numerator, ratio.denominator) == ("revenue", "orders")
    derived = catalog.metrics_by_name["revenue_per_unit"]
    assert derived.inputs == (("money", "revenue"), ("units", "units"))
    assert derived.relations == ("lines", "orders")


def test_metrics_that_only_metricflow_compiles_are_kept_apart(catalog: Catalog) -> None:
    others = {m.name for m in catalog.metrics if m.kind == "other"}
    assert others == {m.name for m in catalog.metrics if m.name.startswith("other_")}
    assert len(others) == 10
    assert all(m.relations for m in catalog.metrics)


def test_artifacts_are_read_from_the_project_or_its_target_folder(shop: Build, url: str) -> None:
    database = introspect(url)
    assert overlay_of(shop.artifacts, database) == overlay_of(shop.artifacts.parent, database)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "was not built"),
        ("{", "is damaged"),
        ("[]", "is not a dbt artifact"),
        ('{"nodes": []}', "is not as dbt"),
        ('{"nodes": {"m": {"resource_type": "model", "name": "lines", "columns": [1]}}}', "as dbt"),
    ],
)
def test_a_manifest_that_can_not_be_read_is_a_clear_error(
    text: str | None, told: str, url: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BadInput, match=told):
        overlay_of(tmp_path, introspect(url))


@pytest.mark.parametrize("damage", ["", "{", '{"nodes": []}'], ids=["empty", "cut", "odd"])
def test_asking_with_a_damaged_project_ends_as_bad_input(
    damage: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    (tmp_path / "manifest.json").write_text(damage)
    words = ["ask", "How many orders are there?", "--warehouse", url, "--dbt-project"]
    assert guarded(lambda: app([*words, str(tmp_path)])) == 2
    assert "manifest.json" in capsys.readouterr().err
    assert guarded(lambda: app([*words, str(tmp_path / "nowhere")])) == 2
    assert "There is no dbt project" in capsys.readouterr().err


def test_a_table_s_default_date_is_that_of_its_semantic_model(catalog: Catalog) -> None:
    assert catalog.table("orders").default_date == "placed_on"


def test_a_default_date_and_a_display_name_that_the_project_notes_win(edited: Any) -> None:
    def said(manifest: Json) -> None:
        orders = next(n for u, n in manifest["nodes"].items() if u.endswith(".orders"))
        orders["config"]["meta"] |= {"default_date": "shipped_on", "display": ["status"]}

    noted = edited("manifest.json", said).tables["orders"]
    assert (noted.default_date, noted.display) == ("shipped_on", ("status",))


def test_what_models_say_of_their_copies_in_clickhouse_is_read(shop: Build) -> None:
    found = dbt_choices(shop.artifacts)
    assert [name.rpartition(".")[2] for name in found] == ["orders"]
    assert next(iter(found.values())) == Choices(
        order_by=("placed_on", "id"), partition_by="toYear(placed_on)", low_cardinality=("status",),
        shortcuts=(Shortcut("by_status", ("status",), ("sum(amount)",)),), refused=(),
    )  # fmt: skip
