"""Stage 5, sanitize: the guard writes the text that runs."""

from __future__ import annotations

from datamind.governance import govern
from datamind.governance.policy import Policy
from datamind.records import Governed, Optimized
from datamind.semantics.catalog import View


def sanitize(
    optimized: Optimized, view: View, *, row_limit: int, policy: Policy | None = None
) -> Governed:
    """The governed statement; SqlRejected or AccessDenied where there can be none."""
    return govern(optimized, view, row_limit=row_limit, policy=policy)
