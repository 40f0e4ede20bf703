"""Health: what each part's state makes of the whole (design.md, section 10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from datamind.rooms.system.modes import ORDER, Mode

State = Literal["healthy", "degraded", "down"]

WEIGHTS = {"database": 40, "llm": 30, "redis": 15, "vector_db": 15}
SHARE: Mapping[State, float] = {"healthy": 1.0, "degraded": 0.5, "down": 0.0}
# The least score of each mode.
LEAST = ((85, "FULL_OPERATIONAL"), (60, "LIMITED_AI"), (40, "READ_ONLY"), (0, "EMERGENCY"))
WORSE: tuple[State, ...] = ("healthy", "degraded", "down")
# The best that the whole can be called in a mode, whoever wanted it.
AT_BEST: Mapping[Mode, State] = {
    "FULL_OPERATIONAL": "healthy", "LIMITED_AI": "degraded", "READ_ONLY": "degraded",
    "EMERGENCY": "down", "CONFIGURATION": "degraded",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Health:
    """The score (0 to 100) and the mode that follows."""

    score: int
    mode: Mode
    status: State


def health_of(states: Mapping[str, State]) -> Health:
    """The health of a system whose parts `metadata`, `warehouse`, `audit`, `llm`, `redis` and
    `vector_db` are so; the database is the worse of the first two."""
    metadata, warehouse = states["metadata"], states["warehouse"]
    weighed = {**states, "database": max(metadata, warehouse, key=WORSE.index)}
    score = round(sum(weight * SHARE[weighed[part]] for part, weight in WEIGHTS.items()))
    by_score: Mode = next(mode for least, mode in LEAST if score >= least)  # type: ignore[misc]
    mode = max(by_score, by_rule(states), key=ORDER.index)
    worst = max(states.values(), key=WORSE.index)
    of_parts: State = "degraded" if worst != "healthy" else worst
    return Health(score, mode, status_in(mode, of_parts))


def status_in(mode: Mode, of_parts: State) -> State:
    """What the whole is called in that mode, with parts that are so."""
    return max(of_parts, AT_BEST[mode], key=WORSE.index)


def by_rule(states: Mapping[str, State]) -> Mode:
    """The least that what is down makes of the mode, whatever an admin says: by the sum alone a
    dead database would score 60 and pass for LIMITED_AI."""
    down = [states[part] == "down" for part in ("metadata", "warehouse")]
    if all(down):
        return "EMERGENCY"
    if any(down) or states["audit"] == "down":
        return "READ_ONLY"  # what can't be audited is not run
    # The built-in engine stands in for a model that fails, which is then degraded.
    return "LIMITED_AI" if states["llm"] != "healthy" else "FULL_OPERATIONAL"
