"""The dbt project that an installation is set to run, and the build of it that is in use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from datamind.adapters.dbt.builds import Build, current_build
from datamind.adapters.dbt.places import DuckDbFile, InPlace, Place
from datamind.adapters.dbt.project import Project
from datamind.adapters.dbt.running import Limits
from datamind.errors import BadInput
from datamind.settings import Settings

PASSWORD = "DBT_ENV_SECRET_DATAMIND_PASSWORD"  # noqa: S105  # pragma: allowlist secret


def builds_of(settings: Settings) -> Path:
    """Where builds of the configured project are kept."""
    return settings.dbt.builds or settings.home / "dbt" / "builds"


def build_in_use(settings: Settings) -> Build | None:
    """The build of the configured project that is in use, where we made one."""
    return current_build(builds_of(settings)) if settings.dbt_project is not None else None


def project_of(settings: Settings) -> Project:
    """The configured project; BadInput where there is none that could be run."""
    if settings.dbt_project is None:
        raise BadInput("No dbt project is configured.", hint="Set DBT_PROJECT_PATH to its folder.")
    given = settings.dbt
    return Project(
        settings.dbt_project.resolve(), builds_of(settings).resolve(), _place(settings),
        limits=Limits(given.timeout_s, given.memory_mb, given.user), target=given.target,
        profiles=given.profiles, passed=given.passed,
    )  # fmt: skip


def dbt_of(settings: Settings) -> Callable[[], Project] | None:
    """What gives the configured project, where there is one."""
    return partial(project_of, settings) if settings.dbt_project is not None else None


def _place(settings: Settings) -> Place:
    url, asked = settings.dbt.warehouse_url, settings.warehouse_url
    if url is None:
        if asked is not None:
            raise BadInput(
                "dbt is not told where to build.",
                hint="Set DBT_WAREHOUSE_URL to the warehouse, as a user who may write; on DuckDB"
                " leave WAREHOUSE_URL out: the newest build is asked.",
            )
        return DuckDbFile()
    variables = variables_of(url)
    if url.startswith("clickhouse"):
        seen = {**variables, "DATAMIND_DBT_SCHEMA": settings.dbt.schema}
        return InPlace(seen, (variables[PASSWORD],))
    from datamind.adapters.dbt.schemas import PostgresSchemas

    return PostgresSchemas(url, settings.dbt.schema, variables)


def variables_of(url: str) -> Mapping[str, str]:
    """The address as variables that a profile can take; the password as one that dbt itself
    keeps out of models and logs."""
    if url.startswith("clickhouse"):
        from urllib.parse import unquote, urlsplit

        parts = urlsplit(url)
        found = {
            "host": parts.hostname or "", "port": str(parts.port or 8123),
            "user": unquote(parts.username or "default"), "dbname": parts.path.strip("/"),
            "password": unquote(parts.password or ""),
        }  # fmt: skip
    elif url.startswith(("postgresql://", "postgres://")):
        found = _postgres(url)
    else:
        raise BadInput(
            "DBT_WAREHOUSE_URL is postgresql://… or clickhouse://….",
            hint="On DuckDB leave it out: each build is a new file.",
        )
    return {
        "DATAMIND_DBT_HOST": found.get("host") or "localhost",
        "DATAMIND_DBT_PORT": found.get("port") or "5432",
        "DATAMIND_DBT_USER": found.get("user", ""),
        "DATAMIND_DBT_DATABASE": found.get("dbname", ""),
        PASSWORD: found.get("password", ""),
    }


def _postgres(url: str) -> dict[str, str]:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise BadInput(
            "PostgreSQL needs the postgres extra.", hint="pip install 'datamind[postgres]'"
        ) from None
    try:
        found = conninfo_to_dict(url)
    except psycopg.Error:
        raise BadInput("DBT_WAREHOUSE_URL is no address of a database.") from None
    usual = {"host": "localhost", "port": "5432"}
    return usual | {k: str(v) for k, v in found.items() if v is not None}
