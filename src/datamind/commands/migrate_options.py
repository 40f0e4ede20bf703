"""The options of `datamind migrate`; what it does is in migrate.py, imported late."""

from __future__ import annotations

from typing import Annotated

import typer

from datamind.commands.faults import finish


def migrate(
    to: Annotated[str | None, typer.Option(help="A revision, as 0003; else the newest.")] = None,
    down: Annotated[
        bool, typer.Option("--down", help="Go back to it: what only newer ones keep is lost.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; 1 where there is something to do.")
    ] = False,
    to_database: Annotated[
        str | None, typer.Option(help="Move all to this empty PostgreSQL: postgresql://user@host/…")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")] = False,
) -> None:
    """Bring the metadata store to the newest revision, or move it from SQLite to PostgreSQL."""
    from datamind.commands import migrate as command

    finish(
        lambda: command.run(to=to, down=down, check=check, target=to_database, as_json=json),
        as_json=json,
    )
