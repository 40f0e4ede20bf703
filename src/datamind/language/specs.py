"""Lists at the end of a question that only say what to show: `... - name and amount`.

A list is cut off as a sentence of its own; what of it was asked for already is passed over, the
rest is shown along.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datamind.language import names
from datamind.language.candidates import Candidate
from datamind.language.linking import Linker
from datamind.language.nodes import Node
from datamind.language.per_unit import CODE as PER_UNIT
from datamind.language.sketch import Cond, Measure, Mention, Output, Sketch
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics.catalog import NUMERIC, TEMPORAL

_MARKS = frozenset({"(", "-", ":"})
_LINKS = frozenset({"and", ",", "the", "a", "its", "their", "each", "&", "both", "plus", "with"})
_FORMS = frozenset(
    """only please just first name names number numbers count counts amount amounts
    figure figures total totals value values rate share percentage average code codes""".split()
)
_LONGEST = 12  # words of a list


# Codes that should have been combined into something: left over, they were not understood.
MEANT = frozenset({"n", "p", "w", "d", "v", "z", "l", K.LASTING, K.COUNT, K.AGGREGATE,
                    K.COMPARE, K.BETWEEN, K.NOT, K.RATIO, K.DIFFERENCE, K.OR, K.TEXT, K.NULL,
                    K.SAME, K.DURATION, K.THEM, K.RANK, K.SUPERLATIVE, K.TOP,
                    PER_UNIT})  # fmt: skip


# Words that a sentence on what to show may say again: `Return the channel and the average.`
_SAID_AGAIN = frozenset({K.AGGREGATE, K.COUNT, K.RATIO, K.DIFFERENCE, K.DURATION, K.LASTING})


def cuts(linker: Linker) -> Iterator[Unit]:
    """A full stop for the mark before a list that ends the question."""
    tokens = linker.tokens
    for at in range(3, len(tokens) - 1):
        if tokens[at].text in _MARKS and _lists(linker, at + 1):
            yield Unit(".", at, at + 1, "", 0.3)


_A, _THEIR = frozenset({"a", "an", "any"}), frozenset({"their", "its"})
_SHOWING = frozenset({"show", "list", "give", "display"})


def shown_along(linker: Linker, tokens: list[Token]) -> Iterator[Unit]:
    """`Show the products with prices`, `latest 5 orders with amount`: what is told of each, as
    each has one."""
    marks = (n for n, t in enumerate(tokens) if t.kind == "mark" and t.text in ".?!")
    end = next(marks, len(tokens))
    ranked = any(t.lower in K.SUPERLATIVES or t.lower in ("first", "last") for t in tokens[:4])
    for at in range(2, end - 1):
        many = tokens[end - 1].lower != tokens[end - 1].lemma
        told = many or tokens[at + 1].lower not in _A
        shown = ranked or (tokens[0].lower in _SHOWING and told)
        shown = shown or tokens[at - 1].text == ","  # `shops by age, with city`
        first = at + 1 + (tokens[at + 1].lower in _THEIR)
        if tokens[at].lower == "with" and end - first <= 3 and (shown or told):
            meant = linker.concepts(first, end)
            best = [c for c in meant if c.score > 0.9 * meant[0].score]
            if best and all(_is_filled(linker, c, shown=shown) for c in best):
                yield Unit(K.AND, at, first, "their", 0.7)


def _is_filled(linker: Linker, candidate: Candidate, *, shown: bool) -> bool:
    """Whether every row has it: `with a phone number` else says which are meant. Where nothing asks
    to show it, neither may it be something of which some have none: an amount, a yes."""
    if candidate.kind != "column":
        return False
    column = linker.index.view.column(candidate.id)
    some = column.type == "boolean" or candidate.type == "boolean" or column.additivity == "sum"
    return not column.null_fraction and (shown or not some)


def _lists(linker: Linker, first: int) -> bool:
    rest = linker.tokens[first:]
    while rest and rest[-1].text in (".", "?", ")", "!"):
        rest = rest[:-1]
    if not rest or len(rest) > _LONGEST or rest[0].lower in ("and", "not", "i", "e"):
        return False
    named = [bool(linker.matches[first + n]) for n in range(len(rest))]
    return any(named) and all(
        ok or t.lower in _LINKS or t.lower in _FORMS
        for ok, t in zip(named, rest, strict=True)
    ) and not any(t.kind == "number" for t in rest)  # fmt: skip


def is_bare(clause: Sequence[Unit]) -> bool:
    """Whether a later sentence only lists what to show: `Name and amount.`"""
    codes = {u.code for u in clause}
    shown = codes <= {"c", K.COUNT, K.AGGREGATE, K.COMMA, K.AND, K.DIRECTION, K.WITH, K.OF}
    if not shown or clause[0].code == K.OF:
        return False
    return len(clause) > 1 or _names(clause[0])


def _names(unit: Unit) -> bool:
    """`Names only.`: what names things; another noun alone may explain the question."""
    if unit.code != "c" or not isinstance(unit.payload, tuple):
        return unit.code == K.COUNT
    best: Candidate = unit.payload[0]
    return best.kind == "column" and names.words_of(best.name)[-1] in ("name", "title", "code")


def read(sketch: Sketch, nodes: Sequence[Node]) -> None:
    """What the list adds to what is shown; an order in it counts."""
    measured = bool(sketch.ranks) or any(isinstance(o, Measure) for o in sketch.outputs)
    for node in nodes:
        if node.code == "O":
            sketch.order.extend(node.payload)
        if node.code == "M" and not measured:
            sketch.outputs.append(node.payload)
        if node.code == "c" and _dates(node.payload, sketch):
            continue
        if node.code == "c" and not _is_told(node.payload, sketch, measured=measured):
            mention: Mention = node.payload
            mention.context = sketch.head or _first(sketch.outputs)
            sketch.outputs.append(mention)


def _dates(mention: Mention, sketch: Sketch) -> bool:
    """`in 2024 (booking date)`: which date the period is of."""
    best = mention.candidates[0]
    periods = [c for c in sketch.conds if c.kind == "period" and c.subject is None]
    if best.type not in TEMPORAL or not periods:
        return False
    mention.role = "date"
    for cond in periods:
        cond.subject = mention
    return True


def _first(outputs: Sequence[Output]) -> Mention | None:
    return next((o for o in outputs if isinstance(o, Mention)), None)


def _is_told(mention: Mention, sketch: Sketch, *, measured: bool) -> bool:
    """Whether it was asked for already: the same thing, its name, or the figure."""
    best = mention.candidates[0]
    if measured and best.kind == "metric":
        return True
    said = [m for m in _mentions(sketch) if m is not mention]
    meant = {c.id for c in mention.candidates[:3] if c.score >= best.score - 0.1}
    return any(meant & {c.id for c in m.candidates[:3]} for m in said)


def _mentions(sketch: Sketch) -> Iterator[Mention]:
    for part in (*sketch.outputs, *sketch.groups, *(r.by for r in sketch.ranks), *sketch.related):
        if isinstance(part, Mention):
            yield part
        elif isinstance(part, Measure) and part.target is not None:
            yield part.target


def read_asked(sketch: Sketch, nodes: list[Node]) -> None:
    """A sentence that only says what to show; orders and groups in it still count."""
    outputs: list[Output] = []
    previous = ""
    added = any(n.code == K.AND and n.payload == "also" for n in nodes)
    if sketch.head is None:
        sketch.head = next((o for o in sketch.outputs if isinstance(o, Mention)), None)
    for node in nodes:
        if node.code == "M":
            outputs.append(node.payload)
        elif node.code == "c":
            if previous == K.OF and outputs and isinstance(outputs[-1], Mention):
                node.payload.role = "entity"
                for output in outputs:
                    if isinstance(output, Mention) and output.owner is None:
                        output.owner = node.payload
            elif previous not in (K.IN, K.WITH, K.BY) and not _is_ranked_by(node.payload, sketch):
                outputs.append(node.payload)
        elif node.code == "O":
            sketch.order.extend(node.payload)
        elif node.code == "L" and node.payload.count and not node.payload.extreme:
            sketch.ranks.append(node.payload)  # `..., for the top 3 types by their number`
        elif node.code == "L" and isinstance(node.payload.by, Measure):
            outputs.append(node.payload.by)
        elif node.code == "G":
            sketch.groups.extend(m for m in node.payload)
        elif node.code == "D":
            sketch.distinct = True
        elif node.code == "P" and outputs:
            sketch.conds.append(node.payload)
        elif node.code in MEANT and node.code not in _SAID_AGAIN:
            sketch.unused += 1
        previous = node.code
    for output in outputs:
        mention = output if isinstance(output, Mention) else output.target
        if mention is not None and mention.context is None:
            named = [o for o in (*sketch.outputs, *sketch.groups) if isinstance(o, Mention)]
            mention.context = sketch.head or (named[0] if named else None)
    if added or (len(outputs) == 1 and sketch.outputs and sketch.head is not None):
        sketch.outputs.extend(outputs)
        return
    if outputs:
        kept = [o for o in sketch.outputs if isinstance(o, Measure)]
        if sketch.head is not None and sketch.head in sketch.outputs:
            grain = sketch.head.candidates[0].kind == "grain"
            sketch.head.role = sketch.head.role if grain else "entity"
        _keep_conditions(sketch, outputs)
        _keep_values(sketch)
        sketch.outputs = outputs
        sketch.listed = True
        if kept and not any(isinstance(o, Measure) for o in outputs):
            sketch.outputs = [*outputs, *kept]


def _is_ranked_by(mention: Mention, sketch: Sketch) -> bool:
    """`..., and the amount`: the figure that is ranked by, which is shown along."""
    best = mention.candidates[0]
    targets = [r.by.target for r in sketch.ranks if isinstance(r.by, Measure) and r.by.target]
    if best.kind == "metric":
        return any(best.id == c.id for t in targets for c in t.candidates[:3])
    return best.kind == "column" and best.type in NUMERIC and any(
        c.id == best.id or (c.kind == "table" and c.table == best.table)
        for t in targets for c in t.candidates[:2]
    )  # fmt: skip


def _keep_conditions(sketch: Sketch, outputs: Sequence[Output]) -> None:
    """`How many Fords were sold? Return the total.`: what is no longer shown still narrows."""
    if not any(isinstance(o, Measure) for o in outputs):
        return
    for output in sketch.outputs:
        if isinstance(output, Measure) and output.loose:
            sketch.conds.extend(output.where)
            if output.target is not None:
                output.target.role = "relation"
                sketch.related.append(output.target)


def _keep_values(sketch: Sketch) -> None:
    """`Where is Oslo? Give the country.`: what was asked about is a condition on what is shown."""
    for output in sketch.outputs:
        if isinstance(output, Mention) and output.candidates[0].kind == "value":
            output.role = "value"
            sketch.conds.append(Cond("value", mention=output, first=output.first))
