"""Answers for the shell: the exit code of a status, and the lines of a batch."""

from __future__ import annotations

import datetime as dt
from typing import Any

from datamind.errors import DataMindError
from datamind.records import Answer
from datamind.values import plain

EXIT_CODES = {"answered": 0, "clarify": 3, "refused": 4, "forbidden": 5}
_BY_ERROR = {
    "internal": 1, "bad_input": 2, "empty_question": 2, "question_too_long": 2, "unknown_table": 2,
    "unknown_column": 2, "not_found": 2, "plan_invalid": 2, "not_yet": 2, "sql_rejected": 2,
    "dbt_build_failed": 7,
}  # fmt: skip


def exit_code(answer: Answer) -> int:
    """What the shell is told; warehouse errors are 6."""
    if answer.status in EXIT_CODES:
        return EXIT_CODES[answer.status]
    return _BY_ERROR.get(answer.error_code or "internal", 6)


def unasked(question: str, fault: DataMindError, query_id: str, moment: dt.datetime) -> Answer:
    """The answer to a question that could not even be put, in the shape of any other."""
    return Answer(
        query_id=query_id,
        correlation_id=query_id,
        question=question,
        status="forbidden" if fault.exit_code == EXIT_CODES["forbidden"] else "error",
        generated_at=moment,
        summary=fault.message,
        error_code=fault.code,
        hint=fault.hint,
    )


def as_line(identity: object, answer: Answer) -> dict[str, Any]:
    """A line of a batch's answers."""
    line: dict[str, Any] = {
        "id": identity,
        "status": answer.status,
        "sql": answer.sql,
        "columns": [c.name for c in answer.columns],
        "rows": [[plain(v) for v in row] for row in answer.rows],
        "confidence": answer.confidence,
        "elapsed_ms": answer.elapsed_ms,
    }
    if answer.error_code:
        line |= {"code": answer.error_code, "message": answer.summary, "hint": answer.hint}
    return line
