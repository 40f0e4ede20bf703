"""The folder of builds: a folder for each, a pointer to the one in use, and a lock."""

from __future__ import annotations

import fcntl
import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from datamind.errors import BadInput, DbtBuildFailed

KEPT_LOGS = 20


@dataclass(frozen=True, slots=True)
class Build:
    """A build: its warehouse file (on DuckDB), its artifacts and how long it took; its tables are
    `elsewhere` where they are in no file of its own. `sources` are
    what it reads in its own folder: names there by the variable that tells of them."""

    id: str
    warehouse: Path
    artifacts: Path
    log: Path
    elapsed_s: float
    label: str = ""
    elsewhere: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where all of it lies."""
        return self.artifacts.parent


def current_build(builds: Path) -> Build | None:
    """The build in use, or None where nothing was built or what was is gone."""
    found = pointer(builds)
    try:
        folder = builds / str(found["id"])
        build = build_at(
            folder, float(found["elapsed_s"]), str(found.get("label", "")),
        )  # fmt: skip
        build = replace(
            build, elsewhere=bool(found.get("elsewhere")), sources=dict(found.get("sources") or {})
        )
    except (KeyError, TypeError, ValueError):
        return None
    needed = build.artifacts / "manifest.json" if build.elsewhere else build.warehouse
    return build if needed.is_file() else None


def pointer(builds: Path) -> dict[str, Any]:
    """What the pointer says; nothing where there is none."""
    try:
        found = json.loads((builds / "current.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def build_at(folder: Path, elapsed_s: float, label: str) -> Build:
    """The build in the folder."""
    return Build(
        id=folder.name,
        warehouse=folder / "warehouse.duckdb",
        artifacts=folder / "target",
        log=folder / "dbt.log",
        elapsed_s=elapsed_s,
        label=label,
    )


_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


def new_id() -> str:
    """An id that sorts by time, and is fit for names of schemas."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(3)}"


@contextmanager
def alone(builds: Path) -> Iterator[None]:
    """One run at a time; the lock goes with the process that holds it."""
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


def point_to(builds: Path, made: Build) -> None:
    """Switch to the build in one step, and remember the one before."""
    said = {
        "id": made.id, "elapsed_s": made.elapsed_s, "label": made.label,
        "elsewhere": made.elsewhere, "sources": dict(made.sources),
        "before": pointer(builds).get("id"),
    }  # fmt: skip
    beside = builds / f"current.{made.id}"
    beside.write_text(json.dumps(said), "utf-8")
    beside.replace(builds / "current.json")


def tidy(builds: Path) -> None:
    """Keep the build in use, the one before until its readers moved on, and logs of others. What
    we did not make is left alone."""
    said = pointer(builds)
    kept = {said.get("id"), said.get("before")}
    made = (p for p in builds.iterdir() if _ID.fullmatch(p.name) and p.is_dir())
    others = sorted(p for p in made if p.name not in kept)
    for folder in others[:-KEPT_LOGS]:
        shutil.rmtree(folder, ignore_errors=True)
    for folder in others[-KEPT_LOGS:]:
        _leave_only_log(folder)


def _leave_only_log(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "dbt.log":
            path.unlink(missing_ok=True)
