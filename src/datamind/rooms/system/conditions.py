"""What is alerted of beside modes and parts: disk, tests of the data, feedback, rights."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from datamind.breakers import unavailable
from datamind.rooms.feedback import service as feedback
from datamind.rooms.parts import Parts
from datamind.rooms.system import advice, backups
from datamind.rooms.system.alerts import Alerts, Condition
from datamind.rooms.system.looks import Threaded
from datamind.semantics import quality
from datamind.semantics.catalog import QualityIssue

OVERDUE = dt.timedelta(hours=24)
MB = 1 << 20
# kind of issue: what is said of the table; failed tests are named instead
OF_TABLE = {
    "stale": "{table} is older than it may be.",
    "stale_source": "What {table} is made of was not loaded in time.",
    "not_built": "{table} could not be built: its rows are of before.",
}


class Conditions:
    """The providers; `free_mb` is what the last look at the disk found."""

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._parts = parts
        self.free_mb: int | None = None
        self._free = Threaded(lambda: {"mb": _free_mb(parts().settings.home)})

    def hang_into(self, alerts: Alerts) -> None:
        """Ask them for what is to be alerted of."""
        for kind, provider in (
            ("disk_nearly_full", self.disk), ("data_quality", self.quality),
            ("feedback_overdue", self.feedback), ("role_may_write", self.role),
            ("advice", lambda: advice.conditions(self._parts())),
        ):  # fmt: skip
            alerts.watch((kind,), provider)
        alerts.watch(("backup_failed", "backup_overdue"), lambda: backups.conditions(self._parts()))

    async def disk(self) -> Sequence[Condition]:
        """Too little room where the installation keeps its files."""
        settings = self._parts().settings
        self.free_mb = (await self._free())["mb"]
        if self.free_mb is None or self.free_mb >= settings.alerts.disk_mb:
            return ()
        message = f"The disk of DATAMIND_HOME is nearly full: {self.free_mb:,} MB are free."
        return (Condition("disk_nearly_full", "home", message, "critical"),)

    async def quality(self) -> Sequence[Condition]:
        """Issues of the data that hold now, by the table that they are about: tests that fail, and
        what is stale or not built, apart."""
        parts = self._parts()
        found: dict[tuple[str, str], list[QualityIssue]] = {}
        for issue in quality.of_itself(parts.bindings.catalog.quality, parts.now()):
            subject = issue.table[:190] + ("" if issue.kind == "failed" else ": age")
            found.setdefault((issue.table, subject), []).append(issue)
        return [
            Condition("data_quality", subject, _told(table, issues))
            for (table, subject), issues in found.items()
        ]

    async def feedback(self) -> Sequence[Condition]:
        """Flags that nobody has looked at for a day."""
        parts = self._parts()
        async with parts.database.unit() as session:
            count, oldest = await feedback.open_flags(session)
        if oldest is None or parts.now() - oldest <= OVERDUE:
            return ()
        message = f"A flagged answer has waited for more than 24 hours; {count:,} wait."
        return (Condition("feedback_overdue", "feedback", message),)

    async def role(self) -> Sequence[Condition]:
        """What the warehouse's role may do and should not."""
        parts = self._parts()
        if not parts.looked_at:
            raise unavailable("the warehouse")
        return [
            Condition(
                "role_may_write", what[:200], f"The warehouse's role {what}: the second wall "
                "does not stand. See datamind doctor.", "critical",
            )
            for what in parts.excess
        ]  # fmt: skip


def _free_mb(home: Path) -> int:
    return shutil.disk_usage(home).free // MB


def _told(table: str, issues: Sequence[QualityIssue]) -> str:
    failed = sorted({issue.test for issue in issues if issue.kind == "failed"})
    said = [f"Data quality tests failed for {table}: {', '.join(failed)[:500]}."] if failed else []
    kinds = dict.fromkeys(issue.kind for issue in issues)
    return " ".join((*said, *(OF_TABLE[k].format(table=table) for k in kinds if k in OF_TABLE)))
