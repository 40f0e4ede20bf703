"""Settings: the one place where the environment is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datamind.settings.alerts import AlertSettings, alerts
from datamind.settings.backups import BackupSettings, backups
from datamind.settings.dbt import DbtSettings, dbt
from datamind.settings.environment import Asked, current
from datamind.settings.logs import LogSettings, logs
from datamind.settings.reading import month, number, one_of, whole
from datamind.settings.redis import RedisSettings, redis
from datamind.settings.router import RouterSettings, router
from datamind.settings.server import MOST_ROWS, LoginSettings, ServerSettings, server
from datamind.settings.telemetry import TelemetrySettings, telemetry

__all__ = [
    "MOST_ROWS",
    "ROW_LIMIT",
    "AlertSettings",
    "LogSettings",
    "LoginSettings",
    "RedisSettings",
    "RouterSettings",
    "ServerSettings",
    "Settings",
    "TelemetrySettings",
    "load",
]

# The guard asks for one row more, and DuckDB reads past a LIMIT of 10,000 with one thread only.
ROW_LIMIT = 9_999


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation is told from outside.

    `home` keeps catalogs, the demo and logs. `warehouse_url` is asked where no other is named.
    `query_timeout_s` is the time a query may run, `memory_mb` what a DuckDB worker may use,
    `row_limit` how many rows an answer holds at most. `debug` logs all, tracebacks included.
    A fiscal year begins with the month `fiscal_start` and is named by the year in which it ends,
    or starts (`fiscal_named`); None where there is none. `given` is all that can be set, by the
    names outside, with what was set as people may see it: secrets are masked.
    """

    home: Path
    warehouse_url: str | None = field(default=None, repr=False)
    dbt_project: Path | None = None
    query_timeout_s: float = 30.0
    memory_mb: int = 1024
    row_limit: int = ROW_LIMIT
    fiscal_start: int | None = None
    fiscal_named: str = "end"
    debug: bool = False
    logs: LogSettings = field(default_factory=LogSettings)
    telemetry: TelemetrySettings = field(default_factory=TelemetrySettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    redis: RedisSettings = field(default_factory=RedisSettings)
    dbt: DbtSettings = field(default_factory=DbtSettings)
    router: RouterSettings = field(default_factory=RouterSettings)
    alerts: AlertSettings = field(default_factory=AlertSettings)
    backups: BackupSettings = field(default_factory=BackupSettings)
    given: tuple[tuple[str, str | None], ...] = field(default=(), compare=False, repr=False)

    @property
    def catalogs(self) -> Path:
        """Where compiled catalogs are kept."""
        return self.home / "catalogs"

    @property
    def evaluations(self) -> Path:
        """Where runs of `datamind eval` are kept."""
        return self.home / "evaluations"

    @property
    def demo(self) -> Path:
        """Where the demo's raw data and builds are kept."""
        return self.home / "demo"

    @property
    def backup_folder(self) -> Path:
        """Where backups are kept."""
        return self.backups.folder or self.home / "backups"

    @property
    def database_url(self) -> str:
        """Where users, history and feedback are kept."""
        return self.server.database_url or f"sqlite+aiosqlite:///{self.home / 'datamind.db'}"


def load(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment: DATAMIND_HOME, WAREHOUSE_URL, DBT_PROJECT_PATH,
    DATAMIND_QUERY_TIMEOUT_S, DATAMIND_MEMORY_MB, DATAMIND_ROW_LIMIT, DATAMIND_DEBUG, and those of
    the server, which docs/server.md lists."""
    env = asked = env if isinstance(env, Asked) else Asked(current() if env is None else env)
    given = env.get("DATAMIND_HOME")
    home = Path(given).expanduser() if given else Path.home() / ".datamind"
    debug = env.get("DATAMIND_DEBUG", "") not in ("", "0")
    project = env.get("DBT_PROJECT_PATH")
    return Settings(
        home=home,
        warehouse_url=env.get("WAREHOUSE_URL") or None,
        dbt_project=Path(project).expanduser() if project else None,
        query_timeout_s=number(env, "DATAMIND_QUERY_TIMEOUT_S", 30.0),
        memory_mb=whole(env, "DATAMIND_MEMORY_MB", 1024),
        row_limit=whole(env, "DATAMIND_ROW_LIMIT", ROW_LIMIT),
        fiscal_start=month(env, "DATAMIND_FISCAL_YEAR_START"),
        fiscal_named=one_of(env, "DATAMIND_FISCAL_YEAR_NAMED", ("end", "start")),
        debug=debug,
        logs=logs(env, home, debug=debug),
        telemetry=telemetry(env),
        server=server(env),
        redis=redis(env),
        dbt=dbt(env),
        router=router(env),
        alerts=alerts(env),
        backups=backups(env),
        given=asked.shown,
    )
