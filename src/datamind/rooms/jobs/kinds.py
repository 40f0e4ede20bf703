"""How jobs of some kinds are run, whether people or the clock ask for them; others as any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


class Way(TypedDict, total=False):
    """What an order of that kind has, beside what it is to work on; see `queue.Order`."""

    exclusive: str
    attempts: int
    timeout_s: int


BACKUP: Way = {"exclusive": "backup", "attempts": 2, "timeout_s": 6 * 3600}
WAYS: Mapping[str, Way] = {
    "backup_create": BACKUP, "backup_increment": BACKUP,
    "dbt.run": {"exclusive": "dbt", "attempts": 1}, "dbt.sync": {"exclusive": "dbt"},
}  # fmt: skip
# What no API key may call off for good: that there are backups, and what is audited how long.
SHUT_TO_KEYS = frozenset({"backup_create", "backup_increment", "audit.retention"})
# Their last message tells how they went, once they succeeded.
TELL_AT_LAST = frozenset({"dbt.run", "dbt.sync"})
