"""The small shop that the compiler's cases are about."""

from __future__ import annotations

from datamind.semantics.catalog import (
    Catalog,
    Column,
    ColumnType,
    Metric,
    Relationship,
    Table,
    View,
)


def table(
    name: str, key: tuple[str, ...], columns: dict[str, ColumnType], schema: str = "main"
) -> Table:
    made = tuple(Column(name, c, kind) for c, kind in columns.items())
    return Table(name, schema, name, made, key)


TABLES = (
    table("stores", ("id",), {"id": "integer", "name": "text", "country": "text"}),
    table("customers", ("id",), {"id": "integer", "name": "text", "joined": "date"}),
    table(
        "orders",
        ("id",),
        {
            "id": "integer",
            "store_id": "integer",
            "customer_id": "integer",
            "status": "text",
            "amount": "decimal",
            "order_date": "date",
            "created_at": "timestamp",
            "epoch": "integer",
            "paid": "boolean",
        },
    ),
    table(
        "lines",
        ("order_id", "line"),
        {"order_id": "integer", "line": "integer", "product": "text", "qty": "integer"},
    ),
    table("tickets", ("id",), {"id": "integer", "store_id": "integer", "opened": "date"}),
    table("visits", (), {"store_id": "integer", "seconds": "integer"}),
    table("Order Notes", ("id",), {"id": "integer", "order_id": "integer", "select": "text"}),
)
RELATIONSHIPS = (
    Relationship("order_store", "orders", ("store_id",), "stores", ("id",)),
    Relationship("order_customer", "orders", ("customer_id",), "customers", ("id",), role="buyer"),
    Relationship("line_order", "lines", ("order_id",), "orders", ("id",)),
    Relationship("ticket_store", "tickets", ("store_id",), "stores", ("id",)),
    Relationship("visit_store", "visits", ("store_id",), "stores", ("id",)),
    Relationship("note_order", "Order Notes", ("order_id",), "orders", ("id",), one_to_one=True),
)
METRICS = (
    Metric(
        "revenue",
        "simple",
        table="orders",
        aggregation="sum",
        expression="amount",
        filters=("status = 'complete'",),
        unit="EUR",
        relations=("orders",),
    ),
    Metric("order_count", "simple", table="orders", aggregation="count", relations=("orders",)),
    Metric(
        "big_orders",
        "simple",
        table="orders",
        aggregation="count",
        relations=("orders",),
        filters=("amount > 100 OR orders.paid",),
    ),
    Metric(
        "buyers",
        "simple",
        table="orders",
        aggregation="count_distinct",
        expression="customer_id",
        relations=("orders",),
    ),
    Metric(
        "paid_orders",
        "simple",
        table="orders",
        aggregation="sum_boolean",
        expression="paid",
        relations=("orders",),
    ),
    Metric(
        "average_order",
        "ratio",
        numerator="revenue",
        denominator="order_count",
        relations=("orders",),
    ),
    Metric(
        "revenue_per_buyer_in_cents",
        "derived",
        expression="100 * r / b",
        inputs=(("r", "revenue"), ("b", "buyers")),
        relations=("orders",),
    ),
    Metric("ticket_count", "simple", table="tickets", aggregation="count", relations=("tickets",)),
    Metric(
        "orders_per_ticket",
        "ratio",
        numerator="order_count",
        denominator="ticket_count",
        relations=("orders", "tickets"),
    ),
    Metric("running_revenue", "other", relations=("orders",)),
    Metric("itself", "derived", expression="i + 1", inputs=(("i", "itself"),)),
    Metric("broken", "simple", table="orders", aggregation="sum", expression="amount +* 2"),
    Metric(
        "nested",
        "simple",
        table="orders",
        aggregation="sum",
        expression="(SELECT MAX(qty) FROM lines)",
    ),
    Metric("foreign", "simple", table="orders", aggregation="sum", expression="stores.id"),
    Metric("odd", "simple", table="orders", aggregation="mode", expression="amount"),
)
SHOP = View(Catalog("1", "duckdb", "main", TABLES, RELATIONSHIPS, METRICS))
