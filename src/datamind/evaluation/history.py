"""Runs that are kept: one file of JSON Lines each, what was run first, then a verdict a line.

Files and not a table: a run is read as a whole or not at all, the same shape is what `--out` writes
and what a project keeps beside its suite, and no server or schema has to be there for it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from datamind import __version__
from datamind.errors import BadInput, NotFound
from datamind.evaluation.oracle import PLACES
from datamind.evaluation.report import Totals, totals
from datamind.evaluation.run import OUTCOMES, Verdict

log = logging.getLogger(__name__)

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/@-]{0,63}")
LAST = "last"
KNOWN = frozenset({*OUTCOMES, *PLACES})
VERDICT = {f.name for f in dataclasses.fields(Verdict)}
NO_RUN = "`datamind eval history` lists the runs; `--out` writes one to a file."


def weights_version() -> str:
    """Names the weights that readings are ranked by."""
    weights = resources.files("datamind.language").joinpath("weights.json").read_bytes()
    return hashlib.sha256(weights).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Head:
    """What was run, when, and with what: versions of the suite's content, of each database's
    catalog, of the engine's weights and of the product."""

    id: str
    at: str
    suite: str
    suite_version: str
    today: str
    catalogs: Mapping[str, str]
    label: str = ""
    only: Sequence[str] = ()
    weights: str = field(default_factory=weights_version)
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Run:
    """A run: its head, where it has one, and its verdicts; of traces, only how they ended."""

    name: str
    verdicts: tuple[Verdict, ...]
    head: Head | None = None

    @property
    def totals(self) -> Totals:
        """Its figures."""
        return totals(self.verdicts)


def check_label(label: str) -> str:
    """The label; BadInput where it could be taken for something else."""
    if not LABEL.fullmatch(label) or label == LAST:
        raise BadInput(
            f"{label!r} is no label.", hint="Letters, digits and . _ / @ -, such as main or v1.2."
        )
    return label


def keep(folder: Path, run: Run) -> bool:
    """Keep the run, whole or not at all, for its owner alone; whether that could be done."""
    assert run.head is not None
    head = {"run": asdict(run.head), "totals": asdict(run.totals)}
    lines = [head, *(v.as_line() for v in run.verdicts)]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, beside = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(beside).replace(folder / f"{run.head.id}.jsonl")
    except OSError as fault:
        log.warning("the run can't be kept in %s: %s", folder, fault.strerror)
        return False
    return True


def heads(folder: Path, suite: str | None = None) -> list[tuple[Head, Totals]]:
    """The runs that are kept, of one suite or all, oldest first; what is damaged is left out."""
    found = []
    for file in folder.glob("*.jsonl"):
        try:
            with file.open(encoding="utf-8") as lines:
                first = json.loads(lines.readline())
            head, figures = Head(**first["run"]), Totals(**first["totals"])
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("%s is no run", file.name)
            continue
        if suite is None or head.suite == suite:
            found.append((head, figures))
    return sorted(found, key=lambda run: (run[0].at, run[0].id))


def find(folder: Path, name: str, *, against: Head | None = None) -> Run:
    """The run of this name: a file, else the newest of this label, else an id or its beginning;
    `last` is the newest of all. To be held `against` a run: another one, of the same suite."""
    if Path(name).is_file():
        return read(Path(name))
    kept = [head for head, _ in heads(folder, against.suite if against else None)]
    kept = [head for head in kept if against is None or head.id != against.id]
    fitting = [h for h in kept if name == LAST or h.label == name][-1:]
    start = f"run-{name.removeprefix('run-')}"
    fitting = fitting or [h for h in kept if name and h.id.startswith(start)]
    if len(fitting) > 1:
        raise BadInput(f"{name!r} is the beginning of several runs' ids.", hint=NO_RUN)
    if not fitting and against is not None and name in (LAST, against.label, against.id):
        raise BadInput("Both are the same run: its suite has no other.", hint=NO_RUN)
    if not fitting:
        raise NotFound(f"There is no run {name!r}.", hint=NO_RUN)
    return read(folder / f"{fitting[0].id}.jsonl")


def read(file: Path) -> Run:
    """The run in a file: one that was kept, or one of verdicts or traces that `--out` wrote."""
    try:
        lines = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line.strip()]
        head = Head(**lines.pop(0)["run"]) if lines and "run" in lines[0] else None
        verdicts = tuple(map(_verdict, lines))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(
            f"{file.name} has no verdicts.", hint="`datamind eval --out` writes them."
        ) from None
    return Run(head.label or head.id if head else file.name, verdicts, head)


def _verdict(line: Mapping[str, Any]) -> Verdict:
    """A line's verdict. A trace has a place in place of an outcome; a field that is not there, as
    in a file of an older version, is empty."""
    outcome = line["outcome"] if "outcome" in line else line["place"]
    if outcome not in KNOWN:
        raise ValueError(outcome)
    usual = {"set": "all", "database": "", "question": "", "confidence": 0.0, "elapsed_ms": 0.0}
    kept = {name: value for name, value in line.items() if name in VERDICT}
    listed = {name: tuple(kept.get(name) or ()) for name in ("tags", "after")}
    return Verdict(**{**usual, **kept, **listed, "id": str(line["id"]), "outcome": outcome})
