"""Holds the layers: who may import whom, and what the pure core must not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

# (layer, its modules under datamind, the layers it may import); the longest module name decides.
LAYERS: tuple[tuple[str, str, str], ...] = (
    (
        "vocabulary",
        "records dbt_records values ports errors personal semantics.catalog semantics.plan",
        "vocabulary",
    ),
    (
        "ground",
        "settings clock collecting database log rotated tracing whose breakers",
        "ground vocabulary",
    ),
    ("core", "language semantics governance", "core vocabulary"),
    ("adapters", "adapters", "adapters core ground vocabulary"),
    ("pipeline", "pipeline", "pipeline core ground vocabulary"),
    ("rooms", "rooms", "rooms pipeline core ground vocabulary"),
    (
        "faces",
        "api attacks backup ui cli commands evaluation migrations worker mcp __main__",
        "faces rooms pipeline adapters core ground vocabulary",
    ),
)
# These take no part in the world: no files, sockets, processes, clock or chance.
PURE = ("vocabulary", "core")
IMPURE_MODULES = frozenset(
    "asyncio concurrent duckdb fcntl ftplib getpass glob http httpx io logging multiprocessing os"
    " pathlib platform psycopg queue random requests secrets shutil signal smtplib socket"
    " sqlalchemy sqlite3 ssl subprocess sys tempfile threading time urllib uuid".split()
)
IMPURE_CALLS = frozenset("open print input exec eval breakpoint".split())
# Reading is left to importlib.resources: what ships with the code is code.
IMPURE_METHODS = frozenset("today now utcnow write_text write_bytes".split())

OF_MODULE = {m: layer for layer, modules, _ in LAYERS for m in modules.split()}
MAY_IMPORT = {layer: frozenset(allowed.split()) for layer, _, allowed in LAYERS}


def nodes_of(text: str) -> list[ast.AST]:
    return list(ast.walk(ast.parse(text)))


def layer_of(module: str) -> str | None:
    """The layer of `language.index`, by the longest prefix that the table names."""
    parts = module.split(".")
    prefixes = (".".join(parts[:n]) for n in range(len(parts), 0, -1))
    return next((OF_MODULE[p] for p in prefixes if p in OF_MODULE), None)


def imports(module: str, nodes: Iterable[ast.AST], *, package: bool) -> Iterator[tuple[int, str]]:
    """Line and full name of each thing imported, relative imports resolved."""
    here = ["datamind", *(module.split(".") if module else [])]
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + package] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                yield node.lineno, f"{base}.{alias.name}"


def violations(
    module: str, nodes: list[ast.AST], *, package: bool = False
) -> Iterator[tuple[int, str]]:
    """What is wrong in `module` (such as `language.index`; empty for the package itself)."""
    if not module:
        return
    layer = layer_of(module)
    if layer is None:
        yield 1, f"`{module}` belongs to no layer: name it in LAYERS"
        return
    for line, name in imports(module, nodes, package=package):
        root, _, inner = name.partition(".")
        if root == "datamind":
            target = layer_of(inner)
            if target and target not in MAY_IMPORT[layer]:
                yield line, f"{layer} may not import {target} ({name})"
            if inner.startswith("rooms.") and module.startswith("rooms."):
                room, _, part = inner.removeprefix("rooms.").partition(".")
                if room != module.split(".")[1] and part.split(".")[0] == "models":
                    yield line, f"a room may not import another room's models ({name})"
        elif layer in PURE and root in IMPURE_MODULES:
            yield line, f"{layer} is pure and may not import {root}"
    if layer in PURE:
        for node in nodes:
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
                    yield node.lineno, f"{layer} is pure and may not call {node.func.id}()"
                if isinstance(node.func, ast.Attribute) and node.func.attr in IMPURE_METHODS:
                    yield node.lineno, f"{layer} is pure and may not call .{node.func.attr}()"


def test_imports_go_downwards_and_the_core_is_pure(source_nodes: dict[str, list[ast.AST]]) -> None:
    found = []
    for path, nodes in source_nodes.items():
        module = path.removesuffix(".py").removesuffix("__init__").strip("/").replace("/", ".")
        for line, what in violations(module, nodes, package=path.endswith("__init__.py")):
            found.append(f"{path}:{line}: {what}")
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("module", "text", "fault"),
    [
        (
            "language.index",
            "from datamind.adapters.warehouse import duckdb",
            "may not import adapters",
        ),
        ("language.index", "from datamind import settings", "core may not import ground"),
        ("language.index", "from .. import pipeline", "core may not import pipeline"),
        ("language.index", "def f():\n    import os.path", "pure and may not import os"),
        ("semantics.plan", "import datetime as dt\ndt.date.today()", "may not call .today()"),
        ("governance.guard", "open('x')", "may not call open()"),
        (
            "adapters.dbt",
            "from datamind.pipeline.ask import ask",
            "adapters may not import pipeline",
        ),
        ("pipeline.ask", "import datamind.adapters.llm", "pipeline may not import adapters"),
        ("records", "from datamind.settings import Settings", "vocabulary may not import ground"),
        (
            "rooms.usage.service",
            "from datamind.rooms.users.models import User",
            "another room's models",
        ),
        ("rooms.usage.service", "from datamind.rooms.users import models", "another room's models"),
        ("utils", "", "belongs to no layer"),
    ],
)
def test_a_breach_is_named(module: str, text: str, fault: str) -> None:
    assert [what for _, what in violations(module, nodes_of(text)) if fault in what]


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("cli", "import os\nfrom datamind.adapters.warehouse import duckdb"),
        (
            "language.index",
            "from datamind import __version__\nfrom datamind.semantics.catalog import View",
        ),
        (
            "rooms.usage.service",
            "from datamind.rooms.usage import models\nfrom datamind.rooms.users import service",
        ),
        ("adapters.warehouse.duckdb", "import duckdb, os\nfrom ...settings import Settings"),
        ("pipeline.ask", "import time\nfrom datamind.governance import sanitize"),
    ],
)
def test_what_is_allowed_passes(module: str, text: str) -> None:
    assert list(violations(module, nodes_of(text))) == []
