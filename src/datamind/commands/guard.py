"""`datamind guard`: what the guard makes of each statement for one user, without any data."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from rich.table import Table as RichTable
from sqlglot import exp

from datamind.attacks.cases import Judged, Outcome, cases, data, judged, must_run, told_apart
from datamind.attacks.engines import engine_at
from datamind.commands.lines import lines_to
from datamind.commands.render import Screen
from datamind.errors import BadInput, DataMindError
from datamind.governance.bound import BoundRules
from datamind.governance.guard import MAX_ROWS, check, govern
from datamind.governance.rules_file import read_policy
from datamind.governance.yaml_text import read_yaml
from datamind.log import no_statements
from datamind.records import Dialect, Draft, Optimized
from datamind.semantics.catalog import Catalog, Column, Table
from datamind.semantics.traits import column_type

SCHEMA_SHAPE = "A schema file holds `default_schema` and `tables: {name: {columns: {name: type}}}`."
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


def run(
    policy: Path, dialect: str, schema: Path, user: str, statements: Path, out: Path | None
) -> int:
    """A verdict for each statement; 0 when all have theirs, whatever it says."""
    no_statements()
    if dialect not in get_args(Dialect):
        raise BadInput(f"There is no dialect {dialect}.", hint=", ".join(get_args(Dialect)))
    known: Dialect = dialect  # type: ignore[assignment]  # it is one of them
    catalog = catalog_of(_text(schema), str(schema), known)
    rules = read_policy(_text(policy), str(policy))
    bound = BoundRules(rules.rules(), rules.asker(user), catalog, known, _salt())
    with lines_to(out, read=statements) as verdicts:
        for identity, sql in _statements(statements):
            verdicts.write({"id": identity, **verdict(sql, bound)})
    return 0


def self_test(url: str | None) -> int:
    """Run the attack suite on an engine and print how it went, by group; 0 if all passed."""
    no_statements()
    outcomes: list[Judged] = []
    with engine_at(url) as (dialect, engine):
        catalog = catalog_of(data("schema.yaml"), "schema.yaml", dialect)
        rules = read_policy(data("policy.yaml"), "policy.yaml")
        bound = {
            user: BoundRules(rules.rules(), rules.asker(user), catalog, dialect, _salt())
            for user in rules.users
        }
        verdicts = [(case, verdict(case.sql, bound[case.user])) for case in cases(dialect)]
        for case, said in verdicts:
            ran = engine.run(str(said["sql"])) if must_run(case, said) else None
            outcomes.append(judged(case, said, ran))
        outcomes += told_apart(verdicts)
    return _tell(outcomes, dialect)


def _tell(outcomes: list[Judged], dialect: Dialect) -> int:
    screen = Screen()
    table = RichTable("group", "cases", *OUTCOMES, show_edge=False)
    groups = dict.fromkeys(one.case.group for one in outcomes)
    for group in (*groups, None):
        of = [one.outcome for one in outcomes if group in (one.case.group, None)]
        table.add_row(group or "all", f"{len(of)}", *(f"{of.count(o)}" for o in OUTCOMES))
    screen.console.print(table)
    failed = [one for one in outcomes if one.outcome != "passed"]
    for one in failed:
        screen.say(f"{one.outcome}: {one.case.id} ({one.case.group}): {one.why}")
        screen.say(f"  {one.case.sql[:200]}")
    screen.say(f"{len(outcomes) - len(failed):,} of {len(outcomes):,} passed on {dialect}.")
    return 1 if failed else 0


def verdict(sql: str, bound: BoundRules) -> dict[str, object]:
    """allow and the text that may run, or refuse and why."""
    try:
        draft = Draft(sql, bound.dialect, "", "generated", "person")
        checked = check(draft, bound.view)
        governed = govern(
            Optimized(checked, checked.sql), bound.view, row_limit=MAX_ROWS, policy=bound
        )
    except DataMindError as fault:
        return {"verdict": "refuse", "code": fault.code, "sql": None, "message": fault.message}
    except Exception as fault:  # noqa: BLE001 (what isn't understood is refused)
        message = f"The guard failed on this: {type(fault).__name__}."
        return {"verdict": "refuse", "code": "internal", "sql": None, "message": message}
    return {"verdict": "allow", "code": None, "sql": governed.sql, "message": ""}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput(f"{path} can't be read.", hint="Is it there, and UTF-8?") from None


def _statements(path: Path) -> Iterator[tuple[object, str]]:
    for number, line in enumerate(_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            identity, sql = entry["id"], entry["sql"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BadInput(
                f"Line {number} of {path} is no statement.", hint='{"id": …, "sql": "…"}'
            ) from None
        yield identity, str(sql)


def _salt() -> exp.Expr:
    """Drawn anew for each run: what is hashed here can't be looked up."""
    return exp.Literal.string(secrets.token_hex(16))


def catalog_of(text: str, name: str, dialect: Dialect) -> Catalog:
    """The relations that a schema file lists."""
    document = read_yaml(text, name, shape=SCHEMA_SHAPE)
    try:
        default = document["default_schema"]
        schema = str(default[dialect] if isinstance(default, dict) else default)
        tables = tuple(
            _table(schema, str(table), listed["columns"])
            for table, listed in document["tables"].items()
        )
    except (KeyError, TypeError, AttributeError):
        raise BadInput(f"{name} is no schema for {dialect}.", hint=SCHEMA_SHAPE) from None
    return Catalog("file", dialect, schema, tables)


def _table(schema: str, name: str, columns: dict[Any, Any]) -> Table:
    return Table(
        name, schema, name,
        tuple(Column(name, str(c), column_type(str(t)), str(t)) for c, t in columns.items()),
    )  # fmt: skip
