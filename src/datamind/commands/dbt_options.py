"""The options of `datamind dbt`; what it does is in dbt.py, imported late."""

from __future__ import annotations

from typing import Annotated

import typer

from datamind.commands.faults import finish

app = typer.Typer(help="The dbt project: built, tested, documented.", no_args_is_help=True)

Models = Annotated[
    list[str] | None, typer.Option("--select", "-s", help="A selector, as +fct_orders.")
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="A selector of what not.")]
Refresh = Annotated[
    bool, typer.Option("--full-refresh", help="Build incremental models from their beginning.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("run")
def run(
    select: Models = None, exclude: Exclude = None, full_refresh: Refresh = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Build the models, without their tests, and put them in use together."""
    _go("run", select, exclude, full_refresh, json=json)


@app.command("test")
def test(select: Models = None, exclude: Exclude = None, json: Json = False) -> None:
    """Test what is in use; answers warn of what fails."""
    _go("test", select, exclude, json=json)


@app.command("build")
def build(
    select: Models = None, exclude: Exclude = None, full_refresh: Refresh = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Build and test the models beside those in use; put them in use if all is well."""
    _go("build", select, exclude, full_refresh, json=json)


@app.command("docs")
def docs(
    serve: Annotated[
        bool, typer.Option("--serve", help="Show it at http://127.0.0.1:PORT until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 8081,
    json: Json = False,
) -> None:
    """Make dbt's documentation of what is in use."""
    from datamind.commands import dbt

    def make() -> int:
        code = dbt.go("docs", {}, as_json=json)
        return dbt.serve_docs(port) if serve and not code else code

    finish(make, as_json=json)


@app.command("sync")
def sync(json: Json = False) -> None:
    """Look how fresh the sources are, and read the artifacts again."""
    _go("sync", json=json)


@app.command("runs")
def runs(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20, json: Json = False
) -> None:
    """List runs, newest first."""
    from datamind.commands import dbt

    finish(lambda: dbt.runs(limit, as_json=json), as_json=json)


@app.command("models")
def models(json: Json = False) -> None:
    """List the models in use: when each was built, and what its tests say."""
    from datamind.commands import dbt

    finish(lambda: dbt.models(as_json=json), as_json=json)


def _go(
    command: str, select: list[str] | None = None, exclude: list[str] | None = None,
    full_refresh: bool = False, *, json: bool,
) -> None:  # fmt: skip
    from datamind.commands import dbt

    wanted = {
        "models": select or [], "exclude": exclude or [], "full_refresh": full_refresh,
    }  # fmt: skip
    finish(lambda: dbt.go(command, wanted, as_json=json), as_json=json)
