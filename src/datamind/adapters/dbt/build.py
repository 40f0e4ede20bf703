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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datamind.errors import BadInput, DbtBuildFailed

KEPT_LOGS = 2
NAMED = 5  # failed models and tests that a message names
# What a dbt process may see of our environment: nothing that could hold a secret.
_PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "VIRTUAL_ENV")
# What went wrong, by dbt's kind of node and status.
_FAULTS = {
    ("test", "fail"): "the test {name} found {rows}",
    ("test", "error"): "the test {name} could not be run",
}


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
    found = _pointer(builds)
    try:
        folder = builds / str(found["id"])
        build = _build(folder, float(found["elapsed_s"]), str(found.get("label", "")))
    except (KeyError, TypeError, ValueError):
        return None
    return build if build.warehouse.is_file() else None


def _pointer(builds: Path) -> dict[str, Any]:
    try:
        found = json.loads((builds / "current.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _build(folder: Path, elapsed_s: float, label: str) -> Build:
    return Build(
        id=folder.name,
        warehouse=folder / "warehouse.duckdb",
        artifacts=folder / "target",
        log=folder / "dbt.log",
        elapsed_s=elapsed_s,
        label=label,
    )


def _no_sources(folder: Path) -> Mapping[str, str]:
    """The project brings what it reads."""
    return {}


def build(
    project: Path, builds: Path, *, sources: Callable[[Path], Mapping[str, str]] = _no_sources,
    timeout_s: float = 900.0, label: str = "",
) -> Build:  # fmt: skip
    """Build and test the project into a new file, then point to it.

    `sources` makes what the project reads in the build's folder, and gives the environment
    variables that name it. A build that fails, or whose tests fail, changes nothing:
    DbtBuildFailed names the models and tests. One build at a time.
    """
    if not (project / "dbt_project.yml").is_file():
        raise BadInput(f"There is no dbt project at {project}.")
    with _alone(builds):
        started = time.monotonic()
        folder = builds / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"
        try:
            folder.mkdir()
            _run_dbt(project, _build(folder, 0.0, label), sources(folder), timeout_s)
            elapsed = round(time.monotonic() - started, 2)
            _point_to(builds, folder.name, elapsed, label)
        except OSError as fault:
            raise DbtBuildFailed(
                f"The build could not be written: {fault.strerror or type(fault).__name__}.",
                hint=f"Make room in {builds}, and build again.",
            ) from fault
        finally:
            _tidy(builds)
        return _build(folder, elapsed, label)


@contextmanager
def _alone(builds: Path) -> Iterator[None]:
    """One build at a time; the lock goes with the process that holds it."""
    try:
        builds.mkdir(parents=True, exist_ok=True)
        lock = (builds / "lock").open("w")
    except OSError:
        raise BadInput(
            f"The builds' folder {builds} can't be written.",
            hint="Set DATAMIND_HOME to a folder that may be written to.",
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DbtBuildFailed(
                "Another build is running.", hint="Wait until it has ended, then build again."
            ) from None
        yield


def _run_dbt(project: Path, made: Build, variables: Mapping[str, str], timeout_s: float) -> None:
    environment = {k: os.environ[k] for k in _PASSED if k in os.environ}
    environment |= {
        "DATAMIND_DUCKDB_PATH": str(made.warehouse),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_USE_COLORS": "false",
    }
    environment |= variables
    reason = made.artifacts.with_name("reason.txt")
    script = Path(__file__).with_name("process.py")
    # -P: the script's folder is not searched for modules.
    argv = [sys.executable, "-P", str(script), str(reason), "--project-dir", str(project)]
    argv += ["--profiles-dir", str(project), "--target-path", str(made.artifacts)]
    argv += ["--log-path", str(made.artifacts / "logs")]
    with made.log.open("ab") as log:
        try:
            ended = subprocess.run(  # noqa: S603 - our own interpreter, no shell
                argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=environment, timeout=timeout_s, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise DbtBuildFailed(
                f"dbt ran over its limit of {timeout_s:g} seconds and was stopped.",
                hint=f"Its log: {made.log}",
            ) from None
    if ended.returncode:
        raise DbtBuildFailed(_what_failed(made, reason), hint=f"Its log: {made.log}")


def _what_failed(made: Build, reason: Path) -> str:
    """The models and tests that failed, by name; what a database said stays in the log."""
    if reason.is_file():
        words = " ".join(reason.read_text("utf-8").split())
        return f"dbt could not read the project: {words[:300] or 'no reason was given'}"
    try:
        results = json.loads((made.artifacts / "run_results.json").read_text("utf-8"))["results"]
    except (OSError, ValueError, KeyError):
        return "dbt could not start, or was ended from outside."
    failed = [_fault(r) for r in results if r.get("status") in ("error", "fail")]
    if not failed:
        return "dbt failed after its models and tests had passed."
    more = f"; and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
    return f"dbt failed: {'; '.join(failed[:NAMED])}{more}."


def _fault(result: dict[str, Any]) -> str:
    kind, _, rest = str(result["unique_id"]).partition(".")
    rows = result.get("failures") or 0
    said = _FAULTS.get((kind, str(result["status"])), "the {kind} {name} could not be built")
    return said.format(
        kind=kind, name=rest.split(".")[1], rows="1 row" if rows == 1 else f"{rows:,} rows"
    )


def _point_to(builds: Path, identity: str, elapsed_s: float, label: str) -> None:
    """Switch to the build in one step, and remember the one before."""
    pointer = {"id": identity, "elapsed_s": elapsed_s, "label": label}
    before = _pointer(builds).get("id")
    beside = builds / f"current.{identity}"
    beside.write_text(json.dumps(pointer | {"before": before}), "utf-8")
    beside.replace(builds / "current.json")


def _tidy(builds: Path) -> None:
    """Keep the build in use, the one before until its readers moved on, and two logs of others."""
    pointer = _pointer(builds)
    kept = {pointer.get("id"), pointer.get("before")}
    others = sorted(p for p in builds.iterdir() if p.is_dir() and p.name not in kept)
    for folder in others[:-KEPT_LOGS]:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in others[-KEPT_LOGS:]:
        _leave_only_log(folder)


def _leave_only_log(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "dbt.log":
            path.unlink(missing_ok=True)
