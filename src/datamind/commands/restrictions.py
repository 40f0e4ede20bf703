"""`datamind ip-restrictions`: which networks are let in, for the operator whom they shut out."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Which networks are let in.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("list")
def listing(json: Json = False) -> None:
    """List all IP restrictions."""
    from datamind.commands import people

    raise typer.Exit(people.restrictions(as_json=json))


@app.command("clear")
def clear(json: Json = False) -> None:
    """Switch all IP restrictions off; they stay listed. A running server follows in seconds."""
    from datamind.commands import people

    raise typer.Exit(people.clear_restrictions(as_json=json))
