"""`datamind demo`: a retailer's data, made, built with dbt, and asked."""

from __future__ import annotations

import datetime as dt
import importlib.util
import os
import sys
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import duckdb

import datamind
from datamind import clock
from datamind.adapters.dbt.build import Build, build, current_build
from datamind.commands.ask import AskOptions, run_one
from datamind.commands.render import Screen
from datamind.errors import BadInput, DbtBuildFailed
from datamind.settings import Settings, load

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from datamind.rooms.caller import Caller
    from datamind.rooms.parts import Ground
    from datamind.rooms.users.schemas import UserOut

QUESTION = "What is the revenue by product category this year?"
MORE = (
    "Which 5 products have the highest revenue?",
    "How many orders were cancelled last month?",
    "What is the average order value by channel?",
    "Which customers have never placed an order?",
)


class _Generator(Protocol):
    def generate(self, out: Path, *, lines: int, today: dt.date, seed: int = 7) -> dict[str, int]:
        """Write the raw tables; their numbers of rows."""
        ...


def project_folder() -> Path:
    """The demo's dbt project: shipped beside the package, or at the root of a checkout."""
    package = Path(datamind.__file__).parent
    for place in (package / "_demo", package.parents[1] / "demo"):
        if (place / "dbt_project.yml").is_file():
            return place
    raise BadInput("The demo is not part of this installation.", hint="Install datamind[demo].")


def generator(project: Path) -> _Generator:
    spec = importlib.util.spec_from_file_location("datamind_demo_generate", project / "generate.py")
    if spec is None or spec.loader is None:
        raise BadInput("The demo's generator is missing.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(_Generator, module)


PEOPLE = (
    ("ana@demo.example", "Ana Lyst", "analyst"),
    ("vera@demo.example", "Vera Viewer", "viewer"),
    ("adam@demo.example", "Adam Admin", "admin"),
)


def run(
    *, lines: int, fresh: bool, once: bool, host: str | None = None, port: int | None = None
) -> int:
    """Build what is needed, ask one question, and serve the pages until Ctrl-C."""
    settings = load()
    os.umask(0o077)  # what is kept is for its owner alone
    if not once:
        from datamind.commands import serve

        settings = serve.at(settings, host, port)
        serve.must_be_free(settings.server)  # before anything is built
    screen = Screen()
    today = clock.today()
    built = prepare(settings, screen, lines=lines, today=today, fresh=fresh)
    screen.say(f"\n> {QUESTION}\n", "bold")
    url = f"duckdb:///{built.warehouse.resolve()}"
    options = AskOptions(warehouse=url, dbt_project=built.artifacts, today=today.isoformat())
    code = run_one(QUESTION, options)
    return code if once or code else _serve(settings, screen, built)


def _serve(settings: Settings, screen: Screen, built: Build) -> int:
    from datamind.api.starting import say
    from datamind.commands import serve

    _introduce(settings, screen)

    def newest() -> tuple[str, Path | None]:
        now = current_build(settings.demo / "builds") or built
        return f"duckdb:///{now.warehouse.resolve()}", now.artifacts

    # Admins may run dbt on the demo, too.
    dbt = replace(settings.dbt, builds=settings.demo / "builds")
    settings = replace(settings, dbt_project=project_folder(), dbt=dbt)
    return serve.serve(
        settings, newest, questions=(QUESTION, *MORE),
        ready=lambda: say(serve.address(settings.server)),
    )  # fmt: skip


def _introduce(settings: Settings, screen: Screen) -> None:
    """Three people of different roles; a password is told once, when its person is made."""
    from datamind.commands.people import wanted, with_people
    from datamind.rooms.users import service

    async def work(ground: Ground, session: AsyncSession, me: Caller) -> list[UserOut]:
        new = [p for p in PEOPLE if await service.by_email(session, p[0]) is None]
        return [await service.create(session, ground, me, wanted(*person)) for person in new]

    made = with_people(settings, work)
    if made:
        screen.say("\nPeople to sign in as; their passwords are told this once:\n", "bold")
        for user in made:
            screen.say(f"  {user.role:8} {user.email:18} {user.password}")
    else:
        screen.say(
            "\nSign in as " + ", ".join(email for email, _, _ in PEOPLE) + " with the passwords"
            " told at the first start; `datamind users password EMAIL` makes a new one."
        )  # fmt: skip


def prepare(
    settings: Settings, screen: Screen, *, lines: int, today: dt.date, fresh: bool
) -> Build:
    """The build of this day and size: the one in use where it fits, else a new one."""
    label = f"{lines} lines, {today.isoformat()}"
    builds = settings.demo / "builds"
    current = current_build(builds)
    if current is not None and current.label == label and not fresh:
        screen.say(f"The demo of today with {lines:,} order lines is there already.")
        return current
    if importlib.util.find_spec("dbt") is None:
        raise BadInput("The demo needs dbt.", hint="pip install 'datamind[demo]'")
    project = project_folder()

    def raw(folder: Path) -> dict[str, str]:
        """The raw tables, beside the warehouse that is made of them."""
        try:
            counts = generator(project).generate(folder / "raw", lines=lines, today=today)
        except duckdb.Error as fault:
            raise DbtBuildFailed(
                "The demo's data could not be made.",
                hint=f"It takes up to 400 MB and {lines:,} order lines: make fewer, or more room.",
            ) from fault
        screen.say(f"Made {sum(counts.values()):,} rows in {len(counts)} raw tables.")
        return {"DBT_ENV_DEMO_RAW": str(folder / "raw")}

    with _working(screen, f"making {lines:,} order lines, building and testing with dbt"):
        built = build(project, builds, sources=raw, label=label)
    screen.say(f"dbt built and tested the models; all took {built.elapsed_s:.0f} s.")
    return built


def _working(screen: Screen, text: str) -> AbstractContextManager[object]:
    """A spinner on a terminal, a line elsewhere."""
    if screen.console.is_terminal:
        return screen.console.status(text)
    print(f"{text} …", file=sys.stderr)
    return screen.progress(show=False)
