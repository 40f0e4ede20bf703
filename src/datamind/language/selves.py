"""Rows that refer to others of their kind: what is asked of a boss, a mentor, who recommended whom.

`Who supervises Ida Holm?`, `which members recommended more than two others`, `who report to her`:
the verb names a reference of the table to itself. It is said by the column's own words, so that no
one is taken for the one they work for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from datamind.language import names
from datamind.language.index import Index
from datamind.language.kinds import KEYS, is_party
from datamind.language.tokens import Token, joined, lemma
from datamind.semantics.catalog import Table, View

_BOSSES = frozenset("manager supervisor boss superior lead leader head reports".split())
_PEOPLE = frozenset("who whom people staff employee colleague person team".split())
_SHORT = frozenset({"to", "by", "of"})
_X = r"(?P<x>[^,.?!;]+?)"
_END = r"(?= ?[?.,;!]|$)"
_WHO = r"(?:(?:who|that|which) )?(?:(?:have|has|had) )?(?:(?:is|are|was|were|been|being) )*"
_WITH = r"(?:with|along with|together with)"
_DIRECTLY = r"(?:(?:directly|straight) )?"
_OTHERS = (
    r"(?:another|other|an existing|existing|an other|someone|somebody|a fellow|any)"
    r"(?: (?:existing|other|else))?(?: {noun})?"
)
_MANY = (
    r"(?P<many>the (?:most|fewest)|(?:(?:more|fewer|less) than|over|at least|at most|exactly) \w+"
    r"|\w+ or (?:more|fewer|less))"
)


@dataclass(frozen=True, slots=True)
class _Role:
    """A table's reference to itself: the words of its column, the verbs of it, what has it."""

    said: str
    noun: str
    table: Table
    active: str
    passive: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A form of the question, and how it is said plainly; `named`: its `x` has to be a name."""

    form: re.Pattern[str]
    meant: str
    named: bool = False


def read(tokens: Sequence[Token], index: Index) -> list[Token]:
    """The tokens, with what is said of a reference to the own kind said by its column's words."""
    words = {t.lemma for t in tokens} | {t.lower for t in tokens}
    for role in _roles(index.view):
        nouns = {*names.words_of(role.table.name), *(role.table.entity or "").split()}
        people = is_party(role.table) and _PEOPLE & words
        if not (nouns & words or people):
            continue
        alone = role.noun not in index.values  # a `manager` may be a role of something else, too
        for rule in _rules(role, alone=alone):
            made = _applied(list(tokens), rule, role, index)
            if made is not None:
                return made
    return list(tokens)


def _roles(view: View) -> Iterator[_Role]:
    for reference in view.relationships:
        if reference.table != reference.to_table or len(reference.columns) != 1:
            continue
        table = view.table(reference.table)
        words = [w for w in names.words_of(reference.columns[0]) if w not in KEYS]
        own = {*names.words_of(table.name), *(table.entity or "").split()}
        if not words or words[0] in own:
            continue
        said, noun = " ".join(words), words[0]
        words = [noun, *(w for w in words[1:] if w not in own)]
        if "by" in words[1:2] and noun.endswith("ed"):
            stem = noun[:-2]
            bare = stem[:-1] if len(stem) > 2 and stem[-1] == stem[-2] else stem
            yield _Role(said, noun, table, rf"(?:{stem}e?s?|{bare}s?|{noun})", noun)
        elif noun == "reports":
            yield _Role(said, noun, table, "(?!)", "(?!)")
        elif noun[-2:] in ("er", "or") and len(words) == 1 and len(noun) > 5:
            stem = re.escape(noun[:-2])
            verb = f"{noun}s?" if noun == "mentor" else f"{stem}e?s?|{stem}ed"
            active, passive = rf"(?:{verb})", rf"(?:{stem}ed|{noun}ed)"
            yield _Role(said, noun, table, active, passive)
        elif len(words) == 1 and not noun.endswith(("ed", "ous")):
            yield _Role(said, noun, table, "(?!)", "(?!)")


def _rules(role: _Role, *, alone: bool) -> Iterator[_Rule]:
    """The forms in which a role is spoken of."""
    said, active, passive = role.said, role.active, role.passive
    rows = role.table.entity or role.table.name
    shown = role.table.display
    label = "name" if len(shown) > 1 else " ".join(names.words_of(shown[0])) if shown else ""
    whose = f"whose {said} is {{x}}"
    theirs = f"show the {said} of {rows} with {label} {{x}}"

    def rule(form: str, meant: str, *, named: bool = False) -> _Rule:
        return _Rule(re.compile(rf"(?<!\S){form}(?!\S)"), meant, named)

    if label:
        yield rule(rf"^who {active} {_X} ?\?$", theirs, named=True)
        yield rule(
            rf"^who(?:m)? (?:does|do|did) {_X} {_DIRECTLY}report to ?\?$", theirs, named=True
        )
        yield rule(rf"^who(?: is|'s) the {role.noun} of {_X} ?\?$", theirs, named=True)
        yield rule(rf"^who(?: is|'s) {_X} 's {role.noun} ?\?$", theirs, named=True)
    yield rule(
        rf"^who(?:m)? (?:does|do|did|has) {_X} {active} ?\?$", f"list {rows} {whose}", named=True
    )
    yield rule(rf"{_WHO}{_DIRECTLY}{passive} by {_X}{_END}", whose, named=True)
    others = _OTHERS.format(noun=rf"(?:{rows}s?|person|people|one)")
    yield rule(rf"{_WHO}{passive} by {others}{_END}", f"with a {said}")
    yield rule(rf"(?:do|does|did) {_X} {active}{_END}", f"have the {said} {{x}}", named=True)
    if role.noun in _BOSSES:
        yield rule(rf"{_WHO}reports? {_DIRECTLY}to {_X}{_END}", whose, named=True)
        yield rule(rf"reports? {_DIRECTLY}to (?:each|every) \w+", f"for each {said}")
    if not alone:
        return
    counted = (
        rf"^(?:which|what|who)(?: \w+){{0,2}}?(?: has| have)? {active} {_MANY}"
        r"(?: (?:other|of their|of our|fellow))*(?: \w+){0,2}?"
    )
    most = f"which {said} have {{many}} {rows}"
    yield rule(rf"{counted} ?[?.]?$", most)
    tail = rf"(?:,? and how many(?: \w+)?|[?.] (?:return|show|give|list) {_tail(role)}) ?[?.]?$"
    yield rule(rf"{counted} ?{tail}", f"{most} , and how many ?")
    tells = rf"(?:, )?{_WITH} (?:the names? of )?(?:their|its|the) {role.noun}s?"
    yield rule(rf"{tells}(?: 's)?(?: names?)?{_END}", f"and their {said}")


def _tail(role: _Role) -> str:
    """What is shown of those who did it so often: their names, and how often."""
    times = rf"(?:{re.escape(role.noun[:-2])}\w*|{role.table.entity or 'row'}s?|them|people|others)"
    name = r"(?:(?:the|their|full|first|last|names?|of|and|,|each) ?)+"
    return rf"{name}(?:number of {times}|count|how many)"


def _applied(tokens: list[Token], rule: _Rule, role: _Role, index: Index) -> list[Token] | None:
    text, starts, ends = joined(tokens)
    for found in rule.form.finditer(text):
        first, last = starts.get(found.start()), ends.get(found.end())
        if first is None or last is None:
            continue
        parts = {}
        for key, value in found.groupdict().items():
            if value:
                low, high = starts.get(found.start(key)), ends.get(found.end(key))
                parts[key] = tokens[low:high] if low is not None and high is not None else []
        if rule.named and not _is_name(parts.get("x", []), index, role.table):
            continue
        made: list[Token] = []
        for word in rule.meant.split():
            key = word.strip("{}")
            if word != key:
                made += parts.get(key, [])
            else:
                made.append(_new(word, tokens[first], tokens[last - 1]))
        return [*tokens[:first], *made, *tokens[last:]]
    return None


def _is_name(said: Sequence[Token], index: Index, table: Table) -> bool:
    """Whether these words name a row of the table: not a shop, of which there is a manager, too."""
    if not said or len(said) > _LONGEST:
        return False
    halves = len(table.display) > 1
    words = [t.lower for t in said]
    tried = [" ".join(words), *(words[:1] if halves else [])]
    places = next((found for w in tried if (found := index.values.get(w))), ())
    return any(column.rpartition(".")[0] == table.id for column, _ in places)


_LONGEST = 4


def _new(word: str, first: Token, last: Token) -> Token:
    if not word.isalnum():
        return Token(word, word, word, "mark", first.start, last.end)
    return Token(word, word, lemma(word), "word", first.start, last.end)
