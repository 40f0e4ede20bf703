"""Builds of a dbt project on DuckDB, for whoever waits for one: it is made, or says why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from datamind.adapters.dbt.builds import Build, current_build
from datamind.adapters.dbt.project import Project, no_sources
from datamind.adapters.dbt.running import Limits
from datamind.dbt_records import DbtWanted
from datamind.errors import DbtBuildFailed

__all__ = ["Build", "build", "current_build"]


def build(
    project: Path, builds: Path, *, sources: Callable[[Path], Mapping[str, str]] = no_sources,
    timeout_s: float = 900.0, label: str = "",
) -> Build:  # fmt: skip
    """Build and test the project into a new file, then point to it.

    A build that fails, or whose tests fail, changes nothing: DbtBuildFailed names the models and
    tests. One build at a time.
    """
    made = Project(project, builds, sources=sources, limits=Limits(timeout_s))
    outcome = made.run(DbtWanted("build"), label=label)
    found = current_build(builds)
    if outcome.status != "success" or found is None:
        raise DbtBuildFailed(outcome.message, hint=f"Its log: {outcome.log}")
    return found
