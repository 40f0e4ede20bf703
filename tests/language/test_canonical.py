"""Canonical plans: readings whose rows are surely the same are one."""

from __future__ import annotations

import pytest

from datamind.language.canonical import canonical
from datamind.semantics import plan as P


def _orders_by_city(
    first: str, *, order: str, customer: str, name: str, left: bool = False
) -> P.Query:
    """The number of orders of each city, from whichever of the two tables the source starts."""
    if first == "orders":
        join = P.Join(customer, "customer", order, "orders.customer", left=left)
        source = P.Source("orders", order, (join,))
    else:
        join = P.Join(order, "orders", customer, "orders.customer", reverse=True, left=left)
        source = P.Source("customer", customer, (join,))
    group = P.Group(
        (P.Named("city", P.Column(customer, "city")),),
        (P.Named(name, P.Aggregate("count", None, order)),),
    )
    return P.Query(source, (group, P.Order((P.Sort(P.Field(name), True),))))


BASE = _orders_by_city("orders", order="o", customer="c", name="orders")


@pytest.mark.parametrize(
    "plan",
    [
        _orders_by_city("customer", order="o", customer="c", name="orders"),
        _orders_by_city("orders", order="o2", customer="c3", name="orders"),
        _orders_by_city("customer", order="x", customer="y", name="number_of_orders"),
    ],
)
def test_names_and_the_first_table_make_no_difference(plan: P.Query) -> None:
    assert canonical(plan) == canonical(BASE)


@pytest.mark.parametrize(
    "plan",
    [
        _orders_by_city("orders", order="o", customer="c", name="orders", left=True),
        _orders_by_city("customer", order="o", customer="c", name="orders", left=True),
    ],
)
def test_rows_without_a_match_make_one(plan: P.Query) -> None:
    assert canonical(plan) != canonical(BASE)


def test_two_roles_of_one_table_stay_apart() -> None:
    def trips(role: str) -> P.Query:
        joins = (
            P.Join("s", "station", "t", "trips.start"),
            P.Join("e", "station", "t", "trips.end"),
        )
        named = P.Named("name", P.Column(role, "name"))
        return P.Query(P.Source("trips", "t", joins), (P.Project((named,)),))

    assert canonical(trips("s")) != canonical(trips("e"))
