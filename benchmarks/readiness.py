"""Does raising the grade raise the score? The demo's questions, asked of ever better catalogs.

    python -m benchmarks.readiness

The demo's warehouse is read bare, then with the first steps that `datamind doctor` names for it,
taken from what the demo's dbt project says of the very same things, then with all that it says; and
its raw tables, before dbt made models of them. The right answers are those of the SQL beside the
questions, over the models.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import yaml
from rich.console import Console
from rich.table import Table as Grid

from datamind import clock
from datamind.adapters.dbt.artifacts import overlay_of
from datamind.adapters.dbt.build import Build
from datamind.adapters.introspection import introspect
from datamind.adapters.warehouse import open_warehouse
from datamind.commands.demo import prepare
from datamind.commands.render import Screen
from datamind.evaluation.results import Row, same_result
from datamind.language.engine import BuiltinPlanner
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Identity, Question
from datamind.semantics.catalog import Catalog, View
from datamind.semantics.merge import ColumnNote, Overlay, TableNote, merge
from datamind.semantics.readiness import Step, readiness
from datamind.settings import Settings

TODAY = dt.date(2026, 5, 20)
LINES = 4_000
EXTRA = 2  # columns that an answer may have beyond those of the SQL, as in the demo's tests
FILES = ("questions.yaml", "voices.yaml")
FIRST = (5, 10, 20, 40, 80)
QUESTIONS = Path(__file__).parents[1] / "tests" / "demo"


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the rows of its right answers."""

    question: str
    golds: tuple[Sequence[Row], ...]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What became of the questions when they were asked of a catalog."""

    name: str
    letter: str
    figure: float
    right: int
    wrong: int
    unanswered: int

    @property
    def errors(self) -> int:
        """Questions without a right answer."""
        return self.wrong + self.unanswered


def cases(build: Build, files: Sequence[str] = FILES) -> list[Case]:
    """The questions with the rows of their SQL over the models."""
    found = [c for file in files for c in yaml.safe_load((QUESTIONS / file).read_text("utf-8"))]
    day = f"DATE '{TODAY.isoformat()}'"
    with duckdb.connect(str(build.warehouse), read_only=True) as connection:
        return [
            Case(
                case["question"],
                tuple(
                    connection.execute(sql.replace("{today}", day)).fetchall()
                    for sql in ([case["sql"]] if isinstance(case["sql"], str) else case["sql"])
                ),
                bool(case.get("ordered")),
            )
            for case in found
        ]


def scored(name: str, catalog: Catalog, file: Path, asked: Sequence[Case]) -> Score:
    """The grade of the catalog, and the answers of the file asked with it."""
    graded = readiness(View.open(catalog)).grade
    found: Counter[str] = Counter()
    with closing(open_warehouse(f"duckdb:///{file}", memory_mb=512)) as warehouse:
        numbers = itertools.count()
        context = AskContext(
            view=View.open(catalog), warehouse=warehouse, planner=BuiltinPlanner(), now=clock.now,
            new_id=lambda kind: f"{kind}{next(numbers)}", timer=time.perf_counter,
        )  # fmt: skip
        for case in asked:
            answer = ask(Question(case.question, Identity("bench"), TODAY), context)
            order: list[int] | None = [] if case.ordered else None
            right = answer.status == "answered" and any(
                same_result(gold, answer.rows, extra=EXTRA, order=order) for gold in case.golds
            )
            found["right" if right else answer.status] += 1
    wrong = found["answered"]
    unanswered = len(asked) - found["right"] - wrong
    return Score(name, graded.letter, graded.figure, found["right"], wrong, unanswered)


def answerable(step: Step, notes: Overlay) -> Overlay | None:
    """What the notes say of the very thing that a step asks for; None where they say nothing."""
    table = notes.tables.get(step.table, TableNote())
    column = table.columns.get(step.item.removeprefix(f"{step.table}."), ColumnNote())
    own = step.item == step.table
    part: Mapping[str, object] = {}
    if step.check == "layers" and step.table not in notes.only:
        part = {"hidden": True}
    elif step.check in ("names", "descriptions", "codes"):
        part = {"description": (table if own else column).description}
    elif step.check == "synonyms":
        part = {"synonyms": (table if own else column).synonyms}
        part = {**part, "entity": table.entity} if own else part
    elif step.check in ("display", "dates", "keys"):
        name = {"display": "display", "dates": "default_date", "keys": "primary_key"}[step.check]
        part = {name: getattr(table, name)}
    elif step.check in ("units", "additivity"):
        name = {"units": "unit", "additivity": "additivity"}[step.check]
        part = {name: getattr(column, name)}
    elif step.check == "references":
        found = [r for r in notes.relationships if f"{r.table}.{r.columns[0]}" == step.item]
        return Overlay(relationships=tuple(found)) if found else None
    elif step.check == "metrics":
        made = tuple(m for m in notes.metrics if step.table in m.relations)
        return Overlay(metrics=made) if made else None
    if not any(part.values()):
        return None
    if own:
        return Overlay({step.table: replace(TableNote(), **part)})  # type: ignore[arg-type]
    named = step.item.removeprefix(f"{step.table}.")
    noted = replace(ColumnNote(), **part)  # type: ignore[arg-type]
    return Overlay({step.table: TableNote(columns={named: noted})})


def improved(bare: Catalog, notes: Overlay, first: Sequence[int]) -> Iterator[tuple[int, Catalog]]:
    """The bare catalog with so many of the first steps taken that the notes have an answer to, and
    with all of them."""
    steps = readiness(View.open(bare)).steps
    answers = [found for step in steps if (found := answerable(step, notes)) is not None]
    catalog, taken = bare, 0
    for number, answer in enumerate(answers, 1):
        catalog, taken = merge(catalog, answer), number
        if number in first:
            yield number, catalog
    if taken not in first:
        yield taken, catalog


def raw_tables(build: Build, file: Path) -> Path:
    """The demo's raw tables as a database of their own."""
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as connection:
        for raw in sorted((build.artifacts.parent / "raw").glob("*.parquet")):
            connection.execute(f"CREATE TABLE {raw.stem} AS FROM read_parquet('{raw}')")
    return file


def measure(
    built: Build, folder: Path, files: Sequence[str] = FILES, first: Sequence[int] = FIRST
) -> list[Score]:
    """All scores of a build of the demo; its raw tables are put into the folder."""
    asked = cases(built, files)
    raw, models = raw_tables(built, folder / "raw.duckdb"), built.warehouse
    bare = introspect(f"duckdb:///{models}")
    notes = overlay_of(built.artifacts, bare)
    found = [scored("raw tables", introspect(f"duckdb:///{raw}"), raw, asked)]
    found.append(scored("models, read bare", bare, models, asked))
    for number, catalog in improved(bare, notes, first):
        found.append(scored(f"with the first {number} steps", catalog, models, asked))
    found.append(scored("with all that dbt says", merge(bare, notes), models, asked))
    return found


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a folder that may keep the demo's build")
    parser.add_argument("--files", nargs="*", default=FILES, help="of the questions to ask")
    given = parser.parse_args()
    grid = Grid("catalog", "grade", "right", "wrong", "no answer", show_edge=False)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(home=given.home or Path(folder))
        built = prepare(settings, Screen(), lines=LINES, today=TODAY, fresh=False)
        for s in measure(built, Path(folder), given.files):
            grid.add_row(
                s.name, f"{s.letter} {s.figure:.0f}", str(s.right), str(s.wrong), str(s.unanswered)
            )
    Console(width=100).print(grid)


if __name__ == "__main__":
    main()
