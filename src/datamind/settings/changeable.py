"""Settings that an admin may change while servers run: what they are, and what values they take.

None of them is a secret, an address, a path, or a wall: who has an admin's token must not be able
to open a door by it, nor to have evidence deleted sooner.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from datamind.errors import BadInput
from datamind.settings import MOST_ROWS, Settings
from datamind.settings.reading import limit

Kind = Literal["whole", "number", "rate"]
Value = int | float | str
LONGEST = 40
A_MINUTE = {"second": 60.0, "minute": 1.0, "hour": 1 / 60, "day": 1 / 1440}
# As people write them. Python takes 1e3, 7_0 and the digits of any script, too, which are slips.
WRITTEN = {"whole": re.compile(r"-?[0-9]+"), "number": re.compile(r"-?[0-9]+(\.[0-9]+)?")}


@dataclass(frozen=True, slots=True)
class Changes:
    """What was changed: by name, the value (`value`), who by (`by`, a user id) and when (`at`).
    `revision` counts the changes."""

    revision: int = 0
    of: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, Value]:
        """The values alone, by name."""
        return {name: change["value"] for name, change in self.of.items()}


@dataclass(frozen=True, slots=True)
class Changeable:
    """One of them: its name outside, where it is in Settings, what its bounds count (`unit`)."""

    name: str
    at: str
    kind: Kind
    unit: str
    least: float
    most: float

    def read(self, value: object) -> Value:
        """The value as Settings hold it; BadInput where it is none, or out of bounds."""
        good = isinstance(value, int | float | str) and not isinstance(value, bool)
        if not good or len(str(value)) > LONGEST:
            raise BadInput(f"{self.name} takes one number or rate.", hint=self.takes)
        given = value.strip() if isinstance(value, str) else cast(float, value)
        if given == "":
            raise BadInput(f"{self.name} was given nothing.", hint=self.takes)
        found: Value
        if self.kind == "rate":
            found = self._rate(str(given))
            count, _, period = found.partition("/")
            measured = int(count) * A_MINUTE[period]
        else:
            found = measured = self._number(given)
        if not self.least <= measured <= self.most:  # NaN is neither
            raise BadInput(f"{self.name} is out of bounds.", hint=self.takes)
        return found

    def _rate(self, given: str) -> str:
        try:
            return limit({self.name: given}, self.name, "")
        except BadInput as fault:
            raise BadInput(fault.message, hint=self.takes) from None

    def _number(self, given: float | str) -> float:
        good = not isinstance(given, str) or WRITTEN[self.kind].fullmatch(given)
        if good and self.kind == "number":
            return float(given)
        if good and float(given).is_integer():
            return int(given)
        what = "whole number" if self.kind == "whole" else "number"
        raise BadInput(f"{self.name} is {given!r}, which is no {what}.", hint=self.takes)

    @property
    def takes(self) -> str:
        """What it takes, for people."""
        bounds = f"{self.least:,g} to {self.most:,.0f} {self.unit}"
        return f"Give it {bounds}, as 60/minute." if self.kind == "rate" else f"Give it {bounds}."

    def of(self, settings: Settings) -> Value:
        """What holds in these settings."""
        found: Any = settings
        for name in self.at.split("."):
            found = getattr(found, name)
        return cast(Value, found)


def _rate(name: str, at: str, least: float) -> Changeable:
    return Changeable(name, at, "rate", "a minute", least, 10_000_000)


# By name outside. Bounds of rates leave an admin room to take a change back.
CHANGEABLE: Mapping[str, Changeable] = {one.name: one for one in (
    Changeable("DATAMIND_ROW_LIMIT", "row_limit", "whole", "rows", 1, MOST_ROWS),
    Changeable("DATAMIND_EXPORT_ROWS", "server.export_rows", "whole", "rows", 1, MOST_ROWS),
    Changeable("DATAMIND_QUERY_TIMEOUT_S", "query_timeout_s", "number", "seconds", 1, 3_600),
    Changeable("DATAMIND_CACHE_SECONDS", "server.cache_s", "whole", "seconds", 0, 86_400),
    Changeable("DATAMIND_SLOW_QUERY_MS", "telemetry.slow_ms", "whole", "ms", 0, 3_600_000),
    Changeable("DBT_TIMEOUT_S", "dbt.timeout_s", "whole", "seconds", 60, 86_400),
    _rate("RATE_LIMIT_USER", "server.user_limit", 30),
    _rate("RATE_LIMIT_ASK", "server.ask_limit", 1),
    _rate("RATE_LIMIT_IP", "server.ip_limit", 60),
    _rate("RATE_LIMIT_DEMO", "server.demo_limit", 1),
    Changeable("ALERT_DISK_MB", "alerts.disk_mb", "whole", "MB", 1, 10_000_000),
    Changeable("ADVISE_CLICKHOUSE_GB", "router.advise_gb", "whole", "GB", 1, 1_000_000),
    Changeable("ADVISE_CLICKHOUSE_P95_S", "router.advise_p95_s", "number", "seconds", 0.1, 3_600),
    Changeable("ADVISE_CLICKHOUSE_USERS", "router.advise_users", "whole", "users", 1, 100_000_000),
    Changeable("LOGIN_ATTEMPTS_DAYS", "server.login.kept_days", "whole", "days", 30, 3_650),
    Changeable("AUDIT_SEAL_DAYS", "server.audit_seal_days", "whole", "days", 7, 3_650),
)}  # fmt: skip


def changeable(name: str) -> Changeable:
    """The setting of this name; BadInput where it can't be changed so."""
    if name not in CHANGEABLE:
        raise BadInput(
            f"{name} is no setting that can be changed while servers run.",
            hint=f"Those are {', '.join(sorted(CHANGEABLE))}.",
        )
    return CHANGEABLE[name]


def changed(settings: Settings, values: Mapping[str, Value]) -> Settings:
    """The settings with these values in place of what they were started with."""
    for name, value in values.items():
        if name in CHANGEABLE:  # else a newer version wrote it
            settings = _put(settings, CHANGEABLE[name].at.split("."), value)
    return settings


def _put(record: Any, path: list[str], value: Value) -> Any:
    name, *rest = path
    return replace(record, **{name: _put(getattr(record, name), rest, value) if rest else value})
