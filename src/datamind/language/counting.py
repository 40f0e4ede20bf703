"""Counting: what a count is of, where rows stand for several of it or only say when it was."""

from __future__ import annotations

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.context import Context
from datamind.language.scope import quantity_and_price
from datamind.language.sketch import Measure, Mention
from datamind.language.tokens import lemma
from datamind.semantics.catalog import Column, Table


def happenings(mention: Mention | None, ctx: Context) -> bool:
    """`calls`, `departures`: what a column says the moment of, a row for each."""
    word = ctx.words[mention.last - 1].lower() if mention else ""
    return word.endswith("s") and word != lemma(word)


MONEY_WORDS = frozenset({"price", "cost", "amount", "revenue", "salary", "fee", "budget", "value"})


def is_added(column: Column, measure: Measure) -> bool:
    """Whether `how many units` asks for their sum."""
    rolls_up = ("sum", "avg") if measure.inner else ("sum",)
    return column.is_number and column.additivity in rolls_up and not measure.distinct


def counted(measure: Measure, ctx: Context) -> str:
    """The noun of what is counted."""
    last = measure.target.last if measure.target is not None else 0
    return ctx.lemmas[last - 1] if last else ""


_HOW_MANY = frozenset({"quantity", "qty", "count", "cnt"})


def kept_count(table: Table, noun: str) -> Column | None:
    """Where rows stand for several of the thing: the column that is called just `count`, or of a
    ticket sale the `ticket_quantity` where tickets are counted."""
    called = names.words_of(table.name)
    several = noun in called[:-1]  # a ticket sale, no ticket
    for column in table.columns:
        words = names.words_of(column.name)
        if words == ("count",):
            return column
        if several and column.is_number and noun in words and set(words) - {noun} <= _HOW_MANY:
            return column
    return None


_TRADED = frozenset({"sold", "bought", "purchased", "shipped", "ordered", "produced", "returned"})


def units_of(candidate: Candidate, measure: Measure, ctx: Context) -> Column | None:
    """`tickets sold`, where a row of the ticket sales is of several tickets: their quantity."""
    target = measure.target
    after = ctx.words[target.last].lower() if target and target.last < len(ctx.words) else ""
    if target is None or candidate.score > 0.9 or not {after, ctx.words[target.last - 1]} & _TRADED:
        return None
    pair = quantity_and_price(ctx.scope.view.table(candidate.id))
    return pair[0] if pair is not None else None
