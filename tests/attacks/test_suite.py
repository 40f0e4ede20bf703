"""The attack suite on real engines, through the guard as a user runs it; and that it bites."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from datamind.adapters.warehouse import open_warehouse
from datamind.attacks import engines
from datamind.attacks.cases import Judged, Ran, cases, judged, must_run, told_apart
from datamind.attacks.engines import Engine, duckdb_engine, engine_at
from datamind.cli import app
from datamind.errors import WarehouseError
from datamind.governance.seal import sealed
from datamind.records import Governed

from ..conftest import clickhouse_server

pytestmark = pytest.mark.slow


def passes(url: str, count: int) -> None:
    made = CliRunner().invoke(app, ["guard", "--self-test", "--warehouse", url])
    assert made.exit_code == 0, made.output
    assert made.stderr == ""  # where the parser would complain
    assert f"{count} of {count} passed" in made.output


def test_the_guard_holds_on_duckdb() -> None:
    passes("duckdb:", 259)


@pytest.mark.postgres
def test_the_guard_holds_on_postgres(postgres_server: str) -> None:
    passes(postgres_server, 270)


def test_the_guard_holds_on_clickhouse(clickhouse_url: str) -> None:
    passes(clickhouse_url, 146)


OTHERWISE = ("v-cl-023", "v-cl-119")


class Adapted:
    """The server, asked as askers ask it."""

    def __init__(self, url: str) -> None:
        self.warehouse = open_warehouse(url)

    def run(self, sql: str) -> Ran:
        made = Governed(sql, ("key",), "clickhouse", self.warehouse.name, "", ())
        governed = replace(made, fingerprint=sealed(made, "attacks"))
        try:
            return Ran([list(row) for row in self.warehouse.run(governed, timeout_s=20).rows])
        except WarehouseError as fault:
            return Ran(error=str(fault))


def test_the_guard_holds_on_clickhouse_through_its_adapter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clickhouse_server(tmp_path) as url:
        adapted = Adapted(url)
        monkeypatch.setattr(engines, "_ClickHouse", lambda _: adapted)
        made = CliRunner().invoke(app, ["guard", "--self-test", "--warehouse", url])
        adapted.warehouse.close()
    # Nulls where a join or a frame finds nothing, and arrays as text: so our settings want it.
    assert f"{146 - len(OTHERWISE)} of 146 passed" in made.output, made.output
    assert all(case in made.output for case in OTHERWISE)


def outcomes(engine: Engine, verdict: dict[str, object]) -> list[Judged]:
    """What the suite says of a guard that answers everything alike."""
    said = [(case, {**verdict, "sql": case.sql}) for case in cases("duckdb")]
    found = [
        judged(case, v, engine.run(case.sql) if must_run(case, v) else None) for case, v in said
    ]
    return [*found, *told_apart(said)]


def test_a_guard_that_lets_everything_through_leaks_nearly_everywhere() -> None:
    with duckdb_engine() as engine:
        found = outcomes(engine, {"verdict": "allow", "code": None, "message": ""})
    attacks = [o for o in found if not o.case.group.startswith("legit")]
    assert sum(o.outcome in ("leak", "error") for o in attacks) >= 0.95 * len(attacks)


def test_a_guard_that_refuses_everything_fails_each_honest_case() -> None:
    with duckdb_engine() as engine:
        found = outcomes(engine, {"verdict": "refuse", "code": "no", "message": "no"})
    honest = [o for o in found if o.case.expect == "rows" and not o.case.refuse_ok]
    assert honest
    assert all(o.outcome == "false refusal" for o in honest)


def test_an_engine_that_is_not_there_or_not_known_is_told() -> None:
    with pytest.raises(Exception, match="No such engine"), engine_at("mysql://here"):
        pass
    with pytest.raises(Exception, match="does not answer"), engine_at("clickhouse://127.0.0.1:1"):
        pass
