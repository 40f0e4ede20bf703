"""Selectors: what of dbt's grammar may be asked for, and what is kept from its command line."""

from __future__ import annotations

import pytest

from datamind.dbt_records import LONGEST_SELECTOR, MOST_SELECTORS, DbtWanted, checked, looks_back
from datamind.errors import BadInput
from datamind.settings import load

GOOD = """
orders
+orders
orders+
2+orders+3
@orders
stg_*
tag:nightly
+tag:nightly,config.materialized:table
path:models/marts
models/marts/orders.sql
shop.marts.orders
source:shop.orders+
state:modified+
state:modified.body
result:fail
resource_type:snapshot
package:dbt_utils
test_name:unique
""".split()
HOSTILE = [
    "", " ", "-", "--profiles-dir", "-x", "+-x", "orders --full-refresh", "orders\n--target=prod",
    "orders\0", "orders;id", "$(id)", "`id`", "orders|id", "orders&", "'orders'", '"orders"',
    "../../etc/passwd", "path:../other", "path:/etc/passwd", "/etc/passwd", "models/../../x",
    "{{ env_var('X') }}", "orders:now", "method:x", "tag:", ":x", "a,,b", ",a", "a,-b", "а",
    "orders\r", "a" * (LONGEST_SELECTOR + 1), "1000+orders1000+", "orders+9999", "@@orders",
    "+", "~/x", "path:~root/x", "selector:nightly", "a b", "orders\u2028",
]  # fmt: skip


@pytest.mark.parametrize("selector", GOOD)
def test_a_selector_of_the_grammar_is_taken_as_it_is(selector: str) -> None:
    assert DbtWanted("run", select=(selector,)).select == (selector,)


@pytest.mark.parametrize("selector", HOSTILE)
def test_anything_else_is_refused(selector: str) -> None:
    with pytest.raises(BadInput, match="is no selector"):
        checked([selector])
    with pytest.raises(BadInput, match="is no selector"):
        DbtWanted("test", exclude=(selector,))


def test_there_is_a_limit_to_how_many() -> None:
    with pytest.raises(BadInput, match="At most"):
        checked(["orders"] * (MOST_SELECTORS + 1))


@pytest.mark.parametrize(
    ("selector", "looks"),
    [("state:modified+", True), ("+result:fail", True), ("a,state:new", True), ("a", False),
     ("source_status:fresher+", True), ("tag:state", False)],
)  # fmt: skip
def test_selectors_that_compare_with_the_build_before_are_known(selector: str, looks: bool) -> None:
    assert looks_back([selector]) is looks


@pytest.mark.parametrize(
    "name",
    "JWT_SECRET ENCRYPTION_KEY API_TOKEN DB_PASSWORD DATABASE_URL WAREHOUSE_URL OPENAI_API_KEY"
    " DBT_WAREHOUSE_URL LD_PRELOAD PYTHONPATH jwt_secret".split(),
)
def test_no_secret_of_ours_can_be_named_for_dbt(name: str) -> None:
    with pytest.raises(BadInput, match=f"can't name {name}"):
        load({name: "x", "DBT_PASS_ENV": f"SHOP_REGION,{name}"})


def test_dbt_is_given_what_is_named_for_it_and_no_more() -> None:
    ours = {"JWT_SECRET": "j", "OTHER": "o"}
    named = {"DBT_PASS_ENV": "SHOP_REGION,NOT_SET", "SHOP_REGION": "region-7"}
    settings = load({**ours, **named, "DBT_ENV_SECRET_GIT": "s"})
    assert dict(settings.dbt.passed) == {"SHOP_REGION": "region-7", "DBT_ENV_SECRET_GIT": "s"}
    assert "region-7" not in repr(settings)
