"""`datamind config set`, `unset` and `changes`: settings of servers that run."""

from __future__ import annotations

from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.commands.faults import print_json, printable
from datamind.commands.people import with_people
from datamind.commands.render import Screen
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Ground
from datamind.rooms.system import changing
from datamind.settings import load
from datamind.settings.changeable import CHANGEABLE, Changes, changeable


def change(name: str, value: str | None, *, as_json: bool) -> int:
    """Change it, or with None take the change back."""
    changeable(name)  # told before a store is opened

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> Changes:
        return await changing.change(ground, me, {name: value})

    _tell(with_people(load(), work), as_json=as_json)
    return 0


def show(*, as_json: bool) -> int:
    """What may be changed, and what was."""
    _tell(with_people(load(), lambda g, session, me: changing.read(session)), as_json=as_json)
    return 0


def _tell(changes: Changes, *, as_json: bool) -> None:
    rows = [
        (one.name, changes.of.get(one.name), one.takes) for one in CHANGEABLE.values()
    ]  # fmt: skip
    if as_json:
        items = [{"name": name, "takes": takes, **(made or {})} for name, made, takes in rows]
        print_json({"revision": changes.revision, "settings": items})
        return
    table = Table("setting", "changed to", "by", "takes", show_edge=False)
    for name, made, takes in rows:
        to, by = (str(made["value"]), made["by"]) if made else ("", "")
        table.add_row(name, printable(to), printable(by), takes)
    Screen().console.print(table)
