"""Stage 6, execute: a governed statement is estimated, then run."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace

from datamind.errors import ResultTooLarge
from datamind.governance.names import distinct
from datamind.ports import Stop, Warehouse
from datamind.records import Governed, Result

MAX_ESTIMATE = 1e11


def execute(
    governed: Governed, warehouse: Warehouse, *, timeout_s: float,
    max_estimate: float = MAX_ESTIMATE, stop: Stop | None = None,
) -> Result:  # fmt: skip
    """Its rows; ResultTooLarge where the warehouse expects too much work before it starts."""
    _within(governed, warehouse, max_estimate)
    result = warehouse.run(governed, timeout_s=timeout_s, stop=stop)
    return named(result, [line.output for line in governed.lineage])


def in_batches(
    governed: Governed, warehouse: Warehouse, *, timeout_s: float, stop: Stop | None = None
) -> Generator[Result, None, None]:
    """The same, some rows at a time."""
    _within(governed, warehouse, MAX_ESTIMATE)
    names = [line.output for line in governed.lineage]
    with closing(warehouse.batches(governed, timeout_s=timeout_s, stop=stop)) as parts:
        for part in parts:
            yield named(part, names)


def named(result: Result, names: Sequence[str]) -> Result:
    """The result with its columns called like that; else as the database does, told apart."""
    found = result.columns
    called = names if len(names) == len(found) else distinct(c.name for c in found)
    columns = tuple(replace(c, name=name) for c, name in zip(found, called, strict=True))
    return replace(result, columns=columns)


def _within(governed: Governed, warehouse: Warehouse, most: float) -> None:
    expected = warehouse.estimate(governed).rows
    if expected is not None and expected > most:
        raise ResultTooLarge(
            f"The database expects about {expected:.0e} rows of work for this.",
            hint="Narrow the question: fewer tables, a shorter period, or a filter.",
        )
