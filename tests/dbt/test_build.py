"""Builds: in use only when all tests passed; a failed one says what failed and changes nothing."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import duckdb
import pytest

from datamind.adapters.dbt.build import Build, build, current_build
from datamind.adapters.dbt.builds import KEPT_LOGS, tidy
from datamind.adapters.dbt.docs import docs_page
from datamind.adapters.dbt.running import take_back
from datamind.errors import BadInput, DataMindError, DbtBuildFailed

from .conftest import CORRELATION, ORDERS, PROJECT, orders

pytestmark = pytest.mark.slow
NOTHING_MADE: Callable[[Path], Mapping[str, str]] = orders()


def in_use(builds: Path) -> Build:
    found = current_build(builds)
    assert found is not None
    return found


def count(file: Path) -> int:
    with duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute("SELECT count(*) FROM orders").fetchone()
    assert found is not None
    return int(found[0])


def failing(builds: Path, **options: object) -> DbtBuildFailed:
    """The fault of a build that must fail, and must have changed nothing."""
    before = in_use(builds)
    written = before.warehouse.read_bytes()
    with pytest.raises(DbtBuildFailed) as caught:
        build(**{"project": PROJECT, "builds": builds, **options})  # type: ignore[arg-type]
    assert in_use(builds) == before
    assert before.warehouse.read_bytes() == written
    assert (caught.value.code, caught.value.exit_code) == ("dbt_build_failed", 7)
    return caught.value


def changed(tmp_path: Path, file: str, text: str) -> Path:
    """A copy of the project with one file more, or another."""
    project = Path(shutil.copytree(PROJECT, tmp_path / "project"))
    (project / file).write_text(text, "utf-8")
    return project


def test_a_build_leaves_its_warehouse_all_artifacts_and_its_log(shop: Build) -> None:
    assert count(shop.warehouse) == len(ORDERS)
    for name in ("manifest", "catalog", "semantic_manifest", "run_results"):
        assert json.loads((shop.artifacts / f"{name}.json").read_text("utf-8"))
    documented = json.loads((shop.artifacts / "catalog.json").read_text("utf-8"))["nodes"]
    assert "amount" in documented["model.shop.orders"]["columns"]
    assert "PASS=" in shop.log.read_text("utf-8")
    assert shop.label == "first"
    assert shop.elapsed_s > 0


def test_artifacts_say_for_which_request_they_were_made(shop: Build) -> None:
    for name in ("manifest", "run_results"):
        made = json.loads((shop.artifacts / f"{name}.json").read_text("utf-8"))
        assert made["metadata"]["env"]["CORRELATION_ID"] == CORRELATION


def test_a_failing_test_keeps_the_build_in_use_and_is_named(builds: Path) -> None:
    fault = failing(builds, sources=orders(ORDERS[0], ORDERS[0], "4,9,lost,1,2026-01-08"))
    assert "the test unique_orders_id found 1 row" in fault.message
    assert "the test accepted_values_orders_status__open__paid__void found 1 row" in fault.message
    log = Path(fault.hint.removeprefix("Its log: "))
    assert "unique_orders_id" in log.read_text("utf-8")
    assert [p.name for p in log.parent.iterdir()] == ["dbt.log"]


def test_a_failing_model_is_named_and_why_without_values(builds: Path) -> None:
    fault = failing(builds, sources=orders("1,1,paid,secret-value,2026-01-05"))
    assert fault.message.startswith("dbt failed: the model orders could not be built: Binder Error")
    assert "secret-value" not in fault.message


def test_a_project_that_can_not_be_read_says_why(builds: Path, tmp_path: Path) -> None:
    project = changed(tmp_path, "models/wrong.sql", "select * from {{ ref('nowhere') }}")
    fault = failing(builds, project=project, sources=orders(*ORDERS))
    assert "dbt could not read the project" in fault.message
    assert "nowhere" in fault.message


def test_secrets_of_the_environment_do_not_reach_dbt(
    builds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    project = changed(tmp_path, "models/leak.sql", "select '{{ env_var(\"SHOP_PASSWORD\") }}' as x")
    fault = failing(builds, project=project, sources=orders(*ORDERS))
    assert "Env var required but not provided: 'SHOP_PASSWORD'" in fault.message
    assert "hunter2" not in Path(fault.hint.removeprefix("Its log: ")).read_text("utf-8")


def test_a_build_over_its_time_is_stopped(builds: Path) -> None:
    fault = failing(builds, sources=orders(*ORDERS), timeout_s=0.2)
    assert "limit of 0.2 seconds" in fault.message
    assert "dbt.log" in fault.hint


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (BadInput("No such thing."), "No such thing"),
        (OSError(28, "No space left on device"), "could not be written: No space left on device"),
        (KeyboardInterrupt(), None),
    ],
    ids=["ours", "a full disk", "interrupted"],
)
def test_sources_that_can_not_be_made_leave_nothing_behind(
    fault: BaseException, told: str | None, builds: Path
) -> None:
    before = in_use(builds)

    def broken(folder: Path) -> Mapping[str, str]:
        (folder / "half.csv").write_text("half")
        raise fault

    with pytest.raises((DataMindError, KeyboardInterrupt), match=told):
        build(PROJECT, builds, sources=broken)
    assert in_use(builds) == before
    assert not list(builds.glob("*/half.csv"))


def test_only_one_build_runs_at_a_time(builds: Path) -> None:
    with (builds / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        fault = failing(builds, sources=NOTHING_MADE)
    assert "Another build is running" in fault.message


def test_readers_keep_what_they_read_and_the_last_two_builds_stay(builds: Path) -> None:
    first = in_use(builds)
    with duckdb.connect(str(first.warehouse), read_only=True) as reader:

        def meanwhile(folder: Path) -> Mapping[str, str]:
            assert in_use(builds) == first
            assert reader.execute("SELECT count(*) FROM orders").fetchall() == [(len(ORDERS),)]
            return orders(ORDERS[0])(folder)

        second = build(PROJECT, builds, sources=meanwhile, label="second")
        assert in_use(builds) == second
        assert reader.execute("SELECT count(*) FROM orders").fetchall() == [(len(ORDERS),)]
    assert count(second.warehouse) == 1
    assert first.warehouse.is_file()
    third = build(PROJECT, builds, sources=orders(*ORDERS[:2]))
    assert count(third.warehouse) == 2
    kept = {p.parent.name for p in builds.glob("*/warehouse.duckdb")}
    assert kept == {second.id, third.id}


def test_failures_push_no_build_out_and_keep_few_logs(builds: Path) -> None:
    first = in_use(builds)
    second = builds / "20990101-000000-5ec04d"
    shutil.copytree(first.warehouse.parent, second)
    pointer = {"id": second.name, "elapsed_s": 1, "label": "second", "before": first.id}
    (builds / "current.json").write_text(json.dumps(pointer))
    for number in range(KEPT_LOGS):
        (builds / f"20980101-{number:06}-abcdef").mkdir()
    failing(builds, timeout_s=0.01)
    assert first.warehouse.is_file()
    assert len([p for p in builds.iterdir() if p.is_dir()]) == 2 + KEPT_LOGS


@pytest.mark.parametrize("pointer", ["", "{", "[]", '{"id": "gone", "elapsed_s": 1}', '{"id": 1}'])
def test_a_pointer_that_can_not_be_followed_points_nowhere(pointer: str, tmp_path: Path) -> None:
    assert current_build(tmp_path) is None
    (tmp_path / "current.json").write_text(pointer)
    assert current_build(tmp_path) is None


def test_a_project_that_is_not_there_is_said_so_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"no dbt project at .*nowhere"):
        build(tmp_path / "nowhere", tmp_path / "builds")
    assert not (tmp_path / "builds").exists()


def test_a_place_that_can_not_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "builds").write_text("a file")
    with pytest.raises(BadInput, match="can't be written"):
        build(PROJECT, tmp_path / "builds")


def test_what_others_keep_beside_builds_is_left_alone(tmp_path: Path) -> None:
    for folder in ("shop/models", "lost+found", "20200101-000000-abcdef/target"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.sql").write_text("SELECT 1")
    tidy(tmp_path)
    left = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.sql")}
    assert left == {"shop/models/a.sql", "lost+found/a.sql"}


def test_through_nothing_that_code_of_a_project_left_is_read_or_written(tmp_path: Path) -> None:
    secret, build_s = tmp_path / "secrets.json", tmp_path / "build"
    (build_s / "target").mkdir(parents=True)
    secret.write_text("of ours")
    (build_s / "target" / "manifest.json").write_text("{}")
    for link in (build_s / "reason.txt", build_s / "target" / "known.json.new"):
        link.symlink_to(secret)
    (build_s / "all").symlink_to(tmp_path)
    os.mkfifo(build_s / "target" / "sources.json")
    take_back(build_s)
    assert sorted(p.name for p in build_s.rglob("*")) == ["manifest.json", "target"]
    assert secret.read_text() == "of ours"


def test_documentation_is_of_the_project_when_it_was_made(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('x = "MANIFEST.JSON INLINE DATA"')
    for name, content in (("manifest.json", '{"of": "build"}'), ("docs-manifest.json", None)):
        (tmp_path / name).write_text(content or '{"of": "docs"}')
        page = docs_page(tmp_path)
        assert page is not None
        of = "docs" if content is None else "build"
        assert page.html == f'x = {{"of": "{of}"}}'.encode()
