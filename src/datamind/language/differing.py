"""Two references of a row to one kind of thing: `rides that ended at a different stop from where
they began`, `parcels packed and checked by the same person`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datamind.language.candidates import Candidate
from datamind.language.kinds import role_words
from datamind.language.linking import Linker
from datamind.language.sketch import Cond, Mention
from datamind.language.tokens import Token, is_participle, joined, stem
from datamind.language.units import Unit
from datamind.semantics.catalog import Relationship

_SURE = 0.5
_GAIN = 1.2  # for each word: more than for its words one by one
_FORM = re.compile(
    r"(?<!\S)(?:(?:in|at|to|into|on|from|by|with|through) )?"
    r"(?:(?P<apart>a different|another) (?P<noun>[a-z]+(?: [a-z]+)?)"
    r" (?:from|than|to) (?:the one|the|that|where|which|what|it|they)(?: [a-z]+){0,8}?"
    r"|the same (?P<noun_>[a-z]+(?: [a-z]+)?))(?= [,.?!;]|$)"
)


def units(linker: Linker, tokens: Sequence[Token]) -> Iterator[Unit]:
    """The condition that a row's two references differ, or are the same."""
    if not any(t.lower in ("different", "another", "same") for t in tokens):
        return
    text, starts, ends = joined(tokens)
    for found in _FORM.finditer(text):
        first, last = starts.get(found.start()), ends.get(found.end())
        if first is None or last is None:
            continue
        noun = "noun" if found["apart"] else "noun_"
        what = range(starts[found.start(noun)], ends[found.end(noun)])
        pair = _pair(linker, what, told=not found["apart"])
        if pair is not None:
            one, other = (_mention(r, first, last) for r in pair)
            op = "!=" if found["apart"] else "="
            cond = Cond("columns", one, op, mention=other, first=first)
            first = _verb(tokens, first) if found["apart"] else first
            yield Unit("P", first, last, cond, _GAIN * (last - first))


def _verb(tokens: Sequence[Token], at: int) -> int:
    """Where the verb of it stands, alone or with what was done: `dropped their load` at another."""
    back = 1 if tokens[at - 1].lower in _ADVERBS else 2 if tokens[at - 2].lower in _WHOSE else 0
    verb = at - back - 1
    return verb if verb > 0 and is_participle(tokens[verb]) else at


_ADVERBS = frozenset("up off out back".split())
_WHOSE = frozenset("their its his her the".split())


def _pair(linker: Linker, what: range, *, told: bool) -> tuple[Relationship, Relationship] | None:
    """The two references to what is named, of a table that is named. `told`: both by their role."""
    targets = _tables(linker, what)
    if len(targets) != 1:
        return None
    view, tokens = linker.index.view, linker.tokens
    named = _tables(linker, [n for n in range(len(tokens)) if n not in what])
    target = view.table(targets.pop())
    said = {stem(t.lower) for t in tokens}
    refs = [
        r for r in view.relationships
        if r.to_table == target.id and r.table in named and len(r.columns) == 1
    ]  # fmt: skip
    spoken = [r for r in refs if {stem(w) for w in role_words(r, target)} & said]
    refs = spoken if told or len(refs) > 2 else refs
    return (refs[0], refs[1]) if len(refs) == 2 and refs[0].table == refs[1].table else None


def _tables(linker: Linker, places: Sequence[int]) -> set[str]:
    """The tables that these words name, each its likeliest."""
    found = (linker.concepts(n, n + 1)[:1] for n in places)
    return {c.table for best in found for c in best if c.kind == "table" and c.score >= _SURE}


def _mention(reference: Relationship, first: int, last: int) -> Mention:
    column = reference.columns[0]
    link = Candidate("column", f"{reference.table}.{column}", reference.table, 0.95, "name")
    return Mention(first, last, (link,), role="relation")
