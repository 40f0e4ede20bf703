"""What statements are run under on ClickHouse, as far as the user's profile lets it be set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from datamind.errors import WarehouseError
from datamind.semantics.compiler.clickhouse import SETTINGS

# The second wall. A client that went away ends its query; a result that is larger than it may be
# is cut there, not sent.
LIMITS = {
    "readonly": "1",
    "cancel_http_readonly_queries_on_client_close": "1",
    "timeout_overflow_mode": "throw",
    "result_overflow_mode": "break",
}
MEMORY = "10000000000"  # bytes for a query, on a server that sets no limit


@dataclass(frozen=True, slots=True)
class Known:
    """A setting as the user finds it on the server."""

    value: str
    is_free: bool


def needed(known: Mapping[str, Known], name: str) -> dict[str, str]:
    """The settings to send: without SETTINGS the same text would mean something else there."""
    differ = {n: v for n, v in SETTINGS.items() if n not in known or known[n].value != v}
    for setting, value in differ.items():
        if setting not in known or not known[setting].is_free:
            raise WarehouseError(
                f"{name} does not let its user set {setting} to {value}.",
                hint="Set it in the user's settings profile: docs/clickhouse.md says how.",
            )
    limits = {n: v for n, v in LIMITS.items() if n in known and known[n].is_free}
    if known["readonly"].value != "0":
        limits.pop("readonly", None)
    memory = known.get("max_memory_usage")
    if memory is not None and memory.is_free and memory.value == "0":
        limits["max_memory_usage"] = MEMORY
    return differ | limits
