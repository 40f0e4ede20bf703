"""How fast statements are checked and bound, small, large and hostile."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from benchmarks.catalogs import view
from benchmarks.figures import Figure, milliseconds
from datamind.errors import DataMindError
from datamind.evaluation.report import percentile
from datamind.governance import check, govern
from datamind.governance.limits import MAX_BYTES
from datamind.governance.shape import parse
from datamind.records import Dialect, Draft, Optimized
from datamind.semantics.catalog import View

USUAL = (
    "SELECT status, count(*) AS n FROM invoice GROUP BY status",
    "SELECT * FROM shipment WHERE amount > 100 ORDER BY created_at DESC LIMIT 50",
    (
        "SELECT i.name, sum(s.amount) AS total FROM invoice i JOIN shipment s ON s.id = i.id"
        " WHERE s.status = 'open' GROUP BY i.name HAVING sum(s.amount) > 5 ORDER BY total DESC"
    ),
    (
        "WITH late AS (SELECT * FROM parcel WHERE closed_on IS NULL)"
        " SELECT city, avg(price) AS price FROM late GROUP BY city"
    ),
    (
        "SELECT name, amount, rank() OVER (PARTITION BY status ORDER BY amount DESC) AS place"
        " FROM customer WHERE id IN (SELECT id FROM employee WHERE grade = 'A')"
    ),
)
HOSTILE = {
    "a statement past the cap": "SELECT id FROM invoice WHERE name = '" + "x" * MAX_BYTES + "'",
    "10,000 brackets": "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
    "joins without conditions": "SELECT 1 FROM invoice " + "JOIN invoice " * 4_000,
    "stars of stars of stars": "WITH "
    + ", ".join(
        f"c{n} AS (SELECT *{', *' * 8} FROM {f'c{n - 1}' if n else 'invoice'})" for n in range(4)
    )
    + " SELECT 1 FROM c3",
    "3,000 stars": "SELECT *" + ", *" * 2_999 + " FROM invoice",
    "9,000 columns": "SELECT id" + ", id" * 8_999 + " FROM invoice",
    "8,000 orders": "SELECT id FROM invoice ORDER BY amount" + ", amount" * 7_999,
    "4,000 grouping sets": "SELECT 1 FROM invoice GROUP BY GROUPING SETS ((id)"
    + ", (id)" * 3_999
    + ")",
    "2,000 tables": "SELECT 1 FROM " + ", ".join(f"invoice a{n}" for n in range(2_000)),
    "800 subqueries": "SELECT "
    + " + ".join(["(SELECT min(s.amount) FROM shipment s WHERE s.id = i.id)"] * 800)
    + " FROM invoice i",
    "1,000 chained CTEs": "WITH c0 AS (SELECT 1 AS a)"
    + "".join(f", c{n + 1} AS (SELECT a FROM c{n})" for n in range(1_000))
    + " SELECT a FROM c1000",
    "3,000 branches": f"SELECT CASE {'WHEN amount = 1 THEN 1 ' * 3_000} END FROM invoice",
    "two series multiplied": "SELECT 1 FROM generate_series(1, 100000) a,"
    " generate_series(1, 100000) b",
}
DIALECTS: tuple[Dialect, ...] = ("duckdb", "postgres")


def figures() -> list[Figure]:
    """The guard's figures, its second check included."""
    seen = view(20, 20)
    usual = [partial(_guard, sql, d, seen) for sql in USUAL for d in DIALECTS]
    parsed = milliseconds([partial(parse, sql, d) for sql in USUAL for d in DIALECTS], rounds=10)
    times = milliseconds(usual, rounds=10)
    made = [
        Figure("only parsing a usual statement, p50", percentile(parsed, 50), "ms"),
        Figure("guarding a usual statement, p50", percentile(times, 50), "ms", 5),
        Figure("guarding a usual statement, p95", percentile(times, 95), "ms"),
    ]
    short, long = (_per_word(width, seen) for width in (40, 1_600))
    made.append(Figure("guarding a word: 20,000 words against 500", long / short, "times", 3))
    for name, sql in HOSTILE.items():
        worst = max(milliseconds([partial(_refused, sql, d, seen) for d in DIALECTS]))
        made.append(Figure(f"refusing {name}", worst, "ms", 100))
    return made


def _guard(sql: str, dialect: Dialect, seen: View) -> None:
    checked = check(Draft(sql, dialect, "bench", "generated", "person"), seen)
    govern(Optimized(checked, checked.sql), seen, row_limit=1_000)


def _refused(sql: str, dialect: Dialect, seen: View) -> None:
    with suppress(DataMindError):
        _guard(sql, dialect, seen)
        raise AssertionError("A hostile statement was let through.")


def _per_word(width: int, seen: View) -> float:
    """Milliseconds for each term of a long sum of columns."""
    wide = ", ".join(f"amount + {n} + {n} + 1 AS a{n}" for n in range(width))
    times = milliseconds([partial(_guard, f"SELECT {wide} FROM invoice", "duckdb", seen)])
    return times[0] / width
