"""What was asked suggests projections and indexes: decided without any database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from datamind.adapters.sync.suggesting import suggested, told
from datamind.adapters.sync.tables import Seen, SourceColumn, SourceTable
from datamind.semantics.usage import Grouping, TableUse, used

KNOWN = {"shop.lines", "shop.goods"}
PLAIN = "SELECT channel, SUM(amount) FROM shop.lines AS l GROUP BY channel"


@pytest.mark.parametrize(
    ("sql", "governed", "groupings", "matched"),
    [
        (
            "SELECT l.channel, SUM(l.amount) FROM shop.lines AS l GROUP BY l.channel",
            PLAIN, [("channel", "SUM(amount)")], "",
        ),
        (  # what a policy looks at is a key too
            "SELECT l.channel, SUM(l.amount) FROM shop.lines AS l GROUP BY l.channel",
            ('SELECT l.channel, SUM(l.amount) FROM (SELECT channel, amount FROM "shop"."lines"'
            " WHERE region = 'north') AS l GROUP BY l.channel"),
            [("channel region", "SUM(amount)")], "region",
        ),
        (
            ("SELECT CAST(SUM(l.amount) AS Nullable(Float64)) / nullIf(COUNT(*), 0) AS a"
            " FROM shop.lines AS l WHERE l.day >= '2025-01-01' HAVING MAX(l.amount) > 3"),
            PLAIN, [("day", "COUNT(*) MAX(amount) SUM(amount)")], "",
        ),
        (
            "SELECT l.channel, SUM(SUM(l.amount)) OVER () FROM shop.lines AS l GROUP BY l.channel",
            PLAIN, [("channel", "SUM(amount)")], "",
        ),
        (  # a join takes none, nor do its tables
            ("SELECT g.kind, SUM(l.amount) FROM shop.lines AS l JOIN shop.goods AS g"
            " ON l.good = g.id WHERE l.buyer IN (1, 2) GROUP BY g.kind"), PLAIN, [], "buyer",
        ),
        (
            ("SELECT COUNT(*) FROM shop.lines AS l WHERE l.good IN"
            " (SELECT g.id FROM shop.goods AS g WHERE g.kind = 'x')"),
            PLAIN, [("good", "COUNT(*)")], "",
        ),
        ("SELECT l.amount FROM shop.lines AS l WHERE l.buyer = 7", PLAIN, [], "buyer"),
        ("SELECT SUM(o.a) FROM other.lines AS o", "SELECT 1", [], ""),
    ],
)  # fmt: skip
def test_what_a_statement_does_with_a_table(
    sql: str, governed: str, groupings: list[tuple[str, str]], matched: str
) -> None:
    found = used(sql, governed, KNOWN).get("shop.lines")
    made = [(" ".join(sorted(g.keys)), " ".join(sorted(g.measures)))
            for g in (found.groupings if found else [])]  # fmt: skip
    assert made == groupings
    assert " ".join(sorted(found.matched if found else ())) == matched


LINES = SourceTable(
    "shop", "lines", 7,
    (
        SourceColumn(1, "id", "bigint", False, distinct=-1),
        SourceColumn(2, "channel", "text", False, distinct=5),
        SourceColumn(3, "day", "date", False, distinct=900),
        SourceColumn(4, "region", "text", True, distinct=9),
        SourceColumn(5, "buyer", "integer", False, distinct=-0.1),
        SourceColumn(6, "amount", "numeric(12,2)", False, distinct=-0.5),
        SourceColumn(7, "store", "integer", False, distinct=400),
        SourceColumn(8, "unseen", "text", False),
    ),
    ("id",), frozenset({"id"}), 1_000_000, 1 << 27, Seen("m"),
)  # fmt: skip


def use(groupings: Mapping[tuple[str, str], int], **matched: int) -> TableUse:
    made = {
        Grouping(frozenset(keys.split()), frozenset(measures.split(" | "))): times
        for (keys, measures), times in groupings.items()
    }
    return TableUse(40, {"day": 31}, matched, {"channel": 12}, made)


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (use({("channel", "SUM(amount)"): 9}), ["by_channel"]),
        (use({("channel", "SUM(amount)"): 2}), []),  # it does not recur
        (
            use({("channel", "SUM(amount)"): 9, ("day", "COUNT(*)"): 4}),
            ["by_channel_day"],  # 4,500 groups: together they are still few
        ),
        (
            use({("day channel", "SUM(amount)"): 9, ("store", "SUM(amount)"): 4}),
            ["by_channel_day", "by_store"],  # 1,800,000 groups would be too many
        ),
        (use({("buyer", "SUM(amount)"): 9}), []),  # ten rows a group save little
        (use({("unseen", "SUM(amount)"): 9}), []),  # nobody knows how many groups
        (use({("channel", "COUNT(DISTINCT buyer)"): 9}), []),
        (use({("", "SUM(amount)"): 9}), []),
        (use({}, buyer=5, store=8, id=9, day=7, region=9), ["index_buyer"]),
        (use({}, buyer=2), []),
    ],
)
def test_what_recurs_and_pays_is_suggested(asked: TableUse, names: list[str]) -> None:
    found = suggested(LINES, asked, 80)
    assert [one.name for one in found] == names
    assert all(one.asked and "of 80 questions" in one.reason for one in found)
    assert suggested(replace(LINES, rows=9_000), asked, 80) == (), "it is small"
    assert suggested(LINES, asked, 9_000) == (), "a few of very many"


def test_the_use_of_a_table_is_told_in_a_line() -> None:
    assert told(use({}), 80) == (
        "read by 40 of 80 questions; filtered by day (31); grouped by channel (12)"
    )
    assert told(None, 80) == "none of 80 questions read it"
