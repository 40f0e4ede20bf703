"""How fast the demo is built and answers, and how much memory that takes.

The asks run in a process of their own (`python -m benchmarks.asking HOME`), whose tree is weighed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Figure, milliseconds, p50_and_p95, seconds

QUESTIONS = (
    "What is the revenue by product category this year?",
    "Which 5 products have the highest revenue?",
    "How many orders were cancelled last month?",
    "What is the average order value by channel?",
    "Revenue by month in 2025",
    "How many customers are there in each country?",
    "Which customers have never placed an order?",
    "Number of support tickets by priority last quarter",
    "Top 3 stores by revenue",
    "How many orders were placed each week this year?",
    "Return rate by category",
    "List the products with a list price over 200",
)
ROUNDS = 5


def figures(lines: int, home: Path) -> list[Figure]:
    """The demo's figures; it is built in `home`."""
    env = {**os.environ, "DATAMIND_HOME": str(home)}
    command = [str(Path(sys.executable).with_name("datamind"))]
    first = seconds(
        lambda: subprocess.run(
            [*command, "demo", "--once", "--lines", str(lines)],
            env=env, check=True, capture_output=True,
        )
    )  # fmt: skip
    asked = subprocess.run(
        [sys.executable, "-m", "benchmarks.asking", str(home)],
        env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = json.loads(asked.stdout)
    helped = milliseconds(
        [lambda: subprocess.run([*command, "--help"], check=True, capture_output=True)], 10
    )
    return [
        Figure(f"demo of {lines:,} lines: start to first answer", first, "s", 180),
        *p50_and_p95("asking the demo", found["times"], 60, 250),
        Figure("asks of them unanswered", found["unanswered"], "", 0),
        Figure("memory of the processes that ask (PSS)", found["pss"], "MB", 450),
        Figure("datamind --help, slowest of 10", helped[-1], "ms", 300),
    ]


def _ask_all(home: Path) -> dict[str, object]:
    from datamind.commands.wiring import asking, target
    from datamind.pipeline.ask import ask
    from datamind.records import Identity, Question
    from datamind.settings import Settings

    settings = Settings(home=home)
    url, project = target(None, None, settings)
    today = dt.datetime.now().astimezone().date()
    times, unanswered = [], 0
    with asking(url, project, settings) as context:
        asked = [Question(text, Identity("bench"), today) for text in QUESTIONS]
        for question in asked:
            unanswered += ask(question, context).status != "answered"
        for _ in range(ROUNDS):
            times += [ask(question, context).elapsed_ms for question in asked]
        return {"times": sorted(times), "unanswered": unanswered, "pss": pss_of_tree(os.getpid())}


def pss_of_tree(root: int) -> float:
    """Proportional set size of a process and all below it, in MB (proc_pid_smaps_rollup)."""
    total, waiting = 0.0, [root]
    while waiting:
        pid = waiting.pop()
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) / 1024
        for task in Path(f"/proc/{pid}/task").iterdir():
            waiting += map(int, (task / "children").read_text().split())
    return total


if __name__ == "__main__":
    print(json.dumps(_ask_all(Path(sys.argv[1]))))
