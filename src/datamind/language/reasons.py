"""Reasons: a why-question becomes the plans that take its change apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from datamind.errors import DataMindError
from datamind.language import drill, why
from datamind.language.graph import Graph
from datamind.language.refusal import by_form
from datamind.language.tokens import Token
from datamind.records import Candidate, Drill, Interpretation, Question, Refusal, Turn
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.check import check
from datamind.semantics.describe import describe

SURE = 0.95  # of what was answered before, which nobody objected to
NOTHING = Refusal("nothing_to_explain", "There is no answer before this whose change to explain.")
NO_PERIODS = Refusal(
    "nothing_to_explain",
    "To explain a change takes one figure for two periods, or for one that has one before it.",
)
_METHODS = {
    "sum": "a member's share of the change is its own change as a part of the whole",
    "ratio": "a member is credited with its change of weight (mix) and that of its own rate",
    "none": "what several members may share does not add up, so that no shares are told",
}


def read(
    question: Question, asked: why.Why, graph: Graph, homes: Mapping[str, str],
    figure: Callable[[Question], Interpretation],
) -> Interpretation:  # fmt: skip
    """The whole change and its cuts, or why there are none. `figure` reads a question that stands
    alone; one that names no period is about those of the figure's own answer before."""
    turns = why.without(question.earlier)
    if asked.about:
        base = figure(replace(question, text=asked.about, earlier=()))
        if base.status != "answered":
            return _refused(by_form(question.text) or base.refusal or NO_PERIODS, base.unresolved)
        plan, assumed, sure = (
            base.candidates[0].plan,
            base.candidates[0].assumptions,
            base.confidence,
        )
    else:
        if not turns:
            return _refused(NOTHING)
        plan, assumed, sure = turns[-1].plan, (_explains(turns[-1]),), SURE
    comparison = drill.compared(plan, question.today, graph, homes, asked.back)
    before = drill.asked_before(plan, turns[-1].plan) if turns and asked.about else None
    if comparison is None and before is not None:
        assumed = (*assumed, _explains(turns[-1]))
        comparison = drill.compared(before, question.today, graph, homes, asked.back)
    plans = _sound(drill.drilled(comparison, graph), graph.view) if comparison else []
    if comparison is None or not plans:
        return _refused(NO_PERIODS)
    spans = comparison.spans
    notes = [*assumed, f"{spans.after} is set against {spans.before}"]
    if spans.partial:
        notes.append("the later period is not over: both are taken up to the same day")
    if spans.begins is not None:
        notes.append(f"the data begins on {spans.begins.isoformat()}, within what is compared")
    notes.append(_METHODS[comparison.method])
    return Interpretation(
        "answered", tuple(Candidate(p, 1.0, assumptions=tuple(notes)) for _, p in plans), sure,
        drill=Drill(
            comparison.measure.name, str(spans.before), str(spans.after), comparison.method,
            asked.direction, tuple(name for name, _ in plans[1:]),
            tuple(describe(_plain(comparison, p), graph.view) for _, p in plans),
            check(_plain(comparison, plans[0][1]), graph.view)[-1].unit,
        ),
    )  # fmt: skip


def _explains(turn: Turn) -> str:
    return f"explains: {turn.text}"


def unread(names: tuple[str, ...]) -> Interpretation:
    """The refusal of a question whose words are defined in a way that is not understood."""
    reason = f"The definition of {', '.join(names)} is not understood."
    return _refused(Refusal("not_understood", reason, names), names)


def _refused(refusal: Refusal, unresolved: tuple[str, ...] = ()) -> Interpretation:
    return Interpretation("refused", (), SURE, unresolved, refusal=refusal)


def _sound(plans: list[tuple[str, P.Query]], view: View) -> list[tuple[str, P.Query]]:
    """Those that hold; none where the whole change does not."""
    found = []
    for name, plan in plans:
        try:
            check(plan, view)
        except DataMindError:
            if not name:
                return []
            continue
        found.append((name, plan))
    return found


def _plain(comparison: drill.Comparison, plan: P.Query) -> P.Query:
    """What is compared, as a plan of the measure alone: how it is pivoted says nothing more."""
    inner = plan.source
    assert isinstance(inner, P.Query)
    where, group = inner.steps
    assert isinstance(group, P.Group)
    keys = tuple(k for k in group.keys if k.name != drill.PERIOD)
    return P.Query(inner.source, (where, P.Group(keys, (comparison.measure,))))


def unplaced(tokens: Sequence[Token], at: int | None) -> Interpretation:
    """Words that lean on the question before, of which it can't be told how."""
    missing = () if at is None else (tokens[at].text,)
    reason = "How this goes on from the question before can't be told. Ask it in full."
    return Interpretation(
        "refused", (), SURE, missing, refusal=Refusal("not_understood", reason, missing)
    )
