"""The engine as services see it: the pure stages, run where they hold nobody up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from datamind.governance.rules import Rights
from datamind.pipeline.prepare import Prepared
from datamind.records import Candidate, Interpretation, Question, StageReport
from datamind.semantics import plan as P

Reports = tuple[StageReport, ...]


class Engine(Protocol):
    """Interpret to sanitize, off the event loop; Overloaded where too many wait."""

    @property
    def waiting(self) -> int:
        """How many wait for a process."""
        ...

    async def interpret(self, question: Question, rights: Rights) -> tuple[Interpretation, Reports]:
        """Stage 1."""
        ...

    async def prepare(
        self, readings: Sequence[Candidate], rights: Rights, *, row_limit: int
    ) -> tuple[Prepared, Reports]:
        """Stages 2 to 5 for readings."""
        ...

    async def prepare_sql(
        self, sql: str, rights: Rights, *, row_limit: int, plan: P.Query | None = None
    ) -> tuple[Prepared, Reports]:
        """Stages 3 to 5 for SQL that somebody sent."""
        ...
