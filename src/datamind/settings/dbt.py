"""What dbt is told from outside, and what it may know of our environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from datamind.errors import BadInput
from datamind.settings.reading import path, whole, words

# A dbt project runs code of its own: these are never handed to it, whoever asks.
OURS = (
    "JWT_SECRET*", "MASK_KEY*", "ENCRYPTION_KEY*", "API_TOKEN*", "DB_*", "DATABASE_URL",
    "WAREHOUSE_URL",
    "CLICKHOUSE_URL", "REDIS_URL", "CELERY_*", "DBT_WAREHOUSE_URL", "*_API_KEY", "DATAMIND_*",
    "SMTP_*", "LD_*", "PYTHON*",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DbtSettings:
    """How dbt is run.

    `target` is the profile's, `profiles` the folder of profiles.yml where it is not the project's.
    `builds` keeps builds. `warehouse_url` is the database that dbt builds in, as a user who may
    write; its tables go to `schema`. `passed` are variables of our environment that dbt sees:
    those called DBT_ENV_…, and those named in DBT_PASS_ENV. `user` is the account of the operating
    system that dbt runs as. A build older than `stale_hours` is warned of (0: never).
    """

    target: str | None = None
    profiles: Path | None = None
    builds: Path | None = None
    warehouse_url: str | None = field(default=None, repr=False)
    schema: str = "analytics"
    passed: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    user: str | None = None
    timeout_s: int = 3600
    memory_mb: int = 4096
    stale_hours: int = 0


def dbt(env: Mapping[str, str]) -> DbtSettings:
    """The settings of dbt, which docs/server.md lists."""
    usual = DbtSettings()
    return DbtSettings(
        target=env.get("DBT_TARGET") or None,
        profiles=path(env, "DBT_PROFILES_DIR"),
        builds=path(env, "DBT_BUILDS_PATH"),
        warehouse_url=env.get("DBT_WAREHOUSE_URL") or None,
        schema=env.get("DBT_SCHEMA") or usual.schema,
        passed=_passed(env),
        user=env.get("DBT_USER") or None,
        timeout_s=whole(env, "DBT_TIMEOUT_S", usual.timeout_s),
        memory_mb=whole(env, "DBT_MEMORY_MB", usual.memory_mb),
        stale_hours=whole(env, "DBT_STALE_HOURS", 1, least=0) if env.get("DBT_STALE_HOURS") else 0,
    )


def _passed(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    named = words(env, "DBT_PASS_ENV")
    for name in named:
        if any(fnmatchcase(name.upper(), pattern) for pattern in OURS):
            raise BadInput(
                f"DBT_PASS_ENV can't name {name}: a dbt project runs code.",
                hint="Give dbt a credential of its own, in a variable called DBT_ENV_SECRET_….",
            )
    names = [*named, *(n for n in sorted(env) if n.startswith("DBT_ENV_"))]
    # Not by `get`, which is recorded: these are the project's, and may be its passwords.
    return tuple((n, env[n]) for n in dict.fromkeys(names) if n in env and env[n])  # noqa: RUF019
