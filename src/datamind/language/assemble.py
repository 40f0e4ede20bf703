"""Assembly: combined units of a question, clause by clause, become a sketch of what it asks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from datamind.language import combine_windows as windows
from datamind.language import specs, top_share
from datamind.language.nodes import Node, may_be_number, to_nodes
from datamind.language.patterns import combine
from datamind.language.ratios import cut_ratios
from datamind.language.sketch import Cond, Measure, Mention, Output, Rank, Sketch
from datamind.language.tables import keywords as K
from datamind.language.units import Unit

_ENDS_SELECT = frozenset({K.WITH, K.IN, "P", "L", "G", "O", K.NOT, K.BY, K.TO, "u"})


def assemble(units: Sequence[Unit]) -> Sketch:
    """The sketch of a question cut into units."""
    sketch = Sketch()
    sketch.unknown = [str(u.payload) for u in units if u.code == "u"]
    clauses = _clauses(units)
    for number, clause in enumerate(clauses):
        nodes, sketch.over = windows.lift(to_nodes(clause), sketch.over)
        nodes = cut_ratios(top_share.cut_top(nodes))
        if not nodes:
            continue
        if number and sketch.outputs and _asks(clause):
            specs.read_asked(sketch, combine(nodes))
        elif number and sketch.outputs and specs.is_bare(clause):
            specs.read(sketch, combine(nodes))
        else:
            _read(sketch, combine(nodes), first=number == 0 or not sketch.outputs)
    _settle(sketch)
    windows.settle(sketch)
    return sketch


def _clauses(units: Sequence[Unit]) -> list[list[Unit]]:
    """Sentences; a new one starts after a full stop or question mark."""
    out: list[list[Unit]] = [[]]
    for unit in units:
        if unit.code == ".":
            out.append([])
        else:
            out[-1].append(unit)
    return [clause for clause in out if clause]


def _asks(clause: Sequence[Unit]) -> bool:
    """Whether a later sentence only says what to show: `Return the id and name.`"""
    lead = [u for u in clause if u.code not in ",&"]
    return bool(lead) and lead[0].code == K.ASK and str(lead[0].payload) == "list"


def _read(sketch: Sketch, nodes: list[Node], *, first: bool) -> None:
    """A sentence that asks: outputs up to the first preposition, then what narrows them."""
    selecting, joined, seen = first and not _is_fronted(nodes), False, False
    previous = ""
    negated: Cond | None = None
    both: int | None = None
    shown = _shown_at_end(nodes) if first else frozenset()
    about: Mention | None = None
    counted: Mention | None = None
    their = False  # within `with their name and city`
    for place, node in enumerate(nodes):
        code = node.code
        if code == K.ASK:
            if first and not seen:
                sketch.opener = sketch.opener or str(node.payload)
            selecting = True if not seen else selecting or previous in "&,"
            if place == len(nodes) - 1 and seen and previous in ("&", ","):
                sketch.outputs.extend(_tested(sketch)[:1])  # `..., and what is it?`
        elif code == "D":
            sketch.distinct = True
        elif code == "c" and joined and _is_left_out(nodes[place - 1], node):
            pass
        elif code in ("c", "M"):
            if place > 1 and not seen and [n.code for n in nodes[place - 2 : place]] == ["G", K.OF]:
                node.payload.role = "entity"  # for each kind `of bike`: whose kind
                sketch.groups[-1].owner = node.payload
            elif place in shown:
                _select(sketch, node, owner=False)
                if isinstance(node.payload, Mention):
                    node.payload.context = about
            elif code == "M" or (selecting and (not seen or joined or previous == K.OF)):
                _select(sketch, node, owner=previous == K.OF and code == "c")
                seen, joined = True, False
            elif previous == K.OF and code == "c" and sketch.outputs and selecting:
                _select(sketch, node, owner=True)
            elif joined and (their or _repeats_ask(nodes, node) or _possessive(nodes, node)):
                their = their or _possessive(nodes, node)
                _select(sketch, node, owner=False)
            else:
                node.payload.role = "relation"
                target = negated.within if negated is not None else None
                if target is not None:
                    target.append(Cond("related", node.payload, first=node.first))
                else:
                    sketch.related.append(node.payload)
                selecting = False
        elif code == "P" and selecting and (joined or not seen) and _is_shown(nodes, place):
            mention = node.payload.mention
            mention.role = "entity"
            sketch.outputs.append(mention)
            seen = True
        elif code == "P":
            cond: Cond = node.payload
            follows = nodes[place + 1] if place + 1 < len(nodes) else None
            adjacent = follows is not None and follows.code == "c" and follows.first == node.last
            before = counted if about is None and cond.kind == "value" else about
            _set_context(cond, follows.payload if adjacent and follows is not None else before)
            if negated is not None and not cond.negated and previous not in "&,":
                negated.within.append(cond)
            else:
                sketch.conds.append(cond)
            if cond.kind == "related" and cond.negated:
                negated = cond
            if seen:
                selecting = selecting and previous not in _ENDS_SELECT
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
        elif code in "&,":
            joined = True
            both = len(sketch.conds) if node.payload == "both" else both
        elif code == "p" and place == len(nodes) - 1 and _figure(sketch) is not None:
            test = Cond("measure", op=node.payload.op, numbers=(node.payload.value,))
            test.measure, test.first = _figure(sketch), node.first
            sketch.conds.append(test)  # `..., only where it exceeds 1000`
        elif code == K.AGGREGATE and place == len(nodes) - 1 and _tested(sketch):
            sketch.outputs.append(_tested(sketch)[0])  # `..., and what is that average?`
        elif code in specs.MEANT and not (code == K.COUNT and _is_counted(nodes, place, sketch)):
            sketch.unused += 1  # `which ... the most, and how many?` counts what is ranked
        elif code == K.GROUP and (node.payload == "per" or node.last - node.first > 1):
            sketch.unused += 1
        if code in _ENDS_SELECT and seen and code not in "LGP":
            selecting = False
        if code == "c":
            about = node.payload
        elif code == "M" and node.payload.target is not None:
            counted = node.payload.target
        if code not in "&,":
            joined = joined and code not in ("c", "M")
            their = their and code == "c"
        if code != "P" or previous != K.OF:  # `the names of covered stations`
            previous = code
    if both is not None:
        _join_both(sketch, both)


def _tested(sketch: Sketch) -> list[Output]:
    """The figures that conditions are on."""
    tested = (c.measure or (c.subject if c.kind == "compare" else None) for c in sketch.conds)
    return [figure for figure in tested if figure is not None]


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


def _repeats_ask(nodes: list[Node], node: Node) -> bool:
    """Whether an ASK stands right before this node, as in `and what is the ...`."""
    at = nodes.index(node)
    return at > 0 and nodes[at - 1].code == K.ASK


def _possessive(nodes: list[Node], node: Node) -> bool:
    """Whether `and their` stands right before this node."""
    at = nodes.index(node)
    return at > 0 and nodes[at - 1].code == K.AND and nodes[at - 1].payload == "their"


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


def _settle(sketch: Sketch) -> None:
    """What the parts say together: the head, bare tops and their order, superlatives of outputs."""
    mentions = [o for o in sketch.outputs if isinstance(o, Mention)]
    before = next((m for m in sketch.related if mentions and m.first < mentions[0].first), None)
    for mention in mentions:
        if mention.context is None and mention.owner is None:
            mention.context = before
    if sketch.head is None and mentions and not sketch.listed:
        sketch.head = mentions[0]
    if sketch.head is None and sketch.related and not sketch.outputs:
        sketch.head = sketch.related.pop(0)
        sketch.head.role = "entity"
        sketch.outputs.append(sketch.head)
    _merge_ranks(sketch)
    _count_again(sketch)
    bare = len(sketch.outputs) == 1 and not (sketch.ranks or sketch.order or sketch.related)
    told = sketch.groups or (bare and all(c.kind == "period" for c in sketch.conds))
    for mention in mentions if told and sketch.opener not in ("list", "which") else ():
        mention.summed = True
    _adopt(sketch)
    measured = [o for o in sketch.outputs if isinstance(o, Measure)]
    measured += [r.by for r in (*sketch.ranks, *sketch.order) if isinstance(r.by, Measure)]
    if len(measured) == 1 and measured[0].loose:
        sketch.conds.extend(measured[0].where)
        measured[0].where = []


def _count_again(sketch: Sketch) -> None:
    """`..., and how many`: of what there are more than two, or of what there is the most."""
    again = [o for o in sketch.outputs if isinstance(o, Measure) and o.again]
    counted = [c for c in sketch.conds if c.kind == "related" and c.numbers and not c.negated]
    for output in again:
        figures = [t for t in _tested(sketch) if isinstance(t, Measure)]
        if len(figures) == 1:
            sketch.outputs[sketch.outputs.index(output)] = figures[0]
        elif counted:
            output.target, output.where = counted[0].subject, counted[0].within
        elif sketch.ranks:
            sketch.outputs.remove(output)  # what the rank is by is shown along
        elif output.function == "sum":
            sketch.unused += 1


def _adopt(sketch: Sketch) -> None:
    """`among the accounts ..., how many have a loan?`: the count is of what was named before."""
    for output in sketch.outputs:
        if not isinstance(output, Measure) or output.kind != "count" or output.target is not None:
            continue
        if output.where and not output.loose:
            continue
        before = [m for m in sketch.related if m.first < output.first]
        if before:
            sketch.related.remove(before[0])
            before[0].role = "entity"
            output.target = before[0]


def _merge_ranks(sketch: Sketch) -> None:
    """`top 3 ... with the highest ...`: one rank, its number from one, its order from the other."""
    bare = [r for r in sketch.ranks if r.by is None and not (r.extreme and r.hints)]
    full = [r for r in sketch.ranks if r not in bare]
    merged: list[Rank] = []
    if bare and full:
        top = bare[0]
        if not top.extreme:
            full[0].count, full[0].extreme = top.count, False
        merged = full
    elif bare:
        top = bare[0]
        if sketch.order and sketch.order[0].by is not None:
            lead = sketch.order.pop(0)
            top.by, top.descending = lead.by, top.descending
        merged = [top]
    else:
        merged = full
    sketch.ranks = merged
