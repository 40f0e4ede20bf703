"""A sketch with its meanings becomes a plan, and what is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass, replace

from datamind.errors import DataMindError
from datamind.language.across import is_across
from datamind.language.build import build
from datamind.language.candidates import Candidate
from datamind.language.context import Context, Unbuildable
from datamind.language.evidence import Overlay
from datamind.language.formulas import Names
from datamind.language.graph import Graph
from datamind.language.heeded import heed
from datamind.language.homes import home_table, per_unrelated
from datamind.language.index import Index, normal
from datamind.language.kinds import is_party
from datamind.language.reach import numbered, reached_back
from datamind.language.resolve import Assignment, mentions_of
from datamind.language.roles import link_of
from datamind.language.scope import NoPath, Scope
from datamind.language.sketch import Mention, Sketch
from datamind.language.tables.durations import MOMENTS
from datamind.language.tables.moments import PARTING
from datamind.language.tokens import Token, is_participle, stem
from datamind.language.units import Unit
from datamind.records import Candidate as Reading
from datamind.records import Link
from datamind.semantics import plan as P
from datamind.semantics.catalog import View
from datamind.semantics.check import check
from datamind.semantics.walk import below

# Verbs of people's lives that need a date of their own: `born in 1980` is by no other.
_LIVES = frozenset({"born", "died", "hired", "married", "retired", "founded"})
_COPULAS = frozenset("is are was were been be being got get gets".split())
# Said of all of them: they came to be, at the date that they have.
_CAME = frozenset(MOMENTS["made"].split()) | frozenset(
    """awarded carried conducted delivered done filed generated given handed held issued launched
    logged performed produced published raised recorded run scheduled sent signed submitted taken
    written""".split()
)
# What became of things: never true of all of them.
_STATES = frozenset(
    """failed passed succeeded declined rejected approved refused expired unpaid overdue late
    blocked lost won""".split()
)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A view made ready for look-up."""

    index: Index
    graph: Graph
    metrics: dict[str, str]
    names: Names


@dataclass(frozen=True, slots=True)
class Scored:
    """A reading, what its score is made of, and the words that it leaves unexplained."""

    reading: Reading
    features: dict[str, float]
    unknown: tuple[str, ...]


def with_score(scored: Scored, score: float) -> Scored:
    """The same, its features kept for `datamind eval explain`."""
    features = tuple(sorted(scored.features.items()))
    kept = replace(scored.reading, score=round(score, 4), features=features)
    return Scored(kept, scored.features, scored.unknown)


@dataclass(frozen=True, slots=True)
class Built:
    """The plan of a sketch with its meanings, and what it was made with; `named` are the tables
    that are meant, by whatever name, `playing` those that roles go through."""

    sketch: Sketch
    assignment: Assignment
    ctx: Context
    plan: P.Query
    named: frozenset[str]
    playing: frozenset[str]


def built(
    sketch: Sketch, assignment: Assignment, tokens: list[Token], today: dt.date, overlay: Overlay,
    compiled: Compiled, view: View,
) -> Built | None:  # fmt: skip
    """The plan, if these meanings make one."""
    words = tuple(t.text for t in tokens)
    lemmas = tuple(t.lemma for t in tokens)
    try:
        chosen = dict(assignment.chosen)
        sketch = per_unrelated(sketch, chosen, compiled.metrics, compiled.graph)
        home = home_table(sketch, chosen, compiled.metrics, compiled.graph)
        playing = _playing(assignment, compiled.graph)
        known = playing | compiled.graph.calendars
        named = assignment.tables | _of_metrics(assignment, view) | known
        scope = Scope(view, compiled.graph, home, mentioned=named, words=frozenset(lemmas))
        ctx = Context(chosen, scope, compiled.index, words, lemmas, today, overlay)
        plan = numbered(reached_back(build(sketch, ctx)), lemmas)
        check(plan, view)
    except (Unbuildable, NoPath, DataMindError):
        return None
    return Built(sketch, assignment, ctx, plan, named, playing)


def scored(
    one: Built, tokens: list[Token], units: tuple[Unit, ...], since: int = 0
) -> Scored | None:
    """What is known of a plan as these units say it; nothing where it leaves out what they say.
    `since` is the place of the first token that was said now, not earlier in the conversation."""
    ctx, plan, assignment, scope = one.ctx, one.plan, one.assignment, one.ctx.scope
    try:
        heed(plan, units, ctx.since(since))
    except (Unbuildable, NoPath, DataMindError):
        return None
    unknown, narrowing = _unexplained(ctx, units, tokens)
    valued = {c.table for c in assignment.chosen.values() if c.kind == "value"} | one.playing
    dropped = [m for m in mentions_of(one.sketch) if m not in assignment.chosen]
    spoken = {c.table for c in assignment.chosen.values() if c.kind == "table"}
    features = {
        "links": assignment.cost,
        "joins": scope.cost,
        "penalty": ctx.penalty,
        "idle": float(ctx.idle),
        "unknown": float(sum(not t.is_proper and not is_participle(t) for t in unknown)),
        "verbs": float(sum(not t.is_proper and is_participle(t) for t in unknown)),
        "proper": float(sum(t.is_proper for t in unknown)),
        "narrowing": float(narrowing),
        "dropped": float(len(dropped)),
        "relations": float(sum(j.table not in valued for j in scope.joins)),
        "unnamed": float(
            sum(j.table not in one.named | scope.forced | scope.graph.bridges for j in scope.joins)
        ),
        "unused": float(one.sketch.unused),
        "across": float(
            any(is_across(q, scope.view, spoken) for q in below(plan) if isinstance(q, P.Query))
        ),
        **_link_features(assignment),
    }
    links = tuple(_link(m, c, tokens) for m, c in assignment.chosen.items() if m.first >= since)
    left = (*(t.text for t in unknown), *(" ".join(ctx.words[m.first : m.last]) for m in dropped))
    reading = Reading(plan, 0.0, links, tuple(dict.fromkeys(ctx.notes)))
    return Scored(reading, features, left)


def _of_metrics(assignment: Assignment, view: View) -> frozenset[str]:
    """The tables that the metrics which are meant read."""
    metrics = [c.id for c in assignment.chosen.values() if c.kind == "metric"]
    return frozenset(t for name in metrics for t in view.metrics_by_name[name].relations)


def _playing(assignment: Assignment, graph: Graph) -> frozenset[str]:
    """The tables that roles which are meant go through: who plays them, and in what."""
    links = {link_of(c, assignment.tables, graph) for c in assignment.chosen.values()} - {None}
    people = {
        r.to_table for r in graph.view.relationships
        if r.table in links and is_party(graph.view.table(r.to_table))
    }  # fmt: skip
    return frozenset({t for t in links if t} | people)


def _link_features(assignment: Assignment) -> dict[str, float]:
    """How the meanings were found: the weakest link, and how many were no plain names. What is
    said again with the meaning it had is no further doubt."""
    found = set(assignment.chosen.values())
    sources = [c.source for c in found]
    return {
        "weakest": 1.0 - min((c.score for c in found), default=0.0),
        "synonyms": float(sources.count("synonym")),
        "guesses": float(
            sum(s in ("fuzzy", "description", "partial", "abbreviation") for s in sources)
        ),
        "texts": float(sum(c.kind == "text" for c in found)),
    }


def _link(mention: Mention, candidate: Candidate, tokens: list[Token]) -> Link:
    # A paraphrase may have changed the order of the words.
    said = tokens[mention.first : max(mention.last, mention.first + 1)]
    text = " ".join(t.text for t in said)
    item = candidate.id if candidate.value is None else f"{candidate.id} = {candidate.value}"
    item = item.rstrip("+-0123456789") if candidate.kind == "grain" else item  # a year's start
    return Link(
        min(t.start for t in said), max(t.end for t in said), text, candidate.kind, item,
        candidate.source, candidate.score,
    )  # fmt: skip


def _came(verb: str, known: Collection[str]) -> bool:
    """Whether a verb says of all of them what is so: that they came to be, or the moment, by
    whatever word, of a date that is used."""
    said = [words.split() for words in MOMENTS.values() if verb in words.split()]
    return verb in _CAME or any(stem(w) in known for words in said for w in words)


def _unexplained(
    ctx: Context, units: tuple[Unit, ...], tokens: list[Token]
) -> tuple[list[Token], int]:
    """Words that nothing was made of, and that no used column's description holds; and how many
    of them stand where a filter does, after a preposition."""
    known: set[str] = set()
    for column_id in ctx.used:
        known |= ctx.index.column_words.get(column_id, frozenset())
    for table_id in ctx.scope.aliases:
        known |= {stem(w) for w in ctx.index.table_words.get(table_id, frozenset())}
    out: dict[str, Token] = {}
    narrowing, before = 0, ""
    for at, unit in enumerate(units):
        after = units[at + 1] if at + 1 < len(units) else None
        when = "".join(u.code for u in units[at + 1 : at + 3]).lstrip("i")[:1] == "d"
        code, before = before, unit.code
        if unit.code != "u":
            continue
        token = tokens[unit.first]
        ends = token.lower in ("first", "last")  # no part of the name that a column has besides
        if (stem(token.lower) in known or token.lemma in known) and not ends:
            continue
        out.setdefault(token.lemma, token)  # said again, it is no further doubt
        narrows = after is not None and after.code in "cvA" and after.first == unit.last
        placed = code in "irfbgM" and bool(code) and not is_participle(token)
        tells = is_participle(token) or (after is not None and after.code == "A")
        verb = is_participle(token) and not _came(token.lower, known)
        dated = when and (token.lower in _LIVES or (verb and token.lower not in PARTING))
        valued = is_participle(token) and normal(token.text) in ctx.index.values
        said_of = unit.first > 0 and ctx.words[unit.first - 1].lower() in _COPULAS
        ends_it = code == "c" and (after is None or after.code == ".")
        became = verb and (said_of or ends_it)
        stated = token.lower in _STATES or valued or became
        narrowing += placed or (narrows and tells) or dated or stated or ends
    return list(out.values()), narrowing
