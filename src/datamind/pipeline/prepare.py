"""Generate to sanitize: readings, or a person's SQL, become the governed text that may run."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from datamind.errors import DataMindError, PlanInvalid, SqlRejected
from datamind.governance.policy import Policy
from datamind.pipeline.generate import generate
from datamind.pipeline.optimize import optimize
from datamind.pipeline.sanitize import sanitize
from datamind.pipeline.stages import Stages
from datamind.pipeline.validate import validate
from datamind.records import Candidate, Draft, Governed, Target
from datamind.semantics import plan as P
from datamind.semantics.catalog import View

log = logging.getLogger(__name__)

ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """What will run: the draft, its governed text, the tables and columns that the draft names (ids
    of the catalog), and the reading that it came from, if any. `called` are other names for its
    columns, where its reader is not told the SQL. `elsewhere` is the same plan governed for another
    warehouse, where it runs if it can; `routed` says why it goes there, or not.
    """

    draft: Draft
    governed: Governed
    names: tuple[str, ...]
    reading: Candidate | None = None
    called: tuple[str, ...] = ()
    elsewhere: Governed | None = None
    routed: str = ""


def prepare(
    readings: Sequence[Candidate], view: View, target: Target, stages: Stages, *, row_limit: int,
    policy: Policy | None = None,
) -> Prepared:  # fmt: skip
    """The first reading that passes the guard; the next is tried where one is rejected."""
    rejected: DataMindError = SqlRejected("No reading of the question could be put into SQL.")
    for reading in readings[:ATTEMPTS]:
        try:
            draft = stages.run("generate", partial(_draft, reading, view, target))
            governed, names = _governed(draft, view, stages, row_limit, policy)
        except (SqlRejected, PlanInvalid) as fault:
            log.info("a reading was rejected: %s", fault.code)
            rejected = fault
            continue
        return Prepared(draft, governed, names, reading)
    raise rejected


def prepare_sql(
    sql: str, view: View, target: Target, stages: Stages, *, row_limit: int,
    plan: P.Query | None = None, policy: Policy | None = None,
) -> Prepared:  # fmt: skip
    """SQL as somebody sent it, governed afresh.

    Where it is word for word what `plan` compiles to, it keeps the plan's units and explanation.
    """
    if plan is not None:
        reading = Candidate(plan, 1.0)
        try:
            draft = _draft(reading, view, target)
        except DataMindError:
            draft = None  # the catalog has moved on since the plan was made
        if draft is not None and draft.sql == sql:
            return Prepared(draft, *_governed(draft, view, stages, row_limit, policy), reading)
    draft = Draft(sql, target.dialect, target.name, trust="generated", origin="person")
    return Prepared(draft, *_governed(draft, view, stages, row_limit, policy))


def _draft(reading: Candidate, view: View, target: Target) -> Draft:
    return generate(reading, view, dialect=target.dialect, target=target.name)


def _governed(
    draft: Draft, view: View, stages: Stages, row_limit: int, policy: Policy | None
) -> tuple[Governed, tuple[str, ...]]:
    checked = stages.run("validate", partial(validate, draft, view))
    optimized = stages.run("optimize", partial(optimize, checked))
    governed = stages.run(
        "sanitize", partial(sanitize, optimized, view, row_limit=row_limit, policy=policy)
    )
    return governed, (*checked.relations, *checked.columns)
