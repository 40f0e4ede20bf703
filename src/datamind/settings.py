"""Settings: the one place where the environment is read."""

from __future__ import annotations

import calendar
import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from datamind.errors import BadInput

MOST = 1_000_000_000
MOST_DAYS = 36_500
T = TypeVar("T", int, None)
# The guard asks for one row more, and DuckDB reads past a LIMIT of 10,000 with one thread only.
ROW_LIMIT = 9_999
MOST_ROWS = 1_000_000  # the guard lets no statement give more
ENVIRONMENTS = ("development", "production")


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """How many wrong passwords shut the door, and for how long.

    Within `window_s`, `failures` for one account from one network, `failures_network` from one
    network, or `failures_account` for one account from all others; then nothing is looked at for
    `lock_s`. Tries to sign in are remembered for `kept_days`.
    """

    failures: int = 10
    failures_network: int = 50
    failures_account: int = 100
    window_s: int = 15 * 60
    lock_s: int = 15 * 60
    kept_days: int = 90


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What the server is told from outside.

    Limits read `COUNT/PERIOD` (`60/minute`). `queue` is how many asks may wait before more are
    turned away. `cache_mb` is the room for kept results (0: none are kept), `cache_s` how long they
    hold of a database that does not say when it changes, `export_rows` how many rows a file holds
    at most. `trusted_proxies` may say whom they speak for (X-Forwarded-For); `cors_origins`
    are other origins whose pages may call the API. `api_token` opens /metrics and full health to
    probes. Audit records are sealed after `audit_seal_days` and deleted after
    `audit_retention_days` (None: never). `public_demo` lets anybody ask, where the warehouse is the
    demo's. API keys are good for `key_days` where nobody says otherwise, `key_days_most` at most.
    """

    environment: str = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = None
    jwt_secret: str | None = None
    api_token: str | None = None
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    user_limit: str = "300/minute"
    ask_limit: str = "60/minute"
    ip_limit: str = "1200/minute"
    demo_limit: str = "10/minute"
    engine_workers: int = 2
    query_workers: int = 2
    queue: int = 128
    cache_mb: int = 64
    cache_s: int = 30
    export_rows: int = 100_000
    policy_cache_s: int = 10
    audit_anchors: Path | None = None
    audit_seal_days: int = 90
    audit_retention_days: int | None = None
    public_demo: bool = True
    ui: bool = True
    login: LoginSettings = field(default_factory=LoginSettings)
    key_days: int = 90
    key_days_most: int = 365

    @property
    def production(self) -> bool:
        """Whether weak secrets and plain HTTP are refused."""
        return self.environment == "production"


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation is told from outside.

    `home` keeps catalogs, the demo and logs. `warehouse_url` is asked where no other is named.
    `query_timeout_s` is the time a query may run, `memory_mb` what a DuckDB worker may use,
    `row_limit` how many rows an answer holds at most. `debug` logs all, tracebacks included.
    A fiscal year begins with the month `fiscal_start` and is named by the year in which it ends,
    or starts (`fiscal_named`); None where there is none.
    """

    home: Path
    warehouse_url: str | None = None
    dbt_project: Path | None = None
    query_timeout_s: float = 30.0
    memory_mb: int = 1024
    row_limit: int = ROW_LIMIT
    fiscal_start: int | None = None
    fiscal_named: str = "end"
    debug: bool = False
    server: ServerSettings = field(default_factory=ServerSettings)

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
    def database_url(self) -> str:
        """Where users, history and feedback are kept."""
        return self.server.database_url or f"sqlite+aiosqlite:///{self.home / 'datamind.db'}"


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


def _words(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(w.strip() for w in env.get(name, "").split(",") if w.strip())


def _origins(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = _words(env, name)
    for word in found:
        if not re.fullmatch(r"https?://[^/*\s]+", word):
            raise BadInput(f"{name} holds {word!r}.", hint="Write it as https://bi.example.com.")
    return found


def _networks(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    found = _words(env, name)
    for word in found:
        try:
            ipaddress.ip_network(word, strict=False)
        except ValueError:
            raise BadInput(
                f"{name} holds {word!r}, which is no network.", hint="Write it as 10.0.0.0/8."
            ) from None
    return found


def _yes(env: Mapping[str, str], name: str, default: bool) -> bool:
    return env.get(name, str(int(default))).strip().lower() not in ("", "0", "no", "false", "off")


def _month(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name, "").strip().lower()
    if not text:
        return None
    names = [calendar.month_name[n].lower() for n in range(13)]
    number = int(text) if text.isdigit() else names.index(text) if text in names else 0
    if not 1 <= number <= 12:
        raise BadInput(f"{name} is {text!r}.", hint="Write a month, as April or 4.")
    return number


def _one_of(env: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    text = env.get(name, "").strip().lower() or words[0]
    if text not in words:
        raise BadInput(f"{name} is one of {', '.join(words)}.")
    return text


def _server(env: Mapping[str, str]) -> ServerSettings:
    usual = ServerSettings()
    environment = env.get("DATAMIND_ENV") or usual.environment
    if environment not in ENVIRONMENTS:
        raise BadInput(f"DATAMIND_ENV is one of {', '.join(ENVIRONMENTS)}.")
    return ServerSettings(
        environment=environment,
        host=env.get("DATAMIND_HOST") or usual.host,
        port=_whole(env, "DATAMIND_PORT", usual.port),
        database_url=env.get("DATABASE_URL") or None,
        jwt_secret=env.get("JWT_SECRET") or None,
        api_token=env.get("API_TOKEN") or None,
        cors_origins=_origins(env, "CORS_ORIGINS"),
        trusted_proxies=_networks(env, "TRUSTED_PROXIES"),
        user_limit=_limit(env, "RATE_LIMIT_USER", usual.user_limit),
        ask_limit=_limit(env, "RATE_LIMIT_ASK", usual.ask_limit),
        ip_limit=_limit(env, "RATE_LIMIT_IP", usual.ip_limit),
        demo_limit=_limit(env, "RATE_LIMIT_DEMO", usual.demo_limit),
        audit_anchors=_path(env, "AUDIT_ANCHOR_FILE"),
        audit_seal_days=_days(env, "AUDIT_SEAL_DAYS", usual.audit_seal_days),
        audit_retention_days=_days(env, "AUDIT_RETENTION_DAYS", None),
        policy_cache_s=_whole(env, "POLICY_CACHE_SECONDS", usual.policy_cache_s),
        engine_workers=_whole(env, "DATAMIND_ENGINE_WORKERS", usual.engine_workers),
        query_workers=_whole(env, "DATAMIND_QUERY_WORKERS", usual.query_workers),
        queue=_whole(env, "DATAMIND_QUEUE", usual.queue),
        cache_mb=_whole(env, "DATAMIND_CACHE_MB", usual.cache_mb, least=0),
        cache_s=_whole(env, "DATAMIND_CACHE_SECONDS", usual.cache_s, least=0),
        export_rows=_whole(env, "DATAMIND_EXPORT_ROWS", usual.export_rows, most=MOST_ROWS),
        public_demo=_yes(env, "PUBLIC_DEMO", usual.public_demo),
        ui=_yes(env, "DATAMIND_UI", usual.ui),
        login=_login(env),
        key_days=_whole(env, "API_KEY_DAYS", usual.key_days),
        key_days_most=_whole(env, "API_KEY_MAX_DAYS", usual.key_days_most),
    )


def _login(env: Mapping[str, str]) -> LoginSettings:
    usual = LoginSettings()
    return LoginSettings(
        failures=_whole(env, "LOGIN_FAILURES", usual.failures),
        failures_network=_whole(env, "LOGIN_FAILURES_NETWORK", usual.failures_network),
        failures_account=_whole(env, "LOGIN_FAILURES_ACCOUNT", usual.failures_account),
        window_s=60 * _whole(env, "LOGIN_WINDOW_MINUTES", usual.window_s // 60),
        lock_s=60 * _whole(env, "LOGIN_LOCK_MINUTES", usual.lock_s // 60),
        kept_days=_whole(env, "LOGIN_ATTEMPTS_DAYS", usual.kept_days),
    )


def _limit(env: Mapping[str, str], name: str, default: str) -> str:
    text = env.get(name) or default
    if not re.fullmatch(r"[1-9]\d{0,8}/(second|minute|hour|day)", text):
        raise BadInput(f"{name} is {text!r}.", hint="Write it as 60/minute.")
    return text


def _path(env: Mapping[str, str], name: str) -> Path | None:
    text = env.get(name)
    return Path(text).expanduser() if text else None


def _whole(
    env: Mapping[str, str], name: str, default: int, *, least: int = 1, most: int = MOST
) -> int:
    if not least and env.get(name, "").strip() == "0":
        return 0
    value = _number(env, name, default)
    if value > most:
        raise BadInput(f"{name} has to be {most:,} at most.")
    if value != int(value):
        raise BadInput(f"{name} is {value:g}, which is no whole number.")
    return int(value)


def _days(env: Mapping[str, str], name: str, default: T) -> int | T:
    """Whole days, no more than the calendar has."""
    if not env.get(name):
        return default
    days = _whole(env, name, 1)
    if days > MOST_DAYS:
        raise BadInput(f"{name} has to be at most {MOST_DAYS:,}.")
    return days


def load(env: Mapping[str, str] | None = None) -> Settings:
    """The settings of this environment: DATAMIND_HOME, WAREHOUSE_URL, DBT_PROJECT_PATH,
    DATAMIND_QUERY_TIMEOUT_S, DATAMIND_MEMORY_MB, DATAMIND_ROW_LIMIT, DATAMIND_DEBUG, and those of
    the server, which docs/server.md lists."""
    env = os.environ if env is None else env
    home = env.get("DATAMIND_HOME")
    project = env.get("DBT_PROJECT_PATH")
    return Settings(
        home=Path(home).expanduser() if home else Path.home() / ".datamind",
        warehouse_url=env.get("WAREHOUSE_URL") or None,
        dbt_project=Path(project).expanduser() if project else None,
        query_timeout_s=_number(env, "DATAMIND_QUERY_TIMEOUT_S", 30.0),
        memory_mb=_whole(env, "DATAMIND_MEMORY_MB", 1024),
        row_limit=_whole(env, "DATAMIND_ROW_LIMIT", ROW_LIMIT),
        fiscal_start=_month(env, "DATAMIND_FISCAL_YEAR_START"),
        fiscal_named=_one_of(env, "DATAMIND_FISCAL_YEAR_NAMED", ("end", "start")),
        debug=env.get("DATAMIND_DEBUG", "") not in ("", "0"),
        server=_server(env),
    )
