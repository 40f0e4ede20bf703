"""Plans that say nothing: counts that are always one, parts of themselves, answers that were given.

Such a plan has a wrong way in it, whatever its words: what the question means is another one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise

from datamind.language import names
from datamind.language.context import Context, Unbuildable
from datamind.language.figures_asked import heed_two_figures, is_one_number
from datamind.language.kinds import is_party, tells_one
from datamind.language.outright import heed_outright
from datamind.language.sideways import is_of_another_event, is_sideways
from datamind.language.tables import keywords as K
from datamind.language.tokens import lemma
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Table
from datamind.semantics.walk import below


def heed_vacuous(
    plan: P.Query, nodes: Sequence[object], units: Sequence[Unit], ctx: Context
) -> None:
    """Unbuildable, where the plan could not but say what it says, or names no one."""
    said = [w.lower() for w in ctx.words]
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    for query in nodes:
        if isinstance(query, P.Query) and isinstance(query.source, P.Source):
            _heed_query(query, query.source, ctx)
            if not _BY & set(said) and _groups_by_a_number(query, query.source, ctx):
                raise Unbuildable("a number to add up, not one to group by")
    if _SOME_NOT & set(said) and any(_one_is_not(q, ctx) for q in nodes if isinstance(q, P.Query)):
        raise Unbuildable("none of them, not one that is another")
    if _EVER & set(said) and any(_is_once_not(q) for q in nodes if isinstance(q, P.Query)):
        raise Unbuildable("not once, and not never")
    heed_outright(nodes, said, ctx)
    unknown = any(u.code == "u" for u in units)
    if _given(plan, tables, ctx, unknown):
        raise Unbuildable("what was said is no answer")
    start = next((at for at, word in enumerate(said) if word != "."), 0)
    who = said[start : start + 1] == ["who"] and len(said) > start + 2
    if who and _names_a_thing(plan, tables, start, ctx):
        raise Unbuildable("who it is was asked")

    if not _KEYS & set(said) and any(map(_orders_keys, nodes)):
        raise Unbuildable("so many of them, not a number that one has")
    measured = _measures(units, ctx)
    if measured and not _KEYS & set(said) and any(_of_a_unit(n, measured) for n in nodes):
        raise Unbuildable("a number with a unit is no key")
    _heed_metrics(units, ctx)
    altogether = ("in", "total") in pairwise(said) or {"altogether", "overall"} & set(said)
    if altogether and not any(isinstance(n, P.Aggregate | P.Metric) for n in nodes):
        raise Unbuildable("what they add up to was asked")
    heed_two_figures(plan, said, ctx)
    if _halved(plan, units):
        raise Unbuildable("what was said of both holds for one")
    sources = [n for n in nodes if isinstance(n, P.Source)]
    if is_of_another_event(ctx) or any(is_sideways(s, ctx) for s in sources):
        raise Unbuildable("a word for the state of something else")
    if {"sold", "bought"} & set(said) and any(_of_one(n, ctx) for n in nodes):
        raise Unbuildable("each as often as it was sold")
    if "included" in said and not _is_named(said.index("included"), ctx):
        raise Unbuildable("what is included was said")
    if any(u.code == "&" and said[u.first] == "including" for u in units) and is_one_number(plan):
        raise Unbuildable("what a figure includes was said")


def _of_one(added: object, ctx: Context) -> bool:
    """`total weight of the goods sold`: whether it is of things of which other rows tell how many
    were sold."""
    if not isinstance(added, P.Aggregate) or not isinstance(added.arg, P.Column):
        return False
    tables = {alias: table for table, alias in ctx.scope.aliases.items()}
    own = tables.get(added.arg.alias)
    if own is None or added.function != "sum" or _tells_how_many(own, ctx):
        return False
    edges = ctx.scope.graph.edges.get(own, ())
    return any(_tells_how_many(e.end, ctx) for e in edges if e.to_many)


def _tells_how_many(table: str, ctx: Context) -> bool:
    columns = ctx.scope.view.table(table).columns
    return any({"quantity", "qty"} & set(names.words_of(c.name)) for c in columns)


def _is_named(at: int, ctx: Context) -> bool:
    """Whether the word is part of what something is called."""
    return any(m.first <= at < m.last for m in ctx.chosen)


_KEYS = frozenset({"id", "ids", "key", "keys", "identifier", "identifiers"})


def _orders_keys(node: object) -> bool:
    """`seven awards or more`, where the key of an award was compared."""
    if not isinstance(node, P.Compare) or node.op not in ("<", ">", "<=", ">="):
        return False
    sides = (node.left, node.right)
    return any(isinstance(s, P.Column) and _is_key(s) for s in sides) and all(
        isinstance(s, P.Column | P.Value) for s in sides
    )


def _is_key(column: P.Column) -> bool:
    return bool(_KEYS & set(names.words_of(column.name)[-1:]))


def _of_a_unit(node: object, measured: Collection[float]) -> bool:
    """`30 percent off` read as the row with the key 30."""
    return (
        isinstance(node, P.Compare)
        and isinstance(node.left, P.Column)
        and isinstance(node.right, P.Value)
        and _is_key(node.left)
        and node.right.value in measured
    )


_PERCENT = re.compile(r"%|percent")
_MEASURED = frozenset(
    """percent % euro dollar pound day week month year hour minute second km kg metre meter litre
    liter tonne""".split()
)


def _measures(units: Sequence[Unit], ctx: Context) -> set[float]:
    """The numbers that a unit of measurement follows, or is part of."""
    found: set[float] = set()
    for unit in units:
        if unit.code == "n" and isinstance(unit.payload, int | float):
            told = _PERCENT.search(ctx.words[unit.last - 1].lower())
            if told or set(ctx.lemmas[unit.last : unit.last + 1]) & _MEASURED:
                found.add(unit.payload)
    return found


def _heed_metrics(units: Sequence[Unit], ctx: Context) -> None:
    """`not counting cancelled orders` wants no number of them; `what share of sessions converted`
    is no share of those that did."""
    metrics = {m.first: c.id for m, c in ctx.chosen.items() if c.kind == "metric"}
    behind = ""
    for unit in units:
        name = metrics.get(unit.first) if unit.code == "c" else None
        if name is not None and behind in (K.NOT, K.EXCLUDED):
            raise Unbuildable("a figure is not left out")
        if name is not None and behind == K.RATIO:
            said = [lemma(w.lower()) for w in ctx.words[unit.first : unit.last]]
            told = [lemma(w) for w in names.words_of(name)]
            if len(said) > 1 and said == told[::-1]:
                raise Unbuildable("a part of them, not the share of that part")
        if unit.code not in (K.OF, K.IN) and not (unit.code == "c" and behind == K.NOT):
            behind = unit.code


def _halved(plan: P.Query, units: Sequence[Unit]) -> bool:
    """`Home products above the average of the Home category`: a value that is said twice holds
    for what is compared and for what it is compared with."""
    said = [
        str(u.payload[0].value) for u in units if u.code == "v" and isinstance(u.payload, tuple)
    ]
    twice = {v for v in said if said.count(v) > 1}
    if not twice or not any(isinstance(n, P.Scalar) for n in below(plan)):
        return False
    told = [n.value for n in below(plan) if isinstance(n, P.Value)]
    return any(told.count(v) == 1 for v in twice)


def _is_there(test: P.Predicate, source: P.Source) -> bool:
    """Whether it asks for none of what is joined."""
    match test:
        case P.Not(
            P.Exists(
                alias=alias, relationship=name, reverse=True, query=P.Query(P.Source(joins=()), ())
            )
        ):
            joins = [(j.parent, j.relationship, j.left) for j in source.joins]
            return (alias, name, False) in joins
    return False


def _heed_query(query: P.Query, source: P.Source, ctx: Context) -> None:
    groups = [s for s in query.steps if isinstance(s, P.Group)]
    tests = [p for s in query.steps if isinstance(s, P.Filter) for p in all_of(s.where)]
    if any(_is_there(t, source) for t in tests):
        raise Unbuildable("there can't be one and none")
    for group in groups:
        keys = [k.expr for k in group.keys]
        figures = [
            n for m in group.measures for n in below(m, queries=False) if isinstance(n, P.Aggregate)
        ]
        fixed = _determined(source, [k for k in keys if isinstance(k, P.Column)], ctx)
        if any(_is_one(f, source, fixed) for f in figures):
            raise Unbuildable("there is one of each")
        if any(f.function == "sum" and f.where == P.Compare(">", f.arg, P.Value(0))
               for f in figures if f.arg is not None):  # fmt: skip
            raise Unbuildable("what is nothing adds nothing")
        counted = not keys and any(f.function == "count" and f.arg is None for f in figures)
        if counted and any(tells_one(t, source, ctx.scope.view) for t in tests):
            raise Unbuildable("there is one that is called so")
        if any(f.function != "count" and f.arg in keys for f in figures):
            raise Unbuildable("a figure of each of its values")
        shares = [
            n for m in group.measures for n in below(m, queries=False)
            if isinstance(n, P.Arithmetic) and n.op == "/"
        ]  # fmt: skip
        if any(_is_whole(s, tests) for s in shares):
            raise Unbuildable("a part of itself")
        if not group.keys and any(_is_of_all(n) for n in below(query, queries=False)):
            raise Unbuildable("one figure is all of itself")


_BY = frozenset("by per each every distribution breakdown split".split())


def _groups_by_a_number(query: P.Query, source: P.Source, ctx: Context) -> bool:
    """`how many payments failed, and what amount do they represent`, counted for each amount."""
    tables = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}
    for group in (s for s in query.steps if isinstance(s, P.Group) and s.measures):
        keys = [k.expr for k in group.keys if isinstance(k.expr, P.Column)]
        fixed = _determined(source, keys, ctx)
        loose = [ctx.scope.view.column(f"{tables[k.alias]}.{k.name}") for k in keys
                 if k.alias in tables and k.alias not in fixed]  # fmt: skip
        if any(c.type in ("decimal", "float") for c in loose):
            return True
    return False


def _is_whole(share: P.Arithmetic, tests: Sequence[P.Predicate]) -> bool:
    """Whether the part is that of which all rows are: `the share of those that failed`; a sum
    without what is nothing."""
    part, whole = share.left, share.right
    if isinstance(part, P.Aggregate) and part.function == "sum" and part.arg is not None:
        some = P.Compare(">", part.arg, P.Value(0))
        if part.where is not None and some in all_of(part.where):
            return True
    wholes = {n.where for n in below(whole, queries=False) if isinstance(n, P.Aggregate)}
    return (
        isinstance(part, P.Aggregate)
        and part.where is not None
        and part.where not in wholes
        and set(all_of(part.where)) <= set(tests)
    )


def _is_of_all(node: object) -> bool:
    """Whether it is divided by the sum of all groups."""
    if not isinstance(node, P.Arithmetic) or node.op != "/":
        return False
    whole = node.right
    return isinstance(whole, P.WindowCall) and whole.function == "sum" and not whole.order


def _determined(source: P.Source, keys: Collection[P.Column], ctx: Context) -> set[str]:
    """The aliases of which one row at most goes with each combination of the keys."""
    view = ctx.scope.view
    tables = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}
    fixed = set()
    for alias, table in tables.items():
        held = {k.name for k in keys if k.alias == alias}
        key = set(view.table(table).primary_key)
        if key and key <= held:
            fixed.add(alias)
    for _ in source.joins:
        fixed |= {j.alias for j in source.joins if j.parent in fixed and not j.reverse}
        fixed |= {j.parent for j in source.joins if j.alias in fixed and j.reverse}
    return fixed


def _is_one(figure: P.Aggregate, source: P.Source, fixed: Collection[str]) -> bool:
    """Whether it counts what each group has one of."""
    if figure.function != "count":
        return False
    of = figure.of or (figure.arg.alias if isinstance(figure.arg, P.Column) else "")
    return (of or source.alias) in fixed


_SOME_NOT = frozenset({"no", "without", "never", "none"})


def _one_is_not(query: P.Query, ctx: Context) -> bool:
    """`animals with no such vaccination`, where those with another one were counted."""
    if not isinstance(query.source, P.Source):
        return False
    tests = [p for s in query.steps if isinstance(s, P.Filter) for p in all_of(s.where)]
    denied = {
        p.left.alias for p in tests
        if isinstance(p, P.Compare) and p.op == "!=" and isinstance(p.left, P.Column)
    }  # fmt: skip
    counted = [
        n.arg for s in query.steps if isinstance(s, P.Group) for n in below(s, queries=False)
        if isinstance(n, P.Aggregate) and n.function == "count" and isinstance(n.arg, P.Column)
    ]  # fmt: skip
    return any(denied - _determined(query.source, [c], ctx) for c in counted)


_EVER = frozenset({"ever", "never"})


def _is_once_not(query: P.Query) -> bool:
    """`Without ever being the chair`, where one of the rows that each has says so."""
    if not isinstance(query.source, P.Source):
        return False
    tests = [p for s in query.steps if isinstance(s, P.Filter) for p in all_of(s.where)]
    many: set[str] = set()
    for join in query.source.joins:
        if join.reverse or join.parent in many:
            many.add(join.alias)
    return any(isinstance(c, P.Column) and c.alias in many for c in map(_denied, tests))


def _denied(test: P.Predicate) -> P.Expr | None:
    """The column of which it says that it is not so."""
    match test:
        case P.Not(item=P.Truth(of=of)) | P.Compare(op="=", left=of, right=P.Value(value=False)):
            return of
        case P.Compare(op="!=", left=of):
            return of
    return None


def _shown(plan: P.Query) -> tuple[list[P.Expr], bool]:
    """What the last rows show beside figures, and whether there are figures."""
    shown: list[P.Expr] = []
    figures = False
    for step in plan.steps:
        if isinstance(step, P.Group):
            shown, figures = [k.expr for k in step.keys], bool(step.measures)
        elif isinstance(step, P.Project) and not figures:
            shown = [c.expr for c in step.columns]
    return shown, figures


def _given(plan: P.Query, tables: dict[str, str], ctx: Context, unknown: bool) -> bool:
    """Whether the rows show only the text by which they were chosen, and its key: one of several,
    `which is better, the red or the blue`, or one alone, where no word is `unknown`."""
    shown, figures = _shown(plan)
    if figures:
        return False
    columns = [c for c in shown if isinstance(c, P.Column)]
    tests = [p for s in plan.steps if isinstance(s, P.Filter) for p in all_of(s.where)]
    held = {p.of for p in tests if isinstance(p, P.OneOf)}
    if not unknown:
        held |= {
            p.left for p in tests
            if isinstance(p, P.Compare) and p.op == "=" and isinstance(p.right, P.Value)
            and isinstance(p.right.value, str)
        }  # fmt: skip
    given = [c for c in columns if c in held]
    keys = {(c.alias, k) for c in given for k in ctx.scope.view.table(tables[c.alias]).primary_key}
    return bool(given) and all(c in held or (c.alias, c.name) in keys for c in columns) and (
        len(columns) == len(shown)
    )  # fmt: skip


_IS = frozenset({"is", "are", "was", "were"})


def _names_a_thing(plan: P.Query, tables: dict[str, str], start: int, ctx: Context) -> bool:
    """`who manages the branch`, where the branch is told, or since when. `start` is where the
    question begins in all that was said."""
    shown, _ = _shown(plan)
    columns = [c for c in shown if isinstance(c, P.Column) and c.alias in tables]
    view = ctx.scope.view
    shows = {tables[c.alias] for c in columns}
    if columns and all(view.column(f"{tables[c.alias]}.{c.name}").is_date for c in columns):
        return True
    first = start + (8 if ctx.words[start + 1].lower() in _IS else 2)
    asked = {c.id for m, c in ctx.chosen.items() if m.first < first}
    told = {w for c in columns for w in names.words_of(c.name)}
    known = shows | {f"{tables[c.alias]}.{c.name}" for c in columns}
    if not columns or len(columns) < len(shown) or known & asked or _WHO & told:
        return False
    return not any(is_party(view.table(t)) or _acts(view.table(t)) for t in shows)


def _acts(table: Table) -> bool:
    """Whether its noun is one for who does something: buyer, vendor, trainee."""
    noun = lemma((names.split(table.entity or table.name) or [""])[-1])
    return noun.endswith(("er", "or", "ee", "ist", "ian", "ant")) and noun != "order"


_WHO = frozenset(
    """by manager owner author person employee inspector agent contact artist
    doctor driver teacher player member customer user""".split()
)


def all_of(part: P.Predicate) -> Iterator[P.Predicate]:
    """What has to hold together."""
    if isinstance(part, P.And):
        for item in part.items:
            yield from all_of(item)
    else:
        yield part
