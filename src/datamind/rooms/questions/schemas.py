"""Wire shapes of questions and SQL (api.md, section 2)."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from datamind.pipeline.interpret import MAX_EVIDENCE, MAX_QUESTION
from datamind.rooms.bodies import Body
from datamind.rooms.paging import Page

MAX_SQL = 256 * 1024
Status = Literal["answered", "clarify", "refused", "forbidden", "error", "cancelled"]
Id = Annotated[str, Field(max_length=64, pattern=r"^[\w.:-]+$")]


class ContextIn(Body):
    """What comes with a question: `definitions` may explain words of it. A role or department is
    taken for what people call themselves; nothing here grants a right."""

    # What lies past the limit is not kept while a question waits for its listener.
    definitions: Annotated[str, AfterValidator(lambda text: text[: MAX_EVIDENCE + 1])] = ""
    role: str = Field(default="", max_length=200)
    department: str = Field(default="", max_length=200)


class GenerateIn(Body):
    """A question, and what explains it. `plan` is one of the `alternatives` of an earlier answer,
    to take that reading."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"question": "What was the revenue by region last quarter?"}}
    )

    question: str = Field(max_length=2 * MAX_QUESTION)  # past half of it, `question_too_long`
    context: ContextIn = ContextIn()
    conversation_id: Id | None = None
    project_id: Id | None = None
    plan: dict[str, Any] | None = None


class AskIn(GenerateIn):
    """A question to answer; with `execute` false only its SQL is made, with `cache` false its rows
    are read anew."""

    execute: bool = True
    limit: int | None = Field(default=None, ge=1, le=1_000_000)
    engine: Literal["builtin", "model", "auto"] = "auto"
    cache: bool = True


class DemoIn(Body):
    """A question about the demo's data."""

    question: str = Field(max_length=2 * MAX_QUESTION)


class ExecuteIn(Body):
    """SQL to run, governed afresh whoever wrote it; `query_id` is the answer that it came from,
    whose question it has while it is the same SQL. With `cache` false its rows are read anew."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"sql": "SELECT count(*) AS orders FROM fct_orders"}}
    )

    sql: str = Field(max_length=MAX_SQL)
    query_id: Id | None = None
    conversation_id: Id | None = None
    limit: int | None = Field(default=None, ge=1, le=1_000_000)
    cache: bool = True


class ValidateIn(Body):
    """SQL to check without running it."""

    sql: str = Field(max_length=MAX_SQL)


class LinkOut(BaseModel):
    """Characters `start` to `end` of the question, and the catalog item they were taken for."""

    text: str
    start: int
    end: int
    kind: str
    item: str
    source: str
    score: float


class InterpretationOut(BaseModel):
    """How the question was understood."""

    links: list[LinkOut]
    assumptions: list[str]
    unresolved: list[str]


class AlternativeOut(BaseModel):
    """Another reading: send its `plan` with the question to take it."""

    label: str
    plan: dict[str, Any]


class ColumnOut(BaseModel):
    """A column of the result."""

    name: str
    type: str
    unit: str | None
    masked: bool


class ChartOut(BaseModel):
    """How the result is best drawn."""

    kind: str
    x: str | None
    y: list[str]
    series: str | None


class RefusalOut(BaseModel):
    """Why the data can't answer; `nearest` can be asked instead."""

    code: str
    reason: str
    missing: list[str]
    nearest: list[str]


class StageOut(BaseModel):
    """A stage that ended."""

    stage: str
    elapsed_ms: float
    detail: str


class GenerateOut(BaseModel):
    """What was understood, and the SQL that would answer; nothing is run."""

    query_id: str
    correlation_id: str
    question: str
    status: Literal["answered", "clarify", "refused", "forbidden"]
    generated_at: dt.datetime
    summary: str
    explanation: str
    sql: str | None
    trust: Literal["governed", "verified", "derived", "generated"] | None
    origin: Literal["builtin", "model", "example", "person"] | None
    confidence_score: float = Field(ge=0, le=1)
    plan: dict[str, Any] | None
    interpretation: InterpretationOut
    alternatives: list[AlternativeOut]
    warnings: list[str]
    refusal: RefusalOut | None
    hint: str | None
    stages: list[StageOut]


class ResultOut(BaseModel):
    """Rows, and what is said of them. `as_of` is when they were read, which for `cached` ones was
    for an earlier answer from the same governed statement over the same data; `routed` is why that
    warehouse was asked, where there are two."""

    query_id: str
    correlation_id: str
    results: list[dict[str, Any]]
    columns: list[ColumnOut]
    rows_returned: int
    truncated: bool
    execution_time_ms: float
    summary: str
    explanation: str
    warnings: list[str]
    chart: ChartOut | None
    follow_ups: list[str]
    warehouse: str | None
    routed: str
    data_version: str | None
    as_of: dt.datetime | None
    cached: bool


class AskOut(GenerateOut, ResultOut):
    """An answer: what was understood, its SQL and its rows."""


class ValidateOut(BaseModel):
    """Whether the SQL may run for this caller, and if not, why."""

    valid: bool
    code: str | None = None
    message: str | None = None
    hint: str | None = None
    relations: list[str] = Field(default_factory=list)
    columns: list[str] = Field(default_factory=list)
    correlation_id: str


class StreamOut(BaseModel):
    """Where the answer's stages can be followed, once, within a minute.

    The ticket goes into the header `X-Stream-Ticket`, never into a URL; browsers have it as a
    cookie of that one path already.
    """

    stream_id: str
    ticket: str
    expires_in: int


class CancelOut(BaseModel):
    """Whether the query was still running when it was called off."""

    query_id: str
    cancelled: bool


class QueryOut(BaseModel):
    """One line of the history. `statement` is how SQL that a person sent begins; `question` is
    then the one that it answers, if any, or "Edited SQL of: …" the one that it came from."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str | None
    created_at: dt.datetime
    kind: Literal["ask", "generate", "execute"]
    question: str
    statement: str | None
    status: Status
    conversation_id: str | None
    project_id: str | None
    confidence: float
    trust: str | None
    rows_returned: int
    error_code: str | None
    message: str | None
    elapsed_ms: float
    flagged: bool


class ShareIn(Body):
    """Whom a query is shared with, beside whom it is shared with already: addresses of users, names
    of groups, or everybody who signs in."""

    model_config = ConfigDict(json_schema_extra={"example": {"groups": ["Sales"]}})

    users: list[Annotated[str, Field(max_length=254)]] = Field(default=[], max_length=100)
    groups: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=100)
    everybody: bool = False


class ShareOut(BaseModel):
    """Whom a query is shared with. Each of them reads the rows that they may see, by a run under
    their own rights; to who may not read its tables and columns it does not exist."""

    users: list[str]
    groups: list[str]
    everybody: bool


class SharedQuery(BaseModel):
    """A query that somebody shared, as its reader may see it: nothing of its owner's run.

    `sql` and `explanation` are held back where they hold literals or comments that may tell of rows
    or masked values that the reader does not see.
    """

    id: str
    question: str
    shared_by: str
    created_at: dt.datetime
    sql: str | None
    explanation: str


class SharedQueriesOut(Page):
    """A page of what others share with the caller."""

    items: list[SharedQuery]


class QueryDetail(QueryOut):
    """All that is kept of a query; `governed_sql` is for admins."""

    sql: str | None
    governed_sql: str | None
    plan: dict[str, Any] | None
    explanation: str
    interpretation: dict[str, Any]
    origin: str | None
    warnings: list[str]
    columns: list[ColumnOut]
    stages: list[StageOut]
    warehouse: str | None
    data_version: str | None
    correlation_id: str
    shared_with: ShareOut = ShareOut(users=[], groups=[], everybody=False)


class QueriesOut(Page):
    """A page of the history."""

    items: list[QueryOut]
