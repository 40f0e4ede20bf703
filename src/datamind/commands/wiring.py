"""Wiring: an ask's context put together from options and settings."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from datamind import clock
from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.dbt.configured import build_in_use
from datamind.adapters.warehouse import open_warehouse
from datamind.api.copies import CopiesOpened, open_copies
from datamind.breakers import Breakers
from datamind.errors import BadInput
from datamind.governance.bound import Bindings, BoundRules
from datamind.governance.rules import Rights
from datamind.language.engine import BuiltinPlanner
from datamind.language.fiscal import fiscal_year
from datamind.log import no_statements
from datamind.personal import masked
from datamind.pipeline.context import AskContext
from datamind.pipeline.elsewhere import Beside
from datamind.records import Dialect, StageReport
from datamind.semantics.catalog import Catalog, View
from datamind.settings import Settings

LONGEST_S = 86_400
ENGINES = ("builtin", "model", "auto")


class _Brief(logging.Formatter):
    """Lines for the person at the terminal: personal data is masked, and tracebacks, which may
    hold values of the data, are for those who ask for them."""

    def __init__(self, *, tracebacks: bool) -> None:
        super().__init__("%(levelname)s %(message)s")
        self._tracebacks = tracebacks

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))

    def formatException(self, ei: Any) -> str:
        return super().formatException(ei) if self._tracebacks else ""


def quiet_logs(settings: Settings) -> None:
    """Warnings and worse go to standard error, without tracebacks; with `debug` all of our own
    lines, and with. Libraries would tell statements with their parameters."""
    no_statements()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Brief(tracebacks=settings.debug))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    if settings.debug:
        logging.getLogger("datamind").setLevel(logging.DEBUG)


def parse_day(text: str | None) -> dt.date:
    """The day that relative dates count from: the one given, else today."""
    if text is None:
        return clock.today()
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is no date.", hint="Write it as 2026-03-31.") from None


def check_engine(engine: str) -> None:
    """`model` needs a configured model; `auto` takes the built-in engine without one."""
    if engine not in ENGINES:
        raise BadInput(
            f"There is no engine {engine!r}.", hint=f"Choose one of {', '.join(ENGINES)}."
        )
    if engine == "model":
        raise BadInput("No language model is configured.", hint="Use --engine builtin or auto.")


def target(
    warehouse: str | None, project: Path | None, settings: Settings
) -> tuple[str, Path | None]:
    """The warehouse URL and dbt project to ask: named, configured, or the demo's."""
    url = warehouse or settings.warehouse_url
    project = project or (settings.dbt_project if warehouse is None else None)
    if project is not None and not project.is_dir():
        raise BadInput(
            f"There is no dbt project at {project}.",
            hint="Pass --dbt-project the folder that holds dbt_project.yml.",
        )
    made = build_in_use(settings) if project == settings.dbt_project else None
    if url:
        return url, made.artifacts if made is not None and made.elsewhere else project
    if made is not None and not made.elsewhere:
        return f"duckdb:///{made.warehouse.resolve()}", made.artifacts
    if project is not None:
        raise BadInput(
            f"The dbt project {project} has no warehouse to ask.",
            hint="Build it with `datamind dbt build`, pass --warehouse duckdb:///FILE with it, or"
            " set WAREHOUSE_URL.",
        )
    from datamind.adapters.dbt.build import current_build

    build = current_build(settings.demo / "builds")
    if build is None:
        raise BadInput(
            "No warehouse is named.",
            hint="Pass --warehouse duckdb:///FILE, set WAREHOUSE_URL, or run `datamind demo`.",
        )
    return f"duckdb:///{build.warehouse.resolve()}", build.artifacts


def _silent(report: StageReport) -> None:
    """Nobody listens."""


def planner_of(settings: Settings) -> BuiltinPlanner:
    """The built-in engine as it is set."""
    return BuiltinPlanner(fiscal=fiscal_year(settings.fiscal_start, settings.fiscal_named))


@contextmanager
def asking(
    url: str, project: Path | None, settings: Settings, *, limit: int | None = None,
    timeout: float | None = None, on_stage: Callable[[StageReport], None] = _silent,
    user: str | None = None, routing: bool = False,
) -> Iterator[AskContext]:  # fmt: skip
    """A context that closes the warehouse behind it; with `user`, one that reads what they may.
    With `routing`, plans go to ClickHouse as the server would send them, where it is set up beside
    the warehouse that is configured."""
    if timeout is not None and not 0 < timeout <= LONGEST_S:  # NaN is neither
        raise BadInput(f"A query may run for {LONGEST_S:,} seconds at most.")
    catalog = load_catalog(url, dbt_project=project, cache_dir=settings.catalogs)
    bind = _binding(settings, user)
    bound = bind(catalog)
    warehouse = open_warehouse(url, memory_mb=settings.memory_mb)
    copied = None
    # What was copied is known by its tables' names: another warehouse may have the same ones.
    if routing and url == settings.warehouse_url:
        copied = open_copies(settings, url, catalog, warehouse, Breakers())
    try:
        yield AskContext(
            view=bound.view if bound is not None else View.open(catalog),
            policy=bound,
            warehouse=warehouse if copied is None else copied.warehouse,
            beside=None if copied is None else _beside(copied, bind),
            planner=planner_of(settings),
            now=clock.now,
            new_id=clock.new_id,
            timer=time.perf_counter,
            row_limit=limit or settings.row_limit,
            timeout_s=timeout or settings.query_timeout_s,
            on_stage=on_stage,
        )
    finally:
        (warehouse if copied is None else copied.warehouse).close()


def _beside(copied: CopiesOpened, bind: Callable[[Catalog], BoundRules | None]) -> Beside:
    """ClickHouse, as whoever asks has it."""
    bound = bind(copied.second.catalog)
    view = bound.view if bound is not None else View.open(copied.second.catalog)
    return Beside(copied.second, view, bound, copied.looked)


def bound_to(settings: Settings, email: str, catalog: Catalog) -> BoundRules:
    """What the user reads, by the policies in the store: as the server would have it."""
    return _bound(settings, _rights(settings, email), catalog)


def _binding(settings: Settings, email: str | None) -> Callable[[Catalog], BoundRules | None]:
    """Says what the user reads of a catalog; None where nobody is named, who reads all of it."""
    if email is None:
        return lambda catalog: None
    return partial(_bound, settings, _rights(settings, email))


def _rights(settings: Settings, email: str) -> Rights:
    from datamind.commands.people import rights_of

    return rights_of(settings, email)


def _bound(settings: Settings, rights: Rights, catalog: Catalog) -> BoundRules:
    from datamind.api.secrets import secrets_of

    return Bindings(catalog, cast(Dialect, catalog.dialect), secrets_of(settings).masks).of(rights)
