"""Homes: the table whose rows a plan starts from."""

from __future__ import annotations

from dataclasses import replace

from datamind.language import measures
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.graph import Graph
from datamind.language.roles import link_of
from datamind.language.sketch import Measure, Mention, Sketch


def home_table(
    sketch: Sketch, chosen: dict[Mention, Candidate], metrics: dict[str, str], graph: Graph
) -> str:
    """The table whose rows the plan starts from: the measure's, the head's, or the first named.

    A count of nothing named (`how many times`) is of what happened.
    """
    measured = _happened_first([o for o in sketch.outputs if isinstance(o, Measure)], chosen,
                               metrics, graph)  # fmt: skip
    by = [r.by for r in (*sketch.ranks, *sketch.order) if isinstance(r.by, Measure)]
    by += [c.measure for c in sketch.conds if c.measure is not None]
    for measure in (*measured, *by):
        home = measures.home_of(measure, chosen, metrics)
        if home:
            home = _whole_of(measure, home, sketch, chosen, metrics, graph)
            return _counted_at(measure, home, sketch, chosen, graph)
    if any(m.kind == "count" and m.target is None for m in (*measured, *by)):
        event = graph.event({c.table for c in chosen.values() if c.table})
        if event is not None:
            return event
    figures = [chosen[o].id for o in sketch.outputs if isinstance(o, Mention) and o in chosen]
    head = chosen.get(sketch.head) if sketch.head is not None else None
    for home in (metrics[name] for name in figures if name in metrics):
        if head is None or head.table in graph.owned(home):
            return home  # `return rate of Harbor products`: of what was sold, not of products
    for mention in (sketch.head, *sketch.outputs, *sketch.groups, *chosen):
        candidate = chosen.get(mention) if isinstance(mention, Mention) else None
        link = link_of(candidate, _tables(chosen), graph) if candidate is not None else None
        if link is not None and isinstance(mention, Mention) and mention.role != "value":
            return link  # `account holders`: those who play that role, in what they play it
        if candidate is not None and candidate.table:
            return candidate.table
        if candidate is not None and candidate.id in metrics:
            return metrics[candidate.id]
    raise Unbuildable("nothing names a table")


def _happened_first(
    measured: list[Measure], chosen: dict[Mention, Candidate], metrics: dict[str, str],
    graph: Graph,
) -> list[Measure]:  # fmt: skip
    """`unique customers and total revenue`: each customer is one, so who is told apart are those
    of the sales. The figure of what happened to them comes first."""
    first = next(iter(measured), None)
    if first is None or first.kind != "count" or first.target is None:
        return measured
    if not (first.distinct or first.target.distinct):
        return measured
    home = measures.home_of(first, chosen, metrics)

    def happened(measure: Measure) -> bool:
        other = measures.home_of(measure, chosen, metrics)
        return other not in (None, home) and home in graph.owned(other or "")

    return sorted(measured, key=lambda m: not happened(m))


def _tables(chosen: dict[Mention, Candidate]) -> set[str]:
    return {c.table for c in chosen.values() if c.table}


def per_unrelated(
    sketch: Sketch, chosen: dict[Mention, Candidate], metrics: dict[str, str], graph: Graph
) -> Sketch:
    """`orders per session`, where no order is of a session: so many for each on the whole."""
    if len(sketch.outputs) != 1 or len(sketch.groups) != 1 or not sketch.groups[0].per:
        return sketch
    of, per = sketch.outputs[0], sketch.groups[0]
    left = of if isinstance(of, Measure) else Measure("either", target=of, first=of.first)
    home = measures.home_of(left, chosen, metrics)
    counted = chosen.get(per)
    if home is None or counted is None or counted.kind != "table" or left.inner:
        return sketch
    if counted.table in graph.owned(home):
        return sketch
    chosen[per] = _counting(counted, graph)
    right = Measure("count", target=per, first=per.first)
    made = Measure("ratio", left=left, right=right, first=left.first)
    return replace(sketch, outputs=[made], groups=[])


def _counting(counted: Candidate, graph: Graph) -> Candidate:
    """The metric that counts all rows of a table, which knows its date; else the table."""
    for metric in graph.view.metrics:
        counts = str(metric.aggregation).startswith("count") and metric.kind == "simple"
        if counts and metric.table == counted.table and not metric.filters:
            return Candidate("metric", metric.name, "", 1.0, "name")
    return counted


def _whole_of(
    measure: Measure, home: str, sketch: Sketch, chosen: dict[Mention, Candidate],
    metrics: dict[str, str], graph: Graph,
) -> str:  # fmt: skip
    """`tickets per 100 orders`: of all orders, those without a ticket too."""
    if measure.right is None:
        return home
    other = measures.home_of(measure.right, chosen, metrics)
    if other is None or other == home or home in graph.owned(other):
        return home
    shared = graph.owned(home) & graph.owned(other)
    shared |= {t for t in graph.owned(home) if other in graph.owned(t)} - {home}
    needed = {chosen[m].table for m in sketch.groups if m in chosen and chosen[m].table}
    fit = [t for t in shared if needed <= graph.owned(t)]
    return min(
        fit, key=lambda t: (graph.distance(t, home) + graph.distance(t, other), t), default=home
    )


def _counted_at(
    measure: Measure, home: str, sketch: Sketch, chosen: dict[Mention, Candidate], graph: Graph
) -> str:
    """Where attributes are counted for each of something else (`categories that a customer
    bought`), the rows are of what brings both together."""
    target = chosen.get(measure.target) if measure.target is not None else None
    head = chosen.get(sketch.head) if sketch.head is not None else None
    if measure.kind != "count" or target is None or target.kind != "column" or head is None:
        return home
    if not head.table or head.table in graph.owned(home) or home in graph.owned(head.table):
        return home
    return graph.event({home, head.table}) or home


def figure_tables(sketch: Sketch, ctx: Context) -> frozenset[str]:
    """The tables whose rows are added up, counted or ranked by."""
    ranked = [r.by for r in (*sketch.ranks, *sketch.order)]
    told = [o for o in sketch.outputs if isinstance(o, Measure) or _is_metric(o, ctx)]
    targets = [o.target if isinstance(o, Measure) else o for o in (*told, *ranked) if o is not None]
    meant = [ctx.chosen[t] for t in targets if t is not None and t in ctx.chosen]
    metrics = ctx.scope.view.metrics_by_name
    tables = [metrics[c.id].table if c.kind == "metric" else c.table for c in meant]
    return frozenset(t for t in tables if t)


def _is_metric(output: Mention | Measure, ctx: Context) -> bool:
    return isinstance(output, Mention) and output in ctx.chosen and (
        ctx.chosen[output].kind == "metric"
    )  # fmt: skip
