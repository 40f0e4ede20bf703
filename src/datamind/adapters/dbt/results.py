"""What a run's results say: counts, what failed, and each test's and model's last word.

dbt's run_results.json knows the last run alone. What is known of all nodes is kept beside it, in
`known.json`: results that a partial run did not touch hold on, and a test knows since when it
fails.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datamind.adapters.dbt.reasons import reason_of
from datamind.dbt_records import DbtFailure

Json = dict[str, Any]
KNOWN = "known.json"
BAD = ("fail", "error", "warn", "runtime error")
FAILED = ("error", "fail", "partial success", "runtime error")
NAMED = 5  # failed models and tests that a message names
_FAULTS = {
    ("test", "fail"): "the test {name} found {rows}",
    ("test", "error"): "the test {name} could not be run",
    ("unit_test", "fail"): "the unit test {name} gave other rows",
}


def read_json(path: Path) -> Json:
    """The file's object; nothing where there is none."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def results_of(artifacts: Path) -> list[Json]:
    """The nodes' results of the last run."""
    found = read_json(artifacts / "run_results.json").get("results")
    return [r for r in found if isinstance(r, dict)] if isinstance(found, list) else []


def counts(results: list[Json]) -> dict[str, int]:
    """How many nodes ended how."""
    return dict(Counter(str(r.get("status")) for r in results))


def failures(artifacts: Path, secrets: Sequence[str]) -> tuple[DbtFailure, ...]:
    """The nodes that failed, with what of a database's words holds no value."""
    failed = [r for r in results_of(artifacts) if r.get("status") in FAILED]
    nodes: Json = (read_json(artifacts / "manifest.json").get("nodes") or {}) if failed else {}
    return tuple(_failure(r, nodes.get(str(r.get("unique_id"))) or {}, secrets) for r in failed)


def _failure(result: Json, node: Json, secrets: Sequence[str]) -> DbtFailure:
    kind, name = named(str(result.get("unique_id")))
    status, rows = str(result["status"]), result.get("failures")
    reason = "" if status == "fail" else reason_of(result, node, secrets)
    return DbtFailure(kind, name, status, rows if isinstance(rows, int) else None, reason)


def named(unique_id: str) -> tuple[str, str]:
    """A node's kind and name: `test.shop.unique_id.9ad6` is the test unique_id."""
    kind, _, rest = unique_id.partition(".")
    parts = rest.split(".")
    return kind, ".".join(parts[1:2]) or rest


def told(failed: tuple[DbtFailure, ...]) -> str:
    """The failures as a sentence."""
    if not failed:
        return "dbt failed after its models and tests had passed."
    more = f"; and {len(failed) - NAMED} more" if len(failed) > NAMED else ""
    return f"dbt failed: {'; '.join(map(_fault, failed[:NAMED]))}{more}."


def _fault(failure: DbtFailure) -> str:
    rows = failure.rows or 0
    said = _FAULTS.get((failure.kind, failure.status), "the {kind} {name} could not be built")
    told = said.format(
        kind=failure.kind, name=failure.name, rows="1 row" if rows == 1 else f"{rows:,} rows"
    )
    return f"{told}: {failure.reason}" if failure.reason else told


def learn(before: Mapping[str, Json], results: list[Json], now: str) -> dict[str, Json]:
    """What is known of each node after these results, by its id: status, rows that a test found,
    when it ended (`at`), since when it has this status (`since`), seconds and rows built."""
    known = dict(before)
    for result in results:
        unique_id, status = str(result.get("unique_id")), str(result.get("status"))
        if status == "skipped" and unique_id in known:
            continue  # nothing new was seen of it
        was = known.get(unique_id) or {}
        at = _ended(result) or now
        if at < str(was.get("at") or ""):
            continue
        same = was.get("status") == status
        known[unique_id] = {
            "status": status,
            "failures": result.get("failures"),
            "at": at,
            "since": was.get("since") or at if same else at,
            "elapsed_s": result.get("execution_time"),
            "rows": _rows(result),
        }
    return known


def _ended(result: Json) -> str:
    times = [str(t.get("completed_at") or "") for t in result.get("timing") or []]
    return max(times, default="")


def _rows(result: Json) -> int | None:
    """The rows that were written, where the adapter says so."""
    found = (result.get("adapter_response") or {}).get("rows_affected")
    return found if isinstance(found, int) and found >= 0 else None


def known_of(artifacts: Path) -> dict[str, Json]:
    """What is known of each node of the build."""
    return {k: v for k, v in read_json(artifacts / KNOWN).items() if isinstance(v, dict)}


def keep_known(artifacts: Path, known: Mapping[str, Json]) -> None:
    """Write it, whole or not at all."""
    _write(artifacts / KNOWN, known)


def follow_tests(in_use: Path, project: Path, ran: list[Json]) -> None:
    """Make the tests of the build in use those that the project has now: with those that ran, and
    without those that are no more. Else what a test finds that is younger than the build would
    warn nobody, and one that was taken out would warn for ever."""
    manifest = read_json(in_use / "manifest.json")
    nodes: Json = manifest.get("nodes") or {}
    newer: Json = read_json(project / "manifest.json").get("nodes") or {}
    if not (nodes and newer):
        return
    found = {str(r.get("unique_id")) for r in ran}
    kept = {u: n for u, n in nodes.items() if not _is_test(n) or u in newer}
    kept |= {u: n for u, n in newer.items() if _is_test(n) and u in found}
    if kept != nodes:
        _write(in_use / "manifest.json", {**manifest, "nodes": kept})


def _is_test(node: Json) -> bool:
    return node.get("resource_type") == "test"


def _write(path: Path, content: Mapping[str, Any]) -> None:
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(content), "utf-8")
    beside.replace(path)
