"""`datamind eval history` and `compare`: runs that were kept, listed and held together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from datamind.commands.evaluate import MISSED, record
from datamind.commands.faults import print_json
from datamind.commands.render import Screen, counted
from datamind.commands.wiring import quiet_logs
from datamind.errors import BadInput
from datamind.evaluation import history as runs
from datamind.evaluation.comparing import FAIL_ON, KINDS, Comparison
from datamind.evaluation.comparing import compare as compared
from datamind.evaluation.history import Head
from datamind.evaluation.report import Floors, Totals, share
from datamind.settings import load

Kept = Sequence[tuple[Head, Totals]]
COLUMNS = ["run", "label", "when", "suite", "questions", "right %", "change", "wrong %", "change ",
           "version"]  # fmt: skip
MOST_NAMED = 10


def history(suite: str | None, limit: int, *, as_json: bool) -> int:
    """The runs that are kept, oldest first, the newest of them."""
    settings = load()
    quiet_logs(settings)
    kept = runs.heads(settings.evaluations, Path(suite).name if suite is not None else None)
    if as_json:
        print_json([{"run": asdict(h), "totals": record(t)} for h, t in kept[-limit:]])
        return 0
    screen = Screen()
    if not kept:
        screen.say("No run is kept yet: `datamind eval SUITE` keeps one.")
        return 0
    screen.rows(COLUMNS, _rows(kept)[-limit:], right=[*COLUMNS[4:9]])
    return 0


def _rows(kept: Kept) -> list[list[str]]:
    """A row for each run, its figures beside how they changed since the run of the same questions
    before it."""
    before: dict[tuple[str, tuple[str, ...]], Totals] = {}
    found = []
    for head, t in kept:
        of = (head.suite, tuple(head.only))
        last = before.get(of)
        before[of] = t
        only = f" ({', '.join(head.only)})" if head.only else ""
        found.append([
            head.id, head.label, head.at[:16].replace("T", " "), head.suite + only,
            str(t.answerable + t.to_refuse), share(t.right_percent),
            _change(last.right_percent if last else None, t.right_percent), share(t.wrong_percent),
            _change(last.wrong_percent if last else None, t.wrong_percent), head.version,
        ])  # fmt: skip
    return found


def _change(before: float | None, now: float | None) -> str:
    return "" if before is None or now is None else f"{now - before:+.1f}"


def compare(
    before: str, after: str, fail_on: str, max_lost: int, floors: Floors, *, as_json: bool
) -> int:
    """What the second run lost and won; not 0 where it may not stand."""
    settings = load()
    quiet_logs(settings)
    on = next((known for known in FAIL_ON if known == fail_on), None)
    if on is None:
        raise BadInput(f"--fail-on is one of {', '.join(FAIL_ON)}.")
    if after == runs.LAST != before:  # the last of the suite that the other is of
        old = runs.find(settings.evaluations, before)
        new = runs.find(settings.evaluations, after, against=old.head)
    else:
        new = runs.find(settings.evaluations, after)
        old = runs.find(settings.evaluations, before, against=new.head)
    found = compared(old, new)
    failed = [f for f in (found.fails(on, max_lost), *floors.missed(new.totals)) if f]
    if as_json:
        print_json({
            "before": old.name, "after": new.name, "both": found.both,
            "changes": [asdict(change) for change in found.changes],
            "gone": list(found.gone), "added": list(found.added), "failed": failed,
        })  # fmt: skip
    else:
        _tell(found, old, new, failed)
    return MISSED if failed else 0


def _tell(found: Comparison, old: runs.Run, new: runs.Run, failed: list[str]) -> None:
    screen = Screen()
    for kind in KINDS:
        if changes := found.of(kind):
            screen.say(f"{kind.capitalize()}: {len(changes):,}", "bold")
        for change in changes:
            edited = " (the entry was edited)" if change.edited else ""
            asked = f"  {change.question}" if change.question not in ("", change.id) else ""
            screen.say(f"  {change.id}: {change.was} → {change.now}{edited}{asked}")
    moved = f"{len(found.changes):,} changed"
    screen.say(f"{counted(found.both, 'question')} in both, {moved}.")
    for run, alone in ((old, found.gone), (new, found.added)):
        if alone:
            named = ", ".join(alone[:MOST_NAMED]) + (" …" if len(alone) > MOST_NAMED else "")
            screen.say(f"{counted(len(alone), 'question')} in {run.name} only: {named}")
    for miss in failed:
        screen.say(f"Failed: {miss}.", "red")
