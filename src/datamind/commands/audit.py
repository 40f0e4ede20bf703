"""`datamind audit verify`: whether the audit log's chain holds, without the server."""

from __future__ import annotations

from datamind.adapters.audit_reading import verify as verified
from datamind.api.secrets import secrets_of
from datamind.commands.faults import print_json
from datamind.commands.render import Screen
from datamind.errors import BadInput
from datamind.settings import load


def verify(*, as_json: bool) -> int:
    """0 if it holds, 1 if not; what can't be known is said too."""
    settings = load()
    path = settings.home / "audit.db"
    if not path.exists():
        raise BadInput(f"There is no audit log at {path}.", hint="Set DATAMIND_HOME.")
    anchors = settings.server.audit_anchors or settings.home / "logs" / "audit.anchors"
    told = verified(path, secrets_of(settings).audit, anchors)
    if as_json:
        print_json(
            {
                "holds": not told.faults, "records": told.records, "anchored": told.anchored,
                "faults": list(told.faults),
            }
        )  # fmt: skip
        return 1 if told.faults else 0
    screen = Screen()
    for fault in told.faults:
        screen.say(fault)
    screen.say(f"{told.records:,} records; the chain {'is broken' if told.faults else 'holds'}.")
    screen.say(
        f"An anchor vouches for the first {told.anchored:,}. Whether records after it were cut off"
        " can't be known, nor what was never written."
    )
    return 1 if told.faults else 0
