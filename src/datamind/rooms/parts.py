"""The parts that services work with, put together once by the face that starts them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from datamind.database import Database
from datamind.pipeline.engine import Engine
from datamind.ports import AuditLog, Warehouse
from datamind.rooms.auth.passwords import Passwords
from datamind.rooms.auth.tokens import Revocations, Tokens
from datamind.rooms.limits import Limits
from datamind.rooms.questions.running import Running
from datamind.rooms.questions.waiting import Streams
from datamind.rooms.system.metrics import Metrics
from datamind.semantics.catalog import View
from datamind.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What seeing to people takes, in the server and on the command line; `now` is the clock."""

    settings: Settings
    database: Database
    audit: AuditLog
    passwords: Passwords
    revocations: Revocations
    now: Callable[[], dt.datetime]


@dataclass(frozen=True, kw_only=True)
class Parts(Ground):
    """What a running server consists of.

    `threads` run what blocks (the warehouse); `places` are as many as statements may run at once.
    `today` is the day that questions count from, `demo_questions` what the public page proposes.
    """

    engine: Engine
    warehouse: Warehouse
    view: View
    tokens: Tokens
    limits: Limits
    metrics: Metrics
    threads: ThreadPoolExecutor
    places: asyncio.Semaphore
    today: Callable[[], dt.date]
    started: dt.datetime
    running: Running = field(default_factory=Running)
    streams: Streams = field(default_factory=Streams)
    demo_questions: tuple[str, ...] = ()
