"""Settings: the one place where the environment is read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from datamind.errors import BadInput

MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation is told from outside.

    `home` keeps catalogs, the demo and logs. `warehouse_url` is asked where no other is named.
    `query_timeout_s` is the time a query may run, `memory_mb` what a DuckDB worker may use,
    `row_limit` how many rows an answer holds at most. `debug` logs all, tracebacks included.
    """

    home: Path
    warehouse_url: str | None = None
    dbt_project: Path | None = None
    query_timeout_s: float = 30.0
    memory_mb: int = 1024
    row_limit: int = 10_000
    debug: bool = False

    @property
    def catalogs(self) -> Path:
        """Where compiled catalogs are kept."""
        return self.home / "catalogs"

    @property
    def demo(self) -> Path:
        """Where the demo's raw data and builds are kept."""
        return self.home / "demo"


def _number(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise BadInput(f"{name} is {text!r}, which is no number.") from None
    if not 0 < value < MOST:  # NaN is neither
        raise BadInput(f"{name} has to be more than 0 and less than {MOST:,}.")
    return value


def load(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment: DATAMIND_HOME, WAREHOUSE_URL, DBT_PROJECT_PATH,
    DATAMIND_QUERY_TIMEOUT_S, DATAMIND_MEMORY_MB, DATAMIND_ROW_LIMIT, DATAMIND_DEBUG."""
    env = os.environ if env is None else env
    home = env.get("DATAMIND_HOME")
    project = env.get("DBT_PROJECT_PATH")
    return Settings(
        home=Path(home).expanduser() if home else Path.home() / ".datamind",
        warehouse_url=env.get("WAREHOUSE_URL") or None,
        dbt_project=Path(project).expanduser() if project else None,
        query_timeout_s=_number(env, "DATAMIND_QUERY_TIMEOUT_S", 30.0),
        memory_mb=int(_number(env, "DATAMIND_MEMORY_MB", 1024)),
        row_limit=int(_number(env, "DATAMIND_ROW_LIMIT", 10_000)),
        debug=env.get("DATAMIND_DEBUG", "") not in ("", "0"),
    )
