"""The catalog store: what was read is kept while it holds, and read anew when it does not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from datamind.adapters import catalog_store
from datamind.adapters.catalog_store import LIVE_SECONDS, dump, load, load_catalog
from datamind.adapters.introspection import introspect
from datamind.adapters.warehouse import duckdb_path
from datamind.semantics.catalog import Metric, QualityIssue, Term

Make = Callable[..., str]
TABLES = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR)",
    "CREATE TABLE pets (id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES people (id))",
    "INSERT INTO people VALUES (1, 'Ada 🦆')",
)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that were really read, in order."""
    made: list[str] = []

    def read(url: str) -> object:
        made.append(url)
        return introspect(url)

    monkeypatch.setattr(catalog_store, "introspect", read)
    return made


def test_a_catalog_comes_back_from_json_as_it_was(make_duckdb: Make) -> None:
    read = introspect(make_duckdb(*TABLES))
    catalog = replace(
        read,
        metrics=(Metric("m", "derived", inputs=(("a", "b"),), filters=("x > 1",)),),
        glossary=(Term("folk", "people"),),
        quality=(QualityIssue("people", "unique", "failed", rows=3),),
    )
    again = load(json.loads(json.dumps(dump(catalog))))
    assert again == catalog
    assert again.values["people.name"] == (("Ada 🦆", 1),)


def test_a_catalog_is_read_once_and_kept(
    make_duckdb: Make, tmp_path: Path, reads: list[str]
) -> None:
    url, kept = make_duckdb(*TABLES), tmp_path / "kept"
    first = load_catalog(url, cache_dir=kept)
    assert load_catalog(url, cache_dir=kept) == first
    assert len(reads) == 1


def test_a_changed_database_is_read_anew(
    make_duckdb: Make, tmp_path: Path, reads: list[str]
) -> None:
    url, kept = make_duckdb(*TABLES), tmp_path / "kept"
    load_catalog(url, cache_dir=kept)
    with duckdb.connect(str(duckdb_path(url))) as connection:
        connection.execute("CREATE TABLE more (n INTEGER)")
    assert "more" in load_catalog(url, cache_dir=kept).by_id
    assert len(reads) == 2


def test_refresh_reads_whatever_is_kept(
    make_duckdb: Make, tmp_path: Path, reads: list[str]
) -> None:
    url, kept = make_duckdb(*TABLES), tmp_path / "kept"
    load_catalog(url, cache_dir=kept)
    load_catalog(url, cache_dir=kept, refresh=True)
    assert len(reads) == 2


@pytest.mark.parametrize("damage", [b"", b"\x1f\x8b\x08", b"{}", b"not gzip at all"])
def test_a_damaged_entry_is_built_anew(
    make_duckdb: Make, tmp_path: Path, reads: list[str], damage: bytes
) -> None:
    url, kept = make_duckdb(*TABLES), tmp_path / "kept"
    first = load_catalog(url, cache_dir=kept)
    (entry,) = kept.iterdir()
    entry.write_bytes(damage)
    assert load_catalog(url, cache_dir=kept) == first
    assert len(reads) == 2


def test_nothing_is_left_beside_the_entry(make_duckdb: Make, tmp_path: Path) -> None:
    load_catalog(make_duckdb(*TABLES), cache_dir=tmp_path / "kept")
    assert [p.name.endswith(".json.gz") for p in (tmp_path / "kept").iterdir()] == [True]


@pytest.mark.postgres
def test_a_live_database_is_trusted_for_a_while(
    make_postgres: Make, tmp_path: Path, reads: list[str]
) -> None:
    url, kept = make_postgres(*TABLES), tmp_path / "kept"
    first = load_catalog(url, cache_dir=kept)
    assert load_catalog(url, cache_dir=kept) == first
    assert len(reads) == 1
    (entry,) = kept.iterdir()
    old = entry.stat().st_mtime - LIVE_SECONDS - 1
    os.utime(entry, (old, old))
    load_catalog(url, cache_dir=kept)
    assert len(reads) == 2


@pytest.mark.postgres
def test_no_password_is_kept(make_postgres: Make, tmp_path: Path) -> None:
    url = make_postgres(*TABLES).replace("postgres:@", "postgres:hunter2@")
    load_catalog(url, cache_dir=tmp_path / "kept")
    (entry,) = (tmp_path / "kept").iterdir()
    assert b"hunter2" not in catalog_store.gzip.decompress(entry.read_bytes())
