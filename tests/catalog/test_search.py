"""Search finds what people mean first, and nothing by accident."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from datamind.commands.catalog import find
from datamind.semantics.catalog import Catalog, Column, Metric, Table, Term, View
from datamind.semantics.search import search


def table(name: str, columns: str, description: str = "") -> Table:
    made = tuple(Column(name, c, "text") for c in columns.split())
    return Table(name, "main", name, made, description=description)


VIEW = View(
    Catalog(
        "1",
        "duckdb",
        "main",
        (
            table("customers", "id name city signup_date", "Everyone who ever bought."),
            table("orders", "id cust_id amount status"),
            table("suppliers", "id supplierName"),
        ),
        metrics=(Metric("net_revenue", "simple", label="Net revenue", table="orders"),),
        glossary=(Term("turnover", "net_revenue"), Term("clients", "customers")),
        values={
            "orders.status": (("paid", 9), ("partly paid", 2)),
            "customers.city": (("Paris", 3),),
        },
    )
)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("customer", "customers"),
        ("Customers", "customers"),
        ("custmers", "customers"),
        ("custom", "customers"),
        ("clients", "customers"),
        ("ever bought", "customers"),
        ("customer city", "customers.city"),
        ("customers.city", "customers.city"),
        ("signup date", "customers.signup_date"),
        ("supplier name", "suppliers.supplierName"),
        ("turnover", "net_revenue"),
        ("revenue", "net_revenue"),
        ("number of orders", "orders"),
        ("paris", "customers.city"),
        ("amount", "orders.amount"),
    ],
)
def test_the_first_hit_is_what_is_meant(words: str, first: str) -> None:
    assert search(VIEW, words)[0].id == first


def test_a_short_name_inside_a_word_is_no_hit() -> None:
    """`id` stands in `paid`, and in `candid`."""
    assert "orders.id" not in {h.id for h in search(VIEW, "paid orders")}
    assert search(VIEW, "candid") == []


def test_an_abbreviated_name_is_found_by_the_word() -> None:
    assert "orders.cust_id" in {h.id for h in search(VIEW, "customer")}


def test_values_are_found_by_a_part_or_by_a_word_of_the_question() -> None:
    assert [h.text for h in search(VIEW, "paid") if h.kind == "value"] == ["paid", "partly paid"]
    assert "paid" in [h.text for h in search(VIEW, "paid orders")]


@pytest.mark.parametrize("words", ["", "   ", "zzz", "?", "#", "%", "'; --"])
def test_nothing_is_found_for_nothing(words: str) -> None:
    assert search(VIEW, words) == []


def test_hits_come_best_first_and_no_more_than_asked_for() -> None:
    scores = [h.score for h in search(VIEW, "customer")]
    assert scores == sorted(scores, reverse=True)
    assert len(search(VIEW, "customer", limit=1)) == 1


def test_the_command_finds_in_any_database(
    make_duckdb: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path))
    url = make_duckdb("CREATE TABLE shops AS SELECT 1 AS id, 'Oslo' AS town")
    assert find("oslo", url, None, as_json=True) == 0
    (hit,) = json.loads(capsys.readouterr().out)
    assert hit == {"kind": "value", "id": "shops.town", "text": "Oslo", "score": 100.0}
