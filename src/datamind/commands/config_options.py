"""The options of `datamind config`; what it does is in config.py, imported late."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from datamind.commands.faults import finish

app = typer.Typer(help="Settings, and the file .env with its secrets.", no_args_is_help=True)

File = Annotated[
    Path | None, typer.Option("--file", help="The file; else the one that is read, or .env here.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("init")
def init(
    file: File = None,
    key_file: Annotated[Path | None, typer.Option(help="Where the key goes, elsewhere.")] = None,
) -> None:
    """Make .env with fresh secrets, encrypted, and a key for it in a file elsewhere."""
    from datamind.commands import config

    finish(lambda: config.init(file, key_file), as_json=False)


@app.command("encrypt")
def encrypt(
    names: Annotated[
        list[str] | None, typer.Argument(help="Values to encrypt; else all secrets.")
    ] = None,
    file: File = None,
) -> None:
    """Encrypt values in the file; comments and order stay."""
    from datamind.commands import config

    finish(lambda: config.encrypt(names or [], file), as_json=False)


@app.command("rotate")
def rotate(
    file: File = None,
    drop: Annotated[
        bool, typer.Option("--drop-old/--keep-old", help="Take the old keys away, or keep them.")
    ] = False,
) -> None:
    """Encrypt all anew with a new key; of ENCRYPTION_KEY=NEW,OLD, with the first."""
    from datamind.commands import config

    finish(lambda: config.rotate(file, keep_old=not drop), as_json=False)


@app.command("key")
def key() -> None:
    """Print a new key for ENCRYPTION_KEY."""
    from datamind.settings.encrypted import new_key

    print(new_key())


@app.command("check")
def check(json: Json = False) -> None:
    """Say all that is missing, weak, misspelt or open; 2 where a server would not start."""
    from datamind.commands import config

    finish(lambda: config.check(as_json=json), as_json=json)


@app.command("set")
def set_to(
    name: Annotated[str, typer.Argument(help="Its name in the environment.")],
    value: Annotated[str, typer.Argument(help="What is to hold from now on.")],
    json: Json = False,
) -> None:
    """Change a setting of all servers that run; kept in the store, before the environment."""
    from datamind.commands import config_changes

    finish(lambda: config_changes.change(name, value, as_json=json), as_json=json)


@app.command("unset")
def unset(
    name: Annotated[str, typer.Argument(help="Its name in the environment.")], json: Json = False
) -> None:
    """Take a change back: what the environment says, or the usual, holds again."""
    from datamind.commands import config_changes

    finish(lambda: config_changes.change(name, None, as_json=json), as_json=json)


@app.command("changes")
def changes(json: Json = False) -> None:
    """List the settings that may be changed while servers run, and those that were."""
    from datamind.commands import config_changes

    finish(lambda: config_changes.show(as_json=json), as_json=json)


@app.command("show")
def show(json: Json = False) -> None:
    """List what is set, and where; secrets as ***."""
    from datamind.commands import config

    finish(lambda: config.show(as_json=json), as_json=json)
