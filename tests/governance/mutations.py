"""Statements mutated from the attack suite, and what must hold of the guard's answer to each.

`python tests/governance/mutations.py 1000000` runs that many on all processors; a seed may follow.
"""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from random import Random

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect as SqlDialect
from sqlglot.errors import SqlglotError

from datamind.attacks.cases import cases, data
from datamind.commands.guard import catalog_of, verdict
from datamind.governance.bound import BoundRules
from datamind.governance.guard import write
from datamind.governance.rules_file import read_policy
from datamind.log import no_statements
from datamind.records import Dialect

DIALECTS: tuple[Dialect, ...] = ("postgres", "duckdb", "clickhouse")
USERS = ("ann", "bob", "carla", "dora")
CHUNK = 5_000
LITERAL = re.compile(r"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
Words = tuple[str, ...]


@cache
def bound(dialect: Dialect, user: str) -> BoundRules:
    """A user of the suite's policy."""
    policy = read_policy(data("policy.yaml"), "policy.yaml")
    catalog = catalog_of(data("schema.yaml"), "schema.yaml", dialect)
    key = exp.Literal.string("key")
    return BoundRules(policy.rules(), policy.asker(user), catalog, dialect, key)


@cache
def corpus(dialect: Dialect, prefix: str = "") -> tuple[Words, ...]:
    """The suite's statements as words; those that don't fall into words, whole."""
    found = []
    for case in cases(dialect):
        if len(case.sql) < 2_000 and case.group.startswith(prefix):
            try:
                tokens = SqlDialect.get_or_raise(dialect).tokenize(case.sql)
                found.append(tuple(case.sql[t.start : t.end + 1] for t in tokens))
            except SqlglotError:
                found.append((case.sql,))
    return tuple(words for words in found if words)


def mutated(dialect: Dialect, dice: Random) -> str:
    """A statement of the suite with a few things done to it."""
    words = list(dice.choice(corpus(dialect, dice.choice(("", "legit", "legit")))))
    for _ in range(dice.choice((1, 1, 1, 2, 4))):
        other = dice.choice(corpus(dialect, dice.choice(("", "legit"))))
        words = (_put_together if dice.random() < 0.4 else _disturbed)(words, other, dice)
    return dice.choice((" ", " ", " ", "\n", "")).join(words or ["SELECT"])


def _put_together(words: list[str], other: Words, dice: Random) -> list[str]:
    """Mostly still SQL: nested, united, joined, or with one name in place of another."""
    names = [word for word in other if word.isidentifier()]
    places = [at for at, word in enumerate(words) if word.isidentifier()]
    match dice.randrange(6):
        case 0:
            return ["SELECT * FROM (", *words, ") AS z"]
        case 1:
            return [*words, dice.choice(("UNION ALL", "EXCEPT", "INTERSECT")), *other]
        case 2:
            return ["WITH", dice.choice(names or ["w"]), "AS (", *other, ")", *words]
        case 3:
            return ["SELECT", "(", *words, ")", "FROM", dice.choice(names or ["orders"])]
        case 4:
            return [*words, "WHERE EXISTS (", *other, ")"]
    if places and names:
        words[dice.choice(places)] = dice.choice(names)
    return words


def _disturbed(words: list[str], other: Words, dice: Random) -> list[str]:
    """Words left out, put in, doubled, bracketed, or taken from another statement."""
    at, some = dice.randrange(len(words) + 1), dice.randrange(len(other))
    match dice.randrange(7):
        case 0:
            del words[at : at + dice.randint(1, 3)]
        case 1:
            words.insert(at, other[some])
        case 2 if at < len(words):
            words[at] = other[some]
        case 3:
            words[at:] = other[some:]
        case 4:
            words[at:at] = other[some : some + dice.randint(1, 8)]
        case 5:
            end = dice.randint(at, len(words))
            words[at:end] = ["(", *words[at:end], ")"]
        case _:
            words[at:at] = ["(", *other, ")"]
    return words


def fault_of(sql: str, dialect: Dialect, user: str) -> tuple[str, str]:
    """The verdict, and what is wrong with it; empty where nothing is."""
    rules = bound(dialect, user)
    said = verdict(sql, rules)
    if said["code"] == "internal":
        return "refuse", str(said["message"])
    if said["verdict"] == "refuse":
        return "refuse", "a refusal with SQL" if said["sql"] else ""
    return "allow", _past_the_policy(str(said["sql"]), rules)


def _past_the_policy(text: str, rules: BoundRules) -> str:
    """A second look that knows nothing of trees: with each table's body cut out, no schema's name
    may be left but before a table that this user reads as it is."""
    schema = rules.catalog.default_schema
    rest = text
    for table in rules.view.tables:
        body = rules.body(table)
        if body is not None:
            for form in _forms(write(body, rules.dialect)):
                rest = rest.replace(form, "body")
        else:
            rest = rest.replace(f'"{schema}"."{table.name}"', "open")
    names = "|".join(re.escape(table.name) for table in rules.catalog.tables)
    left = re.findall(rf'"{schema}"\."(?:{names})"', LITERAL.sub("''", rest))
    return f"ungoverned: {left}" if left else ""


def _forms(body: str) -> list[str]:
    """As it is, with ClickHouse's FINAL, and narrowed by conditions of the asker."""
    head, where, filtered = body.partition(" WHERE ")
    if not where:
        return [body, f"{body} FINAL"]
    return [
        form
        for start in (head, f"{head} FINAL")
        for form in (f"{start} WHERE {filtered}", f"{start} WHERE ({filtered}) AND (")
    ]


def storm(dialect: Dialect, seed: int, count: int) -> Iterator[tuple[str, str, str]]:
    """Statement, verdict and fault, so many times."""
    dice = Random(f"{dialect} {seed}")
    for _ in range(count):
        sql = mutated(dialect, dice)
        yield sql, *fault_of(sql, dialect, dice.choice(USERS))


def _chunk(number: int, seed: int) -> tuple[Counter[str], list[str]]:
    dialect = DIALECTS[number % 3]
    verdicts: Counter[str] = Counter()
    faults = []
    for sql, said, fault in storm(dialect, seed + number, CHUNK):
        verdicts[f"{dialect} {said}"] += 1
        if fault:
            faults.append(f"{dialect}: {fault}: {sql!r}")
    return verdicts, faults


def main(count: int, seed: int = 0) -> int:
    """Run them all and tell; 1 if any went wrong."""
    started = time.monotonic()
    verdicts: Counter[str] = Counter()
    faults: list[str] = []
    chunks = -(-count // CHUNK)
    with ProcessPoolExecutor(initializer=no_statements) as pool:
        for found, wrong in pool.map(_chunk, range(chunks), [seed] * chunks):
            verdicts += found
            faults += wrong
            print(*wrong, sep="\n", end="\n" if wrong else "", flush=True)
    print(f"{verdicts.total():,} statements in {time.monotonic() - started:,.0f} s, seed {seed}:")
    print("\n".join(f"  {name:20} {n:10,}" for name, n in sorted(verdicts.items())))
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
