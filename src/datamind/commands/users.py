"""The options of `datamind users`; what they do is in people.py, imported late."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from datamind.errors import BadInput

app = typer.Typer(help="Who may sign in.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The user's e-mail address.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


@app.command("add")
def add(
    email: Email,
    role: Annotated[str, typer.Option(help="viewer, analyst or admin.")] = "analyst",
    name: Annotated[str | None, typer.Option(help="What the pages call them.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    json: Json = False,
) -> None:
    """Add a user; without --password-stdin a password is made and told once."""
    from datamind.commands import people

    password = sys.stdin.readline().rstrip("\n") if password_stdin else None
    if password == "":
        raise BadInput("There was no password on standard input.")
    raise typer.Exit(people.add(email, name, role, password, as_json=json))


@app.command("list")
def listing(json: Json = False) -> None:
    """List all users."""
    from datamind.commands import people

    raise typer.Exit(people.listing(as_json=json))


@app.command("password")
def password(email: Email, json: Json = False) -> None:
    """Make a new password for a user, and sign them out everywhere."""
    from datamind.commands import people

    raise typer.Exit(people.password(email, as_json=json))


@app.command("role")
def role(
    email: Email, new: Annotated[str, typer.Argument(help="viewer, analyst or admin.")],
    json: Json = False,
) -> None:  # fmt: skip
    """Give a user a role."""
    from datamind.commands import people

    raise typer.Exit(people.role(email, new, as_json=json))


@app.command("unlock")
def unlock(
    email: Annotated[str | None, typer.Argument(help="The user's e-mail address.")] = None,
    ip: Annotated[str | None, typer.Option(help="Also, or only, an IP address.")] = None,
    json: Json = False,
) -> None:
    """Let a user, or an IP address, try to sign in again after too many wrong passwords."""
    from datamind.commands import people

    raise typer.Exit(people.unlock(email, ip, as_json=json))


@app.command("deactivate")
def deactivate(email: Email, json: Json = False) -> None:
    """Sign a user out everywhere, and let them in no more."""
    from datamind.commands import people

    raise typer.Exit(people.activate(email, False, as_json=json))


@app.command("activate")
def activate(email: Email, json: Json = False) -> None:
    """Let a user in again."""
    from datamind.commands import people

    raise typer.Exit(people.activate(email, True, as_json=json))
