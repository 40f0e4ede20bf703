"""The demo's data and project are what they claim: two years of skewed trade, all documented."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from datamind.adapters.dbt.build import Build
from datamind.commands.demo import generator, project_folder
from datamind.pipeline.context import AskContext

from .conftest import LINES, TODAY, Rows

pytestmark = [pytest.mark.demo, pytest.mark.slow]

CORE = (
    "dim_users dim_products dim_stores fct_orders fct_sales fct_returns fct_sessions"
    " fct_support_tickets"
).split()

# What is true of the data, as SQL that gives one row of one true value.
TRUE_OF_THE_DATA = {
    "it ends today": "SELECT max(order_date) = {today} FROM fct_orders",
    "it goes two years back": (
        "SELECT min(order_date) BETWEEN {today} - 731 AND {today} - 725 FROM fct_orders"
    ),
    "it has about as many lines as were asked for": (
        f"SELECT count(*) BETWEEN {LINES * 0.9} AND {LINES} FROM main_staging.stg_order_lines"
    ),
    "there are two currencies": "SELECT list_sort(list(DISTINCT currency)) = ['EUR', 'USD']"
    " FROM fct_orders",
    "some orders were cancelled": (
        "SELECT avg((status = 'cancelled')::INT) BETWEEN 0.04 AND 0.09 FROM fct_orders"
    ),
    "cancelled orders make no sales": "SELECT bool_and(order_status <> 'cancelled') FROM fct_sales",
    "some units came back": (
        "SELECT (SELECT sum(quantity) FROM fct_returns) / sum(quantity) BETWEEN 0.01 AND 0.08"
        " FROM fct_sales"
    ),
    "some orders arrive days late": (
        "SELECT avg((loaded_at > order_date + 1)::INT) BETWEEN 0.005 AND 0.05 FROM fct_orders"
    ),
    "no order arrives before it was placed": "SELECT bool_and(loaded_at >= ordered_at)"
    " FROM fct_orders",
    "nobody orders before signing up": (
        "SELECT bool_and(order_date >= signed_up_on) FROM fct_orders JOIN dim_users USING (user_id)"
    ),
    "phones, birth dates and weights have gaps": (
        "SELECT count(phone) < count(*) AND count(birth_date) < count(*)"
        " AND (SELECT count(weight_kg) < count(*) FROM dim_products) FROM dim_users"
    ),
    "a fifth of the products makes more than a third of the sales": (
        "SELECT sum(v) FILTER (place <= 0.2) / sum(v) > 0.35 FROM (SELECT sum(quantity) AS v,"
        " percent_rank() OVER (ORDER BY sum(quantity) DESC) AS place"
        " FROM fct_sales GROUP BY product_id)"
    ),
    "December sells more than February": (
        "SELECT count(*) FILTER (month(order_date) = 12)"
        " > 1.5 * count(*) FILTER (month(order_date) = 2) FROM fct_orders"
    ),
    "Saturdays sell more than Mondays": (
        "SELECT count(*) FILTER (isodow(order_date) = 6)"
        " > 1.3 * count(*) FILTER (isodow(order_date) = 1) FROM fct_orders"
    ),
    "trade grows": (
        "SELECT count(*) FILTER (order_date > {today} - 365)"
        " > 1.2 * count(*) FILTER (order_date <= {today} - 365) FROM fct_orders"
    ),
    "some tickets are open": (
        "SELECT avg((status = 'open')::INT) BETWEEN 0.01 AND 0.3 FROM fct_support_tickets"
    ),
    "some customers never ordered": "SELECT count(*) > 0 FROM dim_users ANTI JOIN fct_orders"
    " USING (user_id)",
}


@pytest.mark.parametrize("sql", TRUE_OF_THE_DATA.values(), ids=TRUE_OF_THE_DATA)
def test_the_data_is_like_real_trade(sql: str, rows_of: Callable[[str], Rows]) -> None:
    assert rows_of(sql) == [(True,)]


def written(folder: Path, *, seed: int, today: dt.date = TODAY) -> dict[str, str]:
    """A digest of each raw table."""
    generator(project_folder()).generate(folder, lines=1_000, today=today, seed=seed)
    return {p.stem: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def test_the_same_seed_and_day_make_the_same_rows_others_do_not(tmp_path: Path) -> None:
    first = written(tmp_path / "1", seed=7)
    assert written(tmp_path / "2", seed=7) == first
    other = written(tmp_path / "3", seed=8)
    assert [name for name in first if first[name] == other[name]] == []
    later = written(tmp_path / "4", seed=7, today=TODAY + dt.timedelta(1))
    assert later["raw_orders"] != first["raw_orders"]


@pytest.mark.parametrize("lines", [0, 999, 200_000_001])
def test_the_generator_keeps_to_its_bounds(lines: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="between 1,000 and 200,000,000"):
        generator(project_folder()).generate(tmp_path, lines=lines, today=TODAY)


def nodes(demo: Build, name: str) -> Mapping[str, dict[str, object]]:
    found: dict[str, dict[str, dict[str, object]]] = json.loads(
        (demo.artifacts / name).read_text("utf-8")
    )
    return {k: v for k, v in found["nodes"].items() if k.startswith("model.")}


def test_each_model_and_each_column_is_documented(demo: Build) -> None:
    documented = nodes(demo, "manifest.json")
    assert 12 <= len(documented) <= 20
    for name, built in nodes(demo, "catalog.json").items():
        node = documented[name]
        assert node["description"], name
        columns = node["columns"]
        assert isinstance(columns, dict)
        assert isinstance(built["columns"], dict)
        told = {c for c, said in columns.items() if said["description"]}
        assert told == set(built["columns"]), name


def test_askers_see_dimensions_and_facts_not_staging(context: AskContext) -> None:
    found = {t.id for t in context.view.tables}
    assert set(CORE) <= found
    assert all(name.startswith(("dim_", "fct_")) for name in found)


def test_personal_columns_say_their_kind(context: AskContext) -> None:
    users = context.view.table("dim_users")
    kinds = {c.name: c.pii for c in users.columns if c.pii}
    assert kinds == {
        "first_name": "name", "last_name": "name", "email": "email", "phone": "phone",
        "birth_date": "birth_date",
    }  # fmt: skip
    assert not any(f"dim_users.{name}" in context.view.catalog.values for name in kinds)


def test_every_table_has_its_key_and_no_reference_is_guessed(context: AskContext) -> None:
    assert all(t.primary_key for t in context.view.tables)
    references = context.view.relationships
    assert {r.table for r in references if r.origin == "dbt"} >= {"fct_sales", "fct_orders"}
    assert [r.id for r in references if r.origin == "guessed"] == []
