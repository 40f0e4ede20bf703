"""Stage 6, execute: a governed statement is estimated, then run."""

from __future__ import annotations

from datamind.errors import ResultTooLarge
from datamind.ports import Stop, Warehouse
from datamind.records import Governed, Result


def execute(
    governed: Governed, warehouse: Warehouse, *, timeout_s: float, max_estimate: float,
    stop: Stop | None = None,
) -> Result:  # fmt: skip
    """Its rows; ResultTooLarge where the warehouse expects too much work before it starts."""
    expected = warehouse.estimate(governed).rows
    if expected is not None and expected > max_estimate:
        raise ResultTooLarge(
            f"The database expects about {expected:.0e} rows of work for this.",
            hint="Narrow the question: fewer tables, a shorter period, or a filter.",
        )
    return warehouse.run(governed, timeout_s=timeout_s, stop=stop)
