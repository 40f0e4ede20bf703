"""The options of `datamind eval`; what they do is in evaluate.py, imported late."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from datamind.commands.faults import finish

if TYPE_CHECKING:
    from datamind.commands.evaluate import Asking
    from datamind.evaluation.report import Floors


class _RunUnlessNamed(TyperGroup):
    """`eval SUITE` is `eval run SUITE`: what is no command's name is a suite."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunUnlessNamed,
    help="Measure answers against a suite of questions with known results. `eval SUITE` runs it.",
    no_args_is_help=True,
)

Suite = Annotated[Path, typer.Argument(help="Questions, in YAML or one JSON object a line.")]
Warehouse = Annotated[
    str | None, typer.Option(help="duckdb:///PATH or postgresql://…; the demo if left out.")
]
Project = Annotated[
    Path | None, typer.Option("--dbt-project", help="A dbt project that was built.")
]
Databases = Annotated[
    Path | None,
    typer.Option(help="A folder with a DuckDB file for each database; gold SQL runs on it as is."),
]
Only = Annotated[
    list[str] | None, typer.Option(help="Ids, tags, sets, databases or persons to run.")
]
Today = Annotated[str | None, typer.Option(help="The day that relative dates count from.")]
As = Annotated[
    str | None, typer.Option("--as", help="The user who asks, where an entry names none.")
]
By = Annotated[str, typer.Option(help="set, database, tag or person: the table's rows.")]
Out = Annotated[Path | None, typer.Option(help="Write a line of JSON for each question.")]
MinRight = Annotated[
    float | None, typer.Option(min=0, max=100, help="Fail below so many percent right.")
]
MaxWrong = Annotated[
    float | None, typer.Option(min=0, max=100, help="Fail above so many percent wrong.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("run")
def run(
    suite: Suite, warehouse: Warehouse = None, dbt_project: Project = None,
    databases: Databases = None, only: Only = None, today: Today = None, user: As = None,
    by: By = "set", out: Out = None,
    report: Annotated[Path | None, typer.Option(help="Write the run as an HTML page.")] = None,
    label: Annotated[str, typer.Option(help="A name for the run, such as main.")] = "",
    keep: Annotated[bool, typer.Option(help="Keep the run for `eval history`.")] = True,
    min_right: MinRight = None, max_wrong: MaxWrong = None, json: Json = False,
) -> None:  # fmt: skip
    """Ask a suite's questions and count how many are answered rightly."""
    from datamind.commands import evaluate

    asking = evaluate.Asking(suite, warehouse, dbt_project, databases, only or [], today, user)
    kept = evaluate.Kept(out, report, label, keep)
    finish(
        lambda: evaluate.run(asking, kept, _floors(min_right, max_wrong), by=by, as_json=json),
        as_json=json,
    )


@app.command("check")
def check(
    suite: Suite, warehouse: Warehouse = None, dbt_project: Project = None,
    databases: Databases = None, only: Only = None, today: Today = None, user: As = None,
) -> None:  # fmt: skip
    """Say whether a suite can be read and its SQL runs; nothing is asked."""
    _asking(lambda m, a: m.check(a), suite, warehouse, dbt_project, databases, only, today, user)


@app.command("explain")
def explain(
    suite: Suite, warehouse: Warehouse = None, dbt_project: Project = None,
    databases: Databases = None, only: Only = None, today: Today = None, user: As = None,
    by: By = "set", out: Out = None,
) -> None:  # fmt: skip
    """Say for each question where its right answer was lost."""
    _asking(
        lambda m, a: m.explain(a, out, by=by),
        suite, warehouse, dbt_project, databases, only, today, user,
    )  # fmt: skip


def _asking(work: Callable[[Any, Asking], int], *words: Any) -> None:
    from datamind.commands import evaluate

    suite, warehouse, project, databases, only, today, user = words
    asking = evaluate.Asking(suite, warehouse, project, databases, only or [], today, user)
    raise typer.Exit(work(evaluate, asking))


@app.command("history")
def history(
    suite: Annotated[str | None, typer.Argument(help="A suite's file; all if left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Runs at most.")] = 20,
    json: Json = False,
) -> None:
    """List the runs that were kept, with their figures and how those changed."""
    from datamind.commands import evaluate_runs

    finish(lambda: evaluate_runs.history(suite, limit, as_json=json), as_json=json)


@app.command("compare")
def compare(
    before: Annotated[str, typer.Argument(help="A run: its label, id, or file.")],
    after: Annotated[str, typer.Argument(help="Another run; the last one if left out.")] = "last",
    fail_on: Annotated[
        str, typer.Option(help="lost: any that ends worse; wrong: any newly wrong; none.")
    ] = "lost",
    max_lost: Annotated[int, typer.Option(min=0, help="So many of those are let pass.")] = 0,
    min_right: MinRight = None, max_wrong: MaxWrong = None, json: Json = False,
) -> None:  # fmt: skip
    """Say which questions the second run lost or won; ends with 1 where it may not stand."""
    from datamind.commands import evaluate_runs

    floors = _floors(min_right, max_wrong)
    finish(
        lambda: evaluate_runs.compare(before, after, fail_on, max_lost, floors, as_json=json),
        as_json=json,
    )


def _floors(min_right: float | None, max_wrong: float | None) -> Floors:
    from datamind.evaluation.report import Floors

    return Floors(min_right, max_wrong)
