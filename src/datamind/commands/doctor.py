"""`datamind doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from datamind import clock
from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.introspection import grants, too_much
from datamind.adapters.warehouse import open_warehouse, redact
from datamind.commands.faults import print_json
from datamind.commands.readiness import graded, said
from datamind.commands.render import Screen, counted
from datamind.commands.wiring import quiet_logs, target
from datamind.errors import BadInput, DataMindError
from datamind.governance import check, govern
from datamind.records import Draft, Optimized
from datamind.semantics import quality
from datamind.semantics.catalog import Catalog, View
from datamind.settings import Settings, load

NEEDED_MB = 500
READY = 60
_OPTIONAL = {"psycopg": "postgres", "postgast": "postgres", "dbt-core": "dbt", "dbt-duckdb": "dbt"}
_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `fault` is why it failed."""

    what: str
    state: str
    detail: str
    hint: str = ""
    fault: DataMindError | None = None

    @property
    def code(self) -> str | None:
        """The error's code where it failed."""
        return self.fault.code if self.fault else None

    def as_record(self) -> dict[str, str | None]:
        """For `--json`."""
        return {
            "what": self.what, "state": self.state, "detail": self.detail, "hint": self.hint,
            "code": self.code,
        }  # fmt: skip


def _failed(what: str, fault: DataMindError) -> Finding:
    return Finding(what, "fail", fault.message, fault.hint, fault)


def run(warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """Print the findings; the exit code is that of the first failure."""
    settings = load()
    quiet_logs(settings)
    with Screen().progress(show=not as_json, text="looking"):
        findings = list(_look(warehouse, project, settings))
    if as_json:
        print_json([finding.as_record() for finding in findings])
    else:
        _print(findings)
    return next((f.fault.exit_code for f in findings if f.fault), 0)


def _print(findings: list[Finding]) -> None:
    screen = Screen()
    for finding in findings:
        mark, style = _MARKS[finding.state]
        code = f" ({finding.code})" if finding.code else ""
        screen.say(f"{mark} {finding.what}: {finding.detail}{code}", style)
        if finding.hint:
            screen.say(f"    {finding.hint}")


def _look(warehouse: str | None, project: Path | None, settings: Settings) -> Iterator[Finding]:
    yield _python()
    yield from _packages()
    yield from _home(settings)
    yield _store(settings)
    yield _backups(settings)
    if settings.redis.url is not None:
        yield _redis(settings)
    named = bool(warehouse or project or settings.warehouse_url or settings.dbt_project)
    try:
        url, project = target(warehouse, project, settings)
    except BadInput as fault:
        yield (
            _failed("warehouse", fault)
            if named
            else Finding("warehouse", "warn", fault.message, fault.hint)
        )
        return
    try:
        catalog = load_catalog(url, dbt_project=project, cache_dir=settings.catalogs)
    except DataMindError as fault:
        yield _failed("warehouse", fault)
        return
    yield from _catalog(catalog)
    yield _readiness(catalog, settings)
    yield _query(url, catalog, settings)
    yield from _role(url, catalog)
    if url.startswith("postgres"):
        yield _size(url, settings)


def _python() -> Finding:
    return Finding("python", "ok", ".".join(map(str, sys.version_info[:3])))


def _packages() -> Iterator[Finding]:
    for name, extra in _OPTIONAL.items():
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "warn", "not installed", f"pip install 'datamind[{extra}]'")


def _home(settings: Settings) -> Iterator[Finding]:
    """Whether there is room for what we keep, and leave to keep it."""
    place = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(place).free // 2**20
    state = "ok" if free > NEEDED_MB else "warn"
    hint = "" if state == "ok" else f"Builds of the demo need about {NEEDED_MB} MB."
    yield Finding("disk", state, f"{free:,} MB free", hint)
    if not (place.is_dir() and os.access(place, os.W_OK)):
        yield Finding(
            "home",
            "warn",
            f"nothing can be kept in {settings.home}, so each start reads the catalog anew",
            "Set DATAMIND_HOME to a folder that may be written to.",
        )


def _store(settings: Settings) -> Finding:
    """Whether users, history and jobs are where the settings say, and as this version needs."""
    from datamind.migrations import state
    from datamind.migrations.stores import parsed, shown

    try:
        where = shown(parsed(settings.database_url))
        found, newest = state(settings.database_url)
    except DataMindError as fault:
        return _failed("store", fault)
    if found is None:
        return Finding("store", "ok", f"{where} is empty; the first start fills it")
    if found == newest:
        return Finding("store", "ok", f"{where} at revision {found}")
    hint = "The next start of a server changes it, or: datamind migrate"
    return Finding("store", "warn", f"{where} at revision {found}; the newest is {newest}", hint)


def _backups(settings: Settings) -> Finding:
    """Whether there is a backup on this machine that is as new as wanted."""
    from datamind.api.secrets import FILE
    from datamind.rooms.system.backup_files import latest, moments

    folder, wanted = settings.backup_folder, dt.timedelta(minutes=settings.backups.wanted_minutes)
    newest, secrets = latest(moments(folder), clock.now()), settings.home / FILE
    if newest is None:
        begun = secrets.stat().st_mtime if secrets.exists() else clock.now().timestamp()
        is_new = clock.now().timestamp() - begun <= wanted.total_seconds() or not wanted
        hint = "" if is_new else "datamind backup create; a server makes them by itself."
        return Finding("backups", "ok" if is_new else "warn", f"there is none in {folder}", hint)
    said = f"the newest in {folder} is of {newest:%Y-%m-%d %H:%M} UTC"
    if not wanted or clock.now() - newest <= wanted:
        return Finding("backups", "ok", said)
    hint = f"Wanted is one every {settings.backups.wanted_minutes:,} minutes: datamind jobs list"
    return Finding("backups", "warn", said, hint)


def _redis(settings: Settings) -> Finding:
    from datamind.adapters.redis.reaching import reach

    try:
        reach(settings.redis)
    except DataMindError as fault:
        return _failed("redis", fault)
    return Finding("redis", "ok", f"{settings.redis.shown} answers")


def _catalog(catalog: Catalog) -> Iterator[Finding]:
    columns = sum(len(t.columns) for t in catalog.tables)
    yield Finding(
        "catalog", "ok", f"{counted(len(catalog.tables), 'table')}, {counted(columns, 'column')}"
    )
    guessed = [r for r in catalog.relationships if r.origin == "guessed"]
    known = len(catalog.relationships) - len(guessed)
    hint = "Declare them in the database or as dbt relationship tests." if guessed else ""
    state = "warn" if len(guessed) > known else "ok"
    yield Finding("references", state, f"{known} declared, {len(guessed)} guessed", hint)
    keyless = [t.id for t in catalog.tables if not t.primary_key and not t.is_view]
    if keyless:
        shown = ", ".join(keyless[:5])
        yield Finding("keys", "warn", f"no key for {shown}", "Rows of these can't be told apart.")
    for issue in quality.of_itself(catalog.quality, clock.now()):
        rows = f", {issue.rows:,} rows" if issue.rows else ""
        yield Finding("data quality", "warn", f"{issue.table}: {issue.test}{rows}")


def _readiness(catalog: Catalog, settings: Settings) -> Finding:
    """How ready the model is for questions."""
    found = graded(catalog, settings)
    if not found.steps:
        return Finding("readiness", "ok", said(found))
    first = found.steps[0]
    hint = f"First: {first.item}, {first.why}. `datamind doctor --readiness` says how."
    state = "ok" if found.grade.figure >= READY else "warn"
    return Finding("readiness", state, said(found), hint)


def _query(url: str, catalog: Catalog, settings: Settings) -> Finding:
    """One governed statement, run as an asker's would be."""
    table = catalog.tables[0]
    try:
        warehouse = open_warehouse(url, memory_mb=settings.memory_mb)
    except DataMindError as fault:
        return _failed("query", fault)
    try:
        view = View.open(catalog)
        sql = f'SELECT count(*) AS n FROM "{table.schema}"."{table.name}"'
        draft = Draft(sql, warehouse.dialect, warehouse.name, "derived", "person")
        governed = govern(Optimized(check(draft, view), sql), view, row_limit=10)
        result = warehouse.run(governed, timeout_s=settings.query_timeout_s)
    except DataMindError as fault:
        return _failed("query", fault)
    finally:
        warehouse.close()
    return Finding("query", "ok", f"answered in {result.elapsed_ms:.0f} ms by {redact(url)}")


def _size(url: str, settings: Settings) -> Finding:
    """Whether the database has outgrown PostgreSQL alone."""
    from datamind.adapters.introspection.postgres_size import stored_bytes
    from datamind.pipeline.moving_on import GB, advised

    try:
        stored = stored_bytes(url)
    except DataMindError as fault:
        return _failed("size", fault)
    for _, message in advised(settings.router, stored_bytes=stored):
        return Finding("size", "warn", message)
    return Finding("size", "ok", f"{stored / GB:,.1f} GB")


def _role(url: str, catalog: Catalog) -> Iterator[Finding]:
    """Whether the database itself would refuse to write and more: the second wall."""
    if url.startswith("duckdb"):
        yield Finding("role", "ok", "the file is opened read-only, in a process without files")
        return
    try:
        found = too_much(url)
    except DataMindError as fault:
        yield _failed("role", fault)
        return
    if not found:
        yield Finding("role", "ok", "the database lets this role read, and nothing else")
        return
    made = grants(url, catalog.tables).replace("\n", "\n    ")
    for number, what in enumerate(found, 1):
        hint = f"Connect as a role made so:\n    {made}" if number == len(found) else ""
        yield Finding("role", "warn", f"this role {what}", hint)
