"""`datamind users` and `ip-restrictions`: who gets in, seen to from the machine's command line."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import ValidationError
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.adapters.dbt.configured import dbt_of
from datamind.adapters.jobs.celery import CeleryJobs
from datamind.adapters.jobs.local import Untold
from datamind.api.secrets import secrets_of
from datamind.api.store import Store, open_store
from datamind.commands.faults import print_json, printable
from datamind.commands.render import Screen
from datamind.errors import AccessDenied, BadInput, NotFound
from datamind.governance.rules import Rights
from datamind.ports import Jobs
from datamind.records import Identity
from datamind.rooms.auth import attempts
from datamind.rooms.auth import restrictions as ip_rules
from datamind.rooms.auth.passwords import Passwords
from datamind.rooms.auth.schemas import RestrictionOut, UnlockIn
from datamind.rooms.auth.tokens import Revocations
from datamind.rooms.caller import ROLES, Caller
from datamind.rooms.parts import Ground
from datamind.rooms.policies.rights import RightsBook
from datamind.rooms.text import address_of
from datamind.rooms.users import service
from datamind.rooms.users.schemas import UserIn, UserOut, UserPatch
from datamind.settings import Settings, load

T = TypeVar("T")
Work = Callable[[Ground, AsyncSession, Caller], Awaitable[T]]


def with_people(settings: Settings, work: Work[T]) -> T:
    """What the work gives, done in one unit of work as the operator of this machine."""

    async def run() -> T:
        async with open_store(settings, secrets_of(settings)) as store:
            ground = Ground(**ground_of(settings, store))
            async with store.database.unit() as session:
                return await work(ground, session, operator())

    os.umask(0o077)  # what is kept is for its owner alone
    return asyncio.run(run())


def ground_of(settings: Settings, store: Store) -> dict[str, Any]:
    """The parts of a Ground."""
    return {
        "settings": settings, "database": store.database, "audit": store.audit,
        "passwords": Passwords(), "revocations": Revocations(clock.now), "now": clock.now,
        "jobs": jobs_of(settings), "dbt": dbt_of(settings),
    }  # fmt: skip


def jobs_of(settings: Settings) -> Jobs:
    """Who is told of jobs that the command line asks for: Celery's workers, or nobody, for a server
    looks by itself."""
    if settings.redis.url is None or settings.server.jobs != "celery":
        return Untold()
    return CeleryJobs(settings.redis)


def operator() -> Caller:
    """Whoever has this machine's files: an admin."""
    return Caller(Identity("operator", "admin"), "local", clock.new_id("corr"))


def rights_of(settings: Settings, email: str) -> Rights:
    """A user's rights as the server would look them up; AccessDenied for who may not sign in."""

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> Rights:
        user = await service.by_email(session, email.strip().lower())
        if user is None:
            raise NotFound(f"There is no user {email}.", hint="`datamind users list` lists them.")
        if not user.active:
            raise AccessDenied(
                f"{user.email} is deactivated.",
                hint="`datamind users activate` lets them in.",
            )
        asker = Caller(Identity(user.id, user.role), "local", me.correlation_id)
        return await RightsBook(ground.database, lasts_s=0).of(asker)

    return with_people(settings, work)


def wanted(email: str, name: str | None, role: str, password: str | None = None) -> UserIn:
    """The new user; BadInput says what does not fit."""
    if role not in ROLES:
        raise BadInput(f"There is no role {role!r}.", hint=f"Choose one of {', '.join(ROLES)}.")
    try:
        return UserIn.model_validate(
            {"email": email, "name": name or email.partition("@")[0], "role": role,
             "password": password}
        )  # fmt: skip
    except ValidationError as fault:
        field = fault.errors()[0]["loc"][0]
        raise BadInput(
            f"This {field} can't be used.", hint="datamind users add maria@example.com"
        ) from None


def add(email: str, name: str | None, role: str, password: str | None, *, as_json: bool) -> int:
    """Add a user; a password that was made is told once."""
    new = wanted(email, name, role, password)
    made = with_people(load(), lambda g, s, me: service.create(s, g, me, new))
    return _tell(made, as_json=as_json)


def password(email: str, *, as_json: bool) -> int:
    """Make a new password, told once; the user is signed out everywhere."""
    return _change(email, UserPatch(reset_password=True), as_json=as_json)


def activate(email: str, active: bool, *, as_json: bool) -> int:
    """Let a user in again, or sign them out and let them in no more."""
    return _change(email, UserPatch(active=active), as_json=as_json)


def role(email: str, new: str, *, as_json: bool) -> int:
    """Give a role."""
    if new not in ROLES:
        raise BadInput(f"There is no role {new!r}.", hint=f"Choose one of {', '.join(ROLES)}.")

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> UserOut:
        return await service.assign_role(session, ground, me, await _id(session, email), new)

    return _tell(with_people(load(), work), as_json=as_json)


def unlock(email: str | None, ip: str | None, *, as_json: bool) -> int:
    """Forget the wrong passwords for an account, or from an IP address; at once everywhere."""
    if email is None and ip is None:
        raise BadInput("Nothing was named to unlock.", hint="Name an e-mail address, or --ip.")
    try:
        asked = UnlockIn(address=email, ip=ip)
    except ValidationError as fault:
        wrong = "address" if fault.errors()[0]["loc"] == ("address",) else "IP address"
        raise BadInput(
            f"This is no {wrong} that could be unlocked.",
            hint="datamind users unlock maria@example.com --ip 203.0.113.7",
        ) from None
    told = with_people(load(), lambda g, s, me: attempts.unlock(s, g, me, asked))
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        found = "Unlocked." if told.counts else "Nothing was counted there: it was not locked."
        Screen().say(found)
    return 0


def listing(*, as_json: bool) -> int:
    """List all users."""

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> list[UserOut]:
        found, cursor = [], None
        while True:
            page = await service.find(session, me, words=None, role=None, limit=200, cursor=cursor)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    found = with_people(load(), work)
    if as_json:
        print_json([_record(user) for user in found])
        return 0
    table = Table("email", "name", "role", "active", "last signed in", show_edge=False)
    for user in found:
        seen = user.last_login_at.isoformat(" ", "minutes") if user.last_login_at else "never"
        table.add_row(user.email, user.name, user.role, "yes" if user.active else "no", seen)
    Screen().console.print(table)
    return 0


def restrictions(*, as_json: bool) -> int:
    """List all IP restrictions."""

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> list[RestrictionOut]:
        found, cursor = [], None
        while True:
            page = await ip_rules.find(session, me, limit=200, cursor=cursor)
            found += page.items
            if (cursor := page.next_cursor) is None:
                return found

    found = with_people(load(), work)
    if as_json:
        print_json([row.model_dump(mode="json") for row in found])
        return 0
    table = Table("action", "network", "on", "note", show_edge=False)
    for row in found:
        table.add_row(row.action, row.network, "yes" if row.enabled else "no", printable(row.note))
    Screen().console.print(table)
    return 0


def clear_restrictions(*, as_json: bool) -> int:
    """Switch all IP restrictions off."""
    off = with_people(load(), lambda g, s, me: ip_rules.switch_off(s, g, me))
    if as_json:
        print_json({"switched_off": off})
    else:
        Screen().say(f"Switched off: {off}. The server lets everybody in within seconds.")
    return 0


def _change(email: str, patch: UserPatch, *, as_json: bool) -> int:
    async def work(ground: Ground, session: AsyncSession, me: Caller) -> UserOut:
        return await service.change(session, ground, me, await _id(session, email), patch)

    return _tell(with_people(load(), work), as_json=as_json)


async def _id(session: AsyncSession, email: str) -> str:
    user = await service.by_email(session, address_of(email))
    if user is None:
        raise NotFound("There is no such user.", hint="`datamind users list` lists them.")
    return user.id


def _record(user: UserOut) -> dict[str, object]:
    return user.model_dump(mode="json", exclude_none=True)


def _tell(user: UserOut, *, as_json: bool) -> int:
    if as_json:
        print_json(_record(user))
        return 0
    screen = Screen()
    state = "" if user.active else ", deactivated"
    screen.say(f"{user.email} ({user.name}): {user.role}{state}")
    if user.password is not None:
        screen.say(f"Password, told this once: {user.password}")
    return 0
