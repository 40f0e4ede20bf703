"""Puts a backup in the place of an installation: all of it, or none of it, whenever it is stopped.

All files are laid out in DATAMIND_HOME first, brought to this version and proved. Then one file
says that they hold; whatever opens the installation next finishes what was not finished then. What
was there before is kept beside.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table, inspect, select

from datamind import clock
from datamind.adapters.audit.file import sync_folder
from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as audit_verified
from datamind.api.secrets import FILE, read_secrets
from datamind.backup import increments
from datamind.backup.checking import different, store_faults
from datamind.backup.manifest import AUDIT, PARTS, SECRETS, STORE, Manifest
from datamind.errors import BadInput, Conflict
from datamind.migrations.moving import tables
from datamind.migrations.snapshots import is_empty, is_in_use, put_into_postgres
from datamind.migrations.stores import file_of, open_engine, parsed, reached, shown
from datamind.settings import Settings
from datamind.settings.encrypted import keys_of
from datamind.settings.environment import current

STAGE, FILES, READY, PREPARED = "restoring", "files", "ready.json", "prepared.json"
LOCK = "in-use.lock"
SIDES = ("-wal", "-shm", "-journal")  # of SQLite's files, which would be taken for the new one's
RESTORED = "restored"  # the row by which a store in PostgreSQL tells which restore it holds


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back, and where that is kept which was there before (None: nothing was)."""

    manifest: Manifest
    before: Path | None


def restore(
    file: Path, settings: Settings, *, replace: bool, force: bool, without_audit: bool
) -> Restored:  # fmt: skip
    """Put the backup in the installation's place. Conflict where there is one and it is not to be
    replaced, or where it runs (unless `force`); BadInput where the backup can't be restored."""
    home = settings.home
    store = file_of(parsed(settings.database_url))
    if store is not None and store.absolute().parent != home.absolute():
        raise BadInput(
            "The metadata store is a file outside of DATAMIND_HOME.",
            hint="Restore without DATABASE_URL, then move datamind.db there.",
        )
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(home, force=force):
        _finish(settings)
        if not force and is_in_use(settings.database_url):
            raise Conflict(
                "Servers or workers are connected to the metadata store.",
                hint="Stop them all, or insist with --force.",
            )
        if not replace and not (_is_empty(home) and is_empty(settings.database_url)):
            raise Conflict(
                f"There is an installation in {home}, or in its metadata store.",
                hint="--replace keeps its files beside, and takes the place of its store.",
            )
        stage = home / STAGE
        shutil.rmtree(stage, ignore_errors=True)  # what a restore left that was stopped
        (stage / FILES).mkdir(parents=True, mode=0o700)
        try:
            manifest = increments.unpack(file, stage / FILES, keys_of(current()))
            _prove(file, manifest, stage / FILES, home, without_audit=without_audit)
            moment, name = clock.now(), clock.new_id("rst")
            plan: dict[str, object] = {
                "id": name, "before": f"before-{moment:%Y%m%dT%H%M%SZ}-{name}",
                "parts": _parts(settings, stage / FILES, without_audit=without_audit),
            }  # fmt: skip
            _sync(stage / FILES)
            if store is None:
                _into_postgres(settings, stage, plan, moment, replace=replace)
            else:
                _put(stage / READY, plan)
        except BaseException:
            if not (stage / READY).exists() and not (stage / PREPARED).exists():
                shutil.rmtree(stage, ignore_errors=True)
            raise
        _finish(settings)
        before = home / str(plan["before"])
        return Restored(manifest, before if before.exists() else None)


def _prove(
    file: Path, manifest: Manifest, files: Path, home: Path, *, without_audit: bool
) -> None:  # fmt: skip
    """BadInput where something is wrong with it, or its audit log can't go on here."""
    faults = different(manifest, files) or store_faults(manifest, files / STORE)
    if faults:
        raise BadInput(
            f"The backup can't be restored: {faults[0]}",
            hint=increments.instead(file, keys_of(current())) or "Take another one.",
        )
    if without_audit or not manifest.audit_records:
        return
    keys = [path for path in (files / SECRETS, home / FILE) if path.exists()]
    if not keys:
        raise BadInput(
            f"The backup holds no secrets, and there is no {FILE} in {home}: the audit log can't"
            " go on without its key.",
            hint=f"Put {FILE} there first, or begin a new log with --without-audit.",
        )
    told = audit_verified(AuditPlaces.of(files), read_secrets(keys[0]).audit)
    if told.faults:
        raise BadInput(
            f"The backup's audit log does not hold: {told.faults[0]}.",
            hint="Take another one, or begin a new log with --without-audit.",
        )


def _parts(settings: Settings, files: Path, *, without_audit: bool) -> dict[str, bool]:
    """What is put back, and of the audit log what is taken away because it is not in the backup;
    anchors that are kept elsewhere stay as they are."""
    left = set() if file_of(parsed(settings.database_url)) is not None else {STORE}
    found = {
        part: (files / part).exists() and not (without_audit and part in AUDIT)
        for part in PARTS if part not in left
    }  # fmt: skip
    return {part: there for part, there in found.items() if there or part in AUDIT}


def _into_postgres(
    settings: Settings, stage: Path, plan: dict[str, object], moment: dt.datetime, *, replace: bool
) -> None:
    """The database holds the backup and says which restore that was, in one transaction: it tells
    whether the files are to follow."""
    path = stage / FILES / STORE
    plan = {**plan, "store": shown(parsed(settings.database_url))}
    with put_into_postgres(path, settings.database_url, replace=replace) as new:
        table = _system_state()
        new.execute(table.delete().where(table.c.name == RESTORED))
        new.execute(
            table.insert().values(name=RESTORED, value={"id": plan["id"]}, changed_at=moment)
        )
        _put(stage / PREPARED, plan)
    (stage / PREPARED).rename(stage / READY)


def finish(settings: Settings) -> None:
    """If a restore was stopped after all was there, put the rest in place; nothing else may run
    meanwhile."""
    stage = settings.home / STAGE
    if (stage / READY).exists() or (stage / PREPARED).exists():
        with _alone(settings.home, force=False):
            _finish(settings)


def _finish(settings: Settings) -> None:
    home = settings.home
    stage = home / STAGE
    if (stage / PREPARED).exists():
        plan = json.loads((stage / PREPARED).read_text())
        store = shown(parsed(settings.database_url))
        if plan.get("store", store) != store:  # which says nothing of the one that it went into
            raise Conflict(
                f"A restore into {plan['store']} was stopped half done; DATABASE_URL is another.",
                hint=f"Set it to that one to finish the restore, or delete {stage} to give it up.",
            )
        if _held_by_store(settings) != plan["id"]:
            shutil.rmtree(stage)
            return
        (stage / PREPARED).rename(stage / READY)
    if not (stage / READY).exists():
        return
    plan = json.loads((stage / READY).read_text())
    before = home / plan["before"]
    for part, is_there in plan["parts"].items():
        _placed(stage / FILES / part, home / part, before / part, is_there=is_there)
    for folder in (home, home / "logs"):
        if folder.is_dir():
            sync_folder(folder)
    (stage / READY).unlink()
    shutil.rmtree(stage)


def _placed(new: Path, place: Path, old: Path, *, is_there: bool) -> None:
    """What is there goes aside, what is new takes its place; where that was done, nothing is."""
    if is_there and not new.exists():
        return
    for one in (*(f"{place.name}{side}" for side in SIDES), place.name):
        if place.with_name(one).exists():
            old.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.with_name(one).rename(old.with_name(one))
    if is_there:
        place.parent.mkdir(parents=True, exist_ok=True)
        new.rename(place)


def _held_by_store(settings: Settings) -> str | None:
    address = parsed(settings.database_url)
    with reached(address), open_engine(address) as engine, engine.connect() as connection:
        table = _system_state()
        if not inspect(connection).has_table(table.name):  # it was empty, and is again
            return None
        found = connection.scalar(select(table.c.value).where(table.c.name == RESTORED))
    return found["id"] if found else None


def _system_state() -> Table:
    return next(table for table in tables() if table.name == "system_state")


def _is_empty(home: Path) -> bool:
    return not any((home / part).exists() for part in (STORE, *AUDIT))


def _put(path: Path, plan: dict[str, object]) -> None:
    """There as a whole, or not at all."""
    partial = path.with_name(f"{path.name}.part")
    with partial.open("w") as file:
        json.dump(plan, file)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    sync_folder(path.parent)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_dir():
            sync_folder(path)
            continue
        path.chmod(0o600)
        with path.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def in_use(settings: Settings) -> Iterator[None]:
    """In here the installation is used, and is not restored over; a restore that was stopped is
    finished before. Conflict while one goes on."""
    finish(settings)
    with ExitStack() as stack:
        try:
            settings.home.mkdir(parents=True, exist_ok=True)
            stack.enter_context(_locked(settings.home, fcntl.LOCK_SH | fcntl.LOCK_NB))
        except BlockingIOError:
            raise Conflict(f"A backup is being restored into {settings.home}.") from None
        except OSError:
            pass  # who needs to write there will say so
        yield


@contextmanager
def _alone(home: Path, *, force: bool) -> Iterator[None]:
    with ExitStack() as stack:
        try:
            stack.enter_context(_locked(home, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            if not force:
                raise Conflict(
                    f"The installation in {home} is in use.",
                    hint="Stop its server and workers, or insist with --force.",
                ) from None
        yield


@contextmanager
def _locked(home: Path, how: int) -> Iterator[None]:
    handle = os.open(home / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
