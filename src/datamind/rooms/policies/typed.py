"""Policies seen from one side: what they say of rows, or of columns.

The same policies, not others: a restriction that does both is in both lists, and a change through
one side leaves the other as it is.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from datamind.errors import Conflict, NotFound
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Governing
from datamind.rooms.policies import service
from datamind.rooms.policies.changing import Step, in_place, keep
from datamind.rooms.policies.fitting import must_fit
from datamind.rooms.policies.models import DataPolicy
from datamind.rooms.policies.schemas import (
    ColumnPoliciesOut,
    ColumnPolicyIn,
    ColumnPolicyOut,
    GrantPolicyIn,
    PoliciesOut,
    PolicyOut,
    RestrictionPolicyIn,
    RowPoliciesOut,
    RowPolicyIn,
    RowPolicyOut,
    VersionsOut,
    Wanted,
)
from datamind.rooms.policies.stored import Book, said_of

In = TypeVar("In", bound=BaseModel)
Out = TypeVar("Out", bound=BaseModel)
Listing = TypeVar("Listing", bound=BaseModel)
KINDS: dict[str, type[GrantPolicyIn] | type[RestrictionPolicyIn]] = {
    "grant": GrantPolicyIn, "restriction": RestrictionPolicyIn
}  # fmt: skip


class Side(Generic[In, Out, Listing]):
    """One side of policies: its shapes, and the parts of a policy that are its own."""

    def __init__(
        self, shape: type[In], out: type[Out], listing: type[Listing], own: dict[str, Any],
        where: ColumnElement[bool],
    ) -> None:  # fmt: skip
        self._shape = shape
        self._out = out
        self._listing = listing
        self._own = own  # each with what it is where the policy says nothing of it
        self._where = where

    async def find(
        self, session: AsyncSession, caller: Caller, *, relation: str | None, limit: int,
        cursor: str | None,
    ) -> Listing:  # fmt: skip
        """A page of policies that have this side, newest first."""
        page: PoliciesOut = await service.find(
            session, caller, kind=None, relation=relation, limit=limit, cursor=cursor,
            where=self._where,
        )  # fmt: skip
        items = [self._told(one) for one in page.items]
        return self._listing.model_validate(
            {"items": items, "total": page.total, "next_cursor": page.next_cursor}
        )

    async def get(self, session: AsyncSession, caller: Caller, policy_id: str) -> Out:
        """This side of one policy; NotFound where it has none."""
        return self._told(await service.get(session, caller, policy_id))

    async def versions(self, session: AsyncSession, caller: Caller, policy_id: str) -> VersionsOut:
        """What the whole policy has said; also of one that was taken away."""
        return await service.versions(session, caller, policy_id)

    async def create(
        self, session: AsyncSession, parts: Governing, caller: Caller, wanted: In, *, force: bool
    ) -> Out:
        """A new policy that has this side alone."""
        need(caller, "admin")
        made = await service.create(session, parts, caller, _whole(wanted, None), force=force)
        return self._told(made)

    async def change(
        self, session: AsyncSession, parts: Governing, caller: Caller, policy_id: str, wanted: In,
        version: int | None, *, force: bool,
    ) -> Out:  # fmt: skip
        """Let this side say something else; all that is not its own stays."""
        need(caller, "admin")
        # As a whole it is checked, and whatever else it says was when it was saved.
        await self.get(session, caller, policy_id)
        warnings = await must_fit(session, parts, _whole(wanted, None))

        def decide(book: Book) -> list[Step]:
            before = self._has(in_place(book, policy_id, version))
            return [Step(policy_id, _whole(wanted, before))]

        await keep(session, parts, caller, decide, force=force)
        told = await service.get(session, caller, policy_id)
        return self._told(service.warned(told, warnings))

    async def take_away(
        self, session: AsyncSession, parts: Governing, caller: Caller, policy_id: str,
        version: int | None, *, force: bool,
    ) -> None:  # fmt: skip
        """Take this side away, and the policy with it where it has no other.

        A grant goes as a whole: without its rows it would let read them all.
        """
        need(caller, "admin")

        def decide(book: Book) -> list[Step]:
            before = self._has(in_place(book, policy_id, version))
            rest = before.model_copy(update=self._own)
            other = not isinstance(rest, GrantPolicyIn) and (rest.rows or rest.mask or rest.hide)
            return [Step(policy_id, rest if other else None)]

        await keep(session, parts, caller, decide, force=force)

    def _told(self, told: PolicyOut) -> Out:
        policy = self._has(told.policy)
        said = said_of(policy)
        side = {name: said[name] for name in self._shape.model_fields if name in said}
        return self._out.model_validate({**told.model_dump(), "policy": side})

    def _has(self, policy: Wanted) -> Wanted:
        """The policy; NotFound where it has no such side."""
        if not any(getattr(policy, name, None) for name in self._own):
            raise NotFound("There is no such policy.")
        return policy


def _whole(wanted: BaseModel, before: Wanted | None) -> Wanted:
    """The policy that a side is of: with what the policy said before of all else."""
    said = wanted.model_dump(by_alias=True)
    kind = said.setdefault("kind", "restriction")
    if before is not None and before.kind != kind:
        raise Conflict(
            f"This policy is a {before.kind}, and stays one.",
            hint="Take it away and make another, or change it at `policies`.",
        )
    kept = before.model_dump(by_alias=True) if before is not None else {}
    return KINDS[kind].model_validate({**kept, **said})


def _says(part: str, nothing: str) -> ColumnElement[bool]:
    text = DataPolicy.document[part].as_string()
    return and_(text.is_not(None), text != nothing)


rows: Side[RowPolicyIn, RowPolicyOut, RowPoliciesOut] = Side(
    RowPolicyIn, RowPolicyOut, RowPoliciesOut, {"rows": None}, _says("rows", "")
)
columns: Side[ColumnPolicyIn, ColumnPolicyOut, ColumnPoliciesOut] = Side(
    ColumnPolicyIn, ColumnPolicyOut, ColumnPoliciesOut, {"mask": {}, "hide": []},
    or_(_says("mask", "{}"), _says("hide", "[]")),
)  # fmt: skip
