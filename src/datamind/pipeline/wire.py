"""Answers on the wire: the stable JSON shape that programs read, over HTTP and from the shell."""

from __future__ import annotations

import json
from typing import Any

from datamind.records import Answer, Link
from datamind.semantics import codec
from datamind.values import plain


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
        "routed": answer.routed,
        "data_version": answer.data_version,
        "as_of": answer.as_of.isoformat() if answer.as_of is not None else None,
        "cached": answer.cached,
        "execution_time_ms": answer.elapsed_ms,
        "stages": [
            {"stage": s.stage, "elapsed_ms": s.elapsed_ms, "detail": s.detail}
            for s in answer.stages
        ],
    }  # fmt: skip


def as_bytes(answer: Answer) -> bytes:
    """The same as UTF-8; halves of letters, which UTF-8 can't hold, as escapes."""
    text = json.dumps(as_json(answer), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")
