"""The options of `datamind backup`; what it does is in backup.py, imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamind.commands.faults import finish

app = typer.Typer(help="All that an installation keeps, in one file.", no_args_is_help=True)

File = Annotated[
    Path | None, typer.Argument(help="The backup, whole or an increment; else the newest.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("create")
def create(
    to: Annotated[
        Path | None, typer.Option(help="Its file; else one in the folder of backups.")
    ] = None,
    increment: Annotated[
        bool, typer.Option("--increment", help="Only what changed since the newest whole one.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a backup, while the server runs or not; encrypted where there is an ENCRYPTION_KEY."""
    from datamind.commands import backup

    finish(lambda: backup.create(to, increment=increment, as_json=json), as_json=json)


@app.command("list")
def show(json: Json = False) -> None:
    """List the backups in their folder."""
    from datamind.commands import backup

    finish(lambda: backup.show(as_json=json), as_json=json)


@app.command("verify")
def verify(
    file: File = None,
    every: Annotated[bool, typer.Option("--all", help="Each of those in the folder.")] = False,
    json: Json = False,
) -> None:
    """Look whether it can be restored, by every hash, row and record; 1 where it can't."""
    from datamind.commands import backup

    finish(lambda: backup.verify(file, every=every, as_json=json), as_json=json)


@app.command("prove")
def prove(file: File = None, json: Json = False) -> None:
    """Restore it into a scratch place, compare what is there then, and say how long it took."""
    from datamind.commands import backup

    finish(lambda: backup.prove(file, as_json=json), as_json=json)


@app.command("restore")
def restore(
    file: Annotated[Path | None, typer.Argument(help="The backup, whole or an increment.")] = None,
    at: Annotated[
        str | None, typer.Option(help="The newest in the folder of this time (UTC) or before.")
    ] = None,
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
            file, at=at, replace=replace, force=force, without_audit=without_audit, as_json=json
        ),
        as_json=json,
    )
