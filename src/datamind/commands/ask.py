"""`datamind ask` with one question."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from datamind import clock
from datamind.commands.answers import exit_code, unasked
from datamind.commands.faults import print_json, tell
from datamind.commands.render import Screen
from datamind.commands.wiring import asking, check_engine, parse_day, quiet_logs, target
from datamind.errors import DataMindError
from datamind.pipeline.ask import ask
from datamind.pipeline.wire import as_json
from datamind.records import Answer, Identity, Question
from datamind.settings import load

LOCAL = "local"  # who asks where nobody is named


@dataclass(frozen=True, slots=True)
class AskOptions:
    """The options of `datamind ask`."""

    user: str | None = None
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
    screen = Screen()
    try:
        answer = _asked(text, options, screen)
    except DataMindError as fault:
        answer = unasked(text, fault, clock.new_id("qry"), clock.now())
    if options.as_json:
        print_json(as_json(answer))
    elif answer.status in ("error", "forbidden"):
        tell(answer.summary, answer.error_code or "internal", answer.hint)
    else:
        screen.answer(answer)
    return exit_code(answer)


def _asked(text: str, options: AskOptions, screen: Screen) -> Answer:
    settings = load()
    quiet_logs(settings)
    check_engine(options.engine)
    today = parse_day(options.today)
    url, project = target(options.warehouse, options.dbt_project, settings)
    question = Question(text, Identity(options.user or LOCAL), today, evidence=options.evidence)
    with (
        screen.progress(show=not options.as_json) as on_stage,
        asking(
            url, project, settings,
            limit=options.limit, timeout=options.timeout, on_stage=on_stage, user=options.user,
        ) as context,
    ):  # fmt: skip
        return ask(question, context)
