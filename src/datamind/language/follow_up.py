"""Follow-ups: `and for Texas?`, `by month instead`, `only the top 5`, as edits of what was asked.

The sketch of the earlier question is changed where the new words say something else in its place,
and built anew; nothing that was asked before is guessed from its SQL.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from datamind.language.assemble import assemble
from datamind.language.calendar import Period, move
from datamind.language.candidates import Candidate
from datamind.language.nodes import Node, to_nodes
from datamind.language.patterns import combine
from datamind.language.sketch import Cond, Measure, Mention, Output, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.walk import below

_LEADS = (
    ("and",), ("what", "about"), ("how", "about"), ("only",), ("just",), ("instead",), ("same",),
    ("the", "same"), ("now",), ("but",), ("also",), ("no",), ("then",), ("ok",), ("without",),
    ("excluding",), ("except",), ("i", "meant"), ("i", "mean"), ("rather",), ("not",), ("or",),
    ("by",), ("per",), ("for",), ("in",), ("sorted",), ("sort",), ("order",), ("ordered",),
    ("top",), ("grouped",), ("broken",), ("split",), ("last",), ("this",), ("since",), ("during",),
    ("more", "than"), ("less", "than"), ("with",), ("as",), ("at",), ("on",), ("from",), ("show",),
    ("make", "it"), ("change",),
)  # fmt: skip
SURE_LEADS = frozenset({"and", "what", "how", "only", "just", "instead", "same", "but", "also",
                        "i", "rather", "make", "change", "no"})  # fmt: skip
_PARTING = frozenset({"by", "per", "split", "grouped", "broken"})  # no question begins with them
_ADDING = frozenset({"also", "too", "additionally", "well", "plus", "further"})
_ANAPHORS = frozenset({"those", "these", "them", "they", "their"})
_IGNORED = frozenset({K.AND, K.ASK, K.COMMA, K.IN, K.OF, K.WITH, K.TO, K.SAME, K.OR, "D", "."})
_LEAD_WORDS = frozenset({"meant", "mean", "instead", "rather", "change", "make"})
MOST_WORDS, _FEW = 12, 4
_FIRST_YEAR, _LAST_YEAR = 1900, 2100


def leans(tokens: Sequence[Token]) -> bool:
    """Whether the words can be meant as a change of what was asked before."""
    words = tuple(t.lower for t in tokens if t.kind != "mark")
    return len(words) <= MOST_WORDS and (
        "instead" in words or len(words) <= 3 or any(words[: len(p)] == p for p in _LEADS)
    )


def leans_surely(tokens: Sequence[Token]) -> bool:
    """Whether they can hardly be meant otherwise."""
    words = [t.lower for t in tokens if t.kind != "mark"]
    about = words[1:2] == ["about"]
    parts = bool(words) and words[0] in _PARTING and len(words) <= _FEW
    return "instead" in words or parts or (
        bool(words) and words[0] in SURE_LEADS and (words[0] not in ("what", "how") or about)
        and len(words) <= MOST_WORDS
    )  # fmt: skip


def refers(tokens: Sequence[Token]) -> bool:
    """Whether it asks something new of what was found: `what did those customers spend?`."""
    return bool(_ANAPHORS & {t.lower for t in tokens})


def changed(
    sketch: Sketch, changes: Sequence[Sequence[Unit]], said: Sequence[Sequence[Token]]
) -> Sketch | None:
    """The sketch after each of the changes; None where one says what can't be placed."""
    for units, tokens in zip(changes, said, strict=True):
        if refers(tokens) and not leans_surely(tokens):
            asked = assemble(units)
            if not referring(asked, sketch):
                return None
            sketch = asked
        elif not (
            _moved(sketch, tokens) or edited(sketch, units, [t.lower for t in tokens])
        ):  # fmt: skip
            return None
    return sketch


_BEFORE = re.compile(
    r"\b(?:(?:the )?(?P<grain>day|week|month|quarter|year) (?:before|earlier|prior)(?: that)?"
    r"|the (?:previous|preceding|prior) (?P<other>day|week|month|quarter|year))\b"
)


def _moved(sketch: Sketch, tokens: Sequence[Token]) -> bool:
    """`and the month before?`: the period of before, moved back."""
    found = _BEFORE.search(" ".join(t.lower for t in tokens))
    places = [n for n, c in enumerate(sketch.conds) if c.kind == "period" and c.period]
    if found is None or len(places) != 1:
        return False
    cond, grain = sketch.conds[places[0]], found["grain"] or found["other"]
    period = cond.period
    if period is None or period.low is None or period.high is None:
        return False
    back = replace(
        period, low=move(period.low, grain, -1), high=move(period.high, grain, -1), year=None
    )
    sketch.conds[places[0]] = replace(cond, period=back)
    return True


def edited(sketch: Sketch, units: Sequence[Unit], words: Sequence[str]) -> bool:
    """Change the sketch as the units say; False where they say what can't be placed."""
    adding = bool(_ADDING & set(words))
    nodes = combine(to_nodes([u for u in units if u.payload not in _LEAD_WORDS]))
    changed = False
    for place, node in enumerate(nodes):
        if node.code in _IGNORED:
            continue
        before = nodes[place - 1].code if place else ""
        if not _apply(sketch, node, before, adding=adding):
            return False
        changed = True
    return changed


def _apply(sketch: Sketch, node: Node, before: str, *, adding: bool) -> bool:
    if node.code == K.COMPARE and node.payload == "=":
        return True  # `just`
    year = int(node.payload) if node.code == "n" and isinstance(node.payload, float) else 0
    if _FIRST_YEAR <= year <= _LAST_YEAR:
        whole = Period(dt.date(year, 1, 1), dt.date(year + 1, 1, 1), "year", year=year)
        _narrow(sketch, Cond("period", period=whole, first=node.first))
    elif node.code == "P":
        _narrow(sketch, node.payload)
    elif node.code == "G" or (node.code == "c" and before == K.BY):
        mentions: list[Mention] = node.payload if node.code == "G" else [node.payload]
        _group(sketch, mentions, adding=adding)
    elif node.code == "L":
        _rank(sketch, node.payload)
    elif node.code == "O":
        sketch.order = list(node.payload)
    elif node.code in ("M", "c"):
        _show(sketch, node.payload, adding=adding)
    else:
        return False
    return True


def _rank(sketch: Sketch, rank: Rank) -> None:
    """So many of those there were, by what ranked them, or by the figure that is shown."""
    known = next((r for r in sketch.ranks if r.by is not None), None)
    if rank.by is None and known is not None:
        rank = replace(known, count=rank.count, descending=rank.descending, extreme=False)
    elif rank.by is None and sketch.groups:
        figure = next((o for o in sketch.outputs if isinstance(o, Measure) or _is_figure(o)), None)
        if isinstance(figure, Mention):
            figure.role = "order"
        rank = replace(rank, by=figure)
        for group in sketch.groups:
            group.role = "entity"
        shown = [o for o in sketch.outputs if o not in sketch.groups and o is not figure]
        if isinstance(figure, Measure):
            shown = [*shown, figure]
        sketch.outputs = [*sketch.groups, *shown]
        sketch.head, sketch.groups = sketch.groups[0], []
    sketch.ranks, sketch.order = [rank], []


def _narrow(sketch: Sketch, cond: Cond) -> None:
    """A condition takes the place of one on the same thing, else it is one more."""
    about = set(_columns(cond))
    kept = [c for c in sketch.conds if not _replaces(cond, c, about)]
    for measure in _measures(sketch.outputs):
        measure.where = [c for c in measure.where if not _replaces(cond, c, about)]
    sketch.conds = [*kept, cond]


def _replaces(new: Cond, old: Cond, about: set[str]) -> bool:
    if new.kind == "period" and old.kind == "period":
        return new.subject is None or old.subject is None or bool(about & set(_columns(old)))
    if "period" in (new.kind, old.kind) or new.negated != old.negated:
        return False
    return bool(about & set(_columns(old)))


def _columns(cond: Cond) -> Iterator[str]:
    for mention in (cond.subject, cond.mention, *cond.mentions):
        if mention is not None:
            yield from (c.id for c in _best(mention) if c.kind in ("column", "value"))
    for part in cond.parts:
        yield from _columns(part)


def _best(mention: Mention) -> Sequence[Candidate]:
    return mention.candidates[:2]


def _measures(outputs: Sequence[Output]) -> Iterator[Measure]:
    for output in outputs:
        if isinstance(output, Measure):
            yield output
            yield from (side for side in (output.left, output.right) if side is not None)


def _group(sketch: Sketch, mentions: list[Mention], *, adding: bool) -> None:
    if len(mentions) == 1 and _is_figure(mentions[0]) and any(r.count for r in sketch.ranks):
        mentions[0].role = "measure"  # `top 10 by revenue`, `by quantity instead`
        by = Measure("either", target=mentions[0], first=mentions[0].first)
        sketch.ranks = [replace(r, by=by) for r in sketch.ranks if r.count]
        return
    for mention in mentions:
        mention.role = "group"
    shown = [o for o in sketch.outputs if isinstance(o, Measure) or _is_figure(o)]
    if shown and not adding:  # what was shown beside the figure were the groups of before
        sketch.outputs = list(shown)
        sketch.head = None
    sketch.groups = [*(sketch.groups if adding else ()), *mentions]
    sketch.ranks = [r for r in sketch.ranks if isinstance(r.by, Measure)]
    sketch.order = []


def _is_figure(mention: Mention) -> bool:
    best = mention.candidates[0] if mention.candidates else None
    return best is not None and (
        best.kind == "metric"
        or (best.kind == "column" and best.type in ("integer", "decimal", "float"))
    )


def _show(sketch: Sketch, payload: Output, *, adding: bool) -> None:
    """Another figure, or one more; of things, which are shown is as it was."""
    figure = isinstance(payload, Measure) or _is_figure(payload)
    if isinstance(payload, Mention) and not figure:
        payload.role = "relation"
        sketch.related.append(payload)
        return
    kept = [o for o in sketch.outputs if not (isinstance(o, Measure) or _is_figure(o))]
    sketch.outputs = [*sketch.outputs, payload] if adding else [*kept, payload]
    sketch.ranks = [replace(r, by=None) for r in sketch.ranks if r.count] if not adding else (
        sketch.ranks
    )  # fmt: skip
    sketch.order = sketch.order if adding else []


def agreement(plan: P.Query, earlier: P.Query) -> float:
    """How many of the columns that the earlier plan's conditions are on the plan has, 0 to 1: what
    was understood once is meant so still."""
    before = _tested(earlier)
    return len(before & _tested(plan)) / len(before) if before else 1.0


def _tested(plan: P.Query) -> set[tuple[str, str]]:
    nodes = list(below(plan))
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    filters = [n.where for n in nodes if isinstance(n, P.Filter)]
    return {
        (tables.get(c.alias, c.alias), c.name)
        for where in filters for c in below(where) if isinstance(c, P.Column)
    }  # fmt: skip


def referring(sketch: Sketch, earlier: Sketch) -> bool:
    """Give a new question the conditions that the earlier one had; False where its rows were
    chosen by a rank or by their groups, which no condition says."""
    if any(r.count for r in earlier.ranks) or not (earlier.conds or earlier.related):
        return False
    sketch.conds = [*sketch.conds, *(c for c in earlier.conds if c.kind != "measure")]
    sketch.related = [*sketch.related, *earlier.related]
    return True
