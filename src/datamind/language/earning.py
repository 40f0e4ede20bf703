"""Earning and costing: `which fault costs us the most`, `the plan that brought in the most money`.

Ranked by the money that is kept of the rows which tell of what is asked for: what comes in for
those that earn, what goes out for those that cost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language import kept, names
from datamind.language.candidates import Candidate
from datamind.language.index import Index
from datamind.language.sketch import Measure, Mention, Rank
from datamind.language.spending import ASIDE, referring
from datamind.language.tokens import Token, joined, stretches
from datamind.language.units import Unit

_GAIN = 1.2  # for each word: more than for its words one by one
_EARN = (
    r"(?P<earn>(?:made|makes?|making|earned|earns?|earning|brought|brings?|bringing|took|takes?"
    r"|taking)(?: in)?|generated|generates?|generating)"
)
_COST = r"(?P<cost>costs?|costing)"
_THEM = re.compile(
    rf"(?<!\S)(?:(?:has|have|had|does|do|did) )?(?:{_EARN}|{_COST})(?P<us> us)?(?: in)?"
    r"(?: the)? (?P<way>most|least)(?P<money>(?: amount of)? money)?(?: overall| in total)?"
    r"(?= ?(?:[,.?!;]|in (?:(?:19|20)\d\d|the|january|february|march|april|may|june|july|august"
    r"|september|october|november|december|q[1-4])|during|this|last|since|so far|over)(?!\S)|$)"
)
_COMES_IN = (
    "revenue", "sales", "turnover", "income", "fare", "fee", "amount", "total", "payment", "value"
)  # fmt: skip
_GOES_OUT = ("cost", "expense", "expenditure", "refund", "charge", "payout", "spend", "spending")
_OTHER = ASIDE - {"fee"}


def units(index: Index, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The rank that the words for it stand for."""
    for found, first, last in stretches(joined(tokens), _THEM):
        bare = not (found["us"] or found["money"])
        if not first or (bare and (found["earn"] or "take").startswith(("take", "took", "ma"))):
            continue  # `who took the most`, `made the most` of it; what costs the most is dear
        about = _table(index, tokens[:first])
        target = _money(index, about, first, last, out=bool(found["cost"])) if about else None
        if target is not None:
            by = Measure("either", target=target, first=first)
            rank = Rank(by, found["way"] == "most", 1, extreme=True, first=first)
            yield Unit("L", first, last, rank, _GAIN * (last - first))


def _table(index: Index, before: Sequence[Token]) -> str | None:
    """The table that the nearest noun before names, or whose column it names."""
    for token in reversed(before):
        table = kept.named_table(index, token, before)
        if table is not None:
            return table
        found = (index.items[p.item] for p in index.postings.get(token.lemma, ()) if p.word >= 0)
        held = {i.table for i in found if i.kind == "column" and len(i.core) == 1}
        if held:
            return held.pop() if len(held) == 1 else None
    return None


def _money(index: Index, about: str, first: int, last: int, *, out: bool) -> Mention | None:
    """What comes in or goes out by rows of the table, else by those that refer to it."""
    view = index.view
    words: tuple[str, ...] = _COMES_IN
    if out:  # what an offer costs is what it takes off the price
        offer = any("discount" in names.words_of(c.name) for c in view.table(about).columns)
        words = ("discount", *_GOES_OUT) if offer else _GOES_OUT
    for tables in ([about], referring(view, {about})):
        found: list[tuple[int, Candidate]] = []
        for metric in view.metrics:
            rank = _place(names.words_of(metric.name), words)
            simple = metric.kind == "simple" and str(metric.aggregation) == "sum"
            if simple and metric.table in tables and rank is not None:
                found.append((rank, Candidate("metric", metric.name, "", 0.95, "grammar")))
        for column in (c for t in tables for c in view.table(t).columns) if not found else ():
            rank = _place(names.words_of(column.name), words)
            if column.is_number and column.additivity == "sum" and rank is not None:
                link = Candidate(
                    "column", column.id, column.table, 0.95, "grammar", type=column.type
                )
                found.append((rank, link))
        best = min((rank for rank, _ in found), default=0)
        meant = [c for rank, c in found if rank == best]
        if len(meant) == 1:
            return Mention(first, last, (meant[0],), role="measure")
        if meant:
            return None  # one of several
    return None


def _place(told: Sequence[str], words: Sequence[str]) -> int | None:
    """How likely an amount of this name is what is meant; the least is the likeliest."""
    if words is _COMES_IN and _OTHER & set(told):
        return None
    return min((words.index(w) for w in told if w in words), default=None)
