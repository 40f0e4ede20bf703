"""`datamind policies`: policies as a file, and their assertions, from the machine itself."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.api.data import open_data
from datamind.api.secrets import secrets_of
from datamind.api.store import open_store
from datamind.commands.faults import print_json
from datamind.commands.people import ground_of, operator, with_people
from datamind.commands.render import Screen
from datamind.commands.wiring import quiet_logs, target
from datamind.errors import AssertionBroken, BadInput
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Governing
from datamind.rooms.places import Places
from datamind.rooms.policies import files, testing
from datamind.rooms.policies.changing import refusal
from datamind.rooms.policies.rights import RightsBook
from datamind.rooms.policies.schemas import ImportOut, TestIn, Verdict
from datamind.settings import Settings, load

MOST_BYTES = 512 * 1024  # as many as the server takes
BROKEN = AssertionBroken.exit_code
T = TypeVar("T")
Work = Callable[[AsyncSession, Governing, Caller], Awaitable[T]]


def export(out: Path | None) -> int:
    """Write all policies, into a file or on standard output."""
    text, _ = with_people(load(), lambda ground, session, me: files.exported(session, me))
    if out is None:
        sys.stdout.write(text)
        return 0
    try:
        out.write_text(text, "utf-8")
    except OSError:
        raise BadInput(f"{out} can't be written.", hint="Name a file in a folder.") from None
    return 0


def take_in(
    file: Path, warehouse: str | None, project: Path | None, *, replace: bool, force: bool,
    dry_run: bool, as_json: bool,
) -> int:  # fmt: skip
    """Take a file in, or only say what that would do; then not 0 where an assertion would break."""
    mode: files.Mode = "replace" if replace else "merge"

    text = _text(file)

    async def work(session: AsyncSession, parts: Governing, me: Caller) -> ImportOut:
        return await files.imported(
            session, parts, me, text, mode=mode, dry_run=dry_run, force=force, name=str(file)
        )

    done = _with_policies(load(), warehouse, project, work)
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        _tell(done)
    return BROKEN if dry_run and done.broken else 0


def test(warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """How the assertions of all policies end; not 0 where one does not hold."""
    done = _with_policies(
        load(), warehouse, project,
        lambda session, parts, me: testing.test(session, parts, me, TestIn()),
    )  # fmt: skip
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        screen = Screen()
        _verdicts(screen, [v for v in done.results if v.outcome != "holds"])
        held = sum(v.outcome == "holds" for v in done.results)
        screen.say(f"{held:,} of {len(done.results):,} hold.")
    return 0 if done.holds else BROKEN


def _with_policies(
    settings: Settings, warehouse: str | None, project: Path | None, work: Work[T]
) -> T:
    """What the work gives, done on the store and the data as the operator of this machine."""
    quiet_logs(settings)
    source = target(warehouse, project, settings)

    async def run() -> T:
        secrets = secrets_of(settings)
        async with open_store(settings, secrets) as store:
            with (
                closing(await open_data(settings, lambda: source, secrets.masks)) as data,
                ThreadPoolExecutor(settings.server.query_workers, "policies") as threads,
            ):
                parts = Governing(
                    **ground_of(settings, store), engine=data.engine, warehouse=data.warehouse,
                    bindings=data.bindings, rights=RightsBook(store.database, lasts_s=0),
                    threads=threads, places=Places(settings.server.query_workers),
                )  # fmt: skip
                async with store.database.unit() as session:
                    return await work(session, parts, operator())

    os.umask(0o077)  # what is kept is for its owner alone
    return asyncio.run(run())


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{file} can't be read.", hint="Is it there, and UTF-8?") from None
    if len(raw) > MOST_BYTES:
        raise BadInput(f"{file} is larger than {MOST_BYTES:,} bytes.", hint="Split it in files.")
    return text


def _tell(done: ImportOut) -> None:
    screen = Screen()
    would = "would be " if done.dry_run else ""
    for word, group in (
        ("added", done.added),
        ("changed", done.changed),
        ("removed", done.removed),
    ):
        for one in group:
            known = f" ({one.id})" if one.id is not None else ""
            screen.say(f"{would}{word}: {one.name}{known}")
    screen.say(f"{done.unchanged:,} unchanged.")
    for warning in done.warnings:
        screen.say(warning)
    if done.broken:
        screen.say(refusal(done.broken).message if done.dry_run else "Forced all the same:")
        _verdicts(screen, done.broken)


def _verdicts(screen: Screen, verdicts: Sequence[Verdict]) -> None:
    if verdicts:
        table = Table("policy", "asker", "expected", "seen", show_edge=False)
        for v in verdicts:
            table.add_row(v.policy, v.asker, v.expected, v.seen)
        screen.console.print(table)
