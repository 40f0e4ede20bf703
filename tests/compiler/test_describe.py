"""Names in a description are said as people say them, not as warehouses write them."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from shop import SHOP

from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, Column, Metric, Relationship, Table, View
from datamind.semantics.describe import describe
from datamind.semantics.wording import spoken, words

SALES = Table(
    "fct_sales", "main", "fct_sales",
    (
        Column("fct_sales", "product_id", "integer"),
        Column("fct_sales", "order_date", "date"),
        Column("fct_sales", "amount", "decimal"),
    ),
)  # fmt: skip
PRODUCTS = Table(
    "dim_products", "main", "dim_products",
    (
        Column("dim_products", "product_id", "integer"),
        Column("dim_products", "category", "text"),
        Column("dim_products", "listPrice", "decimal"),
    ),
    ("product_id",),
)  # fmt: skip
REFERENCE = Relationship("bought", "fct_sales", ("product_id",), "dim_products", ("product_id",))
REVENUE = Metric("revenue", "simple", "Revenue", table="fct_sales", aggregation="sum",
                 expression="amount")  # fmt: skip
VIEW = View(Catalog("1", "duckdb", "main", (SALES, PRODUCTS), (REFERENCE,), (REVENUE,)))
JOINED = P.Source("fct_sales", "s", (P.Join("p", "dim_products", "s", "bought"),))
COUNT = P.Aggregate("count")
CATEGORY = P.Named("category", P.Column("p", "category"))


def in_2026(column: P.Column) -> P.Filter:
    return P.Filter(
        P.Between(column, P.Value(dt.date(2026, 1, 1)), P.Value(dt.date(2027, 1, 1)), True)
    )


def by_category(measure: P.Expr) -> P.Query:
    when = in_2026(P.Column("s", "order_date"))
    return P.Query(JOINED, (when, P.Group((CATEGORY,), (P.Named("m", measure),))))


def test_a_metric_is_said_without_the_layers_of_its_tables() -> None:
    assert describe(by_category(P.Metric("revenue")), VIEW).splitlines() == [
        "Revenue for each product category, where the order date of sales is in 2026.",
        "From sales, with products by product id.",
    ]


def test_an_aggregate_says_of_what_it_is() -> None:
    told = describe(by_category(P.Aggregate("avg", P.Column("p", "listPrice"))), VIEW)
    assert told.startswith("Average list price of products for each product category of sales,")


def test_what_is_said_within_a_nested_query_stays_there() -> None:
    price = P.Column("p", "listPrice")
    inner = P.Query(P.Source("fct_sales", "s"), ())
    where = P.Filter(P.Not(P.Exists("p", "bought", True, inner)))
    shown = P.Project((P.Named("price", price),))
    assert describe(P.Query(P.Source("dim_products", "p"), (where, shown)), VIEW) == (
        "List price of products, where there are no sales of the product, by product id."
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("fct_sales", "sales"),
        ("dim_users", "users"),
        ("stg_orders", "stg orders"),
        ("fct_orders", "fct orders"),
        ("FCT_RETURNS", "returns"),
        ("factories", "factories"),
        ("fct_2026", "fct 2026"),
        ("orderLines", "order lines"),
        ("注文", "注文"),
    ],
)
def test_a_layer_is_dropped_unless_two_tables_were_then_called_alike(name: str, said: str) -> None:
    assert spoken(name, "", {"fct_sales", "stg_orders", "fct_orders"}) == said


def test_the_schema_decides_which_tables_could_be_meant() -> None:
    taken = {"fct_sales", "old.stg_sales"}
    assert spoken("fct_sales", "", taken) == "sales"
    assert spoken("fct_sales", "old.", taken | {"old.fct_sales"}) == "fct sales"


def test_initials_keep_their_capitals() -> None:
    metrics = (replace(REVENUE, label="GMV"),)
    view = View(replace(VIEW.catalog, metrics=metrics))
    query = P.Query(
        P.Source("fct_sales", "s"), (P.Group((), (P.Named("m", P.Metric("revenue")),)),)
    )
    assert describe(query, view) == "GMV."


def test_names_are_cut_into_words() -> None:
    assert words("orderDate") == words("order_date") == words("Order Date") == "order date"
    assert describe(P.Query(P.Source("Order Notes", "n"), ()), SHOP) == "Order notes."


def test_the_name_of_a_weekday_is_said_as_such() -> None:
    day = P.DatePart("weekday", P.Column("s", "order_date"))

    def told(*names: str) -> str:
        whens = (
            P.When(P.Compare("=", day, P.Value(n)), P.Value(v)) for n, v in enumerate(names, 1)
        )
        key = P.Named("name", P.Case(tuple(whens), P.Value(None)))
        plan = P.Query(P.Source("fct_sales", "s"), (P.Group((key,), (P.Named("n", COUNT),)),))
        return describe(plan, VIEW)

    week = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
    assert told(*week) == "Number of sales for each name of weekday of order date."
    assert "'Sunday' where weekday of order date is 1" in told(*week[-1:], *week[:-1])
