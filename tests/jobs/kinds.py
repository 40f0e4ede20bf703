"""Kinds of jobs that only tests have; a file tells what they did, whichever process they run in."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datamind.errors import BadInput, Unavailable
from datamind.rooms.jobs.running import Handler, JobContext


async def _note(context: JobContext) -> Mapping[str, Any]:
    """Tell a file when it began and ended, and say who did it."""
    _tell(context, "began")
    await asyncio.sleep(0.1)
    _tell(context, "did")
    return {"pid": os.getpid(), "owner": context.caller.identity.user}


async def _steps(context: JobContext) -> Mapping[str, Any]:
    """Work in steps, told as they go; a mark in a file lets it end."""
    _tell(context, "began")
    context.log("\x1b[32mbegan\x1b[0m for maria@example.com\nat once")
    for step in range(10_000):
        if context.cancelled:
            raise BadInput("It was called off.")
        context.progress(min(0.9, step / 100), f"step {step}")
        await asyncio.sleep(0.02)
        if Path(context.payload["until"]).exists():
            break
    _tell(context, "did")
    return {"steps": step}


async def _deaf(context: JobContext) -> None:
    """Never end by itself, nor look whether it should."""
    _tell(context, "began")
    await asyncio.Event().wait()


async def _wrong(context: JobContext) -> None:
    _tell(context, "tried")
    raise BadInput("That is no model.")


async def _down(context: JobContext) -> None:
    """Fail so many times, then do it."""
    _tell(context, "tried")
    if context.attempt <= context.payload["times"]:
        raise Unavailable("The warehouse is down.")


async def _bug(context: JobContext) -> None:
    _tell(context, "tried")
    raise RuntimeError("secret text")


def _tell(context: JobContext, what: str) -> None:
    if "file" in context.payload:
        with Path(context.payload["file"]).open("a") as file:
            file.write(f"{what} {context.job_id} {os.getpid()} {time.time()}\n")


HANDLERS: Mapping[str, Handler] = {
    "note": _note, "steps": _steps, "deaf": _deaf, "wrong": _wrong, "down": _down, "bug": _bug,
}  # fmt: skip


def told(file: Path, *what: str) -> list[str]:
    """The jobs of which the file tells one of these, in order."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.split()[1] for line in lines if line.split()[0] in what]
