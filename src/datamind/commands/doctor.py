"""`datamind doctor`: what is in order, what is not, and how to mend it."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.warehouse import open_warehouse, redact
from datamind.commands.render import Screen
from datamind.commands.wiring import quiet_logs, target
from datamind.errors import BadInput, DataMindError
from datamind.governance import check, govern
from datamind.records import Draft, Optimized
from datamind.semantics.catalog import Catalog, View
from datamind.settings import Settings, load

NEEDED_MB = 500
_OPTIONAL = {"psycopg": "postgres", "postgast": "postgres", "dbt-core": "dbt", "dbt-duckdb": "dbt"}
_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    detail: str
    hint: str = ""


def run(warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """Print the findings; 1 if one of them is a failure."""
    quiet_logs()
    findings = list(_look(warehouse, project, load()))
    if as_json:
        print(json.dumps([asdict(f) for f in findings], indent=2))
    else:
        screen = Screen()
        for finding in findings:
            mark, style = _MARKS[finding.state]
            screen.say(f"{mark} {finding.what}: {finding.detail}", style)
            if finding.hint:
                screen.say(f"    {finding.hint}")
    return int(any(f.state == "fail" for f in findings))


def _look(warehouse: str | None, project: Path | None, settings: Settings) -> Iterator[Finding]:
    yield _python()
    yield from _packages()
    yield _disk(settings)
    try:
        url, project = target(warehouse, project, settings)
    except BadInput as fault:
        yield Finding("warehouse", "warn", fault.message, fault.hint)
        return
    try:
        catalog = load_catalog(url, dbt_project=project, cache_dir=settings.catalogs)
    except DataMindError as fault:
        yield Finding("warehouse", "fail", f"{fault.message} ({fault.code})", fault.hint)
        return
    yield from _catalog(catalog)
    yield _query(url, catalog, settings)
    yield from _role(url)


def _python() -> Finding:
    return Finding("python", "ok", ".".join(map(str, sys.version_info[:3])))


def _packages() -> Iterator[Finding]:
    for name, extra in _OPTIONAL.items():
        try:
            yield Finding(name, "ok", importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(name, "warn", "not installed", f"pip install 'datamind[{extra}]'")


def _disk(settings: Settings) -> Finding:
    place = next(p for p in (settings.home, *settings.home.parents) if p.exists())
    free = shutil.disk_usage(place).free // 2**20
    state = "ok" if free > NEEDED_MB else "warn"
    hint = "" if state == "ok" else f"Builds of the demo need about {NEEDED_MB} MB."
    return Finding("disk", state, f"{free:,} MB free", hint)


def _catalog(catalog: Catalog) -> Iterator[Finding]:
    columns = sum(len(t.columns) for t in catalog.tables)
    yield Finding("catalog", "ok", f"{len(catalog.tables)} tables, {columns} columns")
    guessed = [r for r in catalog.relationships if r.origin == "guessed"]
    known = len(catalog.relationships) - len(guessed)
    hint = "Declare them in the database or as dbt relationship tests." if guessed else ""
    state = "warn" if len(guessed) > known else "ok"
    yield Finding("references", state, f"{known} declared, {len(guessed)} guessed", hint)
    keyless = [t.id for t in catalog.tables if not t.primary_key and not t.is_view]
    if keyless:
        shown = ", ".join(keyless[:5])
        yield Finding("keys", "warn", f"no key for {shown}", "Rows of these can't be told apart.")
    for issue in catalog.quality:
        yield Finding("data quality", "warn", f"{issue.table}: {issue.message}")


def _query(url: str, catalog: Catalog, settings: Settings) -> Finding:
    """One governed statement, run as an asker's would be."""
    table = catalog.tables[0]
    try:
        warehouse = open_warehouse(url, memory_mb=settings.memory_mb)
    except DataMindError as fault:
        return Finding("query", "fail", fault.message, fault.hint)
    try:
        view = View(catalog)
        sql = f'SELECT count(*) AS n FROM "{table.schema}"."{table.name}"'
        draft = Draft(sql, warehouse.dialect, warehouse.name, "derived", "person")
        governed = govern(Optimized(check(draft, view), sql), view, row_limit=10)
        result = warehouse.run(governed, timeout_s=settings.query_timeout_s)
    except DataMindError as fault:
        return Finding("query", "fail", f"{fault.message} ({fault.code})", fault.hint)
    finally:
        warehouse.close()
    return Finding("query", "ok", f"answered in {result.elapsed_ms:.0f} ms by {redact(url)}")


def _role(url: str) -> Iterator[Finding]:
    """Whether the database itself would refuse a write: the second wall."""
    if url.startswith("duckdb"):
        yield Finding("writes", "ok", "the file is opened read-only, in a process of its own")
        return
    from datamind.adapters.introspection.postgres import writable_relations

    found = writable_relations(url)
    if not found:
        yield Finding("writes", "ok", "the user may only read")
        return
    yield Finding(
        "writes",
        "warn",
        f"the user may write to {len(found)} tables, {found[0]} among them",
        "GRANT SELECT only: connect as a role that was granted nothing else.",
    )
