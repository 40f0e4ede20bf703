"""dbt's log: of its events, the lines that people may read while it runs."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from typing import Any

from datamind.dbt_records import DbtLine
from datamind.personal import masked

LONGEST = 1_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Events whose words are dbt's own, or the project's. What a database said is in none of them: it
# can hold values of the data.
SHOWN = frozenset(
    "MainReportVersion AdapterRegistered FoundStats ConcurrencyLine LogStartLine LogModelResult"
    " LogTestResult LogSeedResult LogSnapshotResult LogSnapshotResultV2 LogFreshnessResult"
    " LogHookStartLine LogHookEndLine LogNodeNoOpResult LogNodeResult LogFunctionResult"
    " SkippingDetails LogSkipBecauseError FinishedRunningStats EndOfRunSummary StatsLine"
    " RunResultFailure RunResultWarning NoNodesForSelectionCriteria NoNodesSelected"
    " JinjaLogInfo JinjaLogWarning Note BuildingCatalog CatalogWritten FreshnessCheckComplete"
    " DepsUpdateAvailable ConnectionUsed CannotGenerateDocs WriteCatalogFailure".split()
)
# The first line of these says which node failed; the rest is the database's.
_FAULT = re.compile(
    r"\s*((?:[A-Z]\w+ Error|Failure) in (?:model|test|seed|snapshot|source|unit_test|operation)"
    r" [\w.-]+ \([\w./ -]+\))"
)


def event_of(raw: bytes) -> dict[str, Any] | None:
    """The event that a line of output is; None for what is printed otherwise."""
    try:
        event = json.loads(raw)
        return event if isinstance(event["info"], dict) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def line_of(event: dict[str, Any], secrets: Sequence[str]) -> DbtLine | None:
    """The line for people, free of secrets and personal data; None where there is none."""
    info = event["info"]
    said = _COLOURS.sub("", str(info.get("msg") or ""))
    if info.get("name") not in SHOWN:
        found = _FAULT.match(said) if info.get("level") == "error" else None
        if found is None:
            return None
        said = found[1]
    said = " ".join(said.split())
    if not said:
        return None
    node = ((event.get("data") or {}).get("node_info") or {}).get("unique_id") or ""
    return DbtLine(
        at=moment_of(event),
        level=str(info.get("level") or "info"),
        message=masked(hidden(said, secrets))[:LONGEST],
        node=str(node)[:300],
        invocation=invocation_of(event),
    )


def invocation_of(event: dict[str, Any]) -> str:
    """dbt's id of the command that says it, which its artifacts have too."""
    return str(event["info"].get("invocation_id") or "")[:64]


def text_of(event: dict[str, Any], secrets: Sequence[str]) -> str:
    """The event for the log file, which operators read: all that dbt said."""
    info = event["info"]
    time = str(info.get("ts") or "")[11:19]
    said = hidden(_COLOURS.sub("", str(info.get("msg") or "")), secrets)
    return f"{time} {info.get('level') or 'info':5} {said}" if said.strip() else ""


def unmatched_of(event: dict[str, Any]) -> str | None:
    """The selector of which the event says that no node fits it."""
    if event["info"].get("name") != "NoNodesForSelectionCriteria":
        return None
    return str((event.get("data") or {}).get("spec_raw") or "")[:300] or None


def hidden(text: str, secrets: Sequence[str]) -> str:
    """The text without the secrets that dbt was given."""
    for secret in secrets:
        text = text.replace(secret, "*****")
    return text


def moment_of(event: dict[str, Any]) -> dt.datetime:
    """When it was said."""
    try:
        return dt.datetime.fromisoformat(str(event["info"].get("ts"))).astimezone(dt.UTC)
    except ValueError:
        return dt.datetime.fromtimestamp(0, dt.UTC)
