"""Stage 2, generate: a reading's plan is routed to a target and compiled in its dialect."""

from __future__ import annotations

from datamind.records import Candidate, Dialect, Draft, Trust
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan
from datamind.semantics.walk import below


def generate(reading: Candidate, view: View, *, dialect: Dialect, target: str) -> Draft:
    """The draft of a reading; PlanInvalid where the plan can't be put into SQL."""
    compiled = compile_plan(reading.plan, view, dialect)
    return Draft(
        sql=compiled.sql,
        dialect=dialect,
        target=target,
        trust=trust_of(reading.plan),
        origin="builtin",
        plan=reading.plan,
        warnings=compiled.warnings,
    )


def trust_of(plan: P.Query) -> Trust:
    """Governed where every number comes from a defined metric; else derived."""
    found = list(below(plan))
    metrics = any(isinstance(part, P.Metric) for part in found)
    own = any(isinstance(part, P.Aggregate) for part in found)
    return "governed" if metrics and not own else "derived"
