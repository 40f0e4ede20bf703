"""`datamind ask --batch`: each line in gets a line out, written as soon as it is answered."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from datamind.commands.answers import as_line, unasked
from datamind.commands.ask import LOCAL, AskOptions
from datamind.commands.lines import LinesFile
from datamind.commands.render import Screen
from datamind.commands.wiring import asking, check_engine, parse_day, quiet_logs, target
from datamind.errors import BadInput, DataMindError
from datamind.pipeline.ask import ask
from datamind.pipeline.context import AskContext
from datamind.records import Identity, Question
from datamind.settings import load

SHAPE = 'Each line is a JSON object: {"id", "question", "evidence"?}.'


def run_batch(questions: Path, out: Path, options: AskOptions) -> int:
    """Ask each line of a file; 0 when all have their line out, whatever it says."""
    settings = load()
    quiet_logs(settings)
    check_engine(options.engine)
    today = parse_day(options.today)
    url, project = target(options.warehouse, options.dbt_project, settings)
    done: Counter[str] = Counter()
    with (
        _readable(questions) as file,
        Screen().progress(text=f"asking {questions.name}") as on_stage,
        # What was in the file before goes only when there is something to ask.
        asking(
            url, project, settings,
            limit=options.limit, timeout=options.timeout, on_stage=on_stage, user=options.user,
            routing=True,
        ) as context,
        LinesFile(out, read=questions) as answers,
    ):  # fmt: skip
        try:
            for made in _answers(file, today, options.user or LOCAL, context):
                answers.write(made)
                done[str(made["status"])] += 1
        finally:
            print(_told(done, out), file=sys.stderr)
    return 0


def _readable(questions: Path) -> BinaryIO:
    try:
        return questions.open("rb")
    except OSError:
        raise BadInput(f"{questions} can't be read.", hint=SHAPE) from None


def _told(done: Counter[str], out: Path) -> str:
    found = ", ".join(f"{n:,} {status}" for status, n in done.most_common())
    return f"{done.total():,} answers in {out}" + (f": {found}" if found else "")


def _answers(
    file: BinaryIO, today: dt.date, user: str, context: AskContext
) -> Iterator[dict[str, object]]:
    """The answer to each line that is not blank; one that can't be read is answered so."""
    for number, raw in enumerate(file, 1):
        if not raw.strip():
            continue
        identity: object = f"line {number}"
        try:
            entry = _entry(raw, number)
            identity = _identity(entry, number)
            question = _question(entry, number, user, today)
        except DataMindError as fault:
            yield as_line(identity, unasked("", fault, "", context.now()))
            continue
        yield as_line(identity, ask(question, context))


def _entry(raw: bytes, number: int) -> dict[str, object]:
    try:
        entry = json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput(f"Line {number} is not UTF-8.", hint=SHAPE) from None
    except (ValueError, RecursionError):
        raise BadInput(f"Line {number} is not JSON.", hint=SHAPE) from None
    if not isinstance(entry, dict):
        raise BadInput(f"Line {number} is no JSON object.", hint=SHAPE)
    return entry


def _identity(entry: dict[str, object], number: int) -> object:
    identity = entry.get("id")
    if identity is None:
        return f"line {number}"
    if not isinstance(identity, str | int):
        raise BadInput(f"The id of line {number} is neither a text nor a number.", hint=SHAPE)
    return identity


def _question(entry: dict[str, object], number: int, user: str, today: dt.date) -> Question:
    text, evidence = entry.get("question"), entry.get("evidence")
    if not isinstance(text, str):
        raise BadInput(f"Line {number} has no question.", hint=SHAPE)
    if not isinstance(evidence, str | None):
        raise BadInput(f"The evidence of line {number} is no text.", hint=SHAPE)
    return Question(text, Identity(user), today, evidence=evidence or "")
