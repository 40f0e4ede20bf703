"""Plans as JSON: what is strict, what is refused, and how values JSON lacks come back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from datamind.errors import PlanInvalid
from datamind.semantics import codec
from datamind.semantics import plan as P
from datamind.semantics.codec import dump, load

ORDERS = {"type": "Source", "table": "orders", "alias": "o"}


def document(**query: Any) -> dict[str, Any]:
    return {"schema_version": 1, "plan": {"type": "Query", "source": ORDERS, "steps": [], **query}}


def filtered(where: Any) -> dict[str, Any]:
    return document(steps=[{"type": "Filter", "where": where}])


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -3,
        1.5,
        "O'Reilly",
        Decimal("10.20"),
        dt.date(2025, 2, 28),
        dt.time(9, 30),
        dt.datetime.fromisoformat("2025-02-28T23:59:59.123456"),
    ],
    ids=repr,
)
def test_a_value_comes_back_as_what_it_was(value: Any) -> None:
    query = P.Query(P.Source("t", "t"), (P.Project((P.Named("v", P.Value(value)),)),))
    again = load(json.loads(json.dumps(dump(query))))
    assert again == query
    project = again.steps[0]
    assert isinstance(project, P.Project) and isinstance(project.columns[0].expr, P.Value)
    assert type(project.columns[0].expr.value) is type(value)


def test_defaults_are_left_out() -> None:
    query = P.Query(P.Source("orders", "o"), (P.Limit(5),))
    assert dump(query)["plan"] == {
        "type": "Query",
        "source": ORDERS,
        "steps": [{"type": "Limit", "count": 5}],
    }


@pytest.mark.parametrize(
    ("made", "place"),
    [
        ({}, "schema_version"),
        ({"schema_version": 2, "plan": {}}, "schema_version"),
        ({"schema_version": True, "plan": {}}, "schema_version"),
        ({"schema_version": 1, "plan": {}, "more": 1}, "more"),
        ({"schema_version": 1}, "plan"),
        (document(steps={}), "plan.steps"),
        (document(steps=[{"type": "Grow"}]), "plan.steps[0]"),
        (document(steps=[{"type": "Limit"}]), "plan.steps[0]: Limit needs count"),
        (document(steps=[{"type": "Limit", "count": "5"}]), "plan.steps[0].count"),
        (document(steps=[{"type": "Limit", "count": True}]), "plan.steps[0].count"),
        (document(steps=[{"type": "Limit", "count": 5, "size": 1}]), "has no field 'size'"),
        (filtered({"type": "Column", "alias": "o", "name": "id"}), "plan.steps[0].where"),
        (filtered({"type": "IsNull", "of": {"type": "Value", "value": []}}), "where.of.value"),
        (filtered({"type": "IsNull", "of": {"type": "Value", "value": {"date": "May"}}}), "'May'"),
        (
            filtered({"type": "IsNull", "of": {"type": "Value", "value": {"decimal": "NaN"}}}),
            "'NaN'",
        ),
        (
            filtered({"type": "Compare", "op": "~", "left": {}, "right": {}}),
            "plan.steps[0].where.op",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(made: dict[str, Any], place: str) -> None:
    with pytest.raises(PlanInvalid) as fault:
        load(made)
    assert place in fault.value.message


def test_depth_and_size_are_limited() -> None:
    where: Any = {"type": "Truth", "of": {"type": "Value", "value": True}}
    for _ in range(100):
        where = {"type": "Not", "item": where}
    with pytest.raises(PlanInvalid, match="deep"):
        load(filtered(where))
    test = {"type": "Truth", "of": {"type": "Value", "value": True}}
    with pytest.raises(PlanInvalid, match="parts"):
        load(filtered({"type": "And", "items": [test] * 10_000}))


def test_an_older_version_is_upgraded(monkeypatch: pytest.MonkeyPatch) -> None:
    def from_0(old: dict[str, object]) -> dict[str, object]:
        return {"schema_version": 1, "plan": old["query"]}

    upgraders: dict[int, Callable[[dict[str, object]], dict[str, object]]] = {0: from_0}
    monkeypatch.setattr(codec, "UPGRADERS", upgraders)
    assert load({"schema_version": 0, "query": document()["plan"]}) == load(document())


def test_an_infinite_number_is_not_written() -> None:
    query = P.Query(P.Source("t", "t"), (P.Project((P.Named("v", P.Value(float("inf"))),)),))
    with pytest.raises(PlanInvalid):
        dump(query)
