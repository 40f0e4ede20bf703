"""Sentences: the combined units of a sentence that asks, read into a sketch.

Outputs come up to the first preposition; what follows narrows them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from datamind.language import combine_windows as windows
from datamind.language import specs, top_share
from datamind.language.nodes import Node, may_be_number
from datamind.language.sketch import Cond, Measure, Mention, Output, Rank, Sketch
from datamind.language.tables import keywords as K

_ENDS_SELECT = frozenset({K.WITH, K.IN, "P", "L", "G", "O", K.NOT, K.BY, K.TO, "u"})


@dataclass
class Sentence:
    """A sentence on its way into the sketch: `first` is the one that asks.

    While it selects, what is named is shown; `joined` follows a comma or `and`, `seen` the first
    thing shown; `their` is within `with their name and city`.
    """

    sketch: Sketch
    nodes: list[Node]
    first: bool
    selecting: bool = field(init=False)
    joined: bool = False
    seen: bool = False
    their: bool = False
    previous: str = ""
    negated: Cond | None = None
    both: int | None = None
    about: Mention | None = None
    counted: Mention | None = None
    shown: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        self.selecting = self.first and not _is_fronted(self.nodes)
        self.shown = _shown_at_end(self.nodes) if self.first else frozenset()

    def read(self) -> None:
        """Its nodes in order, into the sketch."""
        kinds = self._kinds()
        for place, node in enumerate(self.nodes):
            kinds.get(node.code, self._other)(place, node)
            self._passed(node)
        if self.both is not None:
            _join_both(self.sketch, self.both)

    def _kinds(self) -> dict[str, Callable[[int, Node], None]]:
        return {
            K.ASK: self._ask, "c": self._named, "M": self._named, "P": self._condition,
            ",": self._joins, "&": self._joins,
        }  # fmt: skip

    def _is_last(self, place: int) -> bool:
        return place == len(self.nodes) - 1

    def _ask(self, place: int, node: Node) -> None:
        if self.first and not self.seen:
            self.sketch.opener = self.sketch.opener or str(node.payload)
        self.selecting = not self.seen or self.selecting or self.previous in "&,"
        if self._is_last(place) and self.seen and self.previous in ("&", ","):
            self.sketch.outputs.extend(tested(self.sketch)[:1])  # `..., and what is it?`

    def _named(self, place: int, node: Node) -> None:
        """A concept or a figure: shown, whose something is, or what narrows."""
        sketch, nodes, thing = self.sketch, self.nodes, node.code == "c"
        if thing and self.joined and _is_left_out(nodes[place - 1], node):
            return
        behind = place > 1 and [n.code for n in nodes[place - 2 : place]] == ["G", K.OF]
        if behind and (not self.seen or _has(node, sketch.groups[-1])):
            node.payload.role = "entity"  # for each kind `of bike`: whose kind
            sketch.groups[-1].owner = node.payload
        elif place in self.shown:
            _select(sketch, node, owner=False)
            if isinstance(node.payload, Mention):
                node.payload.context = self.about
        elif not thing or (
            self.selecting and (not self.seen or self.joined or self.previous == K.OF)
        ):
            _select(sketch, node, owner=self.previous == K.OF and thing)
            self.seen, self.joined = True, False
        elif self.previous == K.OF and sketch.outputs and self.selecting:
            _select(sketch, node, owner=True)
        elif self.joined and (self.their or _repeats_ask(nodes, node) or _possessive(nodes, node)):
            self.their = self.their or _possessive(nodes, node)
            _select(sketch, node, owner=False)
        elif _is_typed_along(self.nodes, place):
            _select(sketch, node, owner=False)
        else:
            self._narrow(node.payload, node.first)

    def _narrow(self, mention: Mention, at: int) -> None:
        mention.role = "relation"
        if self.negated is not None:
            self.negated.within.append(Cond("related", mention, first=at))
        else:
            self.sketch.related.append(mention)
        self.selecting = False

    def _condition(self, place: int, node: Node) -> None:
        sketch, cond = self.sketch, node.payload
        if self.selecting and (self.joined or not self.seen) and _is_shown(self.nodes, place):
            cond.mention.role = "entity"
            sketch.outputs.append(cond.mention)
            self.seen = True
            return
        follows = None if self._is_last(place) else self.nodes[place + 1]
        adjacent = follows is not None and follows.code == "c" and follows.first == node.last
        counts = self.about is None and cond.kind == "value"
        before = self.counted if counts else self.about
        _set_context(cond, follows.payload if adjacent and follows is not None else before)
        if self.negated is not None and not cond.negated and self.previous not in "&,":
            self.negated.within.append(cond)
        else:
            sketch.conds.append(cond)
        if cond.kind == "related" and cond.negated:
            self.negated = cond
        if self.seen:
            self.selecting = self.selecting and self.previous not in _ENDS_SELECT

    def _joins(self, place: int, node: Node) -> None:
        self.joined = True
        self.both = len(self.sketch.conds) if node.payload == "both" else self.both

    def _other(self, place: int, node: Node) -> None:
        """Groups, ranks and orders; what should have been combined and was not."""
        sketch, code, last = self.sketch, node.code, self._is_last(place)
        if code == "D":
            sketch.distinct = True
        elif code == "G":
            sketch.groups.extend(node.payload)
        elif code == "L":
            sketch.ranks.append(node.payload)
        elif code == top_share.CODE:
            sketch.top = node.payload
            sketch.groups.append(node.payload.of)
        elif code == "O":
            sketch.order.extend(node.payload)
        elif code == K.RANK and isinstance(node.payload, Rank):
            windows.rank(sketch, node.payload)
        elif code == "p" and last and _figure(sketch) is not None:
            test = Cond("measure", op=node.payload.op, numbers=(node.payload.value,))
            test.measure, test.first = _figure(sketch), node.first
            sketch.conds.append(test)  # `..., only where it exceeds 1000`
        elif code == K.AGGREGATE and last and tested(sketch):
            sketch.outputs.append(tested(sketch)[0])  # `..., and what is that average?`
        elif code in specs.MEANT and not (
            code == K.COUNT and _is_counted(self.nodes, place, sketch)
        ):
            sketch.unused += 1  # `which ... the most, and how many?` counts what is ranked
        elif code == K.GROUP and (node.payload == "per" or node.last - node.first > 1):
            sketch.unused += 1

    def _passed(self, node: Node) -> None:
        """What the node leaves behind for those after it."""
        code = node.code
        if code in _ENDS_SELECT and self.seen and code not in "LGP":
            self.selecting = False
        if code == "c":
            self.about = node.payload
        elif code == "M" and node.payload.target is not None:
            self.counted = node.payload.target
        if code not in "&,":
            self.joined = self.joined and code not in ("c", "M")
            self.their = self.their and code == "c"
        if code != "P" or self.previous != K.OF:  # `the names of covered stations`
            self.previous = code


def tested(sketch: Sketch) -> list[Output]:
    """The figures that conditions are on."""
    found = (c.measure or (c.subject if c.kind == "compare" else None) for c in sketch.conds)
    return [figure for figure in found if figure is not None]


def _figure(sketch: Sketch) -> Measure | None:
    """The one figure of the groups, if there are groups."""
    figures = [
        Measure("either", target=o, first=o.first) if isinstance(o, Mention) else o
        for o in sketch.outputs
        if isinstance(o, Measure) or o.candidates[0].kind == "metric" or may_be_number(o)
    ]
    return figures[0] if len(figures) == 1 and sketch.groups else None


def _is_counted(nodes: list[Node], place: int, sketch: Sketch) -> bool:
    """Whether the count is known without it: of what is ranked, or of a defined number."""
    last = place == len(nodes) - 1
    return bool(sketch.ranks) if last else nodes[place + 1].code == "M"


def _is_shown(nodes: list[Node], place: int) -> bool:
    """`return agents and ...`: a value that stands for the rows that have it."""
    cond: Cond = nodes[place].payload
    if cond.kind != "value" or cond.mentions or cond.negated or cond.mention is None:
        return False
    if cond.mention.hint is not None:
        return False  # `category = Garden` narrows
    after = nodes[place + 1].code if place + 1 < len(nodes) else ""
    before = nodes[place - 1].code if place else ""
    return before in (K.ASK, K.AND, K.COMMA) and after not in ("c", "M", "L", "P")


def _is_fronted(nodes: list[Node]) -> bool:
    """`among the loans ..., how many`, `for loans of ..., what is`: what comes first narrows."""
    if nodes[0].code not in (K.IN, K.WITH):
        return False
    return any(n.code in (K.ASK, "M") for n in nodes[1:])


def _shown_at_end(nodes: list[Node]) -> frozenset[int]:
    """`orders of Ada with date, status and amount`: a list after `with` is what to show."""
    codes = "".join(n.code for n in nodes)
    found = re.search(rf"(?<=[cP,]){K.WITH}(c(?:,c)*[,&]+c)(?=[,rO]*$)", codes)
    if found is None or nodes[found.start()].payload != "with":
        listed = re.search(r"(?<=[cPLG]),(c(?:[,&]+c)+)(?=[,O]*$)", codes)
        if listed is not None and "q" not in codes[listed.start() :]:
            return frozenset(range(listed.start(1), listed.end(1)))
        return frozenset()
    return frozenset(range(found.start(1), found.end(1)))


def _is_left_out(before: Node, node: Node) -> bool:
    """`..., not counting cancelled orders`: the noun says whose state it is, and nothing else."""
    cond: Cond = before.payload
    if (
        before.code != "P"
        or not cond.negated
        or before.last != node.first
        or cond.kind not in ("value", "related")
    ):
        return False
    if cond.mention is not None and cond.mention.hint is None:
        cond.mention.hint = node.payload
    if cond.subject is not None and cond.subject.owner is None:
        cond.subject.owner = node.payload
    return True


def _set_context(cond: Cond, about: Mention | None) -> None:
    """What a condition's column is likely an attribute of: the thing named before it."""
    for mention in (cond.subject, cond.mention):
        if mention is not None and mention.context is None and mention is not about:
            mention.context = about


def _join_both(sketch: Sketch, first: int) -> None:
    """`both the domain A and the domain B`: two values that must each have a row of their own."""
    pair = sketch.conds[first : first + 2]
    if len(pair) == 2 and all(c.kind == "value" and len(c.mentions) < 2 for c in pair):
        mentions = tuple(c.mention for c in pair if c.mention is not None)
        cond = Cond(
            "value", mention=mentions[0], mentions=mentions, match="both", first=pair[0].first
        )
        sketch.conds[first : first + 2] = [cond]


def _is_typed_along(nodes: list[Node], place: int) -> bool:
    """`depots Ghent floor area`: what is typed last, of rows that are listed, is shown."""
    codes = "".join(n.code for n in nodes)
    if not re.fullmatch("cP+c+", codes) or nodes[place].first != nodes[place - 1].last:
        return False
    of, told = nodes[0].payload.candidates[0], nodes[place].payload.candidates
    own = [c for c in told if c.kind == "column" and c.table == of.id and c.type != "boolean"]
    return of.kind == "table" and bool(own) and own[0].score > told[0].score - 0.1


def _repeats_ask(nodes: list[Node], node: Node) -> bool:
    """Whether an ASK stands right before this node, as in `and what is the ...`."""
    at = nodes.index(node)
    return at > 0 and nodes[at - 1].code == K.ASK


def _possessive(nodes: list[Node], node: Node) -> bool:
    """Whether `and their` stands right before this node."""
    at = nodes.index(node)
    return at > 0 and nodes[at - 1].code == K.AND and nodes[at - 1].payload == "their"


def _has(node: Node, group: Mention) -> bool:
    """Whether it names a table that has what the groups go by: by city `of the depot`."""
    best = node.payload.candidates[0] if isinstance(node.payload, Mention) else None
    if best is None or best.kind != "table" or best.score < _SURE:
        return False
    return any(
        c.kind == "column" and c.table == best.table and c.score >= _SURE for c in group.candidates
    )


_SURE = 0.9


def _select(sketch: Sketch, node: Node, *, owner: bool) -> None:
    payload: Output = node.payload
    of_role = sketch.outputs and _is_role(sketch.outputs[-1])
    if owner and of_role and isinstance(payload, Mention):
        payload.role = "relation"  # the `account holder of` an agreement: who, not which agreement
        sketch.related.append(payload)
        return
    if owner and isinstance(payload, Mention) and sketch.outputs:
        payload.role = "entity"
        for output in reversed(sketch.outputs):
            if isinstance(output, Mention):
                if output.owner is None:
                    output.owner = payload
            elif output.target is not None and output.target.owner is None:
                output.target.owner = payload
        sketch.head = payload
        return
    sketch.outputs.append(payload)


def _is_role(output: Output) -> bool:
    """Whether what is shown are those who have a value: guarantors, account holders."""
    return isinstance(output, Mention) and output.candidates[0].kind == "value"
