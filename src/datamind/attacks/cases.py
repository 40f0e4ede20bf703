"""The suite's cases, and how an outcome is judged."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from datamind.records import Dialect

Outcome = Literal["passed", "leak", "false refusal", "error", "not run"]
# An engine that fails like this on some rows, and on others not, tells which rows there are.
DATA_ERRORS = re.compile(
    "division|divide|conversion|convert|invalid input|cannot parse|could not|out of range|overflow"
    "|throwif",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Case:
    """One statement of one user. `expect` is refuse, rows (these and no others), or no_leak."""

    id: str
    group: str
    dialect: Dialect
    user: str
    expect: str
    sql: str
    canaries: tuple[str, ...]
    why: str = ""
    rows: Sequence[Sequence[Any]] = ()
    ordered: bool = False
    oracle: bool = False
    run_if_allowed: bool = False
    refuse_ok: bool = False
    mask_cols: frozenset[int] = field(default_factory=frozenset)
    parity: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Ran:
    """What an engine gave: rows, or its error with all that it said beside."""

    rows: Sequence[Sequence[Any]] = ()
    error: str = ""
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """How a case came out, and why where it did not pass."""

    case: Case
    outcome: Outcome
    why: str = ""


def data(name: str) -> str:
    """The text of one of the suite's files."""
    return files(__package__).joinpath(name).read_text("utf-8")


def cases(dialect: Dialect) -> Iterator[Case]:
    """The cases of a dialect, in order."""
    for line in data("cases.jsonl").splitlines():
        read = json.loads(line)
        if read["dialect"] != dialect:
            continue
        parts = read.pop("sql_parts", ())
        read["sql"] = read["sql"] or "".join(text * times for text, times in parts)
        read["canaries"] = tuple(read["canaries"])
        read["mask_cols"] = frozenset(read.get("mask_cols", ()))
        if "parity" in read:
            read["parity"] = tuple(read["parity"])
        yield Case(**read)


def must_run(case: Case, verdict: Mapping[str, Any]) -> bool:
    """Whether the engine has a say in the outcome."""
    allowed = verdict["verdict"] == "allow"
    return allowed and (case.expect != "refuse" or case.run_if_allowed)


def judged(case: Case, verdict: Mapping[str, Any], ran: Ran | None) -> Judged:
    """The outcome of a verdict, and of running what it allows (None where nothing was run)."""
    outcome, why = _judged(case, verdict, ran)
    return Judged(case, outcome, why)


def _judged(case: Case, verdict: Mapping[str, Any], ran: Ran | None) -> tuple[Outcome, str]:
    said = f"{verdict['message']} {verdict['code']}"
    if found := seen(case, said):
        return "leak", f"the message shows {found}"
    if verdict["verdict"] == "refuse":
        if case.expect == "rows" and not case.refuse_ok:
            return "false refusal", said
        return "passed", ""
    if case.expect == "refuse":
        if ran is not None and ran.error and not ran.changed and not seen(case, ran.error):
            return "error", f"allowed, though it fails on the engine: {ran.error[:160]}"
        return "leak", "a forbidden statement was allowed"
    if ran is None:
        return "not run", "there is no engine"
    if found := seen(case, ran.error + "\n" + _text(ran.rows)):
        return "leak", f"shows {found}"
    if ran.changed:
        return "leak", "it changed the data"
    if case.expect == "no_leak":
        return "passed", ""
    if ran.error:
        tells = case.oracle and DATA_ERRORS.search(ran.error)
        return "leak" if tells else "error", f"it fails: {ran.error[:200]}"
    return _compared(case, ran.rows)


def _compared(case: Case, rows: Sequence[Sequence[Any]]) -> tuple[Outcome, str]:
    got = [_key(row, case.mask_cols) for row in rows]
    wanted = [_key(row, case.mask_cols) for row in case.rows]
    more, fewer = Counter(got) - Counter(wanted), Counter(wanted) - Counter(got)
    if more or (fewer and case.oracle):
        return "leak", f"unexpected rows: {', '.join((more or fewer).elements())[:200]}"
    if fewer:
        return "error", f"rows are missing: {', '.join(fewer.elements())[:200]}"
    return ("error", "the order differs") if case.ordered and got != wanted else ("passed", "")


def told_apart(outcomes: Sequence[tuple[Case, Mapping[str, Any]]]) -> Iterator[Judged]:
    """Twins on a hidden and on an absent column that are not answered alike."""
    twins: dict[str, list[tuple[Case, object]]] = {}
    for case, verdict in outcomes:
        if case.parity is not None and verdict["verdict"] == "refuse":
            pair, column = case.parity
            message = re.sub(rf"(?<!\w){re.escape(column)}(?!\w)", "?", verdict["message"])
            twins.setdefault(pair, []).append((case, (verdict["code"], message)))
    for both in twins.values():
        if len({said for _, said in both}) > 1:
            yield Judged(both[0][0], "leak", f"hidden and absent are told apart: {both}"[:300])


def seen(case: Case, text: str) -> list[str]:
    """The canaries that a text shows in any disguise; what the asker wrote is no secret."""
    sql = case.sql.lower()
    return [c for c in case.canaries if c.lower() not in sql and _shows(c, text)]


def _shows(canary: str, text: str) -> bool:
    if canary.isdigit():
        return re.search(rf"(?<![0-9A-Za-z.\-]){canary}\d*", text) is not None
    return any(disguise in text for disguise in disguises(canary))


@cache
def disguises(canary: str) -> frozenset[str]:
    """The ways in which a text can be shown without standing there as it is."""
    raw = canary.encode()
    found = {
        canary, canary.lower(), canary.upper(), canary[::-1], raw.hex(), raw.hex().upper(),
        canary.replace("-", ""),
    }  # fmt: skip
    for shift in range(3):  # base64 at each alignment, without the letters that the edges share
        coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[(0, 2, 3)[shift] :]
        found.add(coded[:-1] if (shift + len(raw)) % 3 else coded)
    return frozenset(f for f in found if len(f) > 3 or f == canary)


def _text(rows: Sequence[Sequence[Any]]) -> str:
    return "\n".join(" ".join(str(_plain(value)) for value in row) for row in rows)


def _key(row: Sequence[Any], masked: frozenset[int]) -> str:
    plain = ["masked" if at in masked else _plain(value) for at, value in enumerate(row)]
    return json.dumps(plain, sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """One spelling for equal values of different engines."""
    if isinstance(value, bool | int | float | Decimal):
        number = float(value)
        whole = abs(number) < 1e15 and number == int(number)
        return int(number) if whole else round(number, 6)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict):
        return {str(name): _plain(held) for name, held in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(held) for held in value]
    return value if value is None else str(value)
