"""Warehouse URLs: what they open, what is refused, and that passwords stay out of sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from datamind import errors
from datamind.adapters.warehouse import duckdb_path, open_warehouse, redact

from .conftest import governed


@pytest.mark.parametrize("slashes", ["duckdb:///", "duckdb://"])
def test_an_absolute_path_may_follow_three_slashes_or_make_four(
    database: Path, slashes: str
) -> None:
    warehouse = open_warehouse(f"{slashes}{database}", memory_mb=128)
    try:
        count = warehouse.run(governed("SELECT count(*) FROM main.sales"), timeout_s=5)
        assert count.rows == ((1000,),)
        assert warehouse.name == "shop.duckdb"
    finally:
        warehouse.close()


def test_a_relative_path_is_found_from_the_working_folder(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(database.parent)
    assert duckdb_path("duckdb:///shop.duckdb") == Path("shop.duckdb")
    assert duckdb_path("duckdb:///a%20b.duckdb") == Path("a b.duckdb")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.duckdb",
        "duckdb://",
        "duckdb:///",
        "duckdb://host/shop.duckdb",
        "mysql://host/db",
        "postgresql://host:port:port/db?x",
    ],
)
def test_other_urls_are_bad_input(url: str) -> None:
    with pytest.raises(errors.BadInput):
        open_warehouse(url)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cr3t@host:5432/db", "postgresql://ann:***@host:5432/db"),
        ("postgresql://ann:p@ss@host/db", "postgresql://ann:***@host/db"),
        ("postgresql://host/db?user=ann&password=s3cr3t", "postgresql://host/db?user=ann&password=***"),
        ("postgresql://ann@host/db", "postgresql://ann@host/db"),
        ("duckdb:////tmp/x.duckdb", "duckdb:////tmp/x.duckdb"),
    ],
)  # fmt: skip
def test_a_shown_url_hides_its_password(url: str, shown: str) -> None:
    assert redact(url) == shown
