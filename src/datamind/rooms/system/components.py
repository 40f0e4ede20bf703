"""What /health tells of each part, to those who are signed in (api.md, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datamind import __version__
from datamind.rooms.parts import Parts
from datamind.rooms.system.health import WORSE
from datamind.semantics import quality

if TYPE_CHECKING:
    from datamind.rooms.system.service import Watch

EMBEDDED = "embedded"
FAILED = "DEGRADED - Data quality tests failed"


def components(watch: Watch, parts: Parts) -> dict[str, Any]:
    """The fields of the whole report that the open one lacks."""
    return {
        "version": __version__,
        "components": {
            "database": _database(watch),
            "llm": {"provider": "builtin", "model": None, **_of(watch, "llm")},
            "redis": {
                "kind": "redis" if parts.redis else EMBEDDED, **_of(watch, "redis"),
                "cache_hit_rate": _hit_rate(parts),
            },
            "vector_db": {"kind": EMBEDDED, **_of(watch, "vector_db")},
            "dbt": _dbt(parts),
            "warehouse": _warehouse(watch, parts),
            "audit": {"status": watch.audit, "not_written": dict(parts.audit.down())},
            "disk": {"free_mb": watch.conditions.free_mb},
            "circuits": {part: breaker.state for part, breaker in parts.breakers.items()},
        },
        "uptime_seconds": round((parts.now() - parts.started).total_seconds(), 1),
    }  # fmt: skip


def _of(watch: Watch, part: str) -> Mapping[str, Any]:
    """How it is, how long the last look took, and what that found."""
    probed = watch.probed(part)
    if probed is None:
        return {"status": watch.states.get(part, "healthy"), "latency_ms": None}
    return {**probed.more, "status": watch.states[part], "latency_ms": probed.latency_ms}


def _hit_rate(parts: Parts) -> float | None:
    """The share of kept results among all that were read since the start."""
    kept, read = parts.metrics.reads_so_far
    return round(kept / read, 3) if read else None


def _database(watch: Watch) -> dict[str, Any]:
    probed = watch.probed("metadata")
    return {
        "status": watch.states["metadata"], "latency_ms": probed and probed.latency_ms,
        "connection_pool": probed.more if probed else {},
    }  # fmt: skip


def _warehouse(watch: Watch, parts: Parts) -> dict[str, Any]:
    """All is answered while the one beside it is down, only more slowly."""
    told = {
        "name": parts.warehouse.name, "may_also": list(parts.excess), **_of(watch, "warehouse"),
    }  # fmt: skip
    if parts.beside is None:
        return told
    beside = {"name": parts.beside.name, **_of(watch, "clickhouse")}
    status = max(told["status"], beside["status"], key=WORSE.index)
    return {**told, "status": status, "clickhouse": beside}


def _dbt(parts: Parts) -> dict[str, Any]:
    catalog = parts.bindings.catalog
    found = list(quality.of_itself(catalog.quality, parts.now()))
    failed = [q for q in found if q.kind == "failed"]
    return {
        "status": "degraded" if found else "healthy", "last_run": catalog.dbt_ran or None,
        "tests_passed": not failed, "failing": [f"{q.table}: {q.test}" for q in failed],
        "stale": sorted({q.table for q in found if q.kind != "failed"}),
        **({"message": FAILED} if failed else {}),
    }  # fmt: skip
