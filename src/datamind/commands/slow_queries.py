"""`datamind slow-queries`: the statements that took most of the warehouse's time."""

from __future__ import annotations

from datamind.commands.faults import print_json
from datamind.commands.render import Screen
from datamind.rooms.system.slow import slowest
from datamind.settings import load


def run(limit: int, *, as_json: bool) -> int:
    """Those that this installation's log of slow statements holds."""
    found = slowest(load(), limit)
    if as_json:
        print_json([form.model_dump(mode="json") for form in found])
        return 0
    screen = Screen()
    if not found:
        screen.say("No statement was slow.")
    for form in found:
        screen.say(
            f"{form.fingerprint}  {form.count:,} times, {form.total_ms / 1000:,.1f} s in all,"
            f" {form.longest_ms / 1000:,.1f} s at most  on {form.target}"
        )
        screen.say(f"  {form.sql}")
        for line in form.plan:
            screen.say(f"    {line}")
    return 0
