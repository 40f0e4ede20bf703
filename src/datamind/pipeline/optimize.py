"""Stage 4, optimize: a checked statement is rewritten where that is sound and worth it.

The compiler already joins only what a plan needs and filters before it groups, and both engines
push predicates down by themselves: a rewrite here has to show its gain in benchmarks/ first. Until
one does, the statement passes as it is.
"""

from __future__ import annotations

from datamind.records import Checked, Optimized


def optimize(checked: Checked) -> Optimized:
    """The statement to govern; nothing is sent to a database."""
    return Optimized(checked, checked.sql)
