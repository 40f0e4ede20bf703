"""`datamind migrate-warehouse`: the plan, the copy with its progress, and the proof."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from datamind import clock
from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.sync.job import report_record, target_of, wanted_by
from datamind.adapters.sync.running import plan_sync, remove, run_sync
from datamind.adapters.sync.tables import SyncReport
from datamind.adapters.sync.wanted import Planned, SyncPlan, Wanted
from datamind.adapters.warehouse import redact
from datamind.commands import wiring
from datamind.commands.faults import print_json, printable
from datamind.commands.people import with_people
from datamind.commands.render import Screen
from datamind.commands.wiring import quiet_logs
from datamind.errors import BadInput, DataMindError, SyncFailed
from datamind.migrations.stores import file_of, parsed
from datamind.rooms.questions.history import asked_plans
from datamind.semantics.usage import Usage, usage_of
from datamind.settings import Settings, load

LOOKED_BACK = dt.timedelta(days=90)
NONE = "There is no table in PostgreSQL that this role may read."
UNPROVEN = ("stopped", "left out", "dropped")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command was told."""

    source: str | None
    target: str | None
    tables: tuple[str, ...]
    choices: Path | None
    dbt_project: Path | None
    plan: bool
    verify: bool
    again: bool
    remove: bool
    yes: bool
    json: bool
    history: bool = True
    take_over: bool = False


def run(options: Options) -> int:
    """The exit code: 0 where all that was to be there is, and equal; else 6."""
    settings = load()
    quiet_logs(settings)
    if options.remove:
        return _remove(target_of(settings, options.target), options)
    wanted = wanted_of(options, settings)
    screen = Screen()
    if options.history:
        wanted = replace(
            wanted, usage=usage(settings, wanted.source_url, clock.now() - LOOKED_BACK, screen)
        )
    if options.plan or not (options.yes or options.json):
        with screen.progress(show=not options.json, text="looking"):
            planned = plan_sync(wanted)
        if options.json:
            print_json(_plan_record(planned))
        else:
            _print_plan(screen, planned, wanted)
        if options.plan or not (planned.tables or planned.unfound):
            return 0
        _agree("Copy these tables?")
    with _bars(show=not options.json) as progress:
        report = run_sync(replace(wanted, progress=progress))
    if options.json:
        print_json(report_record(report))
    else:
        _print_report(screen, report)
    return 0 if report.ok else SyncFailed.exit_code


def wanted_of(options: Options, settings: Settings) -> Wanted:
    """What the options and the settings come to."""
    settings = replace(
        settings, dbt_project=options.dbt_project or settings.dbt_project,
        router=replace(settings.router, choices=options.choices or settings.router.choices),
    )  # fmt: skip
    wanted = wanted_by(settings, source=options.source, target=options.target)
    return replace(
        wanted, tables=options.tables, check=options.verify, again=options.again,
        take_over=options.take_over,
    )  # fmt: skip


def usage(
    settings: Settings, source_url: str, since: dt.datetime, screen: Screen
) -> Usage | None:  # fmt: skip
    """What was asked since then, where a store of questions is set up; None where it can't be read:
    what was suggested before stays then."""
    file = file_of(parsed(settings.database_url))
    if file is not None and not file.is_file():
        return None
    try:
        asked = with_people(settings, lambda _, session, me: asked_plans(session, me, since))
        if not asked:
            return None
        project = wiring.target(source_url, settings.dbt_project, settings)[1]
        catalog = load_catalog(source_url, dbt_project=project, cache_dir=settings.catalogs)
        return usage_of(asked, catalog)
    except DataMindError as fault:
        screen.aside.print(f"What was asked is not looked at: {printable(fault.message)}")
        return None


def _plan_record(planned: SyncPlan) -> dict[str, object]:
    return {
        "tables": [_as_record(one) for one in planned.tables],
        "unfound": [
            {"table": one.table, "why": one.why, "dropped": one.dropped} for one in planned.unfound
        ],
    }


def _as_record(one: Planned) -> dict[str, object]:
    table, plan = one.table, one.plan
    return {
        "table": table.id,
        "rows": table.rows,
        "bytes": table.bytes,
        "key": list(table.key),
        "synced": one.state.status if one.state is not None else None,
        "order_by": list(plan.identity) if plan else [],
        "partition_by": plan.partition_by if plan else None,
        "watermark": plan.watermark if plan else None,
        "materialized": {
            s.name: {"group_by": list(s.columns), "measures": list(s.measures), "reason": s.reason}
            for s in (plan.shortcuts if plan else ())
            if s.measures
        },
        "filtered_by": {
            s.columns[0]: s.reason for s in (plan.shortcuts if plan else ()) if not s.measures
        },
        "columns": {c.name: c.type for c in plan.columns} if plan else {},
        "reasons": list(plan.reasons) if plan else [],
        "notes": list(plan.notes) if plan else [],
        "left_out": one.why or None,
        "stops": one.stops,
        "hint": one.hint or None,
    }


def _print_plan(screen: Screen, planned: SyncPlan, wanted: Wanted) -> None:
    screen.say(f"From {redact(wanted.source_url)} to {redact(wanted.target_url)}", "bold")
    for copy in planned.unfound:
        what = "is dropped from ClickHouse" if copy.dropped else "stays in ClickHouse as it is"
        screen.say(f"The copy of {copy.table} {what}: {copy.why}", "yellow")
    if not planned.tables:
        screen.say(NONE, "yellow")
        return
    screen.rows(
        ["table", "rows", "MB", "key", "there"],
        [
            [
                one.table.id, f"{one.table.rows:,}", f"{one.table.bytes / 1e6:,.1f}",
                ", ".join(one.table.key) or "none", one.state.status if one.state else "no",
            ]
            for one in planned.tables
        ],
        right=["rows", "MB"],
    )  # fmt: skip
    for one in planned.tables:
        _print_table(screen, one)


def _print_table(screen: Screen, one: Planned) -> None:
    if one.plan is None:
        screen.say(f"{one.table.id} is not copied: {one.why}", "yellow")
        if one.hint:
            screen.say(f"    {one.hint}")
        return
    screen.say(one.table.id, "bold")
    for reason in one.plan.reasons:
        screen.say(f"  {reason}")
    for note in one.plan.notes:
        screen.say(f"  note: {note}", "yellow")


def _print_report(screen: Screen, report: SyncReport) -> None:
    if not report.tables:
        screen.say(NONE, "yellow")
        return
    marks = {True: "equal", False: "not equal", None: "not compared"}
    screen.rows(
        ["table", "outcome", "rows", "written", "deleted", "seconds", "checksum", "proof"],
        [
            [
                t.table, t.outcome, f"{t.rows:,}", f"{t.written:,}", f"{t.deleted:,}",
                f"{t.elapsed_s:,.1f}", t.checksum,
                "" if t.outcome in UNPROVEN else marks[t.equal],
            ]
            for t in report.tables
        ],
        right=["rows", "written", "deleted", "seconds"],
    )  # fmt: skip
    for table in report.tables:
        for what in table.drift:
            screen.say(f"{table.table}: {what}")
        if table.reason:
            screen.say(f"{table.table}: {table.reason}", "yellow")
        if table.hint:
            screen.say(f"    {table.hint}")


def _agree(question: str) -> None:
    if not sys.stdin.isatty():
        raise BadInput("Nobody is there to agree.", hint="Pass --yes.")
    if input(f"{question} [y/N] ").strip().lower() not in ("y", "yes"):
        raise BadInput("Nothing was done.", hint="Answer y, or pass --yes.")


def _remove(target_url: str, options: Options) -> int:
    if not options.yes:
        _agree(f"Take all copies out of {redact(target_url)}?")
    names = remove(target_url)
    if options.json:
        print_json({"status": "removed", "tables": names})
    else:
        Screen().say(f"{len(names)} copies are gone from ClickHouse.")
    return 0


@contextmanager
def _bars(*, show: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each table that is read; nothing off a terminal."""
    aside = Screen().aside
    if not show or not aside.is_terminal:
        yield lambda table, rows, of: None
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        console=aside,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def move(table: str, rows: int, of: int) -> None:
            if table not in tasks:
                tasks[table] = bars.add_task(table)
            bars.update(tasks[table], completed=rows, total=max(rows, of))

        yield move
