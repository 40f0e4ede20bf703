"""Two runs held against each other: which questions were lost, won, or answered otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datamind.evaluation.history import Run
from datamind.evaluation.run import Verdict

FailOn = Literal["lost", "wrong", "none"]
FAIL_ON: tuple[FailOn, ...] = FailOn.__args__  # type: ignore[attr-defined]
Kind = Literal["lost", "won", "another wrong answer", "changed"]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
# A wrong answer is worse than none, and none worse than a right one.
GOOD = frozenset({"right", "refused", "answered rightly", "refused rightly"})
BAD = frozenset({"wrong", "answered in vain"})


@dataclass(frozen=True, slots=True)
class Change:
    """A question that ended otherwise; `edited` where it, or what is expected, is not the same."""

    id: str
    question: str
    kind: Kind
    was: str
    now: str
    edited: bool

    @property
    def newly_wrong(self) -> bool:
        """Whether it has a wrong answer now, and had none."""
        return self.now in BAD and self.was not in BAD


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two runs: of the questions in both, and which only one of them has."""

    both: int
    changes: tuple[Change, ...]
    gone: tuple[str, ...]
    added: tuple[str, ...]

    def of(self, kind: Kind) -> list[Change]:
        """The changes of a kind."""
        return [change for change in self.changes if change.kind == kind]

    def fails(self, on: FailOn, allowed: int = 0) -> str:
        """Why the second run may not stand, in words; empty where it may.

        On `lost`, where more questions than `allowed` end worse; on `wrong`, where more have a
        wrong answer that had none.
        """
        lost = self.of("lost")
        worse = lost if on == "lost" else [c for c in lost if c.newly_wrong]
        if on == "none" or len(worse) <= allowed:
            return ""
        said = "lost" if on == "lost" else "newly wrong"
        return f"{len(worse):,} {said}, {allowed:,} allowed"


def compare(before: Run, after: Run) -> Comparison:
    """The second run as a change of the first."""
    old = {v.id: v for v in before.verdicts}
    new = {v.id: v for v in after.verdicts}
    return Comparison(
        len(old.keys() & new.keys()),
        tuple(_changes([(old[name], v) for name, v in new.items() if name in old])),
        gone=tuple(name for name in old if name not in new),
        added=tuple(name for name in new if name not in old),
    )


def _changes(pairs: list[tuple[Verdict, Verdict]]) -> Iterator[Change]:
    for was, now in pairs:
        if (kind := _kind(was, now)) is not None:
            yield Change(now.id, now.question, kind, was.outcome, now.outcome, _edited(was, now))


def _edited(was: Verdict, now: Verdict) -> bool:
    """Files of older versions do not say what was expected."""
    said = ((was.question, now.question), (was.expected, now.expected))
    return any(one and other and one != other for one, other in said)


def _kind(was: Verdict, now: Verdict) -> Kind | None:
    before, after = _rank(was), _rank(now)
    if before != after:
        return "lost" if after < before else "won"
    if was.outcome != now.outcome:
        return "changed"
    return "another wrong answer" if now.outcome in BAD and was.sql != now.sql else None


def _rank(verdict: Verdict) -> int:
    return 2 if verdict.outcome in GOOD else 0 if verdict.outcome in BAD else 1
