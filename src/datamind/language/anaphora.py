"""What `they`, `its` and `those stores` stand for: what the answer before showed, or counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from datamind.language.candidates import Candidate
from datamind.language.index import Index
from datamind.language.sketch import Cond, Formula, Measure, Mention, Sketch
from datamind.language.tables.keywords import RELATING, STOP
from datamind.language.tokens import Token, is_participle
from datamind.language.units import Unit
from datamind.language.wording import tokens_of
from datamind.semantics import plan as P
from datamind.semantics.catalog import Table, View
from datamind.semantics.walk import below
from datamind.semantics.wording import spoken

OWNERS = frozenset({"their", "its", "his", "her"})
SUBJECTS = frozenset({"they", "them", "it", "those", "these", "he", "she"})

_ONE = frozenset({"it", "its", "he", "she", "his", "her"})
# Before a pronoun they say that it is no noun of the same question: `how many orders did they`.
_TURNED = frozenset(
    {"did", "do", "does", "of", "have", "has", "is", "are", "was", "were", "will", "can"}
)
# `does it take`, `is it wise`: of nothing that was said.
_EMPTY = frozenset(
    """take takes took happen true been wise possible worth better necessary safe likely""".split()
)
# What parts clauses: a pronoun behind it stands for what is named before it.
_CLAUSES = frozenset(
    """and or but that which who whose when if as than where while because with before after until
    till since between , : ; . ? -""".split()
)
_FEW_WORDS, _NEAR = 6, 3


def pronoun(tokens: Sequence[Token], units: Sequence[Unit]) -> int | None:
    """The place of the first one that no noun of the question itself explains."""
    named = [u.first for u in units if u.code in "cv"]
    asked = {at for u in units if u.code == "M" for at in range(u.first + 1, u.last)}
    for at, token in enumerate(tokens):
        if at in asked:
            continue  # `the longest it ever took`
        word, follows = token.lower, {t.lower for t in tokens[at + 1 : at + 2]}
        if _is_that(tokens, at):
            return at
        if word not in OWNERS | SUBJECTS or (word == "it" and follows & _EMPTY):
            continue
        parted = bool(_CLAUSES & {t.lower for t in tokens[_opened(tokens) : at]})
        if not any(first < at for first in named):
            return None if parted or (word in OWNERS and at > _NEAR) else at
        turned = tokens[at - 1].lower in _TURNED  # `how many orders did they place`
        if word in SUBJECTS and not parted and (turned or len(tokens) <= _FEW_WORDS):
            return at  # `who supplies it`
    return None


def elided(tokens: Sequence[Token], units: Sequence[Unit]) -> int | None:
    """Where `of them` is left out: `how many converted?`, `how many in Spain?`, with no noun."""
    codes = "".join(u.code for u in units)
    if not re.fullmatch(r"&?#[rif=]*(?:[vP]|c)", codes):
        return None
    last = units[-1]
    best = last.payload[0] if last.code == "c" and isinstance(last.payload, tuple) else None
    if last.code == "c":
        done = is_participle(tokens[last.first]) and tokens[last.first - 1].lower in _WERE
        state = isinstance(best, Candidate) and (best.type == "boolean" or best.kind == "value")
        if not (done or state):
            return None
    return next(u.last for u in units if u.code == "#")


_WERE = frozenset({"was", "were", "is", "are", "got", "been"})


def of_them(tokens: Sequence[Token], at: int) -> list[Token]:
    """The tokens with `of them` put there."""
    near = tokens[at - 1]
    made = [Token(w, w, w, "word", near.start, near.end) for w in ("of", "them")]
    return [*tokens[:at], *made, *tokens[at:]]


def _opened(tokens: Sequence[Token]) -> int:
    """Where the words that open a question end: `show me when`."""
    opening = (n for n, t in enumerate(tokens) if t.lower not in _OPENS)
    return max(1, next(opening, len(tokens)))


_OPENS = frozenset("show list give tell me and when where what which who how".split())


def _is_that(tokens: Sequence[Token], at: int) -> bool:
    """`what percentage is that`, `half of that`; `which is the cheapest one`."""
    token, last = tokens[at], at == len(tokens) - 1
    if at == 1 and token.lower == "that" and tokens[0].lower in ("is", "was", "are", "were"):
        return True  # `is that good?`
    if not last or at == 0 or at > _FEW_WORDS:
        return False
    if token.lower == "that":
        return tokens[at - 1].lower in ("of", "is", "was")
    asks = tokens[0].lower in ("which", "what", "who")
    return asks and token.lower in ("one", "ones") and tokens[1].lower in ("one", *_TURNED)


def spelt_out(tokens: Sequence[Token], at: int, shown: P.Query, index: Index) -> list[Token]:
    """`how much have they spent` with what was shown in the pronoun's place, where that is all
    that the pronoun is: the grammar is of things."""
    said, after = tokens[at], tokens[at + 1 : at + 2]
    meant = thing(shown, index.view)
    part = at > 0 and tokens[at - 1].lower == "of"
    which = part and tokens[at - 2].lower in ("which", "what", "who")
    demonstrative = said.lower in ("those", "these") and bool(after) and _is_noun(after[0])
    if meant is None or said.lower not in SUBJECTS or demonstrative or (part and not which):
        return list(tokens)
    words = meant.entity or spoken(meant.name, "", ())
    noun = [replace(t, start=said.start, end=said.end) for t in tokens_of(words, index)[0]]
    return [*tokens[: at - which], *noun, *tokens[at + 1 :]]


def _is_noun(token: Token) -> bool:
    """`those stores`; not `those are`, `those live in`."""
    verb = token.lower in _TURNED or token.lemma in RELATING
    return token.kind == "word" and not verb and token.lower not in STOP


def thing(shown: P.Query, view: View) -> Table | None:
    """The table whose rows the answer shows, or counts."""
    found = keys_shown(shown, view)
    if found:
        return found[0][0]
    tables = {n.alias: n.table for n in below(shown) if isinstance(n, P.Source | P.Join)}
    counts = [n for n in below(shown) if isinstance(n, P.Aggregate) and n.function == "count"]
    if counts and isinstance(shown.source, P.Source):
        return view.table(tables.get(counts[0].of, shown.source.table))
    for name in (n.name for n in below(shown) if isinstance(n, P.Metric)):
        metric = view.metrics_by_name[name]
        if str(metric.aggregation).startswith("count") and (metric.table or "") in view.by_id:
            return view.table(metric.table or "")
    for test in (n for n in below(shown) if isinstance(n, P.InQuery)):  # `what city is it in`
        if isinstance(test.of, P.Column) and test.of.alias in tables:
            table = view.table(tables[test.of.alias])
            if table.primary_key == (test.of.name,):
                return table
    return None


# Conditions that mean the same beside another figure; of the others the rows are taken.
_PLAIN = frozenset({"value", "period", "compare", "among", "text", "null", "flag", "given"})


def referring(
    sketch: Sketch, earlier: Sketch, shown: P.Query, view: View, said: str, first: int
) -> bool:
    """Ask the new question of the rows that the earlier plan shows or counts; False where neither
    says what is meant."""
    _counted_before(sketch, earlier)
    keys = keys_shown(shown, view)
    if keys:
        _for_each(sketch, keys[0][0], one=said in _ONE, first=first)
    if not earlier.ranks and all(c.kind in _PLAIN for c in earlier.conds):
        counted = any(isinstance(o, Measure) and o.kind == "count" for o in earlier.outputs)
        told = keys or counted or earlier.conds or earlier.related
        grouped = earlier.groups and said != "the"  # `what was the total value?`, of all of them
        if told and not (grouped or _is_filtered(shown, view)):
            within = [c for o in earlier.outputs if isinstance(o, Measure) for c in o.where]
            sketch.conds = [*sketch.conds, *earlier.conds, *within]
            sketch.related = [*sketch.related, *earlier.related]
            return True
        if not keys:
            return False
    rows = _rows(shown, view)
    if rows is None:
        return False
    key = _mention("column", f"{rows[0].id}.{rows[1]}", rows[0], first)
    key.role = "relation"
    test = Formula(P.InQuery(P.Field("?0"), rows[2]), (key,))
    sketch.conds.append(Cond("given", mentions=(key,), formula=test, first=first))
    return True


def _is_filtered(shown: P.Query, view: View) -> bool:
    """Whether a metric counts some rows only: which, no condition of the question says."""
    metrics = [view.metrics_by_name[n.name] for n in below(shown) if isinstance(n, P.Metric)]
    return any(m.filters or m.kind != "simple" for m in metrics)


def _mention(kind: Literal["table", "column"], name: str, table: Table, first: int) -> Mention:
    return Mention(first, first + 1, (Candidate(kind, name, table.id, 1.0, "name"),))


def _rows(shown: P.Query, view: View) -> tuple[Table, str, P.Query] | None:
    """The key of what the answer shows or counts, and the query of the rows' keys."""
    keys = keys_shown(shown, view)
    if keys:
        table, column, output = keys[0]
        told = P.Project((P.Named(output, P.Field(output)),))
        return table, column, replace(shown, steps=(*shown.steps, told))
    steps, source = shown.steps, shown.source
    group = next((s for s in steps if isinstance(s, P.Group)), None)
    if not isinstance(source, P.Source) or group is None or len(group.measures) != 1:
        return None
    count, before = group.measures[0].expr, steps[: steps.index(group)]
    if not isinstance(count, P.Aggregate) or count.function != "count" or group.keys:
        return None
    alias = count.of or source.alias
    tables = {source.alias: source.table, **{j.alias: j.table for j in source.joins}}
    table = view.table(tables[alias])
    if len(table.primary_key) != 1 or count.arg is not None:
        return None
    key = table.primary_key[0]
    where = (P.Filter(count.where),) if count.where is not None else ()
    told = P.Project((P.Named(key, P.Column(alias, key)),), distinct=True)
    return table, key, P.Query(source, (*before, *where, told))


def _counted_before(sketch: Sketch, earlier: Sketch) -> None:
    """`how many of them are open` counts what was counted, or listed, before."""
    counts = [o for o in earlier.outputs if isinstance(o, Measure) and o.kind == "count"]
    thing = counts[0].target if counts else earlier.head
    for output in sketch.outputs:
        if isinstance(output, Measure) and output.kind == "count" and output.target is None:
            output.target = thing


def _for_each(sketch: Sketch, table: Table, *, one: bool, first: int) -> None:
    """`how many orders did they place` is told for each of them."""
    plain = [
        o for o in sketch.outputs
        if (isinstance(o, Measure) and o.kind in ("count", "either") and o.target is not None)
        or (isinstance(o, Mention) and o.candidates and o.candidates[0].kind == "metric")
    ]  # fmt: skip
    counted = [o.target for o in plain if isinstance(o, Measure) and o.target is not None]
    if any(c.candidates[0].table == table.id for c in counted):
        return  # `how many of them`
    if one or len(plain) != len(sketch.outputs) or sketch.groups or not plain:
        return
    entity = _mention("table", table.id, table, first)
    entity.role, entity.each = "group", True
    sketch.groups = [entity]


def keys_shown(plan: P.Query, view: View) -> list[tuple[Table, str, str]]:
    """The tables whose rows the answer tells apart: each with its key and that output's name."""
    nodes = list(below(plan))
    tables = {n.alias: n.table for n in nodes if isinstance(n, P.Source | P.Join)}
    made = {
        n.name: n.expr for n in nodes if isinstance(n, P.Named) and isinstance(n.expr, P.Column)
    }
    last = next((s for s in reversed(plan.steps) if isinstance(s, P.Project | P.Group)), None)
    names = [*last.keys, *last.measures] if isinstance(last, P.Group) else (
        list(last.columns) if last is not None else []
    )  # fmt: skip
    out = []
    for named in names:
        expr = made.get(named.expr.name) if isinstance(named.expr, P.Field) else named.expr
        if isinstance(expr, P.Column) and expr.alias in tables:
            table = view.table(tables[expr.alias])
            if table.primary_key == (expr.name,):
                out.append((table, expr.name, named.name))
    return out
