"""Differences of one figure between two sets of rows: `how much higher is the average fee in Ghent
than in Bruges`, `the difference in revenue between gold and silver members`.

What sets the two apart is told of each side; the figure is told once, or again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from datamind.language.context import Unbuildable
from datamind.language.linking import Linker
from datamind.language.nodes import Node, may_be_number
from datamind.language.sketch import TOLD, Cond, Measure, Mention
from datamind.language.skips import NUMBERS_ASKED
from datamind.language.tables import keywords as K
from datamind.language.tokens import Token
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.walk import below

KINDS = frozenset({"excess", "shortfall"})
_MORE = frozenset("more higher larger bigger greater better longer heavier dearer".split())
_LESS = frozenset("less fewer lower smaller shorter lighter cheaper".split())
_LINKS = frozenset({"is", "was", "are", "were", "do", "does", "did", "or", "has", "have"})
_TESTS = frozenset("vPp>w0BX~r")  # what begins, or is, a condition
_NAMED = 0.88
TIMES = "times"
MINUS = "minus"
# The function of a difference of which `how much` is asked; of one between two sets of rows.
_MUCH, _BOTH, _PERCENT = "much", "both", "percent"
_PARTS = frozenset({"percent", "%", "pct"})
_FIGURES = frozenset({"aggregate", "either"})


def units(tokens: Sequence[Token]) -> Iterator[Unit]:
    """`how many more A than B`, `how much higher is it in A than in B`: the one less the other."""
    lower = [t.lower for t in tokens]
    for at in range(len(tokens) - 2):
        last = at + 3 if (lower[at + 1], lower[at + 2]) in NUMBERS_ASKED else _compared(lower, at)
        if lower[at] != "how" or not last or "than" not in lower[last + 1 :]:
            continue
        kind = "shortfall" if {*lower[at:last]} & _LESS and not _both(lower[at:last]) else "excess"
        asked = kind if "many" in lower[at:last] else f"{kind} {_MUCH}"
        asked = f"{kind} {_PERCENT}" if _PARTS & {*lower[at:last]} else asked
        if "times" in lower[at:last]:  # so many times as much
            asked = f"ratio {TIMES}"
        yield Unit(K.RATIO, at, last, asked, 0.6 * (last - at))
        than = lower.index("than", last + 1)
        yield Unit(K.TO, than, than + 1, "than", 0.6)


def minus(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """`fee minus discount`, `price less cost`: between two things that the data knows."""
    for at in range(1, len(tokens) - 1):
        if tokens[at].lower not in ("minus", "less") or tokens[at + 1].lower == "than":
            continue
        after = at + 1 + (tokens[at + 1].lower in ("the", "its", "their", "our"))
        if linker.matches[at - 1] and after < len(tokens) and linker.matches[after]:
            yield Unit(K.DIFFERENCE, at, at + 1, MINUS, 0.9)


def _compared(lower: Sequence[str], at: int) -> int:
    """Where `how much higher is`, `how many euros more or less is` ends; 0 where it is none."""
    first = at + 2
    if lower[at : at + 2] == ["how", "many"]:
        first += lower[first : first + 1] != [] and lower[first] not in _MORE | _LESS
    elif lower[at : at + 2] != ["how", "much"]:
        return 0
    last = first
    while last < len(lower) and (lower[last] in _MORE | _LESS | _LINKS):
        last += 1
    return last if lower[first : first + 1] and lower[first] in _MORE | _LESS else 0


def _both(words: Sequence[str]) -> bool:
    """`more or less`: whichever it is, the second is taken off the first."""
    return bool(_MORE & set(words) and _LESS & set(words))


def cut_difference(nodes: list[Node]) -> list[Node]:
    """`difference in A between P and Q`, `between the A of P and of Q` as `A of P` less `of Q`; as
    it is where no side has a condition, for then two figures are meant."""
    at = next((i for i, n in enumerate(nodes) if n.code == K.DIFFERENCE), None)
    if at is None or nodes[at].payload == MINUS:
        return nodes
    between = next((i for i in range(at, len(nodes)) if nodes[i].code == K.BETWEEN), at)
    cut = next((i for i in range(between, len(nodes)) if nodes[i].code in (K.AND, K.TO)), None)
    if cut is None:
        return nodes
    left, right = [*nodes[at + 1 : between], *nodes[between + 1 : cut]], nodes[cut + 1 :]
    figure = any(n.code in "cM" for n in left)
    told = any(map(_tests, left)) and any(map(_tests, right))
    if not figure or not told:
        return nodes
    head = Node(K.RATIO, nodes[at].first, nodes[at].last, f"excess {_BOTH}")
    middle = Node(K.TO, nodes[cut].first, nodes[cut].last, "than")
    return [*nodes[:at], head, *left, middle, *right]


def _tests(node: Node) -> bool:
    """Whether it is, or begins, a condition: a flag is one."""
    flag = node.code == "c" and node.payload.candidates[0].type == "boolean"
    return flag or node.code in _TESTS


def as_values(left: Sequence[Node], right: list[Node]) -> None:
    """`online than in store`: what may be a value of the first side's column is one."""
    if [n.code for n in right][-1:] == [K.NOT]:
        del right[:-1]  # `users with a badge and users without`
    told = {c.id for n in left if n.code == "v" for c in n.payload.candidates}
    for node in right:
        if node.code == "c":
            values = tuple(c for c in node.payload.candidates if c.kind == "value" and c.id in told)
            if values:
                node.code, node.payload.candidates = "v", values


def after_noun(nodes: list[Node]) -> list[Node]:
    """gold members spend `on average`: the average belongs to what stands before it."""
    at = next((i for i, n in enumerate(nodes) if n.code == K.AGGREGATE), 0)
    behind = at and nodes[at - 1].code == "c" and nodes[at + 1 : at + 2] == []
    if not behind or not may_be_number(nodes[at - 1].payload):
        return nodes
    return [nodes[at], nodes[at - 1], *nodes[: at - 1]]


def same_figure(left: Measure, right: Measure) -> None:
    """The figure of the second side, where it is told of the first only."""
    _tell_apart(left.where, right.where)
    if left.kind not in _FIGURES or left.target is None or _is_thing(left.target):
        return
    named = right.target
    if named is None and right.kind == "count":
        right.where = right.where or _contrary(left)
    elif named is None or right.kind != "either" or not _is_thing(named):
        return
    else:  # `female members`, where the first are but `male`
        things = {c.table for c in named.candidates if c.kind == "table" and c.score >= _NAMED}
        if not things & _tables(left.target):
            named.role = "relation"
            named.candidates = tuple(c for c in named.candidates if c.kind == "table")
            right.where = [*right.where, Cond("related", named, first=named.first)]
    right.kind, right.function, right.target = left.kind, left.function, left.target


def _is_thing(mention: Mention) -> bool:
    return any(c.kind == "table" and c.score >= _NAMED for c in mention.candidates)


def _tell_apart(left: Sequence[Cond], right: Sequence[Cond]) -> None:
    """`orders with a coupon` and those `without a coupon`: not only a table to join."""
    for one in left:
        if one.kind == "related" and any(_is_contrary(one, other) for other in right):
            one.match = TOLD


def _is_contrary(one: Cond, other: Cond) -> bool:
    if other.kind != "related" or not other.negated or one.subject is None or not other.subject:
        return False
    return one.subject.candidates[0].id == other.subject.candidates[0].id


def _contrary(figure: Measure) -> list[Cond]:
    """What holds for `those without`: the contrary of the one condition of the others."""
    own = _tables(figure.target)
    said = [c for c in figure.where if c.kind != "period" and not _is_own(c.subject, own)]
    told = [c for c in said if c.kind == "value"] or said
    if len(told) != 1:
        return []
    told[0].match = TOLD if told[0].kind == "related" else told[0].match
    return [replace(told[0], negated=not told[0].negated)]


def _is_own(subject: Mention | None, tables: set[str]) -> bool:
    return subject is not None and _is_thing(subject) and bool(_tables(subject) & tables)


def _tables(mention: Mention | None) -> set[str]:
    """The tables that are likely meant, or whose columns are."""
    return {c.table for c in mention.candidates[:3]} if mention is not None else set()


def less(measure: Measure, left: P.Expr, right: P.Expr, view: View) -> P.Expr:
    """The one less the other, where both are figures of one nature."""
    natures = [_nature(side, view) for side in (left, right)]
    if natures[0] != natures[1]:
        raise Unbuildable("figures of two kinds have no difference")
    if measure.function == _MUCH and natures[0] == "count":
        raise Unbuildable("how much is no count")
    held = [n for side in (left, right) for n in below(side, queries=False)
            if isinstance(n, P.Aggregate | P.Metric)]  # fmt: skip
    if measure.function == _BOTH and any(n.where is None for n in held):
        raise Unbuildable("both sides have a condition")
    first, second = (left, right) if measure.kind == "excess" else (right, left)
    made = P.Arithmetic("-", first, second)
    if measure.function == _PERCENT:  # of what it is set against
        return P.Arithmetic("*", P.Value(100), P.Arithmetic("/", made, right))
    return made


def check_parts(left: P.Expr, right: P.Expr, view: View) -> None:
    """`average discount as a percentage of revenue`: an average is no part of a sum."""
    natures = {_nature(left, view), _nature(right, view)}
    if "avg" in natures and natures & {"sum", "count"}:
        raise Unbuildable("an average is no part of a sum")


def _nature(figure: P.Expr, view: View) -> str:
    if isinstance(figure, P.Aggregate):
        return figure.function
    if isinstance(figure, P.Metric):
        metric = view.metrics_by_name[figure.name]
        way = str(metric.aggregation)
        return ("count" if way.startswith("count") else way) if metric.kind == "simple" else "rate"
    return "rate"
