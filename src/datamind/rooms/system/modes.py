"""Modes: what works in each, by group of routes; default-deny, held in one place (design.md, 10).

The gate asks for each request; what a request only does on the way (running the statement that was
just generated) asks with `must`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datamind.errors import Unavailable

Mode = Literal["FULL_OPERATIONAL", "LIMITED_AI", "READ_ONLY", "EMERGENCY", "CONFIGURATION"]
# From the best to the worst.
ORDER: tuple[Mode, ...] = (
    "FULL_OPERATIONAL", "LIMITED_AI", "READ_ONLY", "EMERGENCY", "CONFIGURATION",
)  # fmt: skip

# What a request takes: `health` nothing but this process; `operate` an admin's token; `memory` a
# token already issued and the catalog in memory; `read` the metadata store; `tried` small writes to
# the store that are tried all the same (signing in, calling off); `write` changes; `execute` runs
# statements on the warehouse.
Group = Literal["health", "operate", "memory", "read", "tried", "write", "execute"]
ALL: frozenset[Group] = frozenset(
    ("health", "operate", "memory", "read", "tried", "write", "execute")
)
WORKS: Mapping[Mode, frozenset[Group]] = {
    "FULL_OPERATIONAL": ALL,
    "LIMITED_AI": ALL,
    # Signing in is tried: where only the warehouse is down, people would else be signed out within
    # a quarter of an hour, admins too.
    "READ_ONLY": ALL - {"write", "execute"},
    "EMERGENCY": frozenset(("health", "operate")),
    "CONFIGURATION": frozenset(("health",)),
}

# (methods, path below /api/v1, group): the first that fits holds. What no row names may be called
# in the first two modes only, and fails tests/api/test_modes.py.
ROUTES: tuple[tuple[str, str, Group], ...] = (
    ("GET", r"/public/demo/questions", "memory"),
    ("POST", r"/public/demo/ask", "execute"),
    ("POST", r"/auth/(login|refresh|logout)", "tried"),
    ("GET", r"/auth/(me|oidc/.*)", "tried"),
    ("GET", r"/auth(/.*)?", "read"),
    ("*", r"/auth/.*", "write"),
    ("*", r"/system/(mode|alerts)(/.*)?", "operate"),
    ("GET", r"/system/config", "operate"),
    ("GET", r"/catalog(/.*)?", "memory"),
    # An ask that is to be run asks for `execute` when it comes to that.
    ("POST", r"/sql/(generate|validate|explain|ask)", "memory"),
    ("GET", r"/sql/stream/[^/]+", "memory"),
    ("POST", r"/sql/[^/]+/cancel", "memory"),
    ("POST", r"/sql/execute", "execute"),
    ("WS", r"/ws/.*", "memory"),
    ("POST", r"/semantic/interpret", "memory"),
    ("POST", r"/compiler/compile", "memory"),
    ("GET", r"/queries/[^/]+/(results|export)", "execute"),
    ("GET", r"/queries(/.*)?", "read"),
    ("*", r"/queries/.*", "write"),
    ("POST", r"/policies/(preview|test)", "execute"),
    ("GET", r"/(policies|data-control|feedback|users|groups|security|audit)(/.*)?", "read"),
    ("*", r"/(policies|data-control|feedback|users|groups|security|audit)(/.*)?", "write"),
    ("POST", r"/(admin/)?(system/jobs|dbt/runs)/[^/]+/cancel", "tried"),
    ("PATCH", r"/system/schedules/[^/]+", "tried"),
    # System, jobs, dbt and training: lists are read, all else starts work.
    ("GET", r"/(admin/)?(system|dbt|jobs|schedules|training[^/]*)(/.*)?", "read"),
    ("*", r"/(admin/)?(system|dbt|jobs|schedules|training[^/]*)(/.*)?", "write"),
    ("GET", r"/(metrics|semantic|projects|usage)(/.*)?", "read"),
    ("*", r"/(metrics|semantic|projects|usage)(/.*)?", "write"),
)  # fmt: skip
_ROUTES = tuple((methods.split("|"), re.compile(path), group) for methods, path, group in ROUTES)
PREFIX = "/api/v1"
PROBES = ("/health", "/metrics")
# Of our own and without an API below: pages and their files, the reference. They say what is wrong.
API_ROOTS = ("/api/", "/admin/", "/mcp")
RETRY_S = 5


def group_of(method: str, path: str) -> Group | None:
    """The group of a request; None where no row names it."""
    if not path.startswith(API_ROOTS):
        return "health"
    path = path.removeprefix(PREFIX)
    for methods, pattern, group in _ROUTES:
        if ("*" in methods or method in methods) and pattern.fullmatch(path):
            return group
    return None


@dataclass(frozen=True, slots=True)
class Standing:
    """The mode that holds, and why: names of what is down, or until when an admin wants it."""

    mode: Mode = "FULL_OPERATIONAL"
    down: tuple[str, ...] = ()
    wanted_until: dt.datetime | None = None

    @property
    def because(self) -> str:
        """What is down or wanted, as people say it."""
        if self.wanted_until is not None:
            until = self.wanted_until.astimezone(dt.UTC)
            return f"an admin has set {self.mode} until {until:%Y-%m-%d %H:%M} UTC"
        if not self.down:
            return f"the system is in the mode {self.mode}"
        return f"{' and '.join(self.down)} {'is' if len(self.down) == 1 else 'are'} down"


class Modes:
    """The mode that holds now, for whoever is about to do something."""

    def __init__(self) -> None:
        self.standing = Standing()

    def works(self, group: Group | None) -> bool:
        """Whether that may be done now."""
        works = WORKS[self.standing.mode]
        if group == "tried" and self.standing.wanted_until is not None:
            return True  # who wants a mode has to come in to take it back
        return works is ALL or group in works

    def must(self, group: Group | None) -> None:
        """Unavailable where the mode forbids it, with what is down."""
        if self.works(group):
            return
        mode, because = self.standing.mode, self.standing.because
        if mode == "CONFIGURATION":
            raise Unavailable(
                "DataMind is not set up yet: nobody can sign in.", retry_after_s=RETRY_S,
                hint="On its machine: datamind users add you@example.com --role admin",
            )  # fmt: skip
        what = "Query execution unavailable" if group == "execute" else "Not available now"
        if group == "write":
            what = "Nothing can be changed now"
        hint = "It comes back by itself when that does; see /health."
        if self.standing.wanted_until is not None:
            hint = "It comes back by itself then, or when an admin takes that back."
        raise Unavailable(f"{what}: {because}.", retry_after_s=RETRY_S, hint=hint)
