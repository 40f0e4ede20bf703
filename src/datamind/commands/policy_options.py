"""The options of `datamind policies`; what they do is in policies.py, imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamind.commands.faults import finish

app = typer.Typer(help="Who may see what.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A policy file, in YAML.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Take away what is not in the file; else only add to it.")
]
Force = Annotated[bool, typer.Option("--force", help="Also where an assertion would not hold.")]
Warehouse = Annotated[
    str | None, typer.Option(help="duckdb:///PATH or postgresql://…; the demo if left out.")
]
Project = Annotated[
    Path | None, typer.Option("--dbt-project", help="A dbt project that was built.")
]


@app.command("export")
def export(
    out: Annotated[Path | None, typer.Option(help="A file; else standard output.")] = None,
) -> None:
    """Write all policies as one YAML file."""
    from datamind.commands import policies

    raise typer.Exit(policies.export(out))


@app.command("import")
def take_in(
    file: File, replace: Replace = False, force: Force = False, warehouse: Warehouse = None,
    dbt_project: Project = None, json: Json = False,
) -> None:  # fmt: skip
    """Take in a policy file, as a whole or not at all."""
    from datamind.commands import policies

    finish(
        lambda: policies.take_in(
            file, warehouse, dbt_project, replace=replace, force=force, dry_run=False, as_json=json
        ),
        as_json=json,
    )


@app.command("check")
def check(
    file: File, replace: Replace = False, warehouse: Warehouse = None, dbt_project: Project = None,
    json: Json = False,
) -> None:  # fmt: skip
    """Say what an import would do, and which assertions it would break; changes nothing."""
    from datamind.commands import policies

    finish(
        lambda: policies.take_in(
            file, warehouse, dbt_project, replace=replace, force=False, dry_run=True, as_json=json
        ),
        as_json=json,
    )


@app.command("test")
def test(warehouse: Warehouse = None, dbt_project: Project = None, json: Json = False) -> None:
    """Say whether the assertions of all policies hold."""
    from datamind.commands import policies

    finish(lambda: policies.test(warehouse, dbt_project, as_json=json), as_json=json)
