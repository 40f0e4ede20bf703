"""Merging: what is said later wins, and what is no longer there is gone from everywhere."""

from __future__ import annotations

from dataclasses import replace

from datamind.semantics.catalog import (
    Catalog,
    Column,
    Metric,
    QualityIssue,
    Relationship,
    Table,
    Term,
    version_of,
)
from datamind.semantics.merge import ColumnNote, Overlay, TableNote, merge


def table(name: str, columns: str, **more: object) -> Table:
    made = tuple(Column(name, c, "integer", additivity="sum") for c in columns.split())
    return Table(name, "main", name, made, **more)  # type: ignore[arg-type]


def reference(column: str, to: str, **more: object) -> Relationship:
    owner, _, name = column.partition(".")
    return Relationship(f"{column}->{to}", owner, (name,), to, ("id",), **more)  # type: ignore[arg-type]


READ = Catalog(
    "read",
    "duckdb",
    "main",
    (
        table("orders", "id buyer amount", primary_key=("id",), description="From the database."),
        table("people", "id age", synonyms=("folk",)),
        table("shops", "id"),
    ),
    (reference("orders.buyer", "people", origin="guessed", confidence=0.6),),
    glossary=(Term("buyers", "people"), Term("places", "shops")),
    values={"orders.buyer": (("1", 2),), "shops.id": (("7", 1),)},
    complete=frozenset({"orders.buyer", "shops.id"}),
)


def noted(table_: str, **note: object) -> Overlay:
    return Overlay({table_: TableNote(**note)})  # type: ignore[arg-type]


def test_nothing_said_changes_nothing_but_the_additivity_of_keys() -> None:
    merged = merge(READ, Overlay())
    assert merged.column("orders.amount") == READ.column("orders.amount")
    assert (merged.relationships, merged.values) == (READ.relationships, READ.values)
    assert [c.additivity for c in merged.table("orders").columns] == ["none", "none", "sum"]


def test_what_is_said_of_a_table_wins_and_the_rest_stays() -> None:
    said = noted("orders", description="Said.", entity="purchase", synonyms=("deals",))
    orders = merge(READ, said).table("orders")
    assert (orders.description, orders.entity, orders.synonyms) == ("Said.", "purchase", ("deals",))
    assert merge(READ, noted("orders", entity="x")).table("orders").description == (
        "From the database."
    )
    assert merge(READ, noted("people", synonyms=("users",))).table("people").synonyms == (
        "folk",
        "users",
    )


def test_what_is_said_of_a_column_wins() -> None:
    note = ColumnNote("Paid.", ("price",), "EUR", additivity="avg")
    found = merge(READ, noted("orders", columns={"amount": note})).column("orders.amount")
    assert (found.description, found.synonyms, found.unit) == ("Paid.", ("price",), "EUR")
    assert found.additivity == "avg"


def test_a_key_that_is_said_does_not_add_up_unless_that_is_said_too() -> None:
    said = noted("people", primary_key=("age",))
    assert merge(READ, said).table("people").key_origin == "dbt"
    assert merge(READ, said).column("people.age").additivity == "none"
    both = noted("people", primary_key=("age",), columns={"age": ColumnNote(additivity="avg")})
    assert merge(READ, both).column("people.age").additivity == "avg"


def test_a_key_of_columns_that_are_not_there_is_not_believed() -> None:
    merged = merge(READ, noted("orders", primary_key=("nothing",))).table("orders")
    assert (merged.primary_key, merged.key_origin) == (("id",), "declared")


def test_a_reference_that_is_said_stands_for_the_one_guessed() -> None:
    said = reference("orders.buyer", "shops", origin="dbt")
    assert merge(READ, Overlay(relationships=(said,))).relationships == (said,)


def test_a_reference_of_columns_that_are_not_there_is_left_out() -> None:
    said = reference("orders.nothing", "people"), reference("shops.id", "nowhere")
    assert merge(READ, Overlay(relationships=said)).relationships == READ.relationships


def test_a_hidden_table_is_gone_from_everywhere() -> None:
    metric = Metric("m", "simple", table="shops", relations=("shops",))
    merged = merge(replace(READ, metrics=(metric,)), noted("shops", hidden=True))
    assert [t.id for t in merged.tables] == ["orders", "people"]
    assert (merged.metrics, [t.words for t in merged.glossary]) == ((), ["buyers"])
    assert (set(merged.values), merged.complete) == ({"orders.buyer"}, {"orders.buyer"})
    assert merge(READ, noted("people", hidden=True)).relationships == ()


def test_where_tables_are_named_the_others_are_left_out() -> None:
    assert [t.id for t in merge(READ, Overlay(only=frozenset({"people"}))).tables] == ["people"]


def test_values_of_what_is_said_to_be_personal_are_dropped() -> None:
    said = noted("orders", columns={"buyer": ColumnNote(pii="name")})
    merged = merge(READ, said)
    assert (set(merged.values), merged.complete) == ({"shops.id"}, {"shops.id"})


def test_metrics_and_issues_of_several_overlays_add_up_and_the_later_wins() -> None:
    first = Overlay(
        metrics=(Metric("a", "simple", label="old"), Metric("b", "simple")),
        quality=(QualityIssue("orders", "unique", "failed"),),
    )
    second = Overlay(
        metrics=(Metric("a", "simple", label="new"),),
        quality=(QualityIssue("people", "not_null", "failed"),),
    )
    merged = merge(merge(READ, first), second)
    assert {m.name: m.label for m in merged.metrics} == {"a": "new", "b": ""}
    assert [q.table for q in merged.quality] == ["orders", "people"]


def test_a_metric_of_a_table_that_is_not_there_is_left_out() -> None:
    metric = Metric("m", "simple", relations=("nowhere",))
    assert merge(READ, Overlay(metrics=(metric,))).metrics == ()


# ---- versions ----------------------------------------------------------------------------------


def test_the_version_tells_content_apart_and_nothing_else() -> None:
    assert version_of(READ) == version_of(replace(READ, version="x", data_version="y"))
    other = [
        replace(READ, dialect="postgres"),
        replace(READ, tables=READ.tables[:2]),
        replace(READ, relationships=()),
        replace(READ, glossary=()),
        replace(READ, values={}),
        replace(READ, complete=frozenset()),
        replace(READ, metrics=(Metric("m", "simple"),)),
        replace(READ, quality=(QualityIssue("orders", "unique", "failed"),)),
    ]
    assert len({version_of(c) for c in [READ, *other]}) == len(other) + 1


def test_the_version_does_not_depend_on_the_order_in_which_values_were_read() -> None:
    turned = dict(reversed(list(READ.values.items())))
    assert version_of(replace(READ, values=turned)) == version_of(READ)


def test_merging_the_same_twice_gives_the_same_version() -> None:
    said = noted("orders", description="Said.")
    assert merge(READ, said).version == merge(READ, said).version
    assert merge(READ, said).version != merge(READ, Overlay()).version
