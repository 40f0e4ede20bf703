"""`datamind migrate-warehouse`: its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command("migrate-warehouse")
def migrate_warehouse(
    source: Annotated[
        str | None, typer.Option("--from", help="postgresql://…; WAREHOUSE_URL if left out.")
    ] = None,
    target: Annotated[
        str | None, typer.Option("--to", help="clickhouse://…; CLICKHOUSE_URL if left out.")
    ] = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would be done; nothing is written.")
    ] = False,
    tables: Annotated[
        list[str] | None, typer.Option(help="A table, as schema.name; all if left out.")
    ] = None,
    choices: Annotated[
        Path | None, typer.Option(help="A YAML file of choices; CLICKHOUSE_CHOICES_FILE.")
    ] = None,
    dbt_project: Annotated[
        Path | None, typer.Option("--dbt-project", help="A built project whose meta has choices.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Compare also what was not written since.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Copy all anew, beside the old.")] = False,
    take_over: Annotated[
        bool,
        typer.Option(
            "--take-over",
            help="Copies of another database, as before a restore, become this one's.",
        ),
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take the copies out of ClickHouse.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    history: Annotated[
        bool, typer.Option(help="Suggest projections and indexes by what was asked.")
    ] = True,
    json: Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")] = False,
) -> None:
    """Copy tables of PostgreSQL into ClickHouse, or bring the copies up to date."""
    from datamind.commands import migrate_warehouse as command
    from datamind.commands.faults import finish

    options = command.Options(
        source, target, tuple(tables or ()), choices, dbt_project, plan, verify, again, remove,
        yes, json, history, take_over,
    )  # fmt: skip
    finish(lambda: command.run(options), as_json=json)
