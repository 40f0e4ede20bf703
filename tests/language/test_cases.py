"""The specification: questions on three schemas, each with SQL whose rows are right.

A case may say `expect: refuse` instead of SQL, or with SQL where an answer of none is right too.
`evidence` is what comes with a question.
`pending: why` marks what the engine can not do yet; such a case must not be answered at all.
`wrong: why` marks what it answers wrongly today. A mark that is no longer true fails, so that it
is taken away.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from datamind.records import Interpretation
from datamind.semantics.catalog import View
from datamind.semantics.compiler import compile_plan

CASES = [
    (document["schema"], case)
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for document in yaml.load_all(path.read_text(), yaml.CSafeLoader)
    for case in document["cases"]
]
RIGHT, WRONG, SILENT = "right", "wrong", "silent"


def _parameters() -> list[Any]:
    return [
        pytest.param(
            schema,
            case,
            id=f"{schema}: {case['ask']}",
            marks=[pytest.mark.xfail(reason=case["wrong"], strict=True)] if "wrong" in case else [],
        )
        for schema, case in CASES
    ]


@pytest.fixture(scope="session")
def outcome(
    database: Callable[[str], Any], ask: Callable[..., Interpretation], same_rows: Any
) -> Callable[[str, dict[str, Any]], tuple[str, str]]:
    """What came of a case, and what to print when that is not what was wanted."""

    def run(schema: str, case: dict[str, Any]) -> tuple[str, str]:
        built = database(schema)
        view = View(built.catalog)
        heard = ask(case["ask"], view, case.get("evidence", ""))
        told = f"{heard.status}, confidence {heard.confidence}, unresolved {heard.unresolved}"
        if heard.status != "answered":
            return SILENT, told
        sql = compile_plan(heard.candidates[0].plan, view, "duckdb").sql
        got = built.rows(sql)
        right = any(
            same_rows(
                built.rows(expected),
                got,
                extra=99 if case.get("loose") else 2,
                distinct=case.get("distinct", False),
            )
            for expected in _list(case.get("sql", []))
        )
        return (RIGHT if right else WRONG), f"{told}\n{sql}\n{got[:10]}"

    return run


def _list(sql: str | list[str]) -> list[str]:
    return [sql] if isinstance(sql, str) else sql


@pytest.mark.parametrize(("schema", "case"), _parameters())
def test_a_question_is_answered_right_or_not_at_all(
    schema: str, case: dict[str, Any], outcome: Callable[..., tuple[str, str]]
) -> None:
    found, told = outcome(schema, case)
    if case.get("expect") == "refuse":
        assert found == SILENT or (found == RIGHT and "sql" in case), told
    elif "pending" in case:
        assert found == SILENT, f"no longer pending, or answered wrongly: {told}"
    else:
        assert found == RIGHT, told


@pytest.mark.parametrize("schema", sorted({schema for schema, _ in CASES}))
def test_every_expectation_has_rows(
    schema: str, opened: Callable[[str], duckdb.DuckDBPyConnection]
) -> None:
    statements = [
        sql for name, case in CASES if name == schema for sql in _list(case.get("sql", []))
    ]
    empty = [sql for sql in statements if not opened(schema).execute(sql).fetchall()]
    assert empty == []
