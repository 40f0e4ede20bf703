"""`datamind catalog`: what is known of the data."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from datamind.adapters.catalog_store import load_catalog
from datamind.commands.render import Screen
from datamind.commands.wiring import quiet_logs, target
from datamind.semantics.catalog import Table, View
from datamind.semantics.search import search
from datamind.settings import load


def _view(warehouse: str | None, project: Path | None, *, refresh: bool = False) -> View:
    quiet_logs()
    settings = load()
    url, project = target(warehouse, project, settings)
    return View(
        load_catalog(url, dbt_project=project, cache_dir=settings.catalogs, refresh=refresh)
    )


def show(table: str | None, warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """The tables, or the columns of one."""
    view = _view(warehouse, project)
    screen = Screen()
    if table is not None:
        return _show_table(view, view.table(table), screen, as_json=as_json)
    if as_json:
        rows = [
            {"id": t.id, "rows": t.rows, "description": t.description, "columns": len(t.columns)}
            for t in view.tables
        ]
        print(json.dumps({"tables": rows, "metrics": [m.name for m in view.metrics]}, indent=2))
        return 0
    cells = [
        [t.id, f"{t.rows or 0:,}", str(len(t.columns)), t.description[:80]] for t in view.tables
    ]
    screen.rows(["table", "rows", "columns", "what it is"], cells, 0)
    if view.metrics:
        screen.say(f"\nMetrics: {', '.join(m.name for m in view.metrics)}")
    return 0


def _show_table(view: View, table: Table, screen: Screen, *, as_json: bool) -> int:
    references = [r for r in view.relationships if r.table == table.id]
    if as_json:
        found = asdict(table) | {"references": [asdict(r) for r in references]}
        print(json.dumps(found, indent=2))
        return 0
    screen.say(f"{table.id}: {table.description}" if table.description else table.id, "bold")
    key = ", ".join(table.primary_key) or "none"
    screen.say(f"{table.rows or 0:,} rows, key {key} ({table.key_origin})\n")
    cells = [[c.name, c.type, c.unit or "", c.pii or "", c.description[:80]] for c in table.columns]
    screen.rows(["column", "type", "unit", "personal", "what it is"], cells, 0)
    for reference in references:
        screen.say(f"  {reference.id} ({reference.origin})", "dim")
    return 0


def find(words: str, warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """Hits for the words."""
    hits = search(_view(warehouse, project), words)
    if as_json:
        print(json.dumps([asdict(hit) for hit in hits], indent=2, ensure_ascii=False))
        return 0
    screen = Screen()
    if not hits:
        screen.say("Nothing was found.")
        return 0
    screen.rows(["kind", "where", "what"], [[h.kind, h.id, h.text[:80]] for h in hits], 0)
    return 0


def sync(warehouse: str | None, project: Path | None) -> int:
    """Read the catalog again, whatever was kept."""
    view = _view(warehouse, project, refresh=True)
    guessed = sum(r.origin == "guessed" for r in view.relationships)
    Screen().say(
        f"{len(view.tables)} tables, {sum(len(t.columns) for t in view.tables)} columns,"
        f" {len(view.relationships)} references ({guessed} guessed), {len(view.metrics)} metrics."
    )
    return 0
