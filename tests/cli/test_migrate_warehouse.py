"""`datamind migrate-warehouse` where there is nothing to copy, or nobody answers."""

from __future__ import annotations

import json
import subprocess

import psycopg
import pytest

from .conftest import Run, command

POSTGRES, CLICKHOUSE = "postgresql://u:s3cr3t@127.0.0.1:1/d", "clickhouse://u:s3cr3t@127.0.0.1:1"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (
            ("--from", POSTGRES, "--to", CLICKHOUSE, "--plan"), 6,
            "No PostgreSQL answers at postgresql://u:***@127.0.0.1:1/d. (warehouse_not_found)",
        ),
        (
            ("--to", CLICKHOUSE, "--remove", "--yes"), 6,
            "No ClickHouse answers at clickhouse://u:***@127.0.0.1:1. (warehouse_not_found)",
        ),
        (
            ("--to", "clickhouse://u:s3cr3t@127.0.0.1:99999", "--remove", "--yes"), 2,
            "The ClickHouse URL can't be read. (bad_input)",
        ),
    ],
)  # fmt: skip
def test_who_does_not_answer_is_named_and_nothing_else_is_said(
    words: tuple[str, ...], code: int, told: str
) -> None:
    ran = subprocess.run(
        command("migrate-warehouse", *words), capture_output=True, text=True, check=False
    )
    message, hint = ran.stderr.splitlines()
    assert (ran.returncode, message) == (code, told)
    assert hint and "s3cr3t" not in ran.stderr + ran.stdout


@pytest.mark.slow
@pytest.mark.postgres
def test_copies_are_taken_out_without_the_database_that_they_are_of(
    run: Run, new_postgres_url: str, clickhouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLICKHOUSE_SETTLE_SECONDS", "0")
    ends = ("--from", new_postgres_url, "--to", clickhouse_url)
    for words in (("--plan",), ("--yes",)):
        empty = run("migrate-warehouse", *ends, *words)
        assert empty.code == 0
        assert "There is no table in PostgreSQL that this role may read." in empty.out
    with psycopg.connect(new_postgres_url) as postgres:
        postgres.execute("CREATE TABLE t (id int PRIMARY KEY)")
    assert run("migrate-warehouse", *ends, "--yes").code == 0
    with psycopg.connect(new_postgres_url) as postgres:
        postgres.execute("DROP TABLE t")
    planned = run("migrate-warehouse", *ends, "--plan").out
    assert "The copy of public.t is dropped from ClickHouse: it is no more in" in planned
    removed = run("migrate-warehouse", "--to", clickhouse_url, "--remove", "--yes", "--json")
    assert json.loads(removed.out) == {"status": "removed", "tables": ["public.t"]}
