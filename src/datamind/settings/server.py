"""What the server is told from outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from datamind.errors import BadInput
from datamind.settings.reading import (
    days,
    limit,
    networks,
    number,
    one_of,
    origins,
    path,
    whole,
    yes,
)
from datamind.settings.store import PoolSettings, address, pool

MOST_ROWS = 1_000_000  # the guard lets no statement give more
MOST_PORT = 65_535
MOST_WORKERS = 256  # of a kind: each is a process, or a connection to the warehouse
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

    Limits read `COUNT/PERIOD` (`60/minute`). `queue` is how many asks may be under way before more
    are turned away, `queue_each` how many of one user's; none waits longer than `queue_s` for the
    language engine. `requests` are those of any kind, `job_workers` how many jobs may run at once;
    with `jobs` `celery` its workers run them where there is a Redis. `cache_mb` is the room for
    kept results (0: none are kept), `cache_s` how long they hold of a database that does not say
    when it changes, `export_rows` how many rows a file holds at most. `trusted_proxies` may say
    whom they speak for (X-Forwarded-For); `cors_origins` are other origins whose pages may call the
    API. `api_token` opens /metrics and full health to probes. Audit records are sealed after
    `audit_seal_days` and deleted after `audit_retention_days` (None: never). `public_demo` lets
    anybody ask, where the warehouse is the demo's. API keys are good for `key_days` where nobody
    says otherwise, `key_days_most` at most.
    """

    environment: str = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    database_url: str | None = field(default=None, repr=False)
    pool: PoolSettings = field(default_factory=PoolSettings)
    jwt_secret: str | None = field(default=None, repr=False)
    mask_key: str | None = field(default=None, repr=False)
    api_token: str | None = field(default=None, repr=False)
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    user_limit: str = "300/minute"
    ask_limit: str = "60/minute"
    ip_limit: str = "1200/minute"
    demo_limit: str = "10/minute"
    engine_workers: int = 2
    query_workers: int = 2
    job_workers: int = 2
    jobs: str = "celery"
    queue: int = 128
    queue_each: int = 32
    queue_s: float = 5.0
    requests: int = 1_000
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


def server(env: Mapping[str, str]) -> ServerSettings:
    """The settings of the server, which docs/server.md lists."""
    usual = ServerSettings()
    environment = env.get("DATAMIND_ENV") or usual.environment
    if environment not in ENVIRONMENTS:
        raise BadInput(f"DATAMIND_ENV is one of {', '.join(ENVIRONMENTS)}.")
    return ServerSettings(
        environment=environment,
        host=env.get("DATAMIND_HOST") or usual.host,
        port=whole(env, "DATAMIND_PORT", usual.port, most=MOST_PORT),
        database_url=address(env),
        pool=pool(env),
        jwt_secret=env.get("JWT_SECRET") or None,
        mask_key=env.get("MASK_KEY") or None,
        api_token=env.get("API_TOKEN") or None,
        cors_origins=origins(env, "CORS_ORIGINS"),
        trusted_proxies=networks(env, "TRUSTED_PROXIES"),
        user_limit=limit(env, "RATE_LIMIT_USER", usual.user_limit),
        ask_limit=limit(env, "RATE_LIMIT_ASK", usual.ask_limit),
        ip_limit=limit(env, "RATE_LIMIT_IP", usual.ip_limit),
        demo_limit=limit(env, "RATE_LIMIT_DEMO", usual.demo_limit),
        audit_anchors=path(env, "AUDIT_ANCHOR_FILE"),
        audit_seal_days=days(env, "AUDIT_SEAL_DAYS", usual.audit_seal_days),
        audit_retention_days=days(env, "AUDIT_RETENTION_DAYS", None),
        policy_cache_s=whole(env, "POLICY_CACHE_SECONDS", usual.policy_cache_s),
        engine_workers=_workers(env, "DATAMIND_ENGINE_WORKERS", usual.engine_workers),
        query_workers=_workers(env, "DATAMIND_QUERY_WORKERS", usual.query_workers),
        jobs=one_of(env, "DATAMIND_JOBS", ("celery", "local")),
        job_workers=_workers(env, "DATAMIND_JOB_WORKERS", usual.job_workers),
        queue=whole(env, "DATAMIND_QUEUE", usual.queue),
        queue_each=whole(env, "DATAMIND_QUEUE_USER", usual.queue_each),
        queue_s=number(env, "DATAMIND_QUEUE_SECONDS", usual.queue_s),
        requests=whole(env, "DATAMIND_REQUESTS", usual.requests),
        cache_mb=whole(env, "DATAMIND_CACHE_MB", usual.cache_mb, least=0),
        cache_s=whole(env, "DATAMIND_CACHE_SECONDS", usual.cache_s, least=0),
        export_rows=whole(env, "DATAMIND_EXPORT_ROWS", usual.export_rows, most=MOST_ROWS),
        public_demo=yes(env, "PUBLIC_DEMO", usual.public_demo),
        ui=yes(env, "DATAMIND_UI", usual.ui),
        login=_login(env),
        key_days=whole(env, "API_KEY_DAYS", usual.key_days),
        key_days_most=whole(env, "API_KEY_MAX_DAYS", usual.key_days_most),
    )


def _workers(env: Mapping[str, str], name: str, default: int) -> int:
    return whole(env, name, default, most=MOST_WORKERS)


def _login(env: Mapping[str, str]) -> LoginSettings:
    usual = LoginSettings()
    return LoginSettings(
        failures=whole(env, "LOGIN_FAILURES", usual.failures),
        failures_network=whole(env, "LOGIN_FAILURES_NETWORK", usual.failures_network),
        failures_account=whole(env, "LOGIN_FAILURES_ACCOUNT", usual.failures_account),
        window_s=60 * whole(env, "LOGIN_WINDOW_MINUTES", usual.window_s // 60),
        lock_s=60 * whole(env, "LOGIN_LOCK_MINUTES", usual.lock_s // 60),
        kept_days=whole(env, "LOGIN_ATTEMPTS_DAYS", usual.kept_days),
    )
