"""The dbt process: reads a project once, then does what its orders say.

Run as a script, with a file of orders (`running.Orders` as JSON) and dbt's options; imports dbt
and nothing of ours, so that dbt's three seconds of imports are paid by nobody else. It limits
itself before it reads a line of the project.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
COULD_NOT_READ = 3


def main(orders: dict[str, Any], options: list[str]) -> int:
    """0 where all needed steps succeeded, 1 where one failed, 3 where the project can't be read."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    read = dbtRunner().invoke(["parse", *options])
    if not isinstance(read.result, Manifest):
        return _told(orders, str(read.exception or ""))
    astray = _astray(read.result, orders["schema"])
    if astray:
        return _told(
            orders,
            f"{astray} would be built outside of the schema {orders['schema']}: let the profile"
            " take `schema` from env_var('DATAMIND_DBT_SCHEMA').",
        )
    steps = orders["steps"]
    # dbt notes in the manifest what it compiled, and compiles wrongly what is noted there. Steps
    # beside the others have their results elsewhere, and a manifest of their own.
    manifest: Any = read.result
    own = {n: manifest.deepcopy() for n, step in enumerate(steps) if step["aside"]}
    for n, step in enumerate(steps):
        runner = dbtRunner(manifest=own.get(n, manifest))
        result = runner.invoke(_arguments(step["words"], options))
        if not result.success and step["needed"]:
            return 1
    return 0


def _arguments(words: list[str], options: list[str]) -> list[str]:
    """The command, the options of all steps, and those of this one, which win."""
    at = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    return [*words[:at], *options, *words[at:]]


def _told(orders: dict[str, Any], reason: str) -> int:
    Path(orders["reason"]).write_text(reason, "utf-8")
    return COULD_NOT_READ


def _astray(manifest: Any, schema: str) -> str:
    """The first node that would not go into the schema (or one named after it), if any must."""
    for node in manifest.nodes.values() if schema else ():
        if node.resource_type not in ("model", "seed", "snapshot") or not node.config.enabled:
            continue
        ephemeral = node.config.materialized == "ephemeral"
        inside = node.schema == schema or node.schema.startswith(f"{schema}_")
        if not (ephemeral or inside):
            return str(node.name)
    return ""


def _limit_ourselves(orders: dict[str, Any]) -> None:
    """Limits that hold for all that the project starts; end when who started us ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != orders["parent"]:
        sys.exit(1)  # it ended before we said so
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name, most in orders["limits"].items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (bound, bound))
    with contextlib.suppress(OSError):
        os.nice(orders["nice"])


if __name__ == "__main__":
    os.umask(0o077)
    gc.set_threshold(20_000, 20, 50)  # as datamind.collecting, and for its reason
    given = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    _limit_ourselves(given)
    sys.exit(main(given, sys.argv[2:]))
