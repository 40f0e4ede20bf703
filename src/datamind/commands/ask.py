"""`datamind ask` with one question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from datamind import clock
from datamind.adapters.catalog_store import load_catalog
from datamind.commands.answers import exit_code, unasked
from datamind.commands.faults import print_json, tell
from datamind.commands.render import Screen
from datamind.commands.wiring import (
    asking,
    bound_to,
    check_engine,
    parse_day,
    planner_of,
    quiet_logs,
    target,
)
from datamind.errors import DataMindError
from datamind.language.trace import Trace, traced
from datamind.pipeline.ask import ask
from datamind.pipeline.wire import as_json
from datamind.records import Answer, Identity, Question
from datamind.semantics.catalog import View
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


def trace(text: str, options: AskOptions) -> int:
    """Print what each stage of the engine made of the question; nothing is asked of the data."""
    settings = load()
    quiet_logs(settings)
    url, project = target(options.warehouse, options.dbt_project, settings)
    catalog = load_catalog(url, dbt_project=project, cache_dir=settings.catalogs)
    view = View.open(catalog)
    if options.user is not None:
        view = bound_to(settings, options.user, catalog).view
    question = Question(text, Identity(options.user or LOCAL), parse_day(options.today))
    made = traced(question, view, planner_of(settings))
    if options.as_json:
        print_json(asdict(made))
    else:
        Screen().say("\n".join(_told(made)))
    return 0


def _told(made: Trace) -> Iterator[str]:
    """The trace, a line for each thing that happened."""
    yield from made.notes
    if made.form:
        yield f"refused by its form: {made.form}"
    yield f"covers      {'   '.join(made.covers)}"
    for piece in made.pieces:
        yield f"  {piece.code}  {piece.text:22} {'; '.join(piece.means)}".rstrip()
    for applied in made.patterns:
        codes = f"{applied.before} → {applied.after}"
        yield f"pattern     {codes}   {applied.pattern}   “{applied.example}”"
    for reading in made.readings:
        features = ", ".join(f"{name} {value:g}" for name, value in reading.features.items())
        yield f"reading     {reading.score:.2f}   {features}"
        yield from (f"            {line}" for line in reading.plan.split("\n"))
    yield f"{made.status:11} confidence {made.confidence:.2f}; answers from {made.answers_from:.2f}"
    if made.unresolved:
        yield f"unresolved  {', '.join(made.unresolved)}"


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
            routing=True,
        ) as context,
    ):  # fmt: skip
        return ask(question, context)
