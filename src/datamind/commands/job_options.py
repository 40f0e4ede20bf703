"""The options of `datamind worker`, `beat`, `flower` and `jobs`; what they do is imported late."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="What is done in the background.", no_args_is_help=True)

Id = Annotated[str, typer.Argument(help="The job's id.")]
Json = Annotated[bool, typer.Option("--json", help="Print the stable JSON form.")]


def worker(
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Jobs at once (DATAMIND_JOB_WORKERS).")
    ] = None,
) -> None:
    """Run jobs by Celery, until Ctrl-C; needs REDIS_URL."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.worker(concurrency))


def beat() -> None:
    """Ask for what is due by the clock, by Celery's Beat; needs REDIS_URL."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.beat())


def flower(
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port.")] = 5555,
) -> None:
    """Show Celery's workers and messages in a browser; needs REDIS_URL and FLOWER_BASIC_AUTH."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.flower(host, port))


@app.command("list")
def listing(
    status: Annotated[str | None, typer.Option(help="queued, running, dead, …")] = None,
    kind: Annotated[str | None, typer.Option(help="As dbt.sync.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
    json: Json = False,
) -> None:
    """List jobs, newest first."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.listing(status, kind, limit, as_json=json))


@app.command("show")
def show(job_id: Id, json: Json = False) -> None:
    """Show a job, how far it is, and its log."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.show(job_id, as_json=json))


@app.command("cancel")
def cancel(job_id: Id, json: Json = False) -> None:
    """Call a job off."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.cancel(job_id, as_json=json))


@app.command("retry")
def retry(job_id: Id, json: Json = False) -> None:
    """Do a job anew that failed, died or was cancelled."""
    from datamind.commands import jobs

    raise typer.Exit(jobs.retry(job_id, as_json=json))
