"""Answers: what each outcome of an ask tells its asker, in one shape."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from datamind.errors import AccessDenied, DataMindError
from datamind.personal import masked
from datamind.pipeline.assumptions import assumed
from datamind.pipeline.execute import named
from datamind.pipeline.explain import explain, explained
from datamind.pipeline.kept import Read
from datamind.pipeline.nearest import about, nearest
from datamind.pipeline.prepare import Prepared
from datamind.records import Answer, Interpretation, Result, Status
from datamind.semantics.catalog import View
from datamind.semantics.parts import PERCENT, SHARE

WHICH = "The question can be read in several ways. Which one is meant?"
CHOOSE = "Ask again in the words of one of these."
WHETHER = "Not sure what is meant. Is it this?"
AGREE = "If it is, ask again in these words; if not, in others."
# What to do about a refusal, by its code.
HINT = "Ask in words of the data: `datamind catalog show` lists it, `catalog search` finds it."
HINTS = {
    "write_request": "Ask what the data says; to change it, use the program that it belongs to.",
    "advice": "Ask for figures that help to decide: how many, how much, which, when.",
    "nothing_to_explain": 'Name a figure and a period: "Why did revenue fall in May 2025?"'
    " Or ask for it by month first, and then why.",
    "help": "Ask for figures, lists or comparisons of these, in your own words.",
    "future": "Ask about the past: a trend over months or years, for example.",
}


def blank(
    question: str, *, query_id: str, correlation_id: str, now: dt.datetime, warehouse: str
) -> Answer:
    """An answer that nothing is known of yet."""
    return Answer(
        query_id=query_id,
        correlation_id=correlation_id,
        question=question,
        status="error",
        generated_at=now,
        warehouse=warehouse,
    )


def failed(answer: Answer, fault: DataMindError) -> Answer:
    """The answer that an error is; a denial of access is told apart."""
    status: Status = "forbidden" if isinstance(fault, AccessDenied) else "error"
    return replace(
        answer, status=status, summary=masked(fault.message), error_code=fault.code,
        hint=fault.hint,
    )  # fmt: skip


def told(answer: Answer, read: Interpretation, view: View, today: dt.date) -> Answer:
    """What the interpretation alone says: a question back, a refusal, or how sure it is."""
    refusal = read.refusal
    if refusal is not None and read.status == "refused":
        if refusal.code == "help":
            refusal = replace(refusal, reason=about(view) or refusal.reason)
        refusal = replace(refusal, nearest=nearest(answer.question, read, view, today))
    answer = replace(
        answer,
        status=read.status,
        confidence=read.confidence,
        unresolved=read.unresolved,
        choices=read.choices,
        refusal=refusal,
        error_code=refusal.code if refusal else None,
        summary=refusal.reason if refusal else "",
        hint=HINTS.get(refusal.code, HINT) if refusal else None,
    )
    if read.status != "clarify" or not read.choices:
        return answer
    summary, hint = (WHICH, CHOOSE) if len(read.choices) > 1 else (WHETHER, AGREE)
    return replace(answer, summary=summary, hint=hint)


def drafted(answer: Answer, prepared: Prepared, view: View, today: dt.date) -> Answer:
    """The answer with its SQL and how it came about, before anything is run."""
    reading, plan = prepared.reading, prepared.draft.plan
    said = reading.assumptions if reading else ()
    return replace(
        answer,
        status="answered",
        sql=prepared.draft.sql,
        governed_sql=prepared.governed.sql,
        explanation=explained(prepared.draft, view),
        plan=plan,
        assumptions=(*said, *(assumed(plan, view, today) if plan is not None else ())),
        links=reading.links if reading else (),
        trust=prepared.draft.trust,
        origin=prepared.draft.origin,
        warnings=prepared.draft.warnings,
        error_code=None,
        hint=None,
    )


def completed(
    answer: Answer, prepared: Prepared, read: Read, view: View, now: dt.datetime, today: dt.date
) -> Answer:
    """The answer with its rows, told in words; `today` is the day that the question counts from."""
    result = with_units(read.result, prepared)
    said = explain(prepared.draft, prepared.governed, result, view, now, today)
    return replace(
        drafted(answer, prepared, view, today),
        columns=result.columns,
        rows=result.rows,
        truncated=result.truncated,
        summary=said.summary,
        chart=said.chart,
        warnings=(*said.warnings, *_age(read, now)),
        follow_ups=tuple(f for f in said.follow_ups if not _alike(f, answer.question)),
        data_version=result.data_version,
        as_of=read.as_of,
        cached=read.cached,
    )


def with_units(result: Result, prepared: Prepared) -> Result:
    """The result, its columns with the units that the plan knows and the masks that the guard put
    on them; a database knows neither."""
    units = dict(prepared.draft.units)
    if prepared.draft.plan is not None:  # the plan's own names of what it works out
        units = {PERCENT: PERCENT, SHARE: SHARE, **units}
    masked = {line.output for line in prepared.governed.lineage if line.masked}
    columns = tuple(
        replace(c, unit=units.get(c.name, c.unit), masked=c.name in masked) for c in result.columns
    )
    made = replace(result, columns=columns)
    return named(made, prepared.called) if prepared.called else made


def _age(read: Read, now: dt.datetime) -> tuple[str, ...]:
    """How old rows are that were kept of a database that does not say when it changes."""
    if not read.cached or read.result.data_version:
        return ()
    seconds = max(0, round((now - read.as_of).total_seconds()))
    return (f"These rows were read {seconds} s ago; the data may have changed since.",)


def _alike(one: str, other: str) -> bool:
    return one.casefold().rstrip(" ?.") == other.casefold().rstrip(" ?.")
