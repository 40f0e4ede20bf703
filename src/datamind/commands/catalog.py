"""`datamind catalog`: what is known of the data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from datamind.adapters.catalog_store import load_catalog
from datamind.commands.faults import print_json
from datamind.commands.render import Screen, counted
from datamind.commands.wiring import bound_to, quiet_logs, target
from datamind.semantics.catalog import Table, View
from datamind.semantics.search import search
from datamind.semantics.wording import spoken, words
from datamind.settings import load


def _view(
    warehouse: str | None, project: Path | None, *, show: bool, refresh: bool = False,
    user: str | None = None,
) -> View:  # fmt: skip
    settings = load()
    quiet_logs(settings)
    url, project = target(warehouse, project, settings)
    with Screen().progress(show=show):
        catalog = load_catalog(
            url, dbt_project=project, cache_dir=settings.catalogs, refresh=refresh
        )
        return View(catalog) if user is None else bound_to(settings, user, catalog).view


def show(
    table: str | None, warehouse: str | None, project: Path | None, *, user: str | None = None,
    as_json: bool,
) -> int:  # fmt: skip
    """The tables, or the columns of one."""
    view = _view(warehouse, project, show=not as_json, user=user)
    screen = Screen()
    if table is not None:
        return _show_table(view, _named(view, table), screen, as_json=as_json)
    if as_json:
        rows = [
            {"id": t.id, "rows": t.rows, "description": t.description, "columns": len(t.columns)}
            for t in view.tables
        ]
        print_json({"tables": rows, "metrics": [m.name for m in view.metrics]})
        return 0
    cells = [[t.id, _rows(t), f"{len(t.columns):,}", t.description] for t in view.tables]
    names = ["table", "rows", "columns", "what it is"]
    screen.rows(names, cells, right=names[1:3], wrapped=names[3:])
    if view.metrics:
        screen.say(f"\nMetrics: {', '.join(m.name for m in view.metrics)}")
    return 0


def _named(view: View, name: str) -> Table:
    """The table of this id; where there is none, the one that differs by capitals only, then the
    one that people call so: `orders` is fct_orders."""
    if name not in view.by_id:
        alike = [t for t in view.tables if name.lower() in (t.id.lower(), t.name.lower())]
        called = [t for t in view.tables if _spoken(t, view) == words(name)]
        for found in (alike, called):
            if len(found) == 1:
                return found[0]
    return view.table(name)


def _spoken(table: Table, view: View) -> str:
    return spoken(table.name, table.id.removesuffix(table.name), view.by_id)


def _rows(table: Table) -> str:
    return "unknown" if table.rows is None else f"{table.rows:,}"


def _show_table(view: View, table: Table, screen: Screen, *, as_json: bool) -> int:
    references = [r for r in view.relationships if r.table == table.id]
    if as_json:
        print_json(asdict(table) | {"references": [asdict(r) for r in references]})
        return 0
    screen.say(f"{table.id}: {table.description}" if table.description else table.id, "bold")
    key = f"key {', '.join(table.primary_key)} ({table.key_origin})"
    rows = "unknown rows" if table.rows is None else counted(table.rows, "row")
    screen.say(f"{rows}, {key if table.primary_key else 'no key'}\n")
    cells = [(c.name, c.type, c.unit or "", c.pii or "", c.description) for c in table.columns]
    names = ("column", "type", "unit", "personal", "what it is")
    said = [at for at in range(len(names)) if any(row[at] for row in cells)]
    rows_said = [[row[at] for at in said] for row in cells]
    screen.rows([names[at] for at in said], rows_said, wrapped=names[4:])
    for reference in references:
        screen.say(f"  {reference.id} ({reference.origin})", "dim")
    return 0


def find(
    text: str, warehouse: str | None, project: Path | None, *, user: str | None = None,
    as_json: bool,
) -> int:  # fmt: skip
    """Hits for the words."""
    hits = search(_view(warehouse, project, show=not as_json, user=user), text)
    if as_json:
        print_json([asdict(hit) for hit in hits])
        return 0
    screen = Screen()
    if not hits:
        screen.say(f"Nothing like {text!r} was found. `datamind catalog show` lists what there is.")
        return 0
    names = ["kind", "where", "what"]
    screen.rows(names, [[h.kind, h.id, h.text] for h in hits], wrapped=names[2:])
    return 0


def sync(warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """Read the catalog again, whatever was kept."""
    view = _view(warehouse, project, show=not as_json, refresh=True)
    found = {
        "tables": len(view.tables),
        "columns": sum(len(t.columns) for t in view.tables),
        "references": len(view.relationships),
        "guessed": sum(r.origin == "guessed" for r in view.relationships),
        "metrics": len(view.metrics),
    }
    if as_json:
        print_json(found)
        return 0
    said = [counted(n, what[:-1]) for what, n in found.items() if what != "guessed"]
    guessed = f"{found['guessed']:,} of the references guessed"
    Screen().say(f"{', '.join(said)}; {guessed}.")
    return 0
