"""The demo built by dbt on PostgreSQL and ClickHouse too: each metric that is asked for there is
what MetricFlow computes there, and what it is on DuckDB."""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from datamind.adapters.introspection.clickhouse import reading
from datamind.commands.wiring import asking
from datamind.evaluation.results import same_result
from datamind.pipeline.ask import run_sql
from datamind.pipeline.context import AskContext
from datamind.settings import Settings

from .conftest import LINES, TODAY, Rows
from .test_metricflow import OF_ONE, OF_TWO, asked, question

pytestmark = [pytest.mark.demo, pytest.mark.slow]
DEMO = Path(__file__).parents[2] / "demo"


@dataclass(frozen=True)
class Place:
    """A warehouse with the demo in it: what an ask needs, and MetricFlow's rows for a metric."""

    context: AskContext
    metricflow: Callable[[str], Rows]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("raw")
    script("generate").generate(folder, lines=LINES, today=TODAY)
    return folder


def script(name: str) -> Any:
    """One of the demo's scripts, as a module."""
    spec = importlib.util.spec_from_file_location(f"demo_{name}", DEMO / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def built(target: str, folder: Path, environment: dict[str, str]) -> Path:
    """The artifacts of a build with all tests passed."""
    made = folder / "target"
    options = ["--project-dir", DEMO, "--profiles-dir", DEMO, "--target", target]
    options += ["--target-path", made, "--log-path", folder / "logs"]
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "dbt.cli.main", "build", *options],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:]
    return made


def metricflow(artifacts: Path, renderer: Any, engine: Any) -> Callable[[str], str]:
    """Says the SQL of a metric, as in test_metricflow.py."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine, MetricFlowQueryRequest
    from metricflow_semantics.model.dbt_manifest_parser import (
        parse_manifest_from_dbt_generated_manifest as parsed,
    )
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class Client:
        sql_engine_type = engine
        sql_plan_renderer = renderer

    manifest = parsed((artifacts / "semantic_manifest.json").read_text("utf-8"))
    compiler = MetricFlowEngine(SemanticManifestLookup(manifest), Client())  # type: ignore[arg-type]

    def sql(metric: str) -> str:
        request = MetricFlowQueryRequest.create(metric_names=[metric])
        return str(compiler.explain(request).sql_statement.sql)

    return sql


@pytest.fixture(scope="module")
def postgres(
    raw: Path, own_postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    import psycopg
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer

    folder = tmp_path_factory.mktemp("postgres")
    script("load").load(raw, own_postgres_url)
    at = psycopg.conninfo.conninfo_to_dict(own_postgres_url)
    artifacts = built("postgres", folder, {
        "DATAMIND_DBT_HOST": str(at["host"]), "DATAMIND_DBT_PORT": str(at.get("port", 5432)),
        "DATAMIND_DBT_USER": str(at["user"]), "DATAMIND_DBT_DATABASE": str(at["dbname"]),
        "DBT_ENV_SECRET_DATAMIND_PASSWORD": str(at.get("password", "")),
    })  # fmt: skip
    sql = metricflow(artifacts, PostgresSQLSqlPlanRenderer(), SqlEngine.POSTGRES)
    with (
        asking(own_postgres_url, artifacts, Settings(home=folder)) as context,
        psycopg.connect(own_postgres_url) as admin,
    ):
        yield Place(context, lambda metric: admin.execute(sql(metric).encode()).fetchall())


@pytest.fixture(scope="module")
def clickhouse(
    raw: Path, clickhouse_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer

    folder = tmp_path_factory.mktemp("dbt")
    script("load").load(raw, clickhouse_url)
    artifacts = built("clickhouse", folder, {
        "DATAMIND_DBT_HOST": "127.0.0.1", "DATAMIND_DBT_PORT": clickhouse_url.rpartition(":")[2],
    })  # fmt: skip
    sql = metricflow(artifacts, DuckDbSqlPlanRenderer(), SqlEngine.DUCKDB)
    url = f"{clickhouse_url}/harbor"
    with asking(url, artifacts, Settings(home=folder)) as context, reading(url) as probe:

        def rows(metric: str) -> Rows:
            """MetricFlow has no ClickHouse of its own."""
            said = sql(metric).replace("`", '"')
            return numbers(probe.rows(sqlglot.transpile(said, "duckdb", "clickhouse")[0]))

        yield Place(context, rows)


def numbers(rows: Rows) -> Rows:
    return [tuple(float(v) if isinstance(v, str) else v for v in row) for row in rows]


@pytest.fixture(params=[pytest.param("postgres", marks=pytest.mark.postgres), "clickhouse"])
def place(request: pytest.FixtureRequest) -> Place:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Place)
    return found


@pytest.mark.parametrize("metric", [*OF_ONE, *OF_TWO])
def test_a_metric_is_what_metricflow_computes_there_and_what_it_is_on_duckdb(
    metric: str, place: Place, context: AskContext
) -> None:
    answer = asked(question(metric, place.context), place.context)
    assert (answer.status, answer.trust) == ("answered", "governed"), answer.summary
    assert same_result(place.metricflow(metric), answer.rows, extra=0)
    ((figure,),), ((elsewhere,),) = answer.rows, asked(question(metric, context), context).rows
    # What is half a cent to one is a hair less to another: amounts are products of floats.
    assert math.isclose(float(str(figure)), float(str(elsewhere)), rel_tol=1e-4)


MOST = 200_000
CENT = 0.01 + 1e-9


def test_each_model_has_there_the_rows_that_it_has_on_duckdb(
    place: Place, context: AskContext
) -> None:
    """Cell by cell: what differs is a cent at most, and that of next to no amount."""
    cells = cents = 0
    for table in context.view.tables:
        here, there = (
            {row[0]: row[1:] for row in rows_of_model(table.name, table.primary_key, of)}
            for of in (context, place.context)
        )
        assert here and here.keys() == there.keys(), table.name
        for key, row in here.items():
            for one, other in zip(row, there[key], strict=True):
                cells += 1
                if one != other:
                    at = f"{table.name} {key}: {row} there {there[key]}"
                    assert isinstance(one, float) and isinstance(other, float), at
                    assert math.isclose(one, other, abs_tol=CENT), at
                    cents += 1
    print(f"{len(context.view.tables)} models, {cells} cells, {cents} of them a cent apart")
    assert cents <= cells / 10_000


def rows_of_model(name: str, key: Sequence[str], context: AskContext) -> Iterator[Any]:
    """The rows, each after its key; numbers as floats, for one engine's decimals are another's
    whole numbers."""
    result = run_sql(f"SELECT * FROM {name}", replace(context, row_limit=MOST))
    assert not result.truncated, name
    names = sorted(c.name for c in result.columns)
    for row in result.rows:
        cells = {
            c.name: float(v) if isinstance(v, int | float | Decimal) else v
            for c, v in zip(result.columns, row, strict=True)
        }
        yield tuple(cells[k] for k in key or names), *(cells[n] for n in names)
