"""Runs of dbt: what they see and may use, parts of a project, calling off, and a killed build."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from datamind import tracing
from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.dbt.builds import current_build
from datamind.adapters.dbt.log_lines import event_of, line_of
from datamind.adapters.dbt.project import Project
from datamind.adapters.dbt.results import known_of, learn
from datamind.adapters.dbt.running import Limits, Orders, own, run
from datamind.dbt_records import DbtLine, DbtWanted
from datamind.errors import BadInput

from .conftest import ORDERS, PROJECT, orders

pytestmark = pytest.mark.slow
# Project code can do whatever its process may: what it finds there is what it could leak.
SPY = """
def model(dbt, session):
    import os, resource
    found = {"environment": sorted(os.environ), "leader": os.getsid(0) == os.getpid(),
             "memory": resource.getrlimit(resource.RLIMIT_AS)[0], "nice": os.nice(0),
             "core": resource.getrlimit(resource.RLIMIT_CORE)[0]}
    import json
    return session.sql("select '" + json.dumps(found) + "' as found")
"""
# Starts a process of its own, says which, and stays.
SLOW = """
def model(dbt, session):
    import os, subprocess, time
    child = subprocess.Popen(["sleep", "600"])
    open(os.environ["SLOW_TELLS"], "w").write(f"{os.getpid()} {child.pid}")
    time.sleep(600)
    return session.sql("select 1 as x")
"""


@pytest.fixture
def project(builds: Path, tmp_path: Path) -> Callable[..., Project]:
    """The small project with one model more, upon a build of it."""

    def made(**models: str) -> Project:
        folder = Path(shutil.copytree(PROJECT, tmp_path / "project"))
        for name, text in models.items():
            (folder / "models" / f"{name}.py").write_text(text, "utf-8")
        passed = (("SHOP_TOKEN", "s3cret-token"), ("SLOW_TELLS", str(tmp_path / "pids")))
        return Project(
            folder, builds, sources=orders(*ORDERS), limits=Limits(300, 3000), passed=passed
        )

    return made


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_code_of_a_project_finds_no_secret_of_ours_and_its_limits_and_a_part_keeps_the_rest(
    project: Callable[..., Project], monkeypatch: pytest.MonkeyPatch, builds: Path
) -> None:
    for name in ("JWT_SECRET", "ENCRYPTION_KEY", "API_TOKEN", "DB_PASSWORD", "DATABASE_URL"):
        monkeypatch.setenv(name, "hunter2")
    told: list[DbtLine] = []
    outcome = project(spy=SPY).run(DbtWanted("run", select=("spy",)), say=told.append)
    assert outcome.status == "success", outcome
    made = current_build(builds)
    assert made is not None
    assert made.id == outcome.version
    with duckdb.connect(str(made.warehouse), read_only=True) as db:
        row = db.execute("SELECT found FROM spy").fetchone()
        kept = db.execute("SELECT count(*) FROM orders").fetchone()
    assert row is not None
    found = json.loads(row[0])
    usual = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV", "LC_CTYPE"}
    ours = {
        "DATAMIND_DUCKDB_PATH", "DBT_SEND_ANONYMOUS_USAGE_STATS", "DBT_USE_COLORS", "SHOP_ORDERS",
        "SHOP_TOKEN", "SLOW_TELLS",
    }  # fmt: skip
    assert set(found["environment"]) <= usual | ours
    assert (found["leader"], found["core"], found["memory"]) == (True, 0, 3000 << 20)
    assert found["nice"] > 0
    assert kept == (len(ORDERS),)
    # What was known of the tests holds on: nobody ran them now.
    before = {u: k for u, k in known_of(made.artifacts).items() if u.startswith("test.")}
    assert {k["status"] for k in before.values()} == {"pass", "warn"}
    assert any("spy" in line.message for line in told)
    assert all("hunter2" not in p.read_text() for p in made.folder.rglob("*.log"))


# dbt itself sends no spans; what it starts may go on with the trace.
TRACED = """
def model(dbt, session):
    import os
    found = os.environ["TRACEPARENT"]
    return session.sql(f"select '{found}' as found")
"""


def test_a_run_hands_its_trace_on_and_tells_each_invocation_of_dbt(
    project: Callable[..., Project], builds: Path
) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider)
    told: list[DbtLine] = []
    try:
        with tracing.span("job"):
            outcome = project(traced=TRACED).run(
                DbtWanted("run", select=("traced",)), say=told.append
            )
    finally:
        tracing.use(None)
    made = current_build(builds)
    assert outcome.status == "success" and made is not None, outcome
    spans = {span.name: span for span in exporter.get_finished_spans()}
    run, ran, job = spans["dbt"], spans["dbt build"], spans["job"]
    assert run.parent == job.context and ran.parent == run.context and "dbt parse" in spans
    with duckdb.connect(str(made.warehouse), read_only=True) as db:
        found = db.execute("SELECT found FROM traced").fetchone()
    at = run.context
    parent = f"00-{at.trace_id:032x}-{at.span_id:016x}-{at.trace_flags:02x}"
    assert found == (parent,)
    kept = json.loads((made.artifacts / "run_results.json").read_text())["metadata"]
    assert kept["env"]["TRACEPARENT"] == parent
    invocation = (ran.attributes or {})["dbt.invocation_id"]
    assert invocation == kept["invocation_id"]
    assert {line.invocation for line in told if line.node} == {invocation}
    assert (run.start_time or 0) <= (ran.start_time or 0) <= (ran.end_time or 0)


def test_a_selector_that_nothing_fits_is_told_and_puts_nothing_in_use(
    project: Callable[..., Project], builds: Path
) -> None:
    before, made = current_build(builds), project()
    typo = made.run(DbtWanted("run", select=("ordesr+", "state:modified")))
    assert typo.status == "failed"
    assert typo.message == "Nothing was done: nothing in the project fits ordesr+."
    none = made.run(DbtWanted("test", select=("result:error",)))
    assert (none.status, none.message) == ("success", "test: there was nothing to do.")
    assert current_build(builds) == before


def test_the_reason_of_a_broken_model_is_told_without_values(
    project: Callable[..., Project], builds: Path
) -> None:
    made = project()
    for name, code in {
        "cast_badly": "select cast(status as int) as n from {{ ref('orders') }}",
        "no_column": "select no_such_column from {{ ref('orders') }}",
    }.items():
        (made.folder / "models" / f"{name}.sql").write_text(
            f"{{{{ config(materialized='table') }}}}\n{code}"
        )
    outcome = made.run(DbtWanted("run", select=("cast_badly", "no_column")))
    told = {f.name: f.reason for f in outcome.failed}
    assert outcome.status == "failed"
    assert told["cast_badly"].startswith("Conversion Error: Could not convert string '…' to INT32")
    assert told["no_column"].startswith('Binder Error: Referenced column "no_such_column" not')
    assert all(f"could not be built: {reason}" in outcome.message for reason in told.values())


def test_a_test_that_is_younger_than_the_build_warns_until_it_is_taken_out(
    project: Callable[..., Project], builds: Path
) -> None:
    made, current = project(), current_build(builds)
    assert current is not None

    def issues() -> set[tuple[str, str]]:
        url = f"duckdb:///{current.warehouse}"
        found = load_catalog(url, dbt_project=current.artifacts, refresh=True).quality
        return {(i.table, i.test) for i in found}

    before, young = issues(), made.folder / "tests" / "none_is_paid.sql"
    young.write_text("select id from {{ ref('orders') }} where status = 'paid'", "utf-8")
    assert made.run(DbtWanted("test", select=("none_is_paid",))).status == "failed"
    assert ("orders", "none_is_paid") in issues() - before
    young.unlink()
    after = made.run(DbtWanted("test", select=("days", "ordesr")))
    assert after.warnings == ("Nothing in the project fits the selector ordesr.",)
    assert issues() == before
    assert {m.name for m in made.models()} >= {"orders", "customers"}


def test_a_run_that_is_called_off_ends_with_all_that_it_started(
    project: Callable[..., Project], builds: Path, tmp_path: Path
) -> None:
    before, stop = current_build(builds), threading.Event()
    pids = tmp_path / "pids"

    def watch() -> None:
        until(lambda: pids.is_file() and len(pids.read_text().split()) == 2)
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    outcome = project(slow=SLOW).run(DbtWanted("run", select=("slow",)), stop=stop)
    watcher.join()
    assert (outcome.status, outcome.message) == ("cancelled", "The run was called off.")
    until(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))
    assert current_build(builds) == before


def test_a_killed_build_changes_nothing_says_so_and_the_next_one_works(
    project: Callable[..., Project], builds: Path, tmp_path: Path
) -> None:
    made = project(slow=SLOW)
    before, pids = current_build(builds), tmp_path / "pids"
    env = {
        **os.environ, "DATAMIND_HOME": str(tmp_path / "home"), "DBT_BUILDS_PATH": str(builds),
        "DBT_PROJECT_PATH": str(made.folder), "DBT_PASS_ENV": "SHOP_ORDERS,SLOW_TELLS",
        "SLOW_TELLS": str(pids), "SHOP_ORDERS": str(tmp_path / "orders.csv"),
    }  # fmt: skip
    orders(*ORDERS)(tmp_path)
    command = [sys.executable, "-m", "datamind.cli", "dbt"]
    with subprocess.Popen([*command, "build"], env=env, stdout=subprocess.DEVNULL) as killed:
        until(lambda: pids.is_file() and len(pids.read_text().split()) == 2)
        killed.send_signal(signal.SIGKILL)
    dbt, child = map(int, pids.read_text().split())
    until(lambda: not alive(dbt))
    os.kill(child, signal.SIGKILL)  # what project code started itself outlives a killed server
    assert current_build(builds) == before
    with sqlite3.connect(tmp_path / "home" / "datamind.db") as store:  # half a minute goes by
        store.execute("UPDATE jobs SET lease_until = '2026-01-01 00:00:00'")
    (made.folder / "models" / "slow.py").unlink()
    done = subprocess.run(
        [*command, "run", "--select", "customers"], env=env, capture_output=True, text=True,
        check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert current_build(builds) != before
    runs = subprocess.run(
        [*command, "runs", "--json"], env=env, capture_output=True, text=True, check=True
    )
    listed = {r["command"]: r for r in json.loads(runs.stdout)["items"]}
    assert listed["run"]["status"] == "success"
    assert listed["build"]["status"] == "error"
    assert "was lost" in listed["build"]["message"]


def test_a_command_that_is_ended_calls_its_run_off(
    project: Callable[..., Project], builds: Path, tmp_path: Path
) -> None:
    """As Ctrl-C does: SIGTERM is heard as that."""
    made, pids = project(slow=SLOW), tmp_path / "pids"
    env = {
        **os.environ, "DATAMIND_HOME": str(tmp_path / "home"), "DBT_BUILDS_PATH": str(builds),
        "DBT_PROJECT_PATH": str(made.folder), "DBT_PASS_ENV": "SLOW_TELLS",
        "SLOW_TELLS": str(pids),
    }  # fmt: skip
    command = [sys.executable, "-m", "datamind.cli", "dbt"]
    running = [*command, "run", "--select", "slow"]
    with subprocess.Popen(running, env=env, stdout=subprocess.DEVNULL) as ended:
        until(lambda: pids.is_file() and len(pids.read_text().split()) == 2)
        ended.send_signal(signal.SIGTERM)
    assert ended.returncode == 130
    until(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))
    runs = subprocess.run(
        [*command, "runs", "--json"], env=env, capture_output=True, text=True, check=True
    )
    (run,) = json.loads(runs.stdout)["items"]
    assert (run["status"], run["message"]) == ("cancelled", "The run was called off.")


LINES = [
    ("LogModelResult", "info", "1 of 2 OK created sql table model main.orders", True),
    ("JinjaLogInfo", "info", "token is s3cret-token of ada@example.org", True),
    ("RunResultError", "error", "  Conversion Error: Could not convert string 'Ada' to INT", False),
    ("SQLQuery", "debug", "select 'Ada'", False),
    ("Formatting", "info", "", False),
]


@pytest.mark.parametrize(("name", "level", "said", "shown"), LINES, ids=[x[0] for x in LINES])
def test_lines_for_people_hold_no_value_of_the_data_and_no_secret(
    name: str, level: str, said: str, shown: bool
) -> None:
    raw = json.dumps({"info": {"name": name, "level": level, "msg": said, "ts": ""}, "data": {}})
    event = event_of(raw.encode())
    assert event is not None
    line = line_of(event, ["s3cret-token"])
    assert (line is not None) is shown
    assert line is None or not any(w in line.message for w in ("s3cret", "ada@example.org"))


def test_the_error_of_a_database_is_told_without_its_words() -> None:
    said = "\x1b[31mRuntime Error in model orders (models/orders.sql)\n  value 'Ada' is no number"
    event = {"info": {"name": "RunResultError", "level": "error", "msg": said}, "data": {}}
    line = line_of(event, [])
    assert line is not None
    assert line.message == "Runtime Error in model orders (models/orders.sql)"


def test_a_test_knows_since_when_it_fails() -> None:
    def result(status: str, at: str) -> dict[str, object]:
        return {"unique_id": "test.x", "status": status, "timing": [{"completed_at": at}]}

    known = learn({}, [result("pass", "2026-01-01T02:00:00Z")], "")
    known = learn(known, [result("fail", "2026-01-02T02:00:00Z")], "")
    known = learn(known, [result("fail", "2026-01-03T02:00:00Z")], "")
    assert (known["test.x"]["since"][:10], known["test.x"]["at"][:10]) == (
        "2026-01-02", "2026-01-03",
    )  # fmt: skip
    older = learn(known, [result("pass", "2026-01-01T02:00:00Z")], "")
    assert older == known


# Stands in for the interpreter, which an account other than ours can't always reach.
STAND_IN = """#!/bin/sh
cd "$(dirname "$3")" && id -u > who && touch made && env > seen
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run dbt as another account")
def test_dbt_may_run_as_another_account_that_can_not_touch_what_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = pwd.getpwnam("nobody")
    limits = Limits(60, 3000, nobody.pw_name)
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o700)
    with pytest.raises(BadInput, match="can't reach"):
        run(Orders(shut, (), (), {}), limits, say=print)
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are shut to others
        home = Path(name)
        home.chmod(0o711)
        (home / "python").write_text(STAND_IN)
        (home / "python").chmod(0o755)
        folder = home / "build"
        folder.mkdir(mode=0o700)
        monkeypatch.setattr(sys, "executable", str(home / "python"))
        ended = run(Orders(folder, (), (), {}), limits, say=print)
        assert (ended.why, ended.code) == ("done", 0), (folder / "dbt.log").read_text()
        assert (folder / "who").read_text().split() == [str(nobody.pw_uid)]
        assert (folder / "made").stat().st_uid == nobody.pw_uid
        assert f"HOME={folder}" in (folder / "seen").read_text()
        own(folder, os.geteuid(), os.getegid())
        assert (folder / "made").stat().st_uid == os.geteuid()


def test_an_account_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="DBT_USER names no-such-user"):
        run(Orders(tmp_path, (), (), {}), Limits(60, 3000, "no-such-user"), say=print)
