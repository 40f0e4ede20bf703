"""`datamind eval`: a suite's score, where its answers were lost, and two runs compared."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TypeVar

from datamind.commands.lines import LinesFile
from datamind.commands.render import Screen, counted
from datamind.commands.wiring import asking, parse_day, quiet_logs, target
from datamind.errors import BadInput
from datamind.evaluation import report, suite
from datamind.evaluation.gold import Golds
from datamind.evaluation.oracle import Oracle, Trace, trace_all
from datamind.evaluation.run import Verdict
from datamind.evaluation.run import run as run_cases
from datamind.evaluation.suite import Case
from datamind.pipeline.context import AskContext
from datamind.settings import load

USAGE = "Write `datamind eval SUITE`, `eval explain SUITE` or `eval compare A B`."
Made = TypeVar("Made", Verdict, Trace)


def run(
    words: list[str], warehouse: str | None, databases: Path | None, only: list[str],
    today: str | None, out: Path | None, by: str,
) -> int:  # fmt: skip
    """What the words ask for; BadInput where they ask for nothing we know."""
    quiet_logs(load())
    if by not in ("set", "database"):
        raise BadInput(f"There are no rows by {by!r}.", hint="Use --by set or --by database.")
    match words:
        case ["compare", before, after]:
            return _compare(Path(before), Path(after))
        case ["explain", file]:
            traces = _each(Path(file), warehouse, databases, only, today, out, _explain)
            _print(report.places(traces, by))
        case [file]:
            verdicts = _each(Path(file), warehouse, databases, only, today, out, _score)
            _print(report.scores(verdicts, by))
        case _:
            raise BadInput("That is no evaluation.", hint=USAGE)
    return 0


def _print(grid: report.Grid) -> None:
    """Names on the left, counts on the right."""
    names, rows = grid
    Screen().rows(names, rows, right=names[1:])


def _score(cases: list[Case], context: AskContext, golds: Golds, day: dt.date) -> Iterable[Verdict]:
    return run_cases(cases, context, golds, day)


def _explain(cases: list[Case], context: AskContext, golds: Golds, day: dt.date) -> Iterable[Trace]:
    return trace_all(cases, Oracle(context, golds, day))


def _each(
    file: Path, warehouse: str | None, databases: Path | None, only: list[str],
    today: str | None, out: Path | None,
    work: Callable[[list[Case], AskContext, Golds, dt.date], Iterable[Made]],
) -> list[Made]:  # fmt: skip
    """Do the work database by database; each has its file, its warehouse and its gold results."""
    settings, day = load(), parse_day(today)
    groups = _by_database(suite.load(file, only))
    places = {name: _places(name, warehouse, databases) for name in groups}
    made: list[Made] = []
    with LinesFile(out, read=file) if out else nullcontext() as lines:
        for name, cases in groups.items():
            url, gold = places[name]
            url, project = target(url, None, settings)
            with (
                Screen().progress(text=f"asking {len(cases):,} questions of {name or url}"),
                # The catalog is read first: one process opens a DuckDB file in one way at a time.
                asking(url, project, settings) as context,
                closing(Golds(gold, day)) as golds,
            ):
                for one in work(cases, context, golds, day):
                    made.append(one)
                    if lines is not None:
                        lines.write(one.as_line())
    return made


def _by_database(cases: Iterable[Case]) -> Mapping[str, list[Case]]:
    found: dict[str, list[Case]] = {}
    for case in cases:
        found.setdefault(case.database, []).append(case)
    return dict(sorted(found.items()))


def _places(name: str, warehouse: str | None, databases: Path | None) -> tuple[str, Path]:
    """The warehouse to ask and the DuckDB file that gold SQL runs on.

    `{database}` in the warehouse's address stands for the case's database.
    """
    if databases is None and warehouse is not None and warehouse.startswith("duckdb:///"):
        return warehouse, Path(warehouse.removeprefix("duckdb:///"))
    if databases is None:
        raise BadInput(
            "There is nothing to compare with.",
            hint="Pass --databases DIR with a DuckDB file NAME.duckdb for each database.",
        )
    file = databases / f"{name}.duckdb"
    if warehouse is None:
        return f"duckdb:///{file.resolve()}", file
    return warehouse.replace("{database}", name), file


def _compare(before: Path, after: Path) -> int:
    old, new = _outcomes(before), _outcomes(after)
    screen = Screen()
    names, rows = report.changes(old, new)
    both = old.keys() & new.keys()
    moved = sorted(name for name in both if old[name] != new[name])
    if rows:
        screen.rows(names, rows, right=names[-1:])
    for name in moved:
        screen.say(f"{name}: {old[name]} → {new[name]}")
    screen.say(f"{counted(len(both), 'question')} in both, {len(moved):,} changed.")
    for file, alone in ((before, old.keys() - both), (after, new.keys() - both)):
        if alone:
            screen.say(f"{counted(len(alone), 'question')} in {file.name} only.")
    return 0


def _outcomes(file: Path) -> dict[str, str]:
    """Id and outcome (or place) of each line that `--out` wrote."""
    try:
        lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        return {str(v["id"]): str(v.get("outcome") or v["place"]) for v in lines}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(f"{file.name} has no verdicts.", hint="`eval --out` writes them.") from None
