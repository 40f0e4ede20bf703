"""The options of `datamind backup`; what it does is in backup.py, imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamind.commands.faults import finish

app = typer.Typer(help="All that an installation keeps, in one file.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="The backup.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("create")
def create(
    to: Annotated[
        Path | None, typer.Option(help="Its file; else one in the folder of backups.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a backup, while the server runs or not; encrypted where there is an ENCRYPTION_KEY."""
    from datamind.commands import backup

    finish(lambda: backup.create(to, as_json=json), as_json=json)


@app.command("list")
def show(json: Json = False) -> None:
    """List the backups in their folder."""
    from datamind.commands import backup

    finish(lambda: backup.show(as_json=json), as_json=json)


@app.command("verify")
def verify(file: File, json: Json = False) -> None:
    """Prove that it can be restored, in a scratch place; 1 where it can't."""
    from datamind.commands import backup

    finish(lambda: backup.verify(file, as_json=json), as_json=json)


@app.command("restore")
def restore(
    file: File,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of what is there; files stay beside.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Even while a server or worker runs.")
    ] = False,
    without_audit: Annotated[
        bool, typer.Option("--without-audit", help="Begin a new audit log.")
    ] = False,
    json: Json = False,
) -> None:
    """Put it in the place of DATAMIND_HOME and the metadata store: all of it, or none of it."""
    from datamind.commands import backup

    finish(
        lambda: backup.restore(
            file, replace=replace, force=force, without_audit=without_audit, as_json=json
        ),
        as_json=json,
    )
