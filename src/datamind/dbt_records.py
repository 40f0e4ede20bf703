"""The words in which runs of dbt are asked for and told."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from datamind.errors import BadInput

Command = Literal["run", "test", "build", "docs", "sync"]
COMMANDS: tuple[Command, ...] = ("run", "test", "build", "docs", "sync")
Ending = Literal["success", "failed", "error", "cancelled", "timed_out"]

MOST_SELECTORS = 100
LONGEST_SELECTOR = 300
METHODS = frozenset(
    "access config exposure file fqn group metric package path resource_type result"
    " saved_query semantic_model source source_status state tag test_name test_type unit_test"
    " version".split()
)
# These look at the build before.
OF_STATE = frozenset({"state", "result", "source_status"})
_ATOM = re.compile(
    r"(?:@|[0-9]{0,3}\+)?"  # what is upstream: `+orders`, `2+orders`, `@orders`
    r"(?:(?P<method>[a-z_]+)(?:\.[A-Za-z0-9_]+){0,5}:)?"  # `tag:`, `config.materialized:`
    r"(?P<value>[A-Za-z0-9_*][A-Za-z0-9_.*?/-]*)"
    r"(?:\+[0-9]{0,3})?"  # what is downstream: `orders+`, `orders+1`
)


def checked(selectors: Sequence[str]) -> tuple[str, ...]:
    """The selectors, each an argument for `--select`; BadInput for what is none.

    The grammar is a part of dbt's: names, paths and methods with graph operators, and their
    intersections by comma. There is no blank, quote, leading dash or way out of the project in it.
    """
    if len(selectors) > MOST_SELECTORS:
        raise BadInput(f"At most {MOST_SELECTORS} selectors can be named.")
    return tuple(map(_checked, selectors))


def _checked(selector: str) -> str:
    whole = len(selector) <= LONGEST_SELECTOR
    if not (whole and all(_is_atom(part) for part in selector.split(","))):
        raise BadInput(
            f"{selector[:40]!r} is no selector.",
            hint="Write orders, +orders+, tag:nightly, path:models/marts or state:modified+.",
        )
    return selector


def _is_atom(text: str) -> bool:
    found = _ATOM.fullmatch(text)
    if found is None:
        return False
    method, value = found["method"], found["value"]
    return (method is None or method in METHODS) and ".." not in value


def looks_back(selectors: Sequence[str]) -> bool:
    """Whether any of them compares with the build before."""
    named = (re.search(r"([a-z_]+)[.:]", part) for s in selectors for part in s.split(","))
    return any(found is not None and found[1] in OF_STATE for found in named)


@dataclass(frozen=True, slots=True)
class DbtWanted:
    """What dbt is to do, to all nodes or to those selected."""

    command: Command
    select: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    full_refresh: bool = False

    def __post_init__(self) -> None:
        checked(self.select)
        checked(self.exclude)

    @property
    def partial(self) -> bool:
        """Whether some nodes are left out."""
        return bool(self.select or self.exclude)


@dataclass(frozen=True, slots=True)
class DbtLine:
    """A line of a run's log; `node` is what it is about, `invocation` is dbt's id of the command
    that says it. Holds no value of the data."""

    at: dt.datetime
    level: str
    message: str
    node: str = ""
    invocation: str = ""


@dataclass(frozen=True, slots=True)
class DbtFailure:
    """A node that failed: a model that was not built and why, a test and the rows that it found.
    The `reason` holds no value of the data."""

    kind: str
    name: str
    status: str
    rows: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DbtOutcome:
    """How a run ended. `counts` are nodes by status, `version` is the build that is in use since,
    `artifacts` and `log` are where they lie; `message` is safe to show."""

    status: Ending
    message: str
    version: str = ""
    artifacts: str = ""
    log: str = ""
    elapsed_s: float = 0.0
    counts: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[DbtFailure, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DbtTest:
    """A test's last result, and since when it has been so."""

    name: str
    status: str
    rows: int | None = None
    at: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class DbtModel:
    """A model as it is in use: what was built of it and when, its tests, and its neighbours."""

    id: str
    name: str
    kind: str
    materialized: str
    relation: str
    description: str
    owner: str
    tags: tuple[str, ...]
    status: str
    built_at: str
    elapsed_s: float | None
    rows: int | None
    tests: tuple[DbtTest, ...]
    parents: tuple[str, ...]
    children: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DbtState:
    """The build in use: when it was made, and what its tests say."""

    version: str
    built_at: str
    tests_passed: bool
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocsPage:
    """dbt's documentation as one page of HTML, and the content policy that goes with it."""

    html: bytes
    policy: str
