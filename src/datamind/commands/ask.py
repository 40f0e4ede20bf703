"""`datamind ask`: one question, or a batch of them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

from datamind.commands.answers import as_json, as_line, exit_code
from datamind.commands.render import Screen
from datamind.commands.wiring import asking, check_engine, parse_day, quiet_logs, target
from datamind.errors import BadInput, DataMindError
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Identity, Question
from datamind.settings import load


@dataclass(frozen=True, slots=True)
class AskOptions:
    """The options of `datamind ask`."""

    user: str = "local"
    warehouse: str | None = None
    dbt_project: Path | None = None
    engine: str = "builtin"
    today: str | None = None
    limit: int | None = None
    timeout: float | None = None
    evidence: str = ""
    as_json: bool = False


def run_one(text: str, options: AskOptions) -> int:
    """Ask, print, and give the exit code."""
    quiet_logs()
    check_engine(options.engine)
    settings = load()
    url, project = target(options.warehouse, options.dbt_project, settings)
    screen = Screen()
    today = parse_day(options.today)
    question = Question(text, Identity(options.user), today, evidence=options.evidence)
    with (
        screen.progress(show=not options.as_json) as on_stage,
        asking(
            url, project, settings, limit=options.limit, timeout=options.timeout, on_stage=on_stage
        ) as context,
    ):
        answer = ask(question, context)
    if options.as_json:
        print(json.dumps(as_json(answer), ensure_ascii=False, indent=2))
    else:
        screen.answer(answer)
    return exit_code(answer)


def run_batch(questions: Path, out: Path, options: AskOptions) -> int:
    """Ask each line of a file; every line in gets a line out, written as it is answered."""
    quiet_logs()
    check_engine(options.engine)
    settings = load()
    url, project = target(options.warehouse, options.dbt_project, settings)
    today = parse_day(options.today)
    try:
        lines = questions.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        raise BadInput(f"{questions} can't be read.") from None
    try:
        file = out.open("w", encoding="utf-8")
    except OSError:
        raise BadInput(f"{out} can't be written.") from None
    with (
        file,
        asking(url, project, settings, limit=options.limit, timeout=options.timeout) as context,
    ):
        for number, line in enumerate(lines, 1):
            if line.strip():
                made = _batch_line(line, number, today, options.user, context)
                file.write(json.dumps(made, ensure_ascii=False) + "\n")
                file.flush()
    return 0


def _batch_line(
    line: str, number: int, today: dt.date, user: str, context: AskContext
) -> dict[str, object]:
    """The answer to one line; a line that can't be read is answered with an error."""
    identity: object = f"line {number}"
    try:
        try:
            entry = json.loads(line)
        except ValueError:
            raise BadInput(f"Line {number} is not JSON.") from None
        if not isinstance(entry, dict) or not isinstance(entry.get("question"), str):
            raise BadInput(f"Line {number} has no question.", hint='Write {"id", "question"}.')
        identity = entry.get("id", identity)
        evidence = entry.get("evidence") or ""
        question = Question(entry["question"], Identity(user), today, evidence=str(evidence))
    except DataMindError as fault:
        return {
            "id": identity, "status": "error", "sql": None, "columns": [], "rows": [],
            "confidence": 0.0, "elapsed_ms": 0.0, "code": fault.code, "message": fault.message,
        }  # fmt: skip
    return as_line(identity, ask(question, context))
