"""What a question says outright and its plan must show: numbers, `median`, `average`, `but not`.

A plan that leaves one of them out answers another question, however well the rest fits.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import get_args

from datamind.language import names
from datamind.language.asked import heed_asked
from datamind.language.clauses import heed_clauses
from datamind.language.context import Context, Unbuildable
from datamind.language.events import heed_events
from datamind.language.figures_said import heed_figures, heed_numbers, never
from datamind.language.own_kinds import heed_own_kinds
from datamind.language.tables import keywords as K
from datamind.language.tables.windows import THAN
from datamind.language.times_said import heed_times
from datamind.language.two_dates import heed_both
from datamind.language.units import Unit, passed_over
from datamind.language.units_asked import heed_units
from datamind.language.vacuous import heed_vacuous
from datamind.language.weekdays import heed_weekdays
from datamind.semantics import plan as P
from datamind.semantics.walk import below

_MEANS = frozenset({"avg", "average", "median", "mean"})
_YES_OR_NO = frozenset({"is", "are", "was", "were", "did", "does", "do", "has", "have"})


def heed(plan: P.Query, units: Sequence[Unit], ctx: Context) -> None:
    """Unbuildable, where the plan leaves out what was said."""
    nodes = list(below(plan))
    said = [w.lower() for w in ctx.words]
    if any(
        (isinstance(n, P.Compare) or (isinstance(n, P.Arithmetic) and n.op in "-/"))
        and n.left == n.right
        for n in nodes
    ):
        raise Unbuildable("a thing is compared with itself")
    heed_numbers(nodes, units)
    _heed_averages(nodes, set(said), ctx)
    heed_figures(nodes, units, ctx)
    heed_vacuous(plan, nodes, units, ctx)
    heed_weekdays(nodes, ctx)
    heed_own_kinds(plan, ctx)
    heed_events(units, ctx)
    heed_clauses(nodes, units, ctx)
    heed_both(nodes, ctx)
    grouped = any(isinstance(n, P.Group) and n.keys for n in nodes)
    measures = max((len(n.measures) for n in nodes if isinstance(n, P.Group)), default=0)
    computed = any(isinstance(n, P.Arithmetic | P.Window) for n in nodes)
    if (
        {"versus", "vs", "compared", "compare"} & set(said)
        and not (grouped or computed)
        and (measures == 1 or not _amounts(nodes, ctx))
    ):
        raise Unbuildable("one number, or none, is compared with nothing")
    if said and said[0] in _YES_OR_NO and {"than", "or"} & set(said) and not grouped:
        raise Unbuildable("two sides were to be compared")
    last = [u for u in units if u.code != "."][-1:]  # `and how many do not` is a group
    last = last if "and" in said or "or" in said else []
    named = {at for m in ctx.chosen for at in range(m.first, m.last)}
    left = {w for at, w in enumerate(ctx.lemmas) if at not in named}
    if _CURRENCIES & left and not any(map(_in_money, _measured(nodes, ctx))):
        raise Unbuildable("money was asked for")
    _heed_currency(nodes, left, ctx)
    heed_units(nodes, ctx)
    _heed_extremes(nodes, units, said, ctx)
    denied = any(u.code in (K.NOT, K.EXCLUDED) and u not in last for u in units)
    narrowed = any(type(n) in _NARROWING for n in nodes)
    passed = {"not", "never", "nothing"} & passed_over(units, said)
    all_of_them = passed and not narrowed and not {"and", "or"} & set(said)
    if (denied or all_of_them) and not any(map(_denies, nodes)):
        raise Unbuildable("what is left out was said")
    heed_asked(plan, nodes, units, ctx)
    _heed_shown(plan, units, said, ctx)
    if not narrowed and ("whose" in said or _GONE & left):
        raise Unbuildable("which of them was said")
    if "both" in said and any(isinstance(n, P.OneOf) for n in nodes):
        raise Unbuildable("both, not one of them")


_NARROWING = frozenset({P.Filter, *get_args(P.Predicate)})


def _heed_extremes(
    nodes: Sequence[object], units: Sequence[Unit], said: Sequence[str], ctx: Context
) -> None:
    """The most of something, how often, how long, since when: each has to be in the plan."""
    superlative = any(u.code in (K.SUPERLATIVE, K.TOP) for u in units)
    if _most_said(said, ctx):
        raise Unbuildable("the most of something is no name")
    if superlative and not any(isinstance(n, _RANKED) or _is_extreme(n) for n in nodes):
        raise Unbuildable("the most of something was asked for")
    _heed_than(nodes, said)
    _heed_still(nodes, said, ctx)
    heed_times(nodes, ctx)
    _heed_groups(nodes, ctx)
    if any(isinstance(n, P.And) and never(n) for n in nodes):
        raise Unbuildable("no day is in both periods")
    _heed_periods(nodes)
    if superlative and {"every", "each"} & set(said) and _first_of_all(nodes):
        raise Unbuildable("the first of each was asked for")
    if {"frequent", "frequently"} & set(said) and not any(
        isinstance(n, P.Aggregate) for n in nodes
    ):
        raise Unbuildable("how often was asked for")
    if ("in", "every") in pairwise(said) and {"which", "who"} & set(said[:2]):
        raise Unbuildable("who did in every one of them was asked for")
    longer = {(w, "longer") for w in ("much", "took", "take", "takes")} & set(pairwise(said))
    if (longer or _SPEED & set(said)) and not _lasts(nodes, ctx):
        raise Unbuildable("how long it takes was asked for")
    if "new" in ctx.words and not _timed(nodes) and "new" not in _linked(ctx):
        raise Unbuildable("since when they are new was not said")
    if "neither" in said and not any(map(_denies, nodes)):
        raise Unbuildable("neither of them")


def _heed_shown(plan: P.Query, units: Sequence[Unit], said: Sequence[str], ctx: Context) -> None:
    """Which of them, the last of each, all that was asked: the answer has to show it."""
    lists = said[:1] in (["which"], ["who"]) and [u.code for u in units[1:2]] == ["c"]
    lists = lists or (said[1:2] == ["who"] and [u.code for u in units[:1]] == ["c"])
    if lists and any(isinstance(s, P.Group) and not s.keys for s in plan.steps):
        raise Unbuildable("which of them was asked, not how many")
    if any(
        said[m.first : m.first + 1] in (["last"], ["first"])
        and c.kind == "column"
        and not _NAMES & set(said[m.first + 1 : m.last + 1])
        and set(names.words_of(c.name)) & {"last", "first"}
        and "name" in names.words_of(c.name)
        for m, c in ctx.chosen.items()
    ):
        raise Unbuildable("the last of each was asked for")
    if _asks_twice(units) and _width(plan) < 2:
        raise Unbuildable("more was asked than is shown")
    if ctx.idle > 1:
        raise Unbuildable("names that changed nothing")


_NAMES = frozenset({"and", "or", ",", "name", "names"})


def _asks_twice(units: Sequence[Unit]) -> bool:
    """`How many are there, and what did they cost?`: two things are to be told."""
    asks = [
        at for at, u in enumerate(units)
        if (u.code == K.ASK and u.payload in ("what", "which", "who", "when")) or u.code == K.COUNT
    ]  # fmt: skip
    return len(asks) > 1 and units[asks[-1]].payload in ("what", "when") and any(
        u.code in (K.AND, K.COMMA) for u in units[asks[-1] - 1 : asks[-1]]
    )  # fmt: skip


def _width(plan: P.Query) -> int:
    """How many columns the answer has."""
    last = next(
        (s for s in reversed(plan.steps) if isinstance(s, P.Project | P.Group | P.Window)), None
    )
    if isinstance(last, P.Project):
        return len(last.columns)
    return len(last.keys) + len(last.measures) if isinstance(last, P.Group) else 2


# What became of some: whoever says so means not all.
_GONE = frozenset(
    """stopped stop ceased discontinued expired lapsed outside beforehand overdue
    unpaid unsold unused""".split()
)


_RANKED = (P.Order, P.Limit, P.TopPerGroup, P.WindowCall, P.Scalar)


def _is_extreme(node: object) -> bool:
    return isinstance(node, P.Aggregate) and node.function in ("min", "max")


def _most_said(said: Sequence[str], ctx: Context) -> bool:
    """Whether `most` was read as part of a name that does not have it."""
    for m, found in ctx.chosen.items():
        column = found.id.rpartition(".")[2]
        named = found.kind in ("column", "table") and found.source not in ("evidence", "grammar")
        for at in range(m.first, m.last) if named else ():
            if said[at] in ("most", "least") and said[at] not in names.words_of(column):
                return said[at - 1] != "at"
    return False


def _heed_than(nodes: Sequence[object], said: Sequence[str]) -> None:
    """`more tips than reviews`, `three times the average`: something is compared, or multiplied;
    `how much` is answered by no count of rows."""
    pairs = set(pairwise(said))
    compares = any(isinstance(n, P.Between) or
                   (isinstance(n, P.Compare) and n.op in _ORDERED) for n in nodes)  # fmt: skip
    computed = any(isinstance(n, P.Arithmetic | P.Window | P.Metric) for n in nodes)
    than = any(after == "than" and word not in _NO_ORDER for word, after in pairs)
    if than and not (compares or computed):
        raise Unbuildable("what is more than what was said")
    if _ROSE.search(" ".join(said)) and not (computed or _of_both(nodes)):
        raise Unbuildable("of whom it is more than it was")
    aggregates = [n for n in nodes if isinstance(n, P.Aggregate)]
    counts = all(n.function == "count" and not n.distinct for n in aggregates)
    if ("how", "much") in pairs and aggregates and counts and not computed:
        raise Unbuildable("how much is no count")
    if ("times", "the") in pairs and not any(
        isinstance(n, P.Arithmetic) and n.op == "*" for n in nodes
    ):
        raise Unbuildable("a multiple was said")


_ORDERED = frozenset({"<", ">", "<=", ">="})
_ROSE = re.compile(
    rf"^(?:which|who|how many|list|show)\b.* (?:more|fewer|less|higher|lower) .*{THAN}"
)


def _of_both(nodes: Sequence[object]) -> bool:
    """Whether two figures are compared with each other."""
    tests = [n for n in nodes if isinstance(n, P.Compare) and n.op in _ORDERED]
    return any(not isinstance(t.right, P.Value) for t in tests)


_NO_ORDER = frozenset({"other", "rather", "else"})


def _timed(nodes: Sequence[object]) -> bool:
    """Whether the plan is about a time: a period, or groups that follow one another."""
    values = (n.value for n in nodes if isinstance(n, P.Value))
    return any(isinstance(n, P.DateTrunc | P.DatePart) for n in nodes) or any(
        isinstance(v, dt.date) for v in values
    )


def _linked(ctx: Context) -> set[str]:
    return {ctx.words[at].lower() for m in ctx.chosen for at in range(m.first, m.last)}


def _heed_still(nodes: Sequence[object], said: Sequence[str], ctx: Context) -> None:
    """`that are still sold`: something has to say which are not any more."""
    joins = any(isinstance(n, P.Source) and n.joins for n in nodes)
    if ("right", "now") in pairwise(said) and joins and not any(map(_narrows, nodes)):
        raise Unbuildable("what holds now was asked for")
    word = next((w for w in ("still", "currently") if w in said), None)
    if word is None:
        return
    at = list(said).index(word)
    view = ctx.scope.view
    states = [
        m for m, found in ctx.chosen.items()
        if found.kind == "value" or (found.kind == "column" and not view.column(found.id).is_date)
    ]  # fmt: skip
    tells = {at for m in states for at in range(m.first, m.last)}
    near = any(n in tells for n in range(at + 1, at + 4))
    if not near and not any(isinstance(n, P.IsNull | P.Truth) for n in nodes):
        raise Unbuildable("what still holds was asked for")


def _narrows(node: object) -> bool:
    return type(node) in _NARROWING


def _lasts(nodes: Sequence[object], ctx: Context) -> bool:
    timed = any(_TIMES & set(text.split()) for text in _measured(nodes, ctx))
    return timed or any(isinstance(n, P.DateDiff) for n in nodes)


def _heed_periods(nodes: Sequence[object]) -> None:
    """A period that ends before it begins holds nothing."""
    for node in nodes:
        tests = node.items if isinstance(node, P.And) else ()
        if any(_is_over(start, end) for start in tests for end in tests):
            raise Unbuildable("a period that ends before it begins")


def _is_over(start: P.Predicate, end: P.Predicate) -> bool:
    """Whether nothing is on or after the one date and before the other."""
    if not (isinstance(start, P.Compare) and isinstance(end, P.Compare)):
        return False
    first, last = start.right, end.right
    if not (isinstance(first, P.Value) and isinstance(last, P.Value)):
        return False
    if start.left != end.left or start.op not in (">", ">=") or end.op not in ("<", "<="):
        return False
    dates = isinstance(first.value, dt.date) and isinstance(last.value, dt.date)
    return dates and str(first.value) > str(last.value)


def _first_of_all(nodes: Sequence[object]) -> bool:
    limited = any(isinstance(n, P.Limit) and n.count == 1 for n in nodes)
    return limited and not any(isinstance(n, P.TopPerGroup | P.Window) for n in nodes)


_SPEED = frozenset({"slowest", "fastest", "quickest"})
_TIMES = frozenset(
    """day hour minute second millisecond week month time duration delay speed latency wait lap pace
    ms min sec hr""".split()
)
_WHEN = frozenset("date day time when month year quarter week by per each every".split())


def _heed_groups(nodes: Sequence[object], ctx: Context) -> None:
    """A date groups where a date was said, not by the `open` of its name; and the best in each
    group are not those of one quantity."""
    view = ctx.scope.view
    groups = [n for n in nodes if isinstance(n, P.Group) and n.keys and n.measures]
    if not groups:
        return
    keyed = {k.expr.name for n in groups for k in n.keys if isinstance(k.expr, P.Column)}
    for m, found in ctx.chosen.items():
        if found.kind != "column" or m.role not in ("group", "attribute"):
            continue
        column = view.column(found.id)
        said = set(names.split(" ".join(ctx.lemmas[max(0, m.first - 1) : m.last])))
        whole = set(names.words_of(column.name)) <= said
        if column.is_date and not whole and not _WHEN & said:
            raise Unbuildable("what happened, not when")
        added = column.is_number and column.additivity == "sum"
        ranked = any(isinstance(n, P.TopPerGroup) for n in nodes)
        if added and ranked and column.name in keyed:
            raise Unbuildable("a quantity is no group")


_CURRENCIES = frozenset({"dollar", "euro", "money"})
_CODES = {"dollar": "usd", "euro": "eur", "pound": "gbp", "usd": "usd", "eur": "eur", "gbp": "gbp",
          "chf": "chf", "franc": "chf", "yen": "jpy", "jpy": "jpy"}  # fmt: skip


def _heed_currency(nodes: Sequence[object], left: Collection[str], ctx: Context) -> None:
    """`paid in GBP`: a currency is that of the figures, or one that the rows are to have."""
    codes = {_CODES[w] for w in left if w in _CODES}
    if not codes:
        return
    texts = _measured(nodes, ctx)
    told = set(_CODES.values()) & {w for text in texts for w in text.lower().split()}
    kept = (c for t in ctx.scope.view.tables for c in t.columns if "currency" in c.name.lower())
    known = {v.lower() for c in kept for v, _ in ctx.scope.view.values(c.id)}
    if codes - told and (told or codes & known or not any(map(_in_money, texts))):
        raise Unbuildable("in which currency was said")


def _measured(nodes: Sequence[object], ctx: Context) -> list[str]:
    """The names and units of the columns and metrics that were used."""
    view = ctx.scope.view
    columns = [view.column(c) for c in ctx.used]
    metrics = [view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    said = [(c.unit, c.name) for c in columns if c.is_number]
    said += [(m.unit, f"{m.name} {m.expression}") for m in metrics]
    return [f"{unit or ''} {' '.join(names.words_of(name))}" for unit, name in said]


def _amounts(nodes: Sequence[object], ctx: Context) -> bool:
    """Whether something that has more and less is shown: no keys alone."""
    columns = [ctx.scope.view.column(c) for c in ctx.used]
    metric = any(isinstance(n, P.Metric) for n in nodes)
    return metric or any(c.is_number and c.additivity != "none" for c in columns)


def _in_money(text: str) -> bool:
    return bool(_MONEY & set(text.split()))


_MONEY = frozenset(
    """usd eur gbp chf dollar euro cent cents amount revenue price cost fee salary pay paid payment
    spend spent budget balance income sale sales amt total value margin profit refund refunds
    charge principal premium prize wage bonus cash worth tax discount discounts goods""".split()
)


def _denies(node: object) -> bool:
    """Whether the node leaves rows out: what is not so, is missing, or is none."""
    if isinstance(node, P.Not | P.IsNull):
        return True
    none = isinstance(node, P.Compare) and isinstance(node.right, P.Value) and not node.right.value
    return none or (isinstance(node, P.Compare) and node.op == "!=")


def _heed_averages(nodes: Sequence[object], said: set[str], ctx: Context) -> None:
    metrics = [ctx.scope.view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    missing = {c.id for c in ctx.chosen.values() if c.kind == "metric"} - {m.name for m in metrics}
    filters = {m for name in missing for m in ctx.scope.view.metrics_by_name[name].filters}
    if filters and not any(isinstance(n, P.Filter) for n in nodes):
        raise Unbuildable("which rows a metric counts was said")
    functions = [n.function for n in nodes if isinstance(n, P.Aggregate)]
    labels = [w for m in metrics for w in (str(m.aggregation), *m.label.lower().split())]
    means = _MEANS & {*functions, *labels}
    if "median" in said and "median" not in means:
        raise Unbuildable("the median was asked for")
    shown = bool(means) or any(m.kind != "simple" for m in metrics)
    shown = shown or any(
        isinstance(n, P.Window) or (isinstance(n, P.Arithmetic) and n.op == "/") for n in nodes
    )
    held = any(_MEANS & set(ctx.lemmas[m.first : m.last]) for m in ctx.chosen)
    if {"average", "mean"} & said and not shown and not held:
        raise Unbuildable("an average was asked for")
