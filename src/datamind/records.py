"""The records that flow from a question to its answer: a stage takes one and returns the next."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datamind.semantics.plan import Query

Dialect = Literal["duckdb", "postgres", "clickhouse"]
Status = Literal["answered", "clarify", "refused", "forbidden", "error"]
Trust = Literal["governed", "verified", "derived", "generated"]
Origin = Literal["builtin", "model", "example", "person"]
Scalar = str | int | float | bool | Decimal | dt.date | dt.datetime | dt.time | dt.timedelta | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. Rights come from here and from nowhere else."""

    user: str
    role: str = "analyst"
    groups: tuple[str, ...] = ()
    attributes: tuple[tuple[str, Scalar], ...] = ()
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of a conversation: what was asked and the plan that answered it."""

    text: str
    plan: Query
    catalog_version: str


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, by whom, and on which day.

    `evidence` is text that came with the question: definitions and matching rules, never orders.
    """

    text: str
    asker: Identity
    today: dt.date
    evidence: str = ""
    project: str | None = None
    earlier: tuple[Turn, ...] = ()
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class Link:
    """A span of the question (characters `start` to `end`) and the catalog item it was taken for.

    `kind` is table, column, value, metric, date, number or keyword; `source` says how it matched
    (name, synonym, description, value, fuzzy, grammar); `score` is 0 to 1.
    """

    start: int
    end: int
    text: str
    kind: str
    item: str
    source: str
    score: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of the question: its plan, its score, and what it assumed."""

    plan: Query
    score: float
    links: tuple[Link, ...] = ()
    assumptions: tuple[str, ...] = ()
    features: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """A reading offered to the asker as a button: `label` says how it differs."""

    label: str
    plan: Query


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no answer: `missing` names the words that nothing in the data explains."""

    code: str
    reason: str
    missing: tuple[str, ...] = ()
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Drill:
    """What a why-question asks: a measure's change from one period to another. The readings are
    not rivals then: the first is the whole change, the others cut it by these `dimensions`.

    `method` says how members are credited: by their own change (sum), by mix and rate (ratio), or
    not at all. `direction` is the way that the asker believes it went. `told` says in English what
    each reading compares; `unit` is the measure's.
    """

    measure: str
    before: str
    after: str
    method: Literal["sum", "ratio", "none"]
    direction: Literal["", "down", "up"]
    dimensions: tuple[str, ...]
    told: tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Interpretation:
    """Ranked readings of a question. `status` is answered, clarify or refused.

    `confidence` is the calibrated probability that the first candidate is right. With a `drill`,
    all candidates are run.
    """

    status: Status
    candidates: tuple[Candidate, ...]
    confidence: float
    unresolved: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    refusal: Refusal | None = None
    drill: Drill | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A warehouse as drafts name it: how people know it, and the dialect that it speaks."""

    name: str
    dialect: Dialect


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan routed to a target and compiled in its dialect; or SQL that a person typed.

    `units` are those of its output columns, by name.
    """

    sql: str
    dialect: Dialect
    target: str
    trust: Trust
    origin: Origin
    plan: Query | None = None
    warnings: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """One read-only statement with known functions, its tables and columns resolved."""

    draft: Draft
    sql: str
    relations: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Optimized:
    """A checked statement, rewritten only; nothing was sent to a database."""

    checked: Checked
    sql: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an output column comes from, and whether it is masked for this asker. No two columns
    of a statement have one name, whatever its database calls them."""

    output: str
    sources: tuple[str, ...] = ()
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Governed:
    """The text that runs. Made only by `governance`, after it re-checked its own output.

    `columns` are those that the asker's statement reads, `policies` the rules (id and version) that
    made what stands for its tables: they are told, and no part of the seal. `volatile`
    says that it may give other rows over the same data: by the clock, or by chance.
    """

    sql: str
    parameters: tuple[Scalar, ...]
    dialect: Dialect
    target: str
    fingerprint: str
    relations: tuple[str, ...]
    lineage: tuple[Lineage, ...] = ()
    row_limit: int = 10_000
    columns: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    volatile: bool = True


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a warehouse expects a statement to cost, before it is run. Rows may be unknown."""

    rows: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result. `type` is one of the catalog's column types."""

    name: str
    type: str
    unit: str | None = None
    masked: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """Rows as the warehouse gave them; at most the limit of the governed statement."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    elapsed_ms: float
    truncated: bool = False
    data_version: str = ""


@dataclass(frozen=True, slots=True)
class Ran:
    """A statement that a warehouse ran: when it began (seconds since 1970), how long it took, how
    many rows came of it, and the code of what it failed with."""

    governed: Governed
    began: float
    seconds: float
    rows: int
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds of a result: how many rows, and whether there were more."""

    rows: int
    truncated: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """How to draw a result. `kind` is number, table, line, bar, scatter or pie."""

    kind: str
    x: str | None = None
    y: tuple[str, ...] = ()
    series: str | None = None


@dataclass(frozen=True, slots=True)
class StageReport:
    """One of the seven stages ended: its name, its time, and what it says to the asker; `began` is
    when, in seconds since 1970."""

    stage: str
    elapsed_ms: float
    detail: str = ""
    began: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is told back, whatever the status; what does not apply is empty.

    `as_of` is when the rows were read; `cached` that they were read for an earlier answer. `routed`
    says why `warehouse` was asked, where there are two.
    """

    query_id: str
    correlation_id: str
    question: str
    status: Status
    generated_at: dt.datetime
    sql: str | None = None
    governed_sql: str | None = None
    plan: Query | None = None
    columns: tuple[ResultColumn, ...] = ()
    rows: tuple[tuple[Scalar, ...], ...] = ()
    truncated: bool = False
    summary: str = ""
    explanation: str = ""
    assumptions: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    unresolved: tuple[str, ...] = ()
    chart: Chart | None = None
    confidence: float = 0.0
    trust: Trust | None = None
    origin: Origin | None = None
    warnings: tuple[str, ...] = ()
    follow_ups: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    refusal: Refusal | None = None
    error_code: str | None = None
    hint: str | None = None
    warehouse: str | None = None
    routed: str = ""
    data_version: str | None = None
    as_of: dt.datetime | None = None
    cached: bool = False
    stages: tuple[StageReport, ...] = field(default=())
    elapsed_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records of the audit log are asked for; `words` stand anywhere in them."""

    words: str | None = None
    event_type: str | None = None
    user_id: str | None = None
    status: str | None = None
    correlation_id: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """Whether the audit log's chain holds: how many `records` there are, the `faults` found, and
    the last record that an anchor vouches for (0: there is none). Records up to `sealed` are in
    segments; up to `deleted`, retention took them, and only their segments' ends are known."""

    records: int
    faults: tuple[str, ...]
    anchored: int
    sealed: int = 0
    deleted: int = 0


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One line of the audit log; `user_email` is masked, `details` hold no row of the data."""

    timestamp: dt.datetime
    event_type: str
    component: str
    status: Literal["intent", "success", "failed", "blocked"]
    user_id: str | None = None
    user_email: str | None = None
    session_id: str | None = None
    ip_address: str | None = None
    correlation_id: str | None = None
    details: tuple[tuple[str, object], ...] = ()


Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert as it is told: opened or ended at that moment, or changed since, which is kept and
    not told; holds no secret and no value of the data. `mode` is the mode that held then."""

    id: str
    kind: str
    subject: str
    severity: Severity
    message: str
    at: dt.datetime
    state: Literal["opened", "changed", "ended"]
    mode: str
