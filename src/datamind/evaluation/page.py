"""A run as one HTML page that needs nothing from outside."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from datamind.commands.render import pretty
from datamind.evaluation.history import Head
from datamind.evaluation.report import (
    ROWS_BY,
    WORST_FIRST,
    reliability,
    scores,
    share,
    totals,
    worst_first,
)
from datamind.evaluation.run import Judged, Outcome

TONES: dict[Outcome, str] = {
    "wrong": "bad", "answered in vain": "bad", "error": "note", "no answer": "note",
    "right": "good", "refused": "good",
}  # fmt: skip


def page(head: Head, judged: Sequence[Judged], missed: Sequence[str] = ()) -> str:
    """The page. All that comes from questions and data is escaped; what is not ours can't run."""
    verdicts = [one.verdict for one in judged]
    counted = Counter(v.outcome for v in verdicts)
    grids = [(by, scores(verdicts, by)) for by in ROWS_BY]
    style, script = _static("page.css"), _static("page.js")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    return environment.from_string(_static("page.html.jinja")).render(
        head=head, missed=missed, totals=totals(verdicts), share=share, pretty=pretty, tones=TONES,
        grids=[(by, grid) for by, grid in grids if len(grid[1]) > 2] or grids[:1],
        bins=reliability(verdicts),
        outcomes=[(outcome, counted[outcome]) for outcome in WORST_FIRST if counted[outcome]],
        cases=sorted(judged, key=lambda one: worst_first(one.verdict)),
        style=Markup(style), style_hash=_hash(style),  # noqa: S704 (ours)
        script=Markup(script), script_hash=_hash(script),  # noqa: S704 (ours)
    )  # fmt: skip


def _static(name: str) -> str:
    return resources.files("datamind.evaluation").joinpath("static", name).read_text("utf-8")


def _hash(text: str) -> str:
    """What a browser knows the text by: no other style or script is taken."""
    return Markup(f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'")  # noqa: S704
