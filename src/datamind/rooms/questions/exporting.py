"""Exporting: a query's rows as a file, run anew under the rights of whoever takes them away.

The file stands in a folder for temporary files without a name until it is sent, so that a fault is
told before anything is, and nothing of it stays.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import BinaryIO, Literal

from datamind import clock
from datamind.errors import DataMindError, QueryCancelled, ResultTooLarge
from datamind.pipeline.execute import in_batches, named
from datamind.pipeline.prepare import Prepared
from datamind.records import Result, Written
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Parts
from datamind.rooms.policies import blame
from datamind.rooms.questions import sharing

Format = Literal["csv", "xlsx", "parquet", "json"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}
PATIENCE = 4  # times as long as a query on the screen may take
MOST_BYTES = 1 << 30
CHUNK = 1 << 16
LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class File:
    """A file to send: once it is read, or let go of, it is gone."""

    name: str
    media_type: str
    size: int
    written: Written
    handle: BinaryIO

    def chunks(self) -> Iterator[bytes]:
        """All of it."""
        with self.handle:
            while chunk := self.handle.read(CHUNK):
                yield chunk


async def export(parts: Parts, caller: Caller, query_id: str, format: Format) -> File:
    """The rows that the caller may see of their own query, or of one shared with them."""
    need(caller, "viewer")
    await parts.limits.spend(parts.settings.server.ask_limit, "ask", caller.identity.user)
    kept = await sharing.readable(parts, caller, query_id)
    rights = await parts.rights.of(caller)
    run, server = clock.new_id("exp"), parts.settings.server
    with parts.running.entered(
        run, caller.identity.user, most=server.queue, most_each=server.queue_each
    ) as stop:
        prepared, _ = await kept.prepared(
            parts, rights, row_limit=parts.settings.server.export_rows
        )
        said = {"query": run, "of": kept.id, "format": format, "sql": kept.sql}
        governed = prepared.governed
        await note(
            parts, caller, "query_export", Outcome.intent, component="warehouse", **said,
            governed_sql=governed.sql, relations=list(governed.relations),
            columns=list(governed.columns), policies=list(governed.policies),
            fingerprint=governed.fingerprint,
        )  # fmt: skip
        try:
            async with AsyncExitStack() as stack:
                with parts.metrics.queued("export"):
                    # one of the exports', and one of those who ask: it takes a connection, too
                    for places in (parts.export_places, parts.places):
                        await stack.enter_async_context(places.one(caller.counted, stop))
                made = await asyncio.get_running_loop().run_in_executor(
                    parts.threads, _made, parts, prepared, format, filename(kept.question, format),
                    stop,
                )  # fmt: skip
        except asyncio.CancelledError:
            stop.set()
            ended = note(
                parts, caller, "query_export", Outcome.failed, **said, code=QueryCancelled.code
            )
            await parts.running.keep(ended)
            raise
        except DataMindError as known:
            fault = await blame.told(parts, caller, rights, governed, known)
            await note(parts, caller, "query_export", Outcome.failed, **said, code=fault.code)
            raise fault from None
        await note(
            parts, caller, "query_export", Outcome.success, **said, rows=made.written.rows,
            truncated=made.written.truncated,
        )  # fmt: skip
        return made


def _made(parts: Parts, prepared: Prepared, format: Format, name: str, stop: Event) -> File:
    """Run and write; the folder is gone when the file is open."""
    batches = in_batches(
        prepared.governed, parts.warehouse, stop=stop,
        timeout_s=PATIENCE * parts.settings.query_timeout_s,
    )  # fmt: skip
    called = prepared.called
    with TemporaryDirectory(prefix="datamind-") as folder, closing(batches):
        path = Path(folder) / f"result.{format}"
        told = (named(part, called) if called else part for part in batches)
        written = parts.exporters[format].write(_within(told, Path(folder)), str(path))
        handle = path.open("rb")
    size = os.fstat(handle.fileno()).st_size
    return File(name, MEDIA_TYPES[format], size, written, handle)


def _within(batches: Iterator[Result], folder: Path) -> Iterator[Result]:
    """The batches, while what is made of them is not too large for the disk."""
    for part in batches:
        yield part
        if sum(file.stat().st_size for file in folder.iterdir()) > MOST_BYTES:
            raise ResultTooLarge(
                "The file would be larger than 1 GB.", hint="Ask for fewer columns, or fewer rows."
            )


def filename(question: str, format: Format) -> str:
    """A name of plain letters, digits and dashes, whatever was asked."""
    words = re.findall(r"[a-z0-9]+", question.lower())
    name = "-".join(["datamind", *words])[:LONGEST_NAME].rstrip("-")
    return f"{name}.{format}"
