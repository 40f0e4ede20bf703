"""`datamind doctor --readiness`: how ready the model is for questions, and what to add first."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import yaml

from datamind.adapters.catalog_store import load_catalog
from datamind.adapters.dbt.advice import Place, places, yaml_of
from datamind.adapters.introspection.advice import sql_of
from datamind.commands.faults import print_json
from datamind.commands.render import Screen, counted
from datamind.commands.wiring import quiet_logs, target
from datamind.errors import Unavailable
from datamind.records import Dialect
from datamind.semantics.catalog import Catalog, View
from datamind.semantics.readiness import Asked, Grade, Readiness, Step, readiness
from datamind.settings import Settings, load

SHOWN = 10  # steps
POLICIES = "a policy file, for `datamind policies import`"
PROJECT = "a .yml file of the project"
DATABASE = "the database, as the tables' owner"
METRICS = "a dbt project over this database (--dbt-project)"


@dataclass(frozen=True, slots=True)
class Advice:
    """A step with where it is taken, and the text to paste or run there."""

    step: Step
    where: str
    add: str

    def as_record(self) -> dict[str, Any]:
        """For `--json`."""
        step = self.step
        return {
            "check": step.check, "table": step.table, "item": step.item, "why": step.why,
            "gain": step.gain, "where": self.where, "add": self.add,
        }  # fmt: skip


def graded(catalog: Catalog, settings: Settings) -> Readiness:
    """The grade of the catalog, by what was asked of it as far as that is known here."""
    asked, masked = remembered(settings, catalog)
    view = View.open(catalog)
    return readiness(view, _unknown(asked, view), masked=masked)


def _unknown(asked: Asked, view: View) -> Asked:
    """Without the words that the model knows: a policy kept them from who asked."""
    if not asked.words:
        return asked
    from datamind.language.index import build
    from datamind.language.tokens import stem

    index = build(view)
    known = index.postings.keys() | index.values.keys() | index.value_words.keys()
    return replace(asked, words=tuple(
        w for w in asked.words if w.text not in known and stem(w.text) not in index.stems
    ))  # fmt: skip


def remembered(settings: Settings, catalog: Catalog) -> tuple[Asked, frozenset[str]]:
    """What people asked of the server, and the personal data that its policies keep from them;
    nothing where there is no store that can be read. It is only looked at, never made or changed.
    """
    local = settings.server.database_url is None
    if local and not (settings.home / "datamind.db").is_file():
        return Asked(), frozenset()
    from sqlalchemy.exc import SQLAlchemyError

    from datamind.api.secrets import secrets_of
    from datamind.commands.people import operator
    from datamind.database import Database
    from datamind.governance.bound import Bindings
    from datamind.rooms.policies import proposals
    from datamind.rooms.questions import wanted

    async def look() -> tuple[Asked, frozenset[str]]:
        database = Database(settings.database_url, settings.server.pool)
        try:
            masks = secrets_of(settings).masks
            bindings = Bindings(catalog, cast(Dialect, catalog.dialect), masks)
            async with database.unit() as session:
                asked = await wanted.asked(session, operator())
                kept = await proposals.kept_from_others(session, bindings, operator())
                return asked, kept
        except (SQLAlchemyError, Unavailable):  # not ours, or of another version
            return Asked(), frozenset()
        finally:
            await database.close()

    return asyncio.run(look())


def advised(found: Readiness, catalog: Catalog, project: Path | None) -> list[Advice]:
    """The steps with where and how each is taken."""
    known = places(project, catalog) if project is not None else None
    return [_advice(step, catalog, known) for step in found.steps]


def _advice(step: Step, catalog: Catalog, known: Mapping[str, Place] | None) -> Advice:
    table = catalog.table(step.table)
    if step.check == "personal":
        return Advice(step, POLICIES, _policy(step, catalog))
    if known is not None:
        place = known.get(step.item) or known.get(step.table)
        return Advice(step, place.file if place else PROJECT, yaml_of(step, table, known))
    if step.check == "metrics":
        return Advice(step, METRICS, yaml_of(step, table, {}))
    other = catalog.by_id.get(step.wanted[0]) if step.wanted else None
    return Advice(step, DATABASE, sql_of(step, table, other, catalog.dialect))


def _policy(step: Step, catalog: Catalog) -> str:
    """A restriction that masks the column for all but admins."""
    from datamind.rooms.policies.proposals import OTHERS, mask_for

    column = catalog.columns_by_id[step.item]
    said = {
        "restrictions": [
            {"on": step.table, "to": {"roles": OTHERS}, "mask": {column.name: mask_for(column)}}
        ]
    }
    return yaml.safe_dump(said, sort_keys=False, allow_unicode=True).rstrip()


def run(warehouse: str | None, project: Path | None, *, as_json: bool) -> int:
    """Print the grade, each table's, and what to add, the most useful first."""
    settings = load()
    quiet_logs(settings)
    url, project = target(warehouse, project, settings)
    with Screen().progress(show=not as_json):
        catalog = load_catalog(url, dbt_project=project, cache_dir=settings.catalogs)
        found = graded(catalog, settings)
        steps = advised(found, catalog, project)
    if as_json:
        print_json(as_record(found, steps))
    else:
        _print(found, steps)
    return 0


def as_record(found: Readiness, steps: list[Advice]) -> dict[str, Any]:
    """The stable form."""
    return {
        "grade": found.grade.letter,
        "figure": found.grade.figure,
        "parts": dict(found.grade.parts),
        "tables": [_grade(g) for g in found.tables],
        "unexplained_words": [asdict(word) for word in found.words],
        "steps": [advice.as_record() for advice in steps],
    }


def _grade(grade: Grade) -> dict[str, Any]:
    return {
        "table": grade.of, "grade": grade.letter, "figure": grade.figure,
        "weight": grade.weight, "parts": dict(grade.parts),
    }  # fmt: skip


def said(found: Readiness) -> str:
    """The grade in a line."""
    return f"{found.grade.letter}, {found.grade.figure:.0f} of 100"


def _print(found: Readiness, steps: list[Advice]) -> None:
    screen = Screen()
    screen.say(f"Ready for questions: {said(found)}\n", "bold")
    names = ["table", "grade", "of 100", "missing most"]
    rows = [
        [g.of, g.letter, f"{g.figure:.0f}", _least(g)]
        for g in sorted(found.tables, key=lambda g: (g.figure, g.of))
    ]
    screen.rows(names, rows, right=names[2:3])
    if found.words:
        screen.say("\nWords of questions that nothing explained: make them synonyms", "bold")
        for word in found.words:
            screen.say(f"  {word.text}: {counted(word.questions, 'question')}")
    if steps:
        screen.say("\nWhat to add first", "bold")
    for number, advice in enumerate(steps[:SHOWN], 1):
        step = advice.step
        screen.say(f"{number}. {step.item}: {step.why} (+{step.gain:.1f}, {step.check})")
        screen.say(f"   in {advice.where}:", "dim")
        screen.say("\n".join(f"     {line}" for line in advice.add.split("\n")))
    if len(steps) > SHOWN:
        screen.say(f"… {counted(len(steps) - SHOWN, 'more step')}; --json gives them", "dim")


def _least(grade: Grade) -> str:
    """The checks that found the least told."""
    missing = sorted((share, name) for name, share in grade.parts.items() if share < 1)
    return ", ".join(name for _, name in missing[:3])
