"""Units asked for: `average weight in pounds` is not answered by kilograms."""

from __future__ import annotations

from collections.abc import Sequence

from datamind.language import names
from datamind.language.context import Context, Unbuildable
from datamind.language.scales import kept_by, kept_in, unit_asked
from datamind.semantics import plan as P
from datamind.semantics.scales import PER

# Units that nothing is converted to: they have to be those of the data.
_OTHERS = frozenset(
    """acre byte foot gallon gigabyte hectare inch litre liter megabyte mile millilitre ounce pint
    quart sqft sqm stone terabyte yard lb""".split()
)


def heed_units(nodes: Sequence[object], ctx: Context) -> None:
    """Unbuildable, where figures are told in another unit than was asked for."""
    other = next((w for at, w in enumerate(ctx.lemmas)
                  if w in _OTHERS and at and ctx.lemmas[at - 1] == "in"), "")  # fmt: skip
    asked = unit_asked(ctx.lemmas)
    if not (asked or other):
        return
    columns = [c for c in map(ctx.scope.view.column, ctx.used) if c.is_number]
    metrics = [ctx.scope.view.metrics_by_name[n.name] for n in nodes if isinstance(n, P.Metric)]
    if other:
        held = {w for c in columns for w in names.split(f"{c.name} {c.unit or ''}")}
        held |= {w for m in metrics for w in names.split(f"{m.name} {m.unit or ''}")}
        if not any(w.startswith(other) for w in held):
            raise Unbuildable("in which unit was said")
        return
    kept = [*map(kept_in, columns), *(kept_by(m.unit) for m in metrics)]
    timed = any(isinstance(n, P.DateDiff) for n in nodes)
    if timed or not kept or not all(kept):
        return  # what is kept in no unit that is known may be the one that is asked for
    if not any(k == asked or (k, asked) in PER or (asked, k) in PER for k in kept):
        raise Unbuildable("in which unit was said")
