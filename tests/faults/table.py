"""Prints the fault table at the end of a run: what users saw of each fault, and for how long."""

from __future__ import annotations

import json
from typing import Any

HEAD = ("fault", "modes", "detected", "recovered", "asks meanwhile", "slowest ask", "/health")
KEPT = "fault"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The table, where there is something to tell."""
    rows = [
        json.loads(value)
        for report in terminalreporter.stats.get("passed", [])
        for name, value in getattr(report, "user_properties", ())
        if name == KEPT
    ]
    if rows:
        terminalreporter.section("what faults did")
        for row in (HEAD, *rows):
            terminalreporter.write_line("| " + " | ".join(row) + " |")
