"""`datamind backup`: all that an installation keeps, in one file."""

from __future__ import annotations

import os
from pathlib import Path

from datamind.backup import checking, making, restoring
from datamind.commands.faults import print_json
from datamind.commands.people import with_people
from datamind.commands.render import Screen
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.system.backups import KIND, listed, told
from datamind.settings import load

BROKEN = 1
OPEN = ("It is not encrypted, for there is no ENCRYPTION_KEY: secrets.json and .env are not in it;"
        " keep copies of them elsewhere, and this file from others.")  # fmt: skip


def create(to: Path | None, *, as_json: bool) -> int:
    """Make one, and note it in the audit log."""
    settings = load()
    os.umask(0o077)  # what is kept is for its owner alone
    with Screen().progress(show=not as_json, text="backing up"):
        made = making.create(settings, to)
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
    """Those in the folder, newest first."""
    found = [told(path) for path in listed(load().backup_folder)]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return 0
    screen = Screen()
    for one in found:
        screen.say(f"{one.name}  {one.bytes:,} bytes{', encrypted' if one.encrypted else ''}")
    if not found:
        screen.say("There are none.")
    return 0


def verify(file: Path, *, as_json: bool) -> int:
    """0 where it can be restored, 1 where not."""
    verdict = checking.verify(file, load())
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
        f"Made at {manifest.made_at} by {manifest.version}, of a store in {manifest.store} at"
        f" {manifest.revision}: {len(manifest.members):,} files,"
        f" {sum(manifest.tables.values()):,} rows, {manifest.audit_records:,} audit records."
    )
    if not verdict.chain:
        screen.say("The audit log's chain was not followed: its key is neither in it nor here.")
    screen.say("It can't be restored." if verdict.faults else "It can be restored.")
    return BROKEN if verdict.faults else 0


def restore(
    file: Path, *, replace: bool, force: bool, without_audit: bool, as_json: bool
) -> int:  # fmt: skip
    """Put it in the place of what is there, and note it in the audit log."""
    settings = load()
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
    screen.say(f"{rows:,} rows and {done.manifest.audit_records:,} audit records are back, as of"
               f" {done.manifest.made_at}.")  # fmt: skip
    if done.before is not None:
        screen.say(f"What was there before is in {done.before}")
    if not done.manifest.secrets:
        screen.say("No secrets were in it: those that are here hold.")
    return 0
