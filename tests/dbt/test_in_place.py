"""Builds on ClickHouse's engine: in place, and told so; what fails there is warned of."""

from __future__ import annotations

from pathlib import Path

import clickhouse_connect
import pytest

from datamind.adapters.dbt.artifacts import overlay_of
from datamind.adapters.dbt.builds import current_build
from datamind.adapters.dbt.configured import build_in_use, project_of
from datamind.dbt_records import DbtWanted
from datamind.semantics.catalog import Catalog, Column, Table
from datamind.settings import load

pytestmark = pytest.mark.slow
LIBRARY = Path(__file__).with_name("library")


def test_a_build_in_place_is_in_use_whatever_its_tests_say_and_warns(
    clickhouse_url: str, tmp_path: Path
) -> None:
    host, port = clickhouse_url.removeprefix("clickhouse://").split(":")
    client = clickhouse_connect.get_client(host=host, port=int(port))
    client.command("CREATE DATABASE raw")
    client.command(
        "CREATE TABLE raw.loans (id Int32, reader String, pages Int32) ENGINE = MergeTree"
        " ORDER BY id"
    )
    client.command("INSERT INTO raw.loans VALUES (1, 'a', 100), (1, 'b', 400), (3, 'b', 500)")
    settings = load(
        {"DATAMIND_HOME": str(tmp_path), "DBT_PROJECT_PATH": str(LIBRARY),
         "DBT_WAREHOUSE_URL": clickhouse_url, "DBT_TARGET": "clickhouse"}
    )  # fmt: skip
    project = project_of(settings)
    outcome = project.run(DbtWanted("build", exclude=("readers",)))
    assert outcome.status == "failed", (outcome, Path(outcome.log).read_text())
    assert outcome.message == "dbt failed: the test unique_loans_id found 1 row."
    assert outcome.warnings == ("Tables were replaced one by one, in place.",)
    assert client.query("SELECT count() FROM analytics.loans").result_rows == [(3,)]
    made = build_in_use(settings)
    assert made is not None
    assert made == current_build(project.builds)
    loans = Table(
        "analytics.loans", "analytics", "loans", (Column("analytics.loans.id", "id", "integer"),)
    )
    catalog = Catalog("1", "clickhouse", "default", (loans,))
    issues = overlay_of(made.artifacts, catalog).quality
    assert [(i.table, i.test, i.rows) for i in issues] == [
        ("analytics.loans", "unique_loans_id", 1)
    ]
