"""`datamind eval`: a suite checked, scored, and its lost answers explained."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypeVar

from datamind import clock
from datamind.adapters.warehouse import redact
from datamind.commands.faults import print_json
from datamind.commands.lines import LinesFile
from datamind.commands.render import Screen, counted
from datamind.commands.wiring import asking as context_of
from datamind.commands.wiring import parse_day, quiet_logs, target
from datamind.errors import BadInput
from datamind.evaluation import history, report, suite
from datamind.evaluation.comparing import GOOD
from datamind.evaluation.gold import FileGolds, Golds, GovernedGolds
from datamind.evaluation.oracle import Oracle, Trace, trace_all
from datamind.evaluation.report import Floors, Totals, worst_first
from datamind.evaluation.run import Judged
from datamind.evaluation.run import run as run_cases
from datamind.evaluation.suite import Case, Suite
from datamind.pipeline.context import AskContext
from datamind.settings import Settings, load

MOST_NAMED = 15
MISSED = 1  # a floor was not reached, or a question lost
Made = TypeVar("Made", Judged, Trace)
Work = Callable[[list[Case], AskContext, Golds], Iterable[Made]]


@dataclass(frozen=True, slots=True)
class Asking:
    """Which questions are asked of what data: on which day, and by whom."""

    file: Path
    warehouse: str | None = None
    project: Path | None = None
    databases: Path | None = None
    only: Sequence[str] = ()
    today: str | None = None
    user: str | None = None

    @property
    def day(self) -> dt.date:
        """The day that relative dates count from."""
        return parse_day(self.today)

    def suite(self) -> Suite:
        """The questions, each with who asks it."""
        found = suite.load(self.file).only(self.only)
        if self.user is None:
            return found
        cases = tuple(replace(c, asker=c.asker or self.user) for c in found.cases)
        return replace(found, cases=cases)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a run: a file of verdicts, a page, and an entry of the history."""

    out: Path | None = None
    page: Path | None = None
    label: str = ""
    history: bool = True


def run(
    asking: Asking, kept: Kept, floors: Floors, *, by: str = "set", as_json: bool = False
) -> int:
    """Ask, judge, print and keep; not 0 where a floor is missed."""
    settings = _begin(by)
    if kept.label:
        history.check_label(kept.label)
    _writable(kept.page)
    questions = asking.suite()
    catalogs: dict[str, str] = {}

    def score(cases: list[Case], context: AskContext, golds: Golds) -> Iterator[Judged]:
        catalogs[cases[0].database or context.target.name] = context.view.catalog.version
        return run_cases(cases, context, golds, asking.day, rows=kept.page is not None)

    judged = _each(asking, questions, settings, score, kept.out)
    verdicts = tuple(one.verdict for one in judged)
    head = history.Head(
        clock.new_id("run"), clock.now().isoformat(timespec="microseconds"), questions.name,
        questions.version, asking.day.isoformat(), catalogs, kept.label, tuple(asking.only),
    )  # fmt: skip
    done = history.Run(head.label or head.id, verdicts, head)
    missed = floors.missed(done.totals)
    if kept.page is not None:
        _write_page(kept.page, head, judged, missed)
    if kept.history:
        history.keep(settings.evaluations, done)
    if as_json:
        print_json({"run": asdict(head), "totals": record(done.totals), "missed": missed})
    else:
        _tell(done, by, kept, missed)
    return MISSED if missed else 0


def check(asking: Asking) -> int:
    """Whether the suite can be read and judged by."""
    settings = _begin()
    questions = asking.suite()

    def nothing(cases: list[Case], context: AskContext, golds: Golds) -> Iterable[Judged]:
        return ()

    _each(asking, questions, settings, nothing)
    Screen().say(f"{counted(len(questions.cases), 'question')} can be judged.")
    return 0


def explain(asking: Asking, out: Path | None, *, by: str = "set") -> int:
    """Where each right answer was lost."""
    settings = _begin(by)

    def work(cases: list[Case], context: AskContext, golds: Golds) -> Iterable[Trace]:
        return trace_all(cases, Oracle(context, golds, asking.day))

    _print(report.places(_each(asking, asking.suite(), settings, work, out), by))
    return 0


def record(figures: Totals) -> dict[str, object]:
    """The figures for a program."""
    return {
        **asdict(figures), "right_percent": figures.right_percent,
        "wrong_percent": figures.wrong_percent,
    }  # fmt: skip


def _begin(by: str = "set") -> Settings:
    settings = load()
    quiet_logs(settings)
    if by not in report.ROWS_BY:
        raise BadInput(
            f"There are no rows by {by!r}.", hint=f"Use --by {', '.join(report.ROWS_BY)}."
        )
    return settings


def _print(grid: report.Grid) -> None:
    """Names on the left, counts on the right."""
    names, rows = grid
    Screen().rows(names, rows, right=names[1:])


def _tell(done: history.Run, by: str, kept: Kept, missed: Sequence[str]) -> None:
    screen = Screen()
    missing = sorted((v for v in done.verdicts if v.outcome not in GOOD), key=worst_first)
    for v in missing[:MOST_NAMED]:
        known = " (known miss)" if v.known_miss else ""
        screen.say(
            f"{v.outcome}{known}: {v.question}" + (f"  [{v.id}]" if v.id != v.question else "")
        )
    if len(missing) > MOST_NAMED:
        screen.say(f"… {len(missing) - MOST_NAMED:,} more; --report and --out have them", "dim")
    if mended := [v.id for v in done.verdicts if v.known_miss and v.outcome in GOOD]:
        screen.say(f"Known misses that are right now: {', '.join(mended)}")
    for miss in missed:
        screen.say(f"Below its floor: {miss}.", "red")
    if kept.page is not None:
        screen.say(f"The page is {kept.page}.", "dim")
    _print(report.scores(done.verdicts, by))


def _each(
    asking: Asking, questions: Suite, settings: Settings, work: Work[Made], out: Path | None = None
) -> list[Made]:
    """Do the work for the questions of each database and person, after a look at their gold."""
    groups = suite.by_place(questions.cases)
    places = {name: _places(name, asking) for name, _ in groups}
    made: list[Made] = []
    with LinesFile(out, read=asking.file) if out else nullcontext() as lines:
        for (name, asker), cases in groups.items():
            with _opened(asking, places[name], asker, settings, len(cases)) as (context, golds):
                suite.refuse(golds.broken(cases), questions.name)
                for one in work(cases, context, golds):
                    made.append(one)
                    if lines is not None:
                        lines.write(one.as_line())
    return made


@contextmanager
def _opened(
    asking: Asking, place: tuple[str | None, Path | None], asker: str, settings: Settings, many: int
) -> Iterator[tuple[AskContext, Golds]]:
    url, file = place
    url, project = target(url, asking.project, settings)
    who = f" as {asker}" if asker else ""
    with (
        Screen().progress(text=f"asking {counted(many, 'question')} of {redact(url)}{who}"),
        # The catalog is read first: one process opens a DuckDB file in one way at a time.
        context_of(url, project, settings, user=asker or None) as context,
        closing(
            GovernedGolds(context, asking.day) if file is None else FileGolds(file, asking.day)
        ) as golds,
    ):
        yield context, golds


def _places(name: str, asking: Asking) -> tuple[str | None, Path | None]:
    """The warehouse to ask, and the DuckDB file that gold SQL runs on where it is not that.

    `{database}` in the warehouse's address stands for the case's database.
    """
    url = asking.warehouse and asking.warehouse.replace("{database}", name)
    if asking.databases is None:
        return url, None
    file = asking.databases / f"{name}.duckdb"
    return url or f"duckdb:///{file.resolve()}", file


def _writable(file: Path | None) -> None:
    """BadInput before anything is asked where the page could not be written at the end."""
    if file is not None and not (file.parent.is_dir() and os.access(file.parent, os.W_OK)):
        raise BadInput(f"{file} can't be written.", hint="Name a file in a folder that exists.")


def _write_page(
    file: Path, head: history.Head, judged: Sequence[Judged], missed: Sequence[str]
) -> None:
    from datamind.evaluation.page import page

    try:
        file.write_bytes(page(head, judged, missed).encode("utf-8", "backslashreplace"))
    except OSError:
        raise BadInput(f"{file} can't be written.") from None
