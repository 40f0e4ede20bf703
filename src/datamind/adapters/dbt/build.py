"""Builds of a dbt project on DuckDB: a new file each, put in use only after its tests passed."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from datamind.errors import DbtBuildFailed

KEPT = 2
ARTIFACTS = ("manifest.json", "catalog.json", "semantic_manifest.json", "run_results.json")
# What a dbt process may see of our environment: nothing that could hold a secret.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Build:
    """A finished build: its warehouse file, its artifacts and how long it took."""

    id: str
    warehouse: Path
    artifacts: Path
    log: Path
    elapsed_s: float
    label: str = ""


def current_build(builds: Path) -> Build | None:
    """The build in use, or None where nothing was built or what was is gone."""
    try:
        found = json.loads((builds / "current.json").read_text("utf-8"))
        folder = builds / str(found["id"])
        build = _build(folder, float(found["elapsed_s"]), str(found.get("label", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return build if build.warehouse.is_file() else None


def _build(folder: Path, elapsed_s: float, label: str) -> Build:
    return Build(
        id=folder.name,
        warehouse=folder / "warehouse.duckdb",
        artifacts=folder / "target",
        log=folder / "dbt.log",
        elapsed_s=elapsed_s,
        label=label,
    )


def build(
    project: Path, builds: Path, *, variables: Mapping[str, str] | None = None,
    timeout_s: float = 900.0, label: str = "",
) -> Build:  # fmt: skip
    """Build and test the project into a new file, then point to it.

    `variables` are environment variables for the project. A build that fails, or whose tests
    fail, changes nothing: DbtBuildFailed names the models and tests. One build at a time.
    """
    builds.mkdir(parents=True, exist_ok=True)
    with _alone(builds):
        started = time.monotonic()
        identity = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        folder = builds / identity
        folder.mkdir()
        made = _build(folder, 0.0, label)
        environment = {k: os.environ[k] for k in _PASSED if k in os.environ}
        environment |= {
            "DATAMIND_DUCKDB_PATH": str(made.warehouse),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        environment |= dict(variables or {})
        try:
            for command in (["build"], ["docs", "generate", "--no-compile", "--empty-catalog"]):
                _run_dbt(command, project, made, environment, timeout_s)
        except BaseException:
            _leave_only_log(folder)
            raise
        elapsed = round(time.monotonic() - started, 2)
        _point_to(builds, identity, elapsed, label)
        _drop_old(builds, identity)
        return _build(folder, elapsed, label)


@contextmanager
def _alone(builds: Path) -> Iterator[None]:
    """One build at a time; the lock goes with the process that holds it."""
    with (builds / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DbtBuildFailed(
                "Another build is running.", hint="Wait until it has ended, then build again."
            ) from None
        yield


def _run_dbt(
    command: list[str], project: Path, made: Build, environment: Mapping[str, str], timeout_s: float
) -> None:
    options = ["--project-dir", str(project), "--profiles-dir", str(project)]
    options += ["--target-path", str(made.artifacts), "--log-path", str(made.artifacts / "logs")]
    argv = [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", *command, *options]
    with made.log.open("ab") as log:
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter, no shell
                argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=dict(environment), timeout=timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DbtBuildFailed(
                f"dbt ran over its limit of {timeout_s:g} seconds and was stopped.",
                hint=f"Its log is {made.log.name} in the build's folder.",
            ) from None
    if ended.returncode:
        raise DbtBuildFailed(_what_failed(made), hint=f"Its log: {made.log}")


def _what_failed(made: Build) -> str:
    """The models and tests that failed, by name; dbt's own words stay in the log."""
    try:
        results = json.loads((made.artifacts / "run_results.json").read_text("utf-8"))["results"]
    except (OSError, ValueError, KeyError):
        return "dbt could not read the project, or could not start."
    failed = [
        ".".join(str(r["unique_id"]).split(".")[2:3])
        for r in results
        if r.get("status") in ("error", "fail")
    ]
    if not failed:
        return "dbt failed after its models and tests had passed."
    more = f" and {len(failed) - 5} more" if len(failed) > 5 else ""
    return f"dbt failed at {', '.join(failed[:5])}{more}."


def _leave_only_log(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name == "dbt.log":
            continue
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _point_to(builds: Path, identity: str, elapsed_s: float, label: str) -> None:
    beside = builds / f"current.{identity}"
    text = json.dumps({"id": identity, "elapsed_s": elapsed_s, "label": label})
    beside.write_text(text, "utf-8")
    beside.replace(builds / "current.json")


def _drop_old(builds: Path, current: str) -> None:
    """The last two builds stay, until every reader has moved on."""
    folders = sorted(p for p in builds.iterdir() if p.is_dir() and p.name != current)
    for folder in folders[: max(0, len(folders) - KEPT + 1)]:
        shutil.rmtree(folder, ignore_errors=True)
