"""The dbt process: reads a project once, then builds, tests and documents it.

Run as a script, with the file that a failure's reason goes to and dbt's options; imports dbt and
nothing of ours, so that dbt's three seconds of imports are paid by nobody else.
"""

from __future__ import annotations

import sys
from pathlib import Path

STEPS = (["build"], ["docs", "generate", "--no-compile"])


def main(reason: Path, options: list[str]) -> int:
    """0 where all steps succeeded, else 1."""
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    read = dbtRunner().invoke(["parse", *options])
    if not isinstance(read.result, Manifest):
        reason.write_text(str(read.exception or ""), "utf-8")
        return 1
    runner = dbtRunner(manifest=read.result)
    return 0 if all(runner.invoke([*step, *options]).success for step in STEPS) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
