"""The command line: reads options, calls the command, and turns errors into exit codes.

Nothing heavy is imported before a command needs it, so that `--help` is there at once.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

import datamind.collecting  # noqa: F401 (how often garbage is collected)
from datamind import __version__
from datamind.commands import job_options
from datamind.commands.backup_options import app as backup_app
from datamind.commands.config_options import app as config_app
from datamind.commands.dbt_options import app as dbt_app
from datamind.commands.evaluate_options import app as eval_app
from datamind.commands.faults import finish
from datamind.commands.migrate_options import migrate
from datamind.commands.migrate_warehouse_options import app as migrate_warehouse_app
from datamind.commands.policy_options import app as policies_app
from datamind.commands.restrictions import app as restrictions_app
from datamind.commands.users import app as users_app
from datamind.errors import BadInput, DataMindError

INTERRUPTED = 130
app = typer.Typer(
    name="datamind",
    epilog="Exit codes: 0 done, 1 our fault, 2 bad input, 3 asked back, 4 refused, 5 forbidden,"
    " 6 warehouse, 7 dbt, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
catalog_app = typer.Typer(help="What is known of the data.", no_args_is_help=True)
app.add_typer(catalog_app, name="catalog")
app.add_typer(dbt_app, name="dbt")
app.add_typer(users_app, name="users")
app.add_typer(restrictions_app, name="ip-restrictions")
app.add_typer(policies_app, name="policies")
app.add_typer(eval_app, name="eval")
app.add_typer(job_options.app, name="jobs")
app.command()(job_options.worker)
app.command()(job_options.beat)
app.command()(job_options.flower)
app.command("migrate")(migrate)
app.add_typer(migrate_warehouse_app)
app.add_typer(config_app, name="config")
app.add_typer(backup_app, name="backup")
audit_app = typer.Typer(help="The audit log.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")

Warehouse = Annotated[
    str | None, typer.Option(help="duckdb:///PATH or postgresql://…; the demo if left out.")
]
Project = Annotated[
    Path | None, typer.Option("--dbt-project", help="A dbt project that was built.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]
Host = Annotated[str | None, typer.Option(help="Where to listen (127.0.0.1).")]
Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Port (8000).")]
Days = Annotated[int | None, typer.Option(min=1, max=36_500, help="Days.")]
As = Annotated[
    str | None, typer.Option("--as", help="The user, by address, whose view it is; else all.")
]
Today = Annotated[str | None, typer.Option(help="The day that relative dates count from.")]


def _version(wanted: bool) -> None:
    if wanted:
        print(f"datamind {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Ask your data in plain English and get an answer that you can trust."""


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="A question in plain English.")] = None,
    json: Json = False,
    user: As = None,
    warehouse: Warehouse = None,
    dbt_project: Project = None,
    engine: Annotated[str, typer.Option(help="builtin, model or auto.")] = "builtin",
    today: Today = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Rows at most.")] = None,
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds at most.")] = None,
    evidence: Annotated[str, typer.Option(help="Definitions that go with the question.")] = "",
    trace: Annotated[
        bool, typer.Option("--trace", help="Show how the engine reads it; nothing is run.")
    ] = False,
    batch: Annotated[Path | None, typer.Option(help="Questions, one JSON object a line.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where a batch's answers go.")] = None,
) -> None:
    """Answer a question, or a batch of them."""
    from datamind.commands import ask as command
    from datamind.commands.ask import AskOptions
    from datamind.commands.batch import run_batch

    options = AskOptions(
        user, warehouse, dbt_project, engine, today, limit, timeout, evidence, json
    )
    if batch is not None:
        if out is None or question is not None:
            raise BadInput("A batch needs --out, and takes no question beside it.")
        raise typer.Exit(run_batch(batch, out, options))
    if question is None:
        raise BadInput("No question was asked.", hint='datamind ask "How many orders were there?"')
    look = command.trace if trace else command.run_one
    raise typer.Exit(look(question, options))


@app.command("slow-queries")
def slow_queries(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20, json: Json = False
) -> None:
    """The statements that took most of the warehouse's time, with their plans."""
    from datamind.commands import slow_queries as command

    raise typer.Exit(command.run(limit, as_json=json))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="Ask one question, then stop.")] = False,
    lines: Annotated[int, typer.Option(min=1000, max=5_000_000, help="Order lines.")] = 300_000,
    fresh: Annotated[bool, typer.Option("--fresh", help="Build again in any case.")] = False,
    host: Host = None,
    port: Port = None,
) -> None:
    """Build a retailer's data with dbt, ask it a question, and serve it."""
    from datamind.commands.demo import run

    raise typer.Exit(run(lines=lines, fresh=fresh, once=once, host=host, port=port))


@app.command()
def serve(
    warehouse: Warehouse = None,
    dbt_project: Project = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Serve the API and its pages to many people, until Ctrl-C."""
    from datamind.commands.serve import run

    raise typer.Exit(run(warehouse, dbt_project, host, port))


@app.command()
def doctor(
    warehouse: Warehouse = None,
    dbt_project: Project = None,
    readiness: Annotated[
        bool, typer.Option("--readiness", help="Grade the model, and say what to add first.")
    ] = False,
    json: Json = False,
) -> None:
    """Look at the installation and the warehouse, and say how to mend what is wrong."""
    from datamind.commands import doctor as command
    from datamind.commands import readiness as grading

    look = grading if readiness else command
    finish(lambda: look.run(warehouse, dbt_project, as_json=json), as_json=json)


@app.command()
def guard(
    policy: Annotated[
        Path | None, typer.Option(help="Users, grants and restrictions, in YAML.")
    ] = None,
    dialect: Annotated[str, typer.Option(help="postgres, duckdb or clickhouse.")] = "duckdb",
    schema: Annotated[Path | None, typer.Option(help="The tables, in YAML.")] = None,
    user: Annotated[str | None, typer.Option(help="A user of the policy file.")] = None,
    statements: Annotated[
        Path | None, typer.Option("--in", help="Statements, one JSON object a line.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the verdicts go; else to standard output.")
    ] = None,
    self_test: Annotated[
        bool, typer.Option("--self-test", help="Run the attack suite on an engine.")
    ] = False,
    warehouse: Annotated[
        str | None, typer.Option(help="The engine of --self-test: a test server; or duckdb:")
    ] = None,
) -> None:
    """Say what the guard makes of statements: the text that would run, or why it is refused."""
    from datamind.commands import guard as command

    if self_test:
        raise typer.Exit(command.self_test(warehouse))
    if policy is None or schema is None or user is None or statements is None:
        raise BadInput(
            "The guard needs --policy, --schema, --user and --in; or --self-test.",
            hint="docs/policies.md describes the files.",
        )
    raise typer.Exit(command.run(policy, dialect, schema, user, statements, out))


@catalog_app.command("show")
def catalog_show(
    table: Annotated[str | None, typer.Argument(help="A table; all of them if left out.")] = None,
    user: As = None,
    warehouse: Warehouse = None,
    dbt_project: Project = None,
    json: Json = False,
) -> None:
    """List the tables, or the columns of one."""
    from datamind.commands.catalog import show

    finish(lambda: show(table, warehouse, dbt_project, user=user, as_json=json), as_json=json)


@catalog_app.command("search")
def catalog_search(
    words: Annotated[str, typer.Argument(help="What to look for.")],
    user: As = None,
    warehouse: Warehouse = None,
    dbt_project: Project = None,
    json: Json = False,
) -> None:
    """Find tables, columns, metrics and values."""
    from datamind.commands.catalog import find

    finish(lambda: find(words, warehouse, dbt_project, user=user, as_json=json), as_json=json)


@catalog_app.command("sync")
def catalog_sync(
    warehouse: Warehouse = None, dbt_project: Project = None, json: Json = False
) -> None:
    """Read the catalog off the database again."""
    from datamind.commands.catalog import sync

    finish(lambda: sync(warehouse, dbt_project, as_json=json), as_json=json)


@audit_app.callback()
def audit() -> None:
    """The audit log."""


@audit_app.command("verify")
def audit_verify(json: Json = False) -> None:
    """Say whether the audit log's chain holds: its copies, segments and anchors."""
    from datamind.commands.audit import verify

    finish(lambda: verify(as_json=json), as_json=json)


@audit_app.command("seal")
def audit_seal(days: Days = None, json: Json = False) -> None:
    """Move records older than so many days (AUDIT_SEAL_DAYS) into sealed segments."""
    from datamind.commands.audit import seal

    finish(lambda: seal(days, as_json=json), as_json=json)


@audit_app.command("prune")
def audit_prune(days: Days = None, json: Json = False) -> None:
    """Delete sealed segments older than so many days (AUDIT_RETENTION_DAYS)."""
    from datamind.commands.audit import prune

    finish(lambda: prune(days, as_json=json), as_json=json)


def guarded(run: Callable[[], object]) -> int:
    """The exit code of a run; an error is a message and its hint, never a traceback."""
    from datamind.commands.faults import tell

    try:
        run()
    except DataMindError as fault:
        tell(fault.message, fault.code, fault.hint, fault.errors)
        return fault.exit_code
    except KeyboardInterrupt:
        return INTERRUPTED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except Exception as fault:
        if _interrupted(fault):
            return INTERRUPTED
        if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EIO, errno.EPIPE):
            tell("The output can't be written.", BadInput.code, "Is the disk full?")
            return BadInput.exit_code
        logging.getLogger(__name__).debug("unexpected", exc_info=True)
        name = type(fault).__name__
        tell(
            f"Something went wrong inside DataMind: {name}", "internal", DataMindError.default_hint
        )
        return DataMindError.exit_code
    return 0


def _interrupted(fault: BaseException | None) -> bool:
    """Whether a library made another fault of the keyboard's interrupt, as DuckDB does."""
    while fault is not None:
        if isinstance(fault, KeyboardInterrupt) or str(fault) == "Query interrupted":
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # what the terminal can't write is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    code = guarded(app)
    if code == INTERRUPTED:
        print("Interrupted.", file=sys.stderr)
    try:
        sys.stdout.flush()
    except OSError:
        # Nobody reads on, or the disk is full: what is left to be written goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = code or 1
    sys.exit(code)


if __name__ == "__main__":
    main()
