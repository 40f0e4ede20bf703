"""`datamind migrate`: the metadata store at a revision, or moved from SQLite to PostgreSQL."""

from __future__ import annotations

import os
from dataclasses import asdict, replace

from datamind.commands.faults import print_json
from datamind.commands.people import with_people
from datamind.commands.render import Screen
from datamind.errors import BadInput
from datamind.migrations import Migrated, downgrade, state, upgrade
from datamind.migrations.moving import Moved, move
from datamind.migrations.stores import is_file, parsed, shown
from datamind.rooms.audit.service import Outcome, note
from datamind.settings import Settings, load

BEHIND = 1


def run(
    *, to: str | None, down: bool, check: bool, target: str | None, as_json: bool
) -> int:  # fmt: skip
    """What the options say; the exit code."""
    settings = load()
    os.umask(0o077)  # what is kept is for its owner alone
    if target is not None:
        if to or down or check:
            raise BadInput("--to-database goes with no other option.")
        return _move(settings, target, as_json=as_json)
    if check:
        return _check(settings, as_json=as_json)
    if down:
        if to is None:
            raise BadInput("To go back, say where to.", hint="datamind migrate --to 0003 --down")
        return _tell(downgrade(settings.database_url, to), as_json=as_json)
    return _tell(upgrade(settings.database_url, to or "head"), as_json=as_json)


def _check(settings: Settings, *, as_json: bool) -> int:
    found, newest = state(settings.database_url)
    if as_json:
        print_json({"revision": found, "newest": newest, "current": found == newest})
    elif found == newest:
        Screen().say(f"The store is at {found}, the newest revision.")
    else:
        Screen().say(f"The store is at {found or 'no revision'}; the newest is {newest}.")
    return 0 if found == newest else BEHIND


def _tell(done: Migrated, *, as_json: bool) -> int:
    if as_json:
        print_json({**asdict(done), "backup": str(done.backup) if done.backup else None})
        return 0
    screen = Screen()
    if done.before == done.after:
        screen.say(f"The store is at {done.after}; nothing was to be done.")
    else:
        screen.say(f"The store went from {done.before or 'empty'} to {done.after or 'empty'}.")
    if done.backup:
        screen.say(f"As it was before it is in {done.backup}")
    return 0


def _move(settings: Settings, target: str, *, as_json: bool) -> int:
    """Move, prove that it can be opened there, and say what to set."""
    source = settings.database_url
    if not is_file(parsed(source)):  # the environment may name the new store already
        source = f"sqlite+aiosqlite:///{settings.home / 'datamind.db'}"
    there = parsed(target)
    screen = Screen()
    if there.password is not None and not as_json:
        screen.say("A password among the options can be seen by all on this machine: PGPASSWORD"
                   " keeps it out of them.")  # fmt: skip
    with screen.progress(show=not as_json, text="moving"):
        moved = move(source, target)
    server = replace(settings.server, database_url=target)
    with_people(
        replace(settings, server=server),
        lambda ground, _, me: note(
            ground, me, "store_moved", Outcome.success, target=shown(there), rows=dict(moved.rows)
        ),
    )
    if as_json:
        print_json(
            {"rows": dict(moved.rows), "replaced": moved.replaced, "backup": str(moved.backup),
             "finished_only": moved.finished_only, "database_url": _plain(target)}
        )  # fmt: skip
        return 0
    _say(screen, settings, moved, _plain(target))
    return 0


def _plain(target: str) -> str:
    """The address without its password, for the environment."""
    there = parsed(target)
    return there.set(drivername="postgresql", password=None).render_as_string(hide_password=False)


def _say(screen: Screen, settings: Settings, moved: Moved, target: str) -> None:
    for table, rows in moved.rows.items():
        if rows:
            screen.say(f"{rows:>10,} {table}")
    total = sum(moved.rows.values())
    screen.say(f"{total:,} rows are there as they were, by count and checksum of each table.")
    if moved.finished_only:
        screen.say("They were there already, of a move that was stopped before its end.")
    if moved.replaced:
        screen.say(f"{moved.replaced:,} texts held the character NUL, which was replaced.")
    screen.say(
        f"Now set for every server, and start them again:\n"
        f"  DATABASE_URL={target}\n"
        "    (its password within it, or in PGPASSWORD)\n"
        f"  DATAMIND_HOME={settings.home}\n"
        "    (as before: the audit log and secrets.json stay there)\n"
        "A server that still runs on the file can't write any more.\n"
        f"The way back: put {moved.backup} in place of the file."
    )
