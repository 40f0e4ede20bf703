"""Only what the guard made runs: who may make a governed statement, and what adapters refuse."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from datamind.errors import AccessDenied
from datamind.governance.guard import check, govern
from datamind.governance.seal import must_be_sealed
from datamind.records import Draft, Governed, Lineage, Optimized
from datamind.semantics.catalog import Catalog, Column, Table, View

SOURCE = Path(__file__).parents[2] / "src" / "datamind"
ORDERS = Table("orders", "main", "orders", (Column("orders", "id", "integer"),))
VIEW = View(Catalog("v", "duckdb", "main", (ORDERS,)))


def made() -> Governed:
    checked = check(Draft("SELECT id FROM orders", "duckdb", "here", "derived", "person"), VIEW)
    return govern(Optimized(checked, checked.sql), VIEW, row_limit=10)


def calls(path: Path, name: str) -> list[int]:
    """The lines where a file calls this name, however it came by it."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and name in (getattr(node.func, "id", None), getattr(node.func, "attr", None))
    ]


def test_a_governed_statement_is_made_in_one_place() -> None:
    found = {p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if calls(p, "Governed")}
    assert found == {"governance/guard.py"}
    sealing = {p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if calls(p, "sealed")}
    assert sealing == {"governance/guard.py", "governance/seal.py"}


def drivers(path: Path) -> bool:
    """Whether a file can talk to an engine at all."""
    names = {
        alias.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return any(name.partition(".")[0] in ("duckdb", "psycopg", "chdb") for name in names)


def test_nothing_but_the_warehouses_and_what_reads_catalogs_can_talk_to_an_engine() -> None:
    """The others of these build data of our own (the demo, scratch databases of suites)."""
    found = {p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py") if drivers(p)}
    assert {name for name in found if not name.startswith("adapters/")} == {
        "attacks/engines.py", "commands/demo.py", "evaluation/gold.py",
    }  # fmt: skip
    for name in ("duckdb", "postgres"):
        assert calls(SOURCE / "adapters" / "warehouse" / f"{name}.py", "must_be_sealed")


@pytest.mark.parametrize(
    "change",
    [
        {"sql": "SELECT id FROM orders"}, {"parameters": (1,)}, {"dialect": "postgres"},
        {"target": "elsewhere"}, {"row_limit": 1_000_000}, {"relations": ()},
        {"lineage": (Lineage("id", (), False),)}, {"fingerprint": "open-0"}, {"fingerprint": ""},
    ],
)  # fmt: skip
def test_what_was_altered_is_refused(change: dict[str, Any]) -> None:
    must_be_sealed(made())
    with pytest.raises(AccessDenied):
        must_be_sealed(replace(made(), **change))


def test_what_only_looks_like_it_is_refused() -> None:
    for forged in (
        SimpleNamespace(**{name: getattr(made(), name) for name in Governed.__slots__}),
        "SELECT 1", None, Governed("SELECT 1", (), "duckdb", "here", "open-1", ()),
    ):  # fmt: skip
        with pytest.raises(AccessDenied):
            must_be_sealed(forged)
