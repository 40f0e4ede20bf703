"""Policies as one YAML file: written out, and taken in as a whole or not at all."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy.ext.asyncio import AsyncSession

from datamind import clock
from datamind.errors import BadInput, Outdated
from datamind.governance.rules import Rights
from datamind.governance.rules_file import (
    ListedGrant,
    ListedRestriction,
    PolicyFile,
    read_policy,
)
from datamind.governance.yaml_text import write_yaml
from datamind.rooms.audit.service import Outcome, note
from datamind.rooms.caller import Caller, need
from datamind.rooms.parts import Governing
from datamind.rooms.policies import testing
from datamind.rooms.policies.changing import Step, following, keep
from datamind.rooms.policies.fitting import People, check, people_of, warnings_of
from datamind.rooms.policies.rights import asker_of
from datamind.rooms.policies.schemas import (
    GrantPolicyIn,
    Imported,
    ImportOut,
    RestrictionPolicyIn,
    Verdict,
    Wanted,
)
from datamind.rooms.policies.stored import (
    Book,
    by_relation,
    read_book,
    rules_in,
    said_of,
    settled,
)

Mode = Literal["merge", "replace"]
MOST_RULES = 2_000
NO_USERS = "The file's users were not taken in: people are seen to at `users`."
NO_GRANT = "No grant is left: nobody sees anything."
USUAL: dict[str, Any] = {
    "enabled": True, "rows": None, "columns": "*", "mask": {}, "hide": [], "assertions": []
}  # fmt: skip
Errors = list[dict[str, Any]]


@dataclass(frozen=True)
class _Entry:
    """A rule of the file: where it stands, and the policy that it is to be."""

    place: tuple[str, str]
    id: str | None
    wanted: Wanted


async def exported(session: AsyncSession, caller: Caller) -> tuple[str, int]:
    """All policies as YAML, the same text for the same policies; and their revision."""
    need(caller, "admin")
    book = await read_book(session)
    found: dict[str, list[dict[str, Any]]] = {"grants": [], "restrictions": []}
    for key, policy in by_relation(book.policies):
        found[f"{policy.kind}s"].append({"id": key, **_written(policy)})
    return write_yaml(found), book.revision


async def imported(
    session: AsyncSession, parts: Governing, caller: Caller, text: str, *, mode: Mode,
    dry_run: bool = False, force: bool = False, revision: int | None = None,
    name: str = "The file",
) -> ImportOut:  # fmt: skip
    """Take the policies of a file in; BadInput tells all that is wrong with it, each with its
    place. With `dry_run`, only say what would be done."""
    need(caller, "admin")
    loop = asyncio.get_running_loop()
    file = await loop.run_in_executor(parts.threads, read_policy, text, name)
    entries = _entries(file)
    people = await people_of(session)
    await _must_fit(parts, entries, people, (await read_book(session)).policies)
    made = [clock.new_id("pol") for _ in entries]
    books: list[Book] = []

    def decide(book: Book) -> list[Step]:
        if revision is not None and revision != book.revision:
            raise Outdated("Policies were changed in the meantime.")
        books.append(book)
        return _steps(book, entries, made, mode)

    if dry_run:
        book = await read_book(session)
        after = following(book.policies, decide(book))
        broken: Sequence[Verdict] = await testing.broken(
            session, parts, caller, book.policies, after
        )
        now = book.revision
    else:
        kept = await keep(session, parts, caller, decide, force=force)
        book, broken, now = books[-1], kept.broken, kept.revision
        after = following(book.policies, _steps(book, entries, made, mode))
    warnings = [NO_USERS] if file.users else []
    wanted = [entry.wanted for entry in entries]
    warnings += warnings_of(wanted, parts.warehouse.dialect, people)
    warnings += await _lost(session, parts, caller, book.policies, after)
    told = _told(book.policies, after).model_copy(
        update={"dry_run": dry_run, "mode": mode, "revision": now, "broken": list(broken),
                "warnings": warnings}
    )  # fmt: skip
    if dry_run:
        _without_ids(told, made)
    else:
        await note(
            parts, caller, "policy_import", Outcome.success, mode=mode, forced=force,
            added=len(told.added), changed=len(told.changed), removed=len(told.removed),
            broken=len(told.broken),
        )  # fmt: skip
    return told


def _written(policy: Wanted) -> dict[str, Any]:
    """What the file says of a policy: nothing that goes without saying."""
    said = said_of(policy)
    whole = {"name": said["name"], "enabled": said["enabled"], "on": said["on"]}
    whole |= {"to": {kind: found for kind, found in said["to"].items() if found}}
    whole |= {k: said[k] for k in ("rows", "columns", "mask", "hide", "assertions") if k in said}
    return {k: v for k, v in whole.items() if k not in USUAL or v != USUAL[k]}


def _entries(file: PolicyFile) -> list[_Entry]:
    """The file's rules as policies; those without a name get one."""
    if len(file.grants) + len(file.restrictions) > MOST_RULES:
        raise BadInput(f"A file holds {MOST_RULES:,} policies at most.")
    unnamed: Counter[str] = Counter()
    found: list[_Entry] = []
    listed: tuple[tuple[str, Sequence[ListedGrant | ListedRestriction]], ...] = (
        ("grant", file.grants), ("restriction", file.restrictions)
    )  # fmt: skip
    for kind, rules in listed:
        for number, rule in enumerate(rules):
            said = rule.model_dump(by_alias=True, exclude={"id"})
            if not rule.name.strip():
                usual = _name(kind, rule)
                unnamed[usual] += 1
                said["name"] = f"{usual} ({unnamed[usual]})" if unnamed[usual] > 1 else usual
            shape = GrantPolicyIn if kind == "grant" else RestrictionPolicyIn
            wanted = settled(shape.model_validate({**said, "kind": kind}))
            found.append(_Entry((f"{kind}s", str(number)), rule.id, wanted))
    return found


def _name(kind: str, rule: ListedGrant | ListedRestriction) -> str:
    whom = sorted({*rule.to.roles, *rule.to.groups, *rule.to.users})
    return f"{kind.title()} on {rule.on} to {', '.join(whom) or 'nobody'}"[:180]


async def _must_fit(
    parts: Governing, entries: Sequence[_Entry], people: People, kept: Mapping[str, Wanted]
) -> None:
    """BadInput with all that is wrong: what can't be used, and what stands there twice."""
    by_name = {(policy.kind, policy.name): policy for policy in kept.values()}
    places = [
        (e.wanted, kept.get(e.id or "") or by_name.get((e.wanted.kind, e.wanted.name)))
        for e in entries
    ]
    errors: Errors = []
    for entry, fault in zip(entries, await check(parts, places, people), strict=True):
        for part in (fault.errors or [{"loc": [], "msg": fault.message}]) if fault else ():
            place = [*entry.place, *cast(list[str], part["loc"])]
            errors.append({"loc": place, "msg": part["msg"], "code": fault.code if fault else ""})
    ids = Counter(entry.id for entry in entries if entry.id is not None)
    names = Counter((e.wanted.kind, e.wanted.name) for e in entries if e.id is None)
    for entry in entries:
        if entry.id is not None and ids[entry.id] > 1:
            errors.append(_error(entry, f"The id {entry.id} stands there twice."))
        elif entry.id is None and names[entry.wanted.kind, entry.wanted.name] > 1:
            errors.append(_error(entry, f"Two are called {entry.wanted.name}."))
    _raise(errors)


def _steps(book: Book, entries: Sequence[_Entry], made: Sequence[str], mode: Mode) -> list[Step]:
    """What each policy is to say: the one of the same id, else of the same name, else a new one."""
    taken = {entry.id for entry in entries} & set(book.policies)
    called: dict[tuple[str, str], list[str]] = {}
    for key, policy in book.policies.items():
        if key not in taken:
            called.setdefault((policy.kind, policy.name), []).append(key)
    errors: Errors = []
    steps: dict[str, Step] = {}
    for entry, new in zip(entries, made, strict=True):
        alike = called.get((entry.wanted.kind, entry.wanted.name), [])
        key = entry.id or new
        if entry.id not in taken and alike:
            key = alike[0]
            if len(alike) > 1 or key in steps:
                errors.append(_error(entry, f"Several are called {entry.wanted.name}: say the id."))
        steps[key] = Step(key, entry.wanted)
    _raise(errors)
    if mode == "replace":
        steps |= {key: Step(key, None) for key in book.policies if key not in steps}
    return list(steps.values())


def _error(entry: _Entry, said: str) -> dict[str, Any]:
    return {"loc": list(entry.place), "msg": said, "code": BadInput.code}


def _raise(errors: Errors) -> None:
    if errors:
        number = len({tuple(error["loc"][:2]) for error in errors})
        count = "One policy" if number == 1 else f"{number:,} policies"
        raise BadInput(f"{count} of the file can't be used.", hint="See `errors`.", errors=errors)


async def _lost(
    session: AsyncSession, parts: Governing, caller: Caller, before: Mapping[str, Wanted],
    after: Mapping[str, Wanted],
) -> list[str]:  # fmt: skip
    """What whoever imports no longer sees, and whether nobody sees anything: allowed, and told."""
    rules = rules_in(after.values())
    if not rules.grants:
        return [NO_GRANT]
    asker = await asker_of(session, caller.identity.user, caller.identity.role)
    were = parts.bindings.of(Rights(asker, rules_in(before.values()))).view
    are = parts.bindings.of(Rights(asker, rules)).view
    gone = [t.id for t in were.tables if not are.sees(t.id)]
    gone += [
        c.id for t in were.tables if are.sees(t.id) for c in t.columns if not are.sees(c.id)
    ]  # fmt: skip
    return [f"You yourself no longer see: {', '.join(sorted(gone))}."] if gone else []


def _without_ids(told: ImportOut, made: Sequence[str]) -> None:
    """Those that a policy would be given are made anew by the import itself."""
    for one in told.added:
        one.id = None if one.id in made else one.id
    for verdict in told.broken:
        verdict.policy_id = testing.PROPOSED if verdict.policy_id in made else verdict.policy_id


def _told(before: Mapping[str, Wanted], after: Mapping[str, Wanted]) -> ImportOut:
    """What differs, in full."""
    groups: dict[str, list[Imported]] = {"added": [], "changed": [], "removed": []}
    for key, policy in by_relation({**before, **after}):
        was, will = before.get(key), after.get(key)
        if was == will:
            continue
        group = "added" if was is None else "removed" if will is None else "changed"
        groups[group].append(
            Imported(
                id=key, name=policy.name, before=said_of(was) if was is not None else None,
                after=said_of(will) if will is not None else None,
            )
        )  # fmt: skip
    same = sum(before.get(key) == policy for key, policy in after.items())
    return ImportOut(
        dry_run=False, mode="merge", revision=0, unchanged=same, broken=[], warnings=[], **groups
    )
