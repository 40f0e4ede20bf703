"""Only what the guard made runs: who may make a governed statement, and what adapters refuse."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from datamind.adapters.warehouse import open_warehouse
from datamind.errors import AccessDenied
from datamind.governance.guard import check, govern
from datamind.governance.seal import must_be_sealed
from datamind.ports import Warehouse
from datamind.records import Draft, Governed, Lineage, Optimized
from datamind.semantics.catalog import Catalog, Column, Table, View

ORDERS = Table("orders", "main", "orders", (Column("orders", "id", "integer"),))
VIEW = View(Catalog("v", "duckdb", "main", (ORDERS,)))


def made() -> Governed:
    checked = check(Draft("SELECT id FROM orders", "duckdb", "here", "derived", "person"), VIEW)
    return govern(Optimized(checked, checked.sql), VIEW, row_limit=10)


Nodes = dict[str, list[ast.AST]]


def calls(nodes: list[ast.AST], name: str) -> list[int]:
    """The lines where a file calls this name, however it came by it."""
    return [
        node.lineno
        for node in nodes
        if isinstance(node, ast.Call)
        and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None))
    ]


def test_a_governed_statement_is_made_in_one_place(source_nodes: Nodes) -> None:
    found = {name for name, nodes in source_nodes.items() if calls(nodes, "Governed")}
    assert found == {"governance/guard.py"}
    sealing = {
        name for name, nodes in source_nodes.items() for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "datamind.governance.seal"
        and "sealed" in {alias.name for alias in node.names}
    }  # fmt: skip
    assert sealing == {"governance/guard.py"}


def drivers(nodes: list[ast.AST]) -> bool:
    """Whether a file can talk to an engine at all."""
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return any(name.partition(".")[0] in ("duckdb", "psycopg", "chdb") for name in names)


def test_nothing_but_the_warehouses_and_what_reads_catalogs_can_talk_to_an_engine(
    source_nodes: Nodes,
) -> None:
    """The others of these build data of our own (the demo, scratch databases of suites), or are
    the metadata store."""
    found = {name for name, nodes in source_nodes.items() if drivers(nodes)}
    assert {name for name in found if not name.startswith("adapters/")} == {
        "attacks/engines.py", "commands/demo.py", "database/postgres.py", "evaluation/gold.py",
    }  # fmt: skip
    for name in ("duckdb", "postgres"):
        assert calls(source_nodes[f"adapters/warehouse/{name}.py"], "must_be_sealed")


@pytest.mark.parametrize(
    "change",
    [
        {"sql": "SELECT id FROM orders"}, {"parameters": (1,)}, {"dialect": "postgres"},
        {"target": "elsewhere"}, {"volatile": True}, {"row_limit": 1_000_000}, {"relations": ()},
        {"lineage": (Lineage("id", (), False),)}, {"fingerprint": "open-0"}, {"fingerprint": ""},
    ],
)  # fmt: skip
def test_what_was_altered_is_refused(change: dict[str, Any]) -> None:
    must_be_sealed(made())
    with pytest.raises(AccessDenied):
        must_be_sealed(replace(made(), **change))


def forgeries() -> list[Any]:
    """What is no statement of the guard's, however it looks."""
    return [
        SimpleNamespace(**{name: getattr(made(), name) for name in Governed.__slots__}),
        "SELECT 1", None, Governed("SELECT 1", (), "duckdb", "here", "open-1", ()),
        replace(made(), sql="SELECT 1"), replace(made(), volatile=True),
    ]  # fmt: skip


def test_what_only_looks_like_it_is_refused() -> None:
    for forged in forgeries():
        with pytest.raises(AccessDenied):
            must_be_sealed(forged)


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """Each adapter; the PostgreSQL is not there: nothing is asked of it."""
    if request.param == "postgres":
        pytest.importorskip("psycopg")
        opened = open_warehouse("postgresql://nobody@127.0.0.1:1/nothing")
    else:
        duckdb.connect(str(tmp_path / "x.duckdb")).close()
        opened = open_warehouse(f"duckdb:///{tmp_path}/x.duckdb", memory_mb=128)
    yield opened
    opened.close()


def asks() -> dict[str, Any]:
    """Every way in which a warehouse is handed a statement."""
    return {
        "estimate": lambda w, g: w.estimate(g),
        "plan": lambda w, g: w.plan(g),
        "run": lambda w, g: w.run(g, timeout_s=5),
        "batches": lambda w, g: next(w.batches(g, timeout_s=5)),
    }


@pytest.mark.parametrize("way", asks())
def test_each_adapter_refuses_it_before_anything_is_sent(warehouse: Warehouse, way: str) -> None:
    for forged in forgeries():
        with pytest.raises(AccessDenied):
            asks()[way](warehouse, forged)


def test_a_warehouse_takes_governed_statements_and_no_text() -> None:
    """Of the port: whatever of it takes an argument takes a governed statement first."""
    taking = {}
    for name, member in inspect.getmembers(Warehouse, inspect.isfunction):
        given = [p for p in inspect.signature(member).parameters.values() if p.name != "self"]
        if not name.startswith("_") and given:
            taking[name] = [p.annotation for p in given if p.kind is not p.KEYWORD_ONLY]
    assert taking == {way: ["Governed"] for way in asks()}


def test_statements_are_handed_to_a_warehouse_in_few_places(source_nodes: Nodes) -> None:
    """The stage that runs them, what reads values for the engine, what tells whether a policy fails
    by its asker's attributes, `doctor`'s question whether there is an answer at all, and what takes
    the plans of slow ones."""
    handing = {
        name
        for name, nodes in source_nodes.items()
        for node in nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr in asks() and "warehouse" in ast.unparse(node.func.value).lower()
    }  # fmt: skip
    assert handing == {
        "pipeline/execute.py", "rooms/policies/values.py", "rooms/policies/blame.py",
        "rooms/system/slow.py", "commands/doctor.py",
    }  # fmt: skip
