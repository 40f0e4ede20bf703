"""Settings that admins change while servers run: kept in the store, where all servers read them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import Outdated
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.jobs.queue import insert_into
from datamind.rooms.parts import Ground, Parts
from datamind.rooms.system.models import SystemState
from datamind.rooms.system.schemas import ConfigOut, SettingOut, TakesOut
from datamind.settings.changeable import CHANGEABLE, Changes, changeable
from datamind.settings.environment import is_secret

NAME = "settings"


async def read(session: AsyncSession) -> Changes:
    """What is changed now."""
    return _changes(await session.get(SystemState, NAME))


def _changes(row: SystemState | None) -> Changes:
    return Changes(**row.value) if row is not None and row.value else Changes()


async def change(
    ground: Ground, caller: Caller, wanted: Mapping[str, object], *, revision: int | None = None
) -> Changes:  # fmt: skip
    """Change these, or with None take a change back: all of them or none. BadInput for what is no
    such setting or no value of it, Outdated where `revision` is not the present one."""
    need(caller, "admin")
    values = {
        name: None if value is None else changeable(name).read(value)
        for name, value in wanted.items()
    }
    for name in values:
        changeable(name)
    async with ground.database.in_turn() as session:
        now = ground.now()
        there = insert_into(ground.database, SystemState).values(
            name=NAME, value=None, changed_at=now
        )
        await session.execute(there.on_conflict_do_nothing())
        mine = select(SystemState).where(SystemState.name == NAME).with_for_update()
        row = (await session.scalars(mine.execution_options(populate_existing=True))).one()
        before = _changes(row)
        if revision is not None and revision != before.revision:
            raise Outdated("The settings were changed since they were read.")
        stamp = {"by": caller.identity.user, "at": now.isoformat()}
        after = {**before.of}
        for name, value in values.items():
            old = CHANGEABLE[name].of(ground.settings) if name not in after else before.values[name]
            after.pop(name, None)
            if value is not None:
                after[name] = {"value": value, **stamp}
            await note(
                ground, caller, "config_change", Outcome.success, setting=name, old=old, new=value
            )
        found = Changes(before.revision + 1, after)
        row.value = {"revision": found.revision, "of": dict(found.of)}
        row.changed_at, row.changed_by = now, caller.identity.user
    return found


def shown(parts: Parts, caller: Caller) -> ConfigOut:
    """All settings: those that the server was started with, and what was changed since."""
    need(caller, "admin")
    given = dict(parts.settings.given)
    return ConfigOut(
        environment=parts.settings.server.environment, revision=parts.changes.revision,
        settings=[_shown(parts, name, given.get(name)) for name in sorted({*given, *CHANGEABLE})],
    )  # fmt: skip


def _shown(parts: Parts, name: str, given: str | None) -> SettingOut:
    one, change = CHANGEABLE.get(name), parts.changes.of.get(name)
    told = SettingOut(
        name=name, value=given, secret=is_secret(name) or "***" in (given or ""),
        source="default" if given is None else "environment",
    )  # fmt: skip
    if one is not None:
        takes = TakesOut(kind=one.kind, unit=one.unit, least=one.least, most=one.most)
        told = told.model_copy(update={"takes": takes, "holds": one.of(parts.settings)})
    if one is None or change is None:
        return told
    return told.model_copy(
        update={"value": str(change["value"]), "source": "changed",
                "changed_by": change["by"], "changed_at": dt.datetime.fromisoformat(change["at"])}
    )  # fmt: skip
