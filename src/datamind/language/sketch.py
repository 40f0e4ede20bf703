"""Sketches: what a question asks for, in terms of mentions that are not yet resolved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from datamind.language.candidates import Candidate
from datamind.language.dates import Period
from datamind.semantics import plan as P

if TYPE_CHECKING:
    from datamind.language.top_share import TopShare

Role = Literal[
    "entity", "group", "measure", "attribute", "number", "text", "date", "value", "order",
    "relation",
]  # fmt: skip


@dataclass(eq=False, slots=True)
class Mention:
    """A span of the question that names something: tokens `first` to `last`, and what it may be.

    `role` is what it does in the question. `owner` is the mention it is an attribute of
    (`name of the author`), `context` the one that it is likely to be an attribute of; `hint`
    the mention that says what kind of value it is (`city of Rome`). `before` is where a longer
    naming of it began (`Rome (FCO)`). `also` are further columns that go by the same name, `via`
    the relationship that the evidence says to follow. `each`
    marks a group said by `each` or `per`, `summed` what is told of groups, or of all (`orders in
    May`). `whether` marks a group by whether rows have it at all,
    `percent` what is compared with a percentage.
    """

    first: int
    last: int
    candidates: tuple[Candidate, ...]
    role: Role = "attribute"
    owner: Mention | None = None
    hint: Mention | None = None
    context: Mention | None = None
    verb: str = ""
    distinct: bool = False
    grain: str | None = None
    function: str = ""
    before: int = -1
    also: tuple[Mention, ...] = ()
    via: str = ""
    whether: bool = False
    each: bool = False
    per: bool = False
    part: bool = False
    summed: bool = False
    percent: bool = False


@dataclass(frozen=True, eq=False, slots=True)
class Formula:
    """A part of a plan whose columns are still to be chosen: `Field("?0")` is `mentions[0]`."""

    expr: P.Expr | P.Predicate
    mentions: tuple[Mention, ...]


TOLD = "told"  # the `match` of a relation that is itself the condition, no mere table to join
TIMES = "times"  # of a relation: what is counted is how often it happened


@dataclass(eq=False, slots=True)
class Cond:
    """A condition.

    `kind`: compare (subject op number), among (subject in numbers), value (a value mention),
    text (subject matches a text), period (a date in a period), null, flag (a boolean column),
    related (a related row exists; `count` compares their number), columns (two columns), average
    (subject against its own average), any (one of `parts`), given (a formula of the evidence),
    measure (an aggregate of each group compared with a number), beyond (`measure` against its own
    average, over the same `mention` where there is one), apart (the time from `subject` to
    `mention`, compared), open (nothing ended it yet), age (of who was born on `subject`). `each` is
    the table whose average row something is compared with.
    """

    kind: str
    subject: Mention | None = None
    op: str = "="
    numbers: tuple[float | dt.time, ...] = ()
    mention: Mention | None = None
    mentions: tuple[Mention, ...] = ()
    match: str = "equals"
    period: Period | None = None
    negated: bool = False
    parts: tuple[Cond, ...] = ()
    first: int = 0
    within: list[Cond] = field(default_factory=list)
    formula: Formula | None = None
    measure: Measure | None = None
    unit: str = "day"
    each: str = ""


@dataclass(eq=False, slots=True)
class Measure:
    """A measure: an aggregate of a mention, a count of one, or two measures combined.

    `kind`: count, aggregate, either (a bare noun), ratio, share, percent, excess (`how many more
    A than B`), shortfall, difference, duration,
    formula (`function` is the operator), number, given (a formula of the evidence),
    lasting (from a thing's start to its end), age (in whole years, today). `inner` aggregates its
    values over `per`, as in `average number of orders per customer`; `unit` is the one that a
    duration is told in. `again` is a count of what was spoken of before (`and how many`). `label`
    is added to its name.
    """

    kind: str
    function: str = "count"
    target: Mention | None = None
    distinct: bool = False
    where: list[Cond] = field(default_factory=list)
    left: Measure | None = None
    right: Measure | None = None
    mentions: tuple[Mention, ...] = ()
    first: int = 0
    inner: str | None = None
    value: float = 0.0
    loose: bool = False
    given: Formula | None = None
    per: list[Mention] = field(default_factory=list)
    unit: str = ""
    again: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class Over:
    """What is made of the groups' measures afterwards, over the rows around each.

    `kind`: change (against the period before), running, moving (over the last `rows`), share (of
    the total), rank, compare (side by side). `falls` says that a change is one downwards, `top`
    (desc, asc) that the first `rows` by it are asked for. `rate` asks for it as a part of what it
    is measured against, times `scale`; `inside` looks back no further than the range that was said
    (`from month to month in 2025`).
    """

    kind: str
    grain: str | None = None
    rows: int = 0
    rate: bool = False
    scale: int = 100
    inside: bool = False
    falls: bool = False
    top: str = ""


@dataclass(eq=False, slots=True)
class Rank:
    """An order, with a limit where one was said. `by` empty: what the hints or the head say.

    `function` aggregates what is compared, as in `the most expensive on average`; `skip` are those
    that were shown before.
    """

    by: Mention | Measure | None = None
    descending: bool = True
    count: int | None = None
    hints: tuple[str, ...] = ()
    extreme: bool = False
    first: int = 0
    function: str = ""
    skip: int = 0


Output = Mention | Measure


@dataclass(eq=False, slots=True)
class Sketch:
    """The whole question: what to show, of what, under which conditions, in which order."""

    outputs: list[Output] = field(default_factory=list)
    head: Mention | None = None
    groups: list[Mention] = field(default_factory=list)
    conds: list[Cond] = field(default_factory=list)
    related: list[Mention] = field(default_factory=list)
    ranks: list[Rank] = field(default_factory=list)
    order: list[Rank] = field(default_factory=list)
    over: Over | None = None
    top: TopShare | None = None
    replaced: tuple[Cond, Cond] | None = None  # what a follow-up has put in another's place
    distinct: bool = False
    listed: bool = False
    opener: str = ""
    unknown: list[str] = field(default_factory=list)
    unused: int = 0
