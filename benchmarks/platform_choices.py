"""The questions of the router's table on ClickHouse, before and after what they suggest is there.

    python -m benchmarks.platform_choices [--lines 1000000]

The demo is built at that size, copied into a PostgreSQL started for it, and synced from there into
ClickHouse's engine: first as it is, then with the projections and indexes that the questions
themselves suggest, had each been asked four times.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
import duckdb
from rich.table import Table

from benchmarks.platform_router import (
    QUESTIONS,
    SCHEMA,
    clickhouse,
    console,
    copied,
    postgres,
    synced,
    typed,
)
from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.sync import target
from datamind.adapters.sync.freshness import second_of
from datamind.adapters.sync.running import Wanted, plan_sync, run_sync
from datamind.commands.demo import prepare as build_demo
from datamind.commands.render import Screen
from datamind.language.engine import BuiltinPlanner
from datamind.pipeline.prepare import prepare
from datamind.pipeline.stages import Stages
from datamind.records import Candidate, Identity, Question, Target
from datamind.semantics.catalog import Catalog, View
from datamind.semantics.usage import Asked, Usage, usage_of
from datamind.settings import Settings

ROUNDS = 7
TODAY = dt.date(2026, 6, 30)


def main() -> int:
    """1 where an answer is another one with what was suggested."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000, help="order lines of the demo")
    parser.add_argument("--home", type=Path, help="where the data stay, for another run")
    options = parser.parse_args()
    with ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.chmod(home, 0o755)  # PostgreSQL runs as another user where we are root
        settings = Settings(home=home)
        built = build_demo(settings, Screen(), lines=options.lines, today=TODAY, fresh=False)
        place = f"duckdb:///{built.warehouse.resolve()}"
        catalog = load_catalog(place, dbt_project=built.artifacts, cache_dir=settings.catalogs)
        pg, _ = stack.enter_context(postgres(home / "pg"))
        with duckdb.connect(str(built.warehouse), read_only=True) as source:
            copied(source, pg, home, catalog)
        url, _ = stack.enter_context(clickhouse(home / "clickhouse"))
        return compare(pg, url, typed(catalog, synced(pg, url)), readings(catalog))


def readings(catalog: Catalog) -> dict[str, Candidate]:
    """What the questions are read as."""
    planner, view = BuiltinPlanner(), View.open(catalog)
    read = [(t, planner.interpret(Question(t, Identity("bench"), TODAY), view)) for t in QUESTIONS]
    return {text: one.candidates[0] for text, one in read if one.status == "answered"}


def compare(pg: str, url: str, catalog: Catalog, asked: Mapping[str, Candidate]) -> int:
    """Run all before and after, and print both."""
    with target.opened(url) as here:
        theirs = second_of(catalog, here.states(), "ch", 0).catalog
    view, into = View.open(theirs), Target("ch", "clickhouse")
    statements = {
        text: prepare((one,), view, into, Stages(time.perf_counter), row_limit=9_999).governed.sql
        for text, one in asked.items()
    }
    usage = usage_of([Asked(one.plan, "", 4) for one in asked.values()], theirs)
    taken, stored = [], []
    for use in (Usage(0, {}), usage):
        wanted = Wanted(pg, url, usage=use)
        started = time.perf_counter()
        report = run_sync(wanted)
        console.print(f"synced in {time.perf_counter() - started:,.0f} s")
        stored.append(bytes_of(url))
        taken.append([run(url, sql) for sql in statements.values()])
    for one in plan_sync(wanted):
        for reason in one.plan.reasons if one.plan and one.plan.shortcuts else ():
            console.print(f"{one.table.id}: {reason}")
    same = printed(list(statements), *taken)
    console.print(f"stored {stored[0] / 1e6:,.2f} MB, then {stored[1] / 1e6:,.2f} MB")
    return int(not same or not report.ok)


def printed(texts: Sequence[str], before: Sequence[Ran], after: Sequence[Ran]) -> bool:
    """The table; whether all answers are the same."""
    table = Table("question", "ms", "then", "times", "rows read", "then", "same")
    for text, b, a in zip(texts, before, after, strict=True):
        table.add_row(
            text, f"{b.ms:,.1f}", f"{a.ms:,.1f}", f"{b.ms / a.ms:.1f}", f"{b.read:,}",
            f"{a.read:,}", "yes" if b.rows == a.rows else "NO",
        )  # fmt: skip
    console.print(table)
    served = [b.ms / a.ms for b, a in zip(before, after, strict=True) if a.read * 2 < b.read]
    same = sum(b.rows == a.rows for b, a in zip(before, after, strict=True))
    console.print(
        f"{len(served)} of {len(texts)} are served by what was suggested,"
        f" {geometric_mean(served) if served else 1:.1f} times as fast (geometric mean);"
        f" {same} of {len(texts)} the same"
    )
    return same == len(texts)


@dataclass(frozen=True)
class Ran:
    """The best of some runs, as the engine counts: milliseconds, rows read, and the answer."""

    ms: float
    read: int
    rows: list[Any]


def run(url: str, sql: str) -> Ran:
    """The statement; what the engine remembers of the conditions of a run before is not used."""
    where = urlsplit(url)
    client = clickhouse_connect.get_client(host=where.hostname, port=where.port)
    best: dict[str, Any] = {}
    for _ in range(ROUNDS):
        text = client.raw_query(sql, fmt="JSONCompact", settings={"use_query_condition_cache": 0})
        found = json.loads(text)
        if not best or found["statistics"]["elapsed"] < best["statistics"]["elapsed"]:
            best = found
    client.close()
    told = best["statistics"]
    return Ran(1000 * told["elapsed"], told["rows_read"], sorted(best["data"], key=repr))


def bytes_of(url: str) -> int:
    """What the copies take up, projections and indexes included."""
    with target.opened(url) as here:
        found = here.rows(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active"
            f" AND database = 'datamind_sync' AND table LIKE '{SCHEMA}%'"
        )
    return int(found[0][0])


if __name__ == "__main__":
    raise SystemExit(main())
