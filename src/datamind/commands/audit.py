"""`datamind audit`: whether the audit log holds, without the server; sealing and retention."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from datamind.adapters.audit.places import AuditPlaces
from datamind.adapters.audit.verify import verify as verified
from datamind.api.secrets import audit_key_of
from datamind.commands.faults import print_json
from datamind.commands.people import with_people
from datamind.commands.render import Screen
from datamind.errors import BadInput
from datamind.rooms.audit import retention
from datamind.rooms.caller import Caller
from datamind.rooms.parts import Ground
from datamind.settings import Settings, load

BROKEN = 1


def verify(*, as_json: bool) -> int:
    """0 if it holds, 1 if not; what can't be known is said too."""
    settings = load()
    places = AuditPlaces.of(settings.home, settings.server.audit_anchors)
    # Of a log whose copies are gone, what named its end may be left.
    if not any(path.exists() for path in places.all):
        raise _none(settings)
    told = verified(places, audit_key_of(settings))
    if as_json:
        print_json(
            {
                "holds": not told.faults, "records": told.records, "anchored": told.anchored,
                "sealed": told.sealed, "deleted": told.deleted, "faults": list(told.faults),
            }
        )  # fmt: skip
        return BROKEN if told.faults else 0
    screen = Screen()
    for fault in told.faults:
        screen.say(fault)
    screen.say(f"{told.records:,} records; the chain {'is broken' if told.faults else 'holds'}.")
    if told.sealed:
        screen.say(f"The first {told.sealed:,} are sealed.")
    if told.deleted:
        screen.say(f"Of these the first {told.deleted:,} were deleted by retention.")
    screen.say(
        f"An anchor vouches for the first {told.anchored:,}. Whether records after it were cut off"
        " can't be known, nor what was never written."
    )
    return BROKEN if told.faults else 0


def seal(days: int | None, *, as_json: bool) -> int:
    """Move old records into segments."""
    settings = load()
    days = days or settings.server.audit_seal_days
    return _done(settings, lambda g, me: retention.seal(g, me, days), "sealed", as_json)


def prune(days: int | None, *, as_json: bool) -> int:
    """Delete segments whose time is up."""
    settings = load()
    days = days or settings.server.audit_retention_days
    if days is None:
        raise BadInput(
            "Records are kept for ever.", hint="Set AUDIT_RETENTION_DAYS, or say --days."
        )
    return _done(settings, lambda g, me: retention.prune(g, me, days), "deleted", as_json)


def _done(
    settings: Settings, work: Callable[[Ground, Caller], Awaitable[int]], done: str, as_json: bool
) -> int:
    places = AuditPlaces.of(settings.home, settings.server.audit_anchors)
    if not places.database.exists() and not places.file.exists():
        raise _none(settings)
    count = with_people(settings, lambda ground, _, me: work(ground, me))
    if as_json:
        print_json({done: count})
    else:
        Screen().say(f"{count:,} records were {done}.")
    return 0


def _none(settings: Settings) -> BadInput:
    return BadInput(f"There is no audit log in {settings.home}.", hint="Set DATAMIND_HOME.")
