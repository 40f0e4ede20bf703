"""`datamind backup`: all that an installation keeps, in one file."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

from datamind.backup import checking, making, proving, restoring
from datamind.commands.faults import print_json
from datamind.commands.people import with_people
from datamind.commands.render import Screen
from datamind.errors import BadInput
from datamind.migrations.stores import file_of, parsed
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.system.backup_files import newest, states
from datamind.rooms.system.backups import KIND, told
from datamind.settings import Settings, load

BROKEN = 1
OPEN = ("It is not encrypted, for there is no ENCRYPTION_KEY: secrets.json and .env are not in it;"
        " keep copies of them elsewhere, and this file from others.")  # fmt: skip


def create(to: Path | None, *, increment: bool, as_json: bool) -> int:
    """Make one, and note it in the audit log."""
    if increment and to is not None:
        raise BadInput(
            "An increment goes beside the backup that it goes on from.", hint="Leave --to away."
        )
    settings = load()
    os.umask(0o077)  # what is kept is for its owner alone
    with Screen().progress(show=not as_json, text="backing up"):
        made = making.increment(settings) if increment else making.create(settings, to)
    if made is None:
        if as_json:
            print_json({"unchanged": True})
        else:
            Screen().say("Nothing changed since the newest one.")
        return 0
    rows = sum(made.manifest.tables.values())
    with_people(
        settings,
        lambda ground, _, me: note(
            ground, me, KIND, Outcome.success, name=made.file.name, bytes=made.bytes,
            encrypted=made.encrypted,
        ),
    )  # fmt: skip
    if as_json:
        print_json(
            {"file": str(made.file), "bytes": made.bytes, "encrypted": made.encrypted,
             "secrets": made.manifest.secrets, "revision": made.manifest.revision, "rows": rows,
             "audit_records": made.manifest.audit_records}
        )  # fmt: skip
        return 0
    screen = Screen()
    screen.say(f"{made.file}: {made.bytes:,} bytes; {rows:,} rows of the store,"
               f" {made.manifest.audit_records:,} audit records.")  # fmt: skip
    screen.say("It is encrypted, and holds the secrets." if made.encrypted else OPEN)
    return 0


def show(*, as_json: bool) -> int:
    """Those in the folder, increments too, newest first."""
    found = [one for path in states(load().backup_folder) if (one := told(path))]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return 0
    screen = Screen()
    for one in found:
        screen.say(f"{one.name}  {one.bytes:,} bytes{', encrypted' if one.encrypted else ''}")
    if not found:
        screen.say("There are none.")
    return 0


def verify(file: Path | None, *, every: bool, as_json: bool) -> int:
    """0 where it, or the newest, or each of them can be restored; 1 where not."""
    settings = load()
    if every:
        return _verify_each(settings, as_json=as_json)
    file = file or newest(settings.backup_folder)
    try:
        verdict = checking.verify(file, settings)
    except BadInput as damage:  # not even its list of what is in it can be read
        if as_json:
            print_json({"holds": False, "faults": [damage.message], "hint": damage.hint})
        else:
            Screen().say(f"✗ {file.name}: {damage.message} It can't be restored.", "red")
            Screen().say(f"    {damage.hint}")
        return BROKEN
    manifest = verdict.manifest
    if as_json:
        print_json(
            {"holds": not verdict.faults, "faults": list(verdict.faults),
             "encrypted": verdict.encrypted, "secrets": manifest.secrets,
             "chain_checked": verdict.chain, "version": manifest.version,
             "made_at": manifest.made_at, "revision": manifest.revision,
             "store": manifest.store, "files": len(manifest.members),
             "rows": sum(manifest.tables.values()), "audit_records": manifest.audit_records}
        )  # fmt: skip
        return BROKEN if verdict.faults else 0
    screen = Screen()
    for fault in verdict.faults:
        screen.say(f"✗ {fault}", "red")
    screen.say(
        f"{file.name}: made at {manifest.made_at} by {manifest.version}, of a store in"
        f" {manifest.store} at {manifest.revision}: {len(manifest.members):,} files,"
        f" {sum(manifest.tables.values()):,} rows, {manifest.audit_records:,} audit records."
    )
    if not verdict.chain:
        screen.say("The audit log's chain was not followed: its key is neither in it nor here.")
    screen.say("It can't be restored." if verdict.faults else "It can be restored.")
    return BROKEN if verdict.faults else 0


def _verify_each(settings: Settings, *, as_json: bool) -> int:
    """All in the folder, newest first; what is wrong with each."""
    found: dict[str, list[str]] = {}
    for path in states(settings.backup_folder):
        try:
            found[path.name] = list(checking.verify(path, settings).faults)
        except BadInput as fault:
            found[path.name] = [fault.message]
        if not as_json:
            said = found[path.name][0] if found[path.name] else "can be restored"
            Screen().say(f"{'✗' if found[path.name] else '✓'} {path.name}: {said}")
    broken = sum(map(bool, found.values()))
    if as_json:
        print_json({"faults": found})
    else:
        Screen().say(f"{len(found):,} looked at; {broken:,} can't be restored.")
    return BROKEN if broken or not found else 0


def prove(file: Path | None, *, as_json: bool) -> int:
    """Restore it, or the newest, into a scratch place; 0 where all that it should hold is there."""
    settings = load()
    os.umask(0o077)
    file = file or newest(settings.backup_folder)
    with Screen().progress(show=not as_json, text="restoring"):
        proof = proving.prove(file, settings)
    manifest = proof.manifest
    if as_json:
        print_json(
            {"file": str(file), "holds": not proof.faults, "faults": list(proof.faults),
             "seconds": round(proof.seconds, 3), "made_at": manifest.made_at,
             "chain_checked": proof.chain, "rows": sum(manifest.tables.values()),
             "audit_records": manifest.audit_records}
        )  # fmt: skip
        return BROKEN if proof.faults else 0
    screen = Screen()
    for fault in proof.faults:
        screen.say(f"✗ {fault}", "red")
    screen.say(
        f"{file.name} was restored in {proof.seconds:,.1f} s, as of {manifest.made_at}:"
        f" {sum(manifest.tables.values()):,} rows, {manifest.audit_records:,} audit records."
    )
    if not proof.chain:
        screen.say("The audit log was left out: its key is neither in it nor here.")
    screen.say("It does not hold what it should." if proof.faults else "All is there.")
    return BROKEN if proof.faults else 0


def restore(
    file: Path | None,
    *,
    at: str | None,
    replace: bool,
    force: bool,
    without_audit: bool,
    as_json: bool,
) -> int:
    """Put it in the place of what is there, and note it in the audit log."""
    settings = load()
    if (file is None) == (at is None):
        raise BadInput("What is to be restored?", hint="Name a backup's file, or a time by --at.")
    file = file or newest(settings.backup_folder, _moment(at or ""))
    os.umask(0o077)
    with Screen().progress(show=not as_json, text="restoring"):
        done = restoring.restore(
            file, settings, replace=replace, force=force, without_audit=without_audit
        )
    with_people(
        settings,
        lambda ground, _, me: note(
            ground, me, "backup_restore", Outcome.success, name=file.name,
            made_at=done.manifest.made_at,
        ),
    )  # fmt: skip
    rows = sum(done.manifest.tables.values())
    if as_json:
        before = str(done.before) if done.before else None
        print_json({"made_at": done.manifest.made_at, "rows": rows, "before": before})
        return 0
    screen = Screen()
    records = f"{0 if without_audit else done.manifest.audit_records:,} audit records"
    screen.say(f"{rows:,} rows and {records} are back, as of {done.manifest.made_at}.")
    if done.before is not None:
        lost = "" if file_of(parsed(settings.database_url)) else ", but for what the database held"
        screen.say(f"What was there before is in {done.before}{lost}")
    if not done.manifest.secrets:
        screen.say("No secrets were in it: those that are here hold, or are made at the start.")
    return 0


def _moment(text: str) -> dt.datetime:
    """The time that was named, in UTC where nothing else is said."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no time.", hint="Write it as 2026-11-27T14:10.") from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
