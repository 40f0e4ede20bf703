"""One row against another that is named: `bikes dearer than the Atlas`, `who earns more than I`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import cast

from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.linking import Linker
from datamind.language.relations import inner_context
from datamind.language.scope import called
from datamind.language.sketch import Cond, Mention
from datamind.language.stored import value_of
from datamind.language.tables.windows import COMPARED
from datamind.language.tokens import Token, joined, lemma
from datamind.language.units import Unit
from datamind.semantics import plan as P
from datamind.semantics.catalog import Table

KIND = "peer"
_GAIN = 1.2  # for each word: more than for its words one by one
_LONGEST = 5
_SURE = 0.6
_MORE = "higher|greater|larger|bigger|longer|more"
_LESS = "lower|smaller|shorter|fewer|less"
_IS = r"(?:(?:that|which|who) )?(?:(?:are|is|were|was) )?"
_HAS = r"(?:(?:that|which|who) )?(?:with|have|has|having|had) (?:an? )?"
_THAN = r"than(?: (?:that|those) of)?(?: (?:the|our))?"
_FORMS = (
    re.compile(
        rf"(?<!\S)(?:{_IS}(?:(?P<more>more|less) )?(?P<how>[a-z]+)"
        rf"|(?P<does>costs?|earns?|weighs?) (?P<more_>more|less)) {_THAN} (?=\S)"
    ),
    re.compile(
        rf"(?<!\S){_HAS}(?P<more>{_MORE}|{_LESS}) (?P<what>[a-z]+(?: [a-z]+){{0,2}}) {_THAN} (?=\S)"
    ),
    re.compile(
        rf"(?<!\S)(?:{_HAS}|whose )(?P<what>[a-z]+(?: [a-z]+){{0,2}}) (?:(?:is|are|was) )?"
        rf"(?P<more>{_MORE}|{_LESS}) {_THAN} (?=\S)"
    ),
)
_DOWN = frozenset("cheaper shorter lighter smaller less lower fewer".split())


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The comparisons with a row that goes by its name."""
    if not any(t.lower == "than" for t in tokens):
        return
    text, starts, ends = joined(tokens)
    for form in _FORMS:
        for found in form.finditer(text):
            first, name = starts.get(found.start()), starts.get(found.end())
            if first is None or name is None or not first:
                continue
            peer = _named(linker, tokens, name)
            if peer is None:
                continue
            last, value, table = peer
            words = {k: v for k, v in found.groupdict().items() if v}
            column = _compared(linker, words, found, starts, ends, table)
            if column is None or not _is_noun(linker, first, table):
                continue
            op = "<" if _DOWN & set(words.values()) else ">"
            subject = Mention(first, first + 1, (column,), role="measure")
            mention = Mention(name, last, (value,), role="value")
            cond = Cond(KIND, subject, op, mention=mention, first=first)
            yield Unit("P", first, last, cond, _GAIN * (last - first))


def _named(linker: Linker, tokens: Sequence[Token], at: int) -> tuple[int, Candidate, Table] | None:
    """The row that is named at this place: where its name ends, and of which table it is."""
    view = linker.index.view
    for last in range(min(len(tokens), at + _LONGEST), at, -1):
        key = " ".join(t.lower for t in tokens[at:last])
        for column, stored in linker.index.values.get(key, ()):
            table = view.table(view.column(column).table)
            if len(table.display) < 2 and column in [c.id for c in called(table)]:
                return last, value_of(linker.index, column, stored, 1.0, "value"), table
    return None


def _compared(
    linker: Linker, words: dict[str, str], found: re.Match[str], starts: dict[int, int],
    ends: dict[int, int], table: Table,
) -> Candidate | None:  # fmt: skip
    """The number of the table's rows that is compared."""
    if "what" in words:
        low, high = starts[found.start("what")], ends[found.end("what")]
        able = [c for c in linker.concepts(low, high) if c.kind == "column" and c.score >= _SURE]
        own = (c for c in able if c.table == table.id and linker.index.view.column(c.id).is_number)
        return next(own, None)
    for hint in COMPARED.get(lemma(words.get("does") or words["how"]), ()):
        for column in table.columns:
            said = linker.index.column_words.get(column.id, frozenset())
            if column.is_number and column.additivity != "none" and hint in said:
                link = Candidate("column", column.id, table.id, 0.95, "name", type=column.type)
                return link
    return None


def _is_noun(linker: Linker, at: int, table: Table) -> bool:
    """Whether the word before it names rows of the table."""
    found = linker.concepts(at - 1, at)[:1]
    return any(c.kind == "table" and c.id == table.id for c in found)


def than_peer(cond: Cond, ctx: Context) -> P.Predicate:
    """The row's number against that of the row which is named."""
    assert cond.subject is not None and cond.mention is not None
    column, value = ctx.column_of(cond.subject), ctx.meaning(cond.mention)
    if value.value is None:
        raise Unbuildable("compared with nothing")
    outer = ctx.expr(column)
    inner = inner_context(ctx, column.table)
    same = P.Compare("=", inner.scope.column(value.id), P.Value(value.value))
    function: P.Function = "max" if cond.op == ">" else "min"
    figure = P.Named("value", P.Aggregate(function, inner.scope.column(column.id)))
    query = P.Query(inner.scope.source(), (P.Filter(same), P.Group((), (figure,))))
    return P.Compare(cast(P.Comparison, cond.op), outer, P.Scalar(query))
