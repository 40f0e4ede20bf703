"""A dbt project and its builds: what each command does, and what is in use after it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from datamind import clock
from datamind.adapters.dbt import results
from datamind.adapters.dbt.builds import (
    Build,
    alone,
    build_at,
    current_build,
    new_id,
    point_to,
    tidy,
)
from datamind.adapters.dbt.docs import MANIFEST, docs_page
from datamind.adapters.dbt.log_lines import hidden
from datamind.adapters.dbt.models import models_of
from datamind.adapters.dbt.places import DuckDbFile, Place
from datamind.adapters.dbt.process import COULD_NOT_READ
from datamind.adapters.dbt.running import Ended, Limits, Orders, Say, Step, run, take_back
from datamind.dbt_records import Command, DbtModel, DbtOutcome, DbtWanted, DocsPage, looks_back
from datamind.errors import BadInput, DbtBuildFailed
from datamind.ports import Stop

DOCS = Step(("docs", "generate", "--no-compile"), needed=False)
FRESHNESS = Step(("source", "freshness"), needed=False)
# All but the tests: seeds and snapshots are what models are made of.
MODELS = ("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
STEPS: Mapping[Command, tuple[Step, ...]] = {
    "build": (Step(("build",)), DOCS),
    "run": (Step(MODELS), DOCS),
    "test": (Step(("test",)),),
    "docs": (Step(("docs", "generate", "--no-compile")),),
    "sync": (),
}
MAKING = ("build", "run")
NAMED = 5  # selectors that a message names
OF_DOCS = {  # what the build in use gets of it; its own manifest says what it was built from
    "index.html": "index.html", "catalog.json": "catalog.json",
    "graph_summary.json": "graph_summary.json", "manifest.json": MANIFEST,
}  # fmt: skip


def no_sources(folder: Path) -> Mapping[str, str]:
    """The project brings what it reads."""
    return {}


def silent(line: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Project:
    """A dbt project, where its builds are kept, and how they are made.

    `sources` makes what the project reads in a build's folder, and gives the environment variables
    that name it. `passed` are variables of our environment that dbt sees; their values are told
    nowhere.
    """

    folder: Path
    builds: Path
    place: Place = field(default_factory=DuckDbFile)
    sources: Callable[[Path], Mapping[str, str]] = no_sources
    limits: Limits = field(default_factory=Limits)
    target: str | None = None
    profiles: Path | None = None
    passed: tuple[tuple[str, str], ...] = ()

    def run(
        self, wanted: DbtWanted, *, say: Say = silent, stop: Stop | None = None, label: str = ""
    ) -> DbtOutcome:  # fmt: skip
        """Do it, and tell how it ended. What is in use changes only by a `build` or `run` that
        succeeded. One at a time: DbtBuildFailed where another runs. Blocks."""
        if not (self.folder / "dbt_project.yml").is_file():
            raise BadInput(f"There is no dbt project at {self.folder}.")
        with alone(self.builds):
            started = time.monotonic()
            made = build_at(self.builds / new_id(), 0.0, label)
            try:
                with self._left_tidy(made):
                    outcome = self._run(wanted, made, started, say, stop)
            except OSError as fault:
                raise DbtBuildFailed(
                    f"The build could not be written: {fault.strerror or type(fault).__name__}.",
                    hint=f"Make room in {self.builds}, and build again.",
                ) from fault
            return replace(
                outcome, log=str(made.log), elapsed_s=round(time.monotonic() - started, 2)
            )

    def models(self) -> tuple[DbtModel, ...]:
        """The models of the build in use."""
        current = current_build(self.builds)
        return models_of(current.artifacts) if current is not None else ()

    def docs(self) -> DocsPage | None:
        """dbt's documentation of the build in use."""
        current = current_build(self.builds)
        return docs_page(current.artifacts) if current is not None else None

    @contextmanager
    def _left_tidy(self, made: Build) -> Iterator[None]:
        made.folder.mkdir()
        try:
            yield
        finally:
            in_use = current_build(self.builds)
            if in_use is None or in_use.id != made.id:
                self.place.abandon(made)
            tidy(self.builds)

    def _run(
        self, wanted: DbtWanted, made: Build, started: float, say: Say, stop: Stop | None
    ) -> DbtOutcome:
        before = current_build(self.builds)
        making = wanted.command in MAKING
        if not making and before is None:
            return self._outside(wanted.command)
        if wanted.command == "sync" and before is not None and not _watches(before):
            os.utime(before.artifacts / "manifest.json")  # whoever follows it reads it again
            told = DbtOutcome("success", "The artifacts are read again.")
            return replace(told, version=before.id, artifacts=str(before.artifacts))
        carried = before if making and self._carries(wanted, before) else None
        if making:
            self.place.begin(made, carried)
        elif before is not None:
            self.place.look(made, before)
        made = self._with_sources(made, before)
        ended = self._dbt(wanted, made, before, carried is not None, say, stop)
        outcome = self._told(wanted, made, ended)
        # What is built in place is in use, whatever its tests say.
        there = ("success",) if self.place.switches else ("success", "failed")
        if making and outcome.status in there and outcome.counts:
            elapsed = round(time.monotonic() - started, 2)
            made = replace(made, elapsed_s=elapsed, elsewhere=self.place.elsewhere)
            # Of a build of all, what is not there any more was taken out of the project.
            partly = carried is not None and wanted.partial
            return self._put_in_use(outcome, made, before, partly)
        if before is not None:
            self._add_to(before, wanted.command, made, outcome)
            outcome = replace(outcome, version=before.id, artifacts=str(before.artifacts))
        return outcome

    def _outside(self, command: Command) -> DbtOutcome:
        """Where nothing was built by us: artifacts of others are followed as they are."""
        artifacts = self.folder / "target"
        if command == "sync" and (artifacts / "manifest.json").is_file():
            told = DbtOutcome("success", "Artifacts that others write are followed by themselves.")
            return replace(told, artifacts=str(artifacts))
        raise BadInput("Nothing was built yet.", hint="Build the project first: datamind dbt build")

    def _with_sources(self, made: Build, before: Build | None) -> Build:
        """The build with what it reads in its folder: made anew, or as the build before has it."""
        found = dict(self.sources(made.folder))
        if found:
            return replace(made, sources={v: _within(made.folder, p) for v, p in found.items()})
        if before is None:
            return made
        made = replace(made, label=made.label or before.label)
        # Never a link where another account is to own the folder: it could write what is in use.
        link = self.limits.user is None
        for name in before.sources.values():
            _take_over(before.folder / name, made.folder / name, link)
        return replace(made, sources=before.sources)

    def _carries(self, wanted: DbtWanted, before: Build | None) -> bool:
        """Whether a build starts with what is in use: where only some nodes are built, and where
        what some hold can't be built again (snapshots) or grows (incremental models)."""
        if before is None or wanted.partial:
            return before is not None
        nodes = results.read_json(before.artifacts / "manifest.json").get("nodes") or {}
        return any(
            n.get("resource_type") == "snapshot"
            or (n.get("config") or {}).get("materialized") == "incremental"
            for n in nodes.values()
        )

    def _dbt(
        self, wanted: DbtWanted, made: Build, before: Build | None, carried: bool, say: Say,
        stop: Stop | None,
    ) -> Ended:  # fmt: skip
        making = wanted.command in MAKING
        variables = {
            **self.place.variables(made, making=making), **dict(self.passed),
            **{variable: str(made.folder / name) for variable, name in made.sources.items()},
        }  # fmt: skip
        steps = self._steps(wanted, before)
        if carried and wanted.partial and self.place.again():
            # Before, for models that read them; and after, for dbt drops those on what it replaces.
            aside = str(made.folder / "again")  # where their results take the place of no others
            words = ("run", "--select", *self.place.again(), "--target-path", aside)
            again = Step(words, needed=False, aside=True)
            steps = (again, steps[0], again, *steps[1:])
        orders = Orders(
            made.folder, steps, self._options(made), variables,
            schema=self.place.schema_of(made) if making else "",
            secrets=self._secrets(),
        )  # fmt: skip
        ended = run(orders, self.limits, say=say, stop=stop)
        if self.limits.user is not None:  # from now on nothing of the project may touch it
            take_back(made.folder)
        return ended

    def _steps(self, wanted: DbtWanted, before: Build | None) -> Sequence[Step]:
        """dbt's commands. Selectors were checked when they were asked for; each goes in as an
        argument of its own."""
        more: list[str] = []
        if wanted.select:
            more += ["--select", *wanted.select]
        if wanted.exclude:
            more += ["--exclude", *wanted.exclude]
        if looks_back((*wanted.select, *wanted.exclude)):
            if before is None:
                raise BadInput("There is no build yet that `state:` could compare with.")
            more += ["--state", str(before.artifacts)]
        if wanted.full_refresh and wanted.command in MAKING:
            more.append("--full-refresh")
        first, *others = STEPS[wanted.command] or (FRESHNESS,)
        if wanted.command in (*MAKING, "test"):
            first = Step((*first.words, *more))
        return (first, *others, *((FRESHNESS,) if wanted.command in (*MAKING, "test") else ()))

    def _options(self, made: Build) -> list[str]:
        options = ["--project-dir", str(self.folder)]
        options += ["--profiles-dir", str(self.profiles or self.folder)]
        options += ["--target-path", str(made.artifacts)]
        options += ["--log-path", str(made.artifacts / "logs"), "--log-format-file", "text"]
        options += ["--log-format", "json", "--log-level", "info"]
        return options + (["--target", self.target] if self.target else [])

    def _told(self, wanted: DbtWanted, made: Build, ended: Ended) -> DbtOutcome:
        """How the process ended, without values of the data."""
        found = results.results_of(made.artifacts)
        failed = results.failures(made.artifacts, self._secrets())
        told = DbtOutcome("error", "", counts=results.counts(found), failed=failed)
        if ended.why == "cancelled":
            return replace(told, status="cancelled", message="The run was called off.")
        if ended.why == "timed_out":
            limit = f"its limit of {self.limits.timeout_s:g} seconds"
            return replace(
                told, status="timed_out", message=f"dbt ran over {limit} and was stopped."
            )
        if ended.code == COULD_NOT_READ:
            return replace(told, message=self._why_not_read(made))
        if ended.code == 0:
            return self._told_of_success(wanted, told, ended)
        if ended.code == 1 and found:
            return replace(told, status="failed", message=results.told(failed))
        return replace(told, message="dbt could not start, or was ended from outside.")

    def _told_of_success(
        self, wanted: DbtWanted, told: DbtOutcome, ended: Ended
    ) -> DbtOutcome:  # fmt: skip
        """All is well, but where a selector was mistyped: dbt passes over what it does not know."""
        # What compares with another build may well find nothing.
        ours = self.place.again()
        unknown = [s for s in ended.unmatched if not looks_back((s,)) and s not in ours]
        warnings = tuple(f"Nothing in the project fits the selector {s}." for s in unknown)
        told = replace(told, status="success", warnings=warnings)
        if told.counts or not wanted.partial:
            return replace(
                told, message=" ".join((f"{wanted.command}: all is well.", *warnings[:NAMED]))
            )
        if not unknown:
            return replace(told, message=f"{wanted.command}: there was nothing to do.")
        nothing = f"Nothing was done: nothing in the project fits {', '.join(unknown[:NAMED])}."
        return replace(told, status="failed", message=nothing)

    def _why_not_read(self, made: Build) -> str:
        text = (made.folder / "reason.txt").read_text("utf-8")
        words = " ".join(hidden(text, self._secrets()).split())
        return f"dbt could not read the project: {words[:300] or 'no reason was given'}"

    def _secrets(self) -> list[str]:
        return list(filter(None, (*self.place.secrets(), *(value for _, value in self.passed))))

    def _put_in_use(
        self, outcome: DbtOutcome, made: Build, before: Build | None, carried: bool
    ) -> DbtOutcome:
        known = results.known_of(before.artifacts) if before is not None else {}
        now = clock.now().isoformat()
        found = results.learn(known, results.results_of(made.artifacts), now)
        results.keep_known(made.artifacts, found)
        warnings = self.place.finish(made, before, carried=carried)
        point_to(self.builds, made)
        return replace(
            outcome, version=made.id, artifacts=str(made.artifacts),
            warnings=(*outcome.warnings, *warnings),
        )  # fmt: skip

    def _add_to(
        self, current: Build, command: Command, made: Build, outcome: DbtOutcome
    ) -> None:  # fmt: skip
        """Put what a run learned of the build in use beside its artifacts."""
        if command == "test" and outcome.status in ("success", "failed"):
            ran = results.results_of(made.artifacts)
            known = results.known_of(current.artifacts)
            results.follow_tests(current.artifacts, made.artifacts, ran)
            results.keep_known(
                current.artifacts, results.learn(known, ran, clock.now().isoformat())
            )
        if command == "docs" and outcome.status == "success":
            for name, kept in OF_DOCS.items():
                if (made.artifacts / name).is_file():
                    shutil.copyfile(made.artifacts / name, current.artifacts / f"{kept}.new")
                    (current.artifacts / f"{kept}.new").replace(current.artifacts / kept)
        if (made.artifacts / "sources.json").is_file():
            shutil.copyfile(made.artifacts / "sources.json", current.artifacts / "sources.json")
        if command == "sync":
            os.utime(current.artifacts / "manifest.json")


def _watches(build: Build) -> bool:
    """Whether the project says how fresh its sources have to be."""
    sources = results.read_json(build.artifacts / "manifest.json").get("sources") or {}
    return any(
        (s.get("freshness") or {}).get("warn_after")
        or (s.get("freshness") or {}).get("error_after")
        for s in sources.values()
    )


def _within(folder: Path, path: str) -> str:
    """The name within the build's folder of what it reads; what lies elsewhere keeps its path."""
    found = Path(path)
    return str(found.relative_to(folder)) if found.is_relative_to(folder) else path


def _take_over(source: Path, target: Path, link: bool) -> None:
    """The same files under another folder; they are only read, and may be large."""
    copy = os.link if link else shutil.copyfile
    if source.is_dir():
        shutil.copytree(source, target, copy_function=copy)
    elif source.is_file() and source != target:
        copy(source, target)
