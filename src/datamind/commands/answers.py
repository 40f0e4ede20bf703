"""Answers as JSON: the stable shape that programs read, and the exit code of a status."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Any

from datamind.errors import DataMindError
from datamind.records import Answer, Link, Scalar
from datamind.semantics import codec

EXIT_CODES = {"answered": 0, "clarify": 3, "refused": 4, "forbidden": 5}
_BY_ERROR = {
    "internal": 1, "bad_input": 2, "empty_question": 2, "question_too_long": 2, "unknown_table": 2,
    "unknown_column": 2, "plan_invalid": 2, "not_yet": 2, "sql_rejected": 2, "dbt_build_failed": 7,
}  # fmt: skip


def exit_code(answer: Answer) -> int:
    """What the shell is told; warehouse errors are 6."""
    if answer.status in EXIT_CODES:
        return EXIT_CODES[answer.status]
    return _BY_ERROR.get(answer.error_code or "internal", 6)


def plain(value: Scalar) -> object:
    """A value as JSON has it: decimals as numbers, moments as ISO text, durations in seconds.

    What is no number (NaN, infinity) is null, for JSON has no word for it.
    """
    if isinstance(value, float | Decimal) and not math.isfinite(value):
        return None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    return value


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


def columns_of(answer: Answer) -> list[dict[str, Any]]:
    """Name, type, unit and mask of each column."""
    return [
        {"name": c.name, "type": c.type, "unit": c.unit, "masked": c.masked}
        for c in answer.columns
    ]  # fmt: skip


def _link(link: Link) -> dict[str, Any]:
    return {
        "text": link.text, "start": link.start, "end": link.end, "kind": link.kind,
        "item": link.item, "source": link.source, "score": link.score,
    }  # fmt: skip


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer in the wire's names; what does not apply is empty, never left out.

    A refusal is an answer: its code and reason stand in `refusal`, and `error` is for errors.
    """
    names = [c.name for c in answer.columns]
    return {
        "query_id": answer.query_id,
        "correlation_id": answer.correlation_id,
        "question": answer.question,
        "status": answer.status,
        "generated_at": answer.generated_at.isoformat(),
        "summary": answer.summary,
        "explanation": answer.explanation,
        "sql": answer.sql,
        "trust": answer.trust,
        "origin": answer.origin,
        "confidence_score": answer.confidence,
        "plan": codec.dump(answer.plan) if answer.plan is not None else None,
        "interpretation": {
            "links": [_link(link) for link in answer.links],
            "assumptions": list(answer.assumptions),
            "unresolved": list(answer.unresolved),
        },
        "alternatives": [
            {"label": c.label, "plan": codec.dump(c.plan)} for c in answer.choices
        ],
        "columns": columns_of(answer),
        "results": [
            dict(zip(names, map(plain, row), strict=True)) for row in answer.rows
        ],
        "rows_returned": len(answer.rows),
        "truncated": answer.truncated,
        "chart": None if answer.chart is None else {
            "kind": answer.chart.kind, "x": answer.chart.x, "y": list(answer.chart.y),
            "series": answer.chart.series,
        },
        "warnings": list(answer.warnings),
        "follow_ups": list(answer.follow_ups),
        "refusal": None if answer.refusal is None else {
            "code": answer.refusal.code, "reason": answer.refusal.reason,
            "missing": list(answer.refusal.missing), "nearest": list(answer.refusal.nearest),
        },
        "hint": answer.hint,
        "error": None if answer.error_code is None or answer.refusal is not None else {
            "code": answer.error_code, "message": answer.summary, "hint": answer.hint,
        },
        "warehouse": answer.warehouse,
        "data_version": answer.data_version,
        "execution_time_ms": answer.elapsed_ms,
        "stages": [
            {"stage": s.stage, "elapsed_ms": s.elapsed_ms, "detail": s.detail}
            for s in answer.stages
        ],
    }  # fmt: skip


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
