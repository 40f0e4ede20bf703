"""The parts that services work with, put together once by the face that starts them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from datamind.breakers import Breakers
from datamind.rooms.jobs.metrics import JobMetrics
from datamind.rooms.places import Listeners, Places
from datamind.rooms.policies.own_values import OwnValues
from datamind.rooms.questions.running import Running
from datamind.rooms.system.modes import Modes
from datamind.settings.changeable import Changes

if TYPE_CHECKING:  # the command line reads this at each start
    from datamind.database import Database
    from datamind.governance.bound import Bindings
    from datamind.governance.rules import Rights
    from datamind.pipeline.engine import Engine
    from datamind.ports import AuditLog, Dbt, Exporter, Jobs, Signals, Warehouse
    from datamind.rooms.auth.passwords import Passwords
    from datamind.rooms.auth.tokens import Revocations, Tokens
    from datamind.rooms.caller import Caller
    from datamind.rooms.limits import Limits
    from datamind.rooms.questions.results import Results
    from datamind.rooms.questions.waiting import Streams
    from datamind.rooms.system.metrics import Metrics
    from datamind.settings import Settings

MOST_LISTENERS, EACH = 50, 5  # who follow logs at this server, and of them one user's


class IpRulesOf(Protocol):
    """Says which addresses are let in."""

    def check(self, ip: str) -> None:
        """AccessDenied for one that is not."""
        ...

    async def changed(self) -> None:
        """Something was changed here."""
        ...


class Looked(Protocol):
    """A part that several servers share."""

    async def look(self) -> Mapping[str, Any]:
        """How it is; Unavailable where it does not answer."""
        ...


class RightsOf(Protocol):
    """Says what rules there are, and what rules can see of a caller."""

    async def of(self, caller: Caller) -> Rights:
        """The caller's rights."""
        ...

    def forget(self) -> None:
        """Something was changed here: what was remembered holds no more."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What seeing to people takes, in the server and on the command line; `now` is the clock,
    `jobs` are told of work for the background, `job_metrics` of how it ended; `dbt` gives the
    configured project."""

    settings: Settings
    database: Database
    audit: AuditLog
    passwords: Passwords
    revocations: Revocations
    jobs: Jobs
    now: Callable[[], dt.datetime]
    dbt: Callable[[], Dbt] | None = None
    job_metrics: JobMetrics = field(default_factory=JobMetrics)


@dataclass(frozen=True, kw_only=True)
class Governing(Ground):
    """What seeing to policies takes, in the server and on the command line: the data besides.

    `threads` run what blocks (the warehouse); `places` are as many as statements may run at once.
    `bindings` bind the rules to those who ask (for the event loop's thread alone), `rights` say
    which they are.
    """

    engine: Engine
    warehouse: Warehouse
    bindings: Bindings
    rights: RightsOf
    threads: ThreadPoolExecutor
    places: Places


@dataclass(frozen=True, kw_only=True)
class Parts(Governing):
    """What a running server consists of.

    `ip_rules` say which addresses are let in; `results` reads rows through the cache; `exporters`
    write them into files, as many at once as there are `export_places`. `streams` are asks that
    wait for their listener, `signals` what servers tell each other. `today` is the day that
    questions count from, `demo_questions` what the public page proposes; `excess` is what the
    warehouse's role may do and should not, `stored_bytes` what it holds: known where it could be
    `looked_at`. `redis` is what servers share, `beside` the warehouse that some plans are routed
    to, if there are such. `modes` say what may be done now, `breakers` which outside parts are not
    to be asked; `listeners` follow logs of jobs. `changes` are those
    of the settings that were made since the start; `settings` have them already.
    """

    ip_rules: IpRulesOf
    tokens: Tokens
    limits: Limits
    metrics: Metrics
    results: Results
    streams: Streams
    signals: Signals
    export_places: Places
    exporters: Mapping[str, Exporter]
    today: Callable[[], dt.date]
    started: dt.datetime
    values: OwnValues = field(default_factory=OwnValues)
    running: Running = field(default_factory=Running)
    listeners: Listeners = field(default_factory=lambda: Listeners(MOST_LISTENERS, EACH))
    modes: Modes = field(default_factory=Modes)
    breakers: Breakers = field(default_factory=Breakers)
    demo_questions: tuple[str, ...] = ()
    excess: tuple[str, ...] = ()
    stored_bytes: int = 0
    looked_at: bool = True
    beside: Warehouse | None = None
    redis: Looked | None = None
    changes: Changes = field(default_factory=Changes)
