"""What was asked suggests how the copies are kept, and the answers stay what they were."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from pathlib import Path

import pytest

from datamind.adapters.sync import target
from datamind.adapters.sync.running import plan_sync, run_sync
from datamind.adapters.sync.wanted import Wanted
from datamind.cli import app
from datamind.commands import migrate_warehouse
from datamind.commands.migrate_warehouse import usage
from datamind.commands.render import Screen
from tests.api.test_router import Both, both, routed

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

MORE = """
INSERT INTO orders SELECT i, 1 + i % 12, (ARRAY['paid', 'cancelled', 'open'])[1 + i % 3],
    (i % 97) * 10.5, date '2025-01-01' + i % 400 FROM generate_series(3001, 120000) i;
UPDATE orders SET order_date = date '2025-12-01' + id % 60;
ANALYZE
"""
NAME = "by_order_date_status_store_id"
LONG_AGO = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
QUESTIONS = (
    "Total order amount by status",
    "How many orders are there by status?",
    "Total order amount in 2025",
    "Total order amount by country",
)


def test_what_recurs_is_materialized_and_policies_hold(
    own_postgres_url: str, clickhouse_url: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    async def story() -> None:
        async with both(own_postgres_url, clickhouse_url, tmp_path / "home") as pair:
            pair.execute(MORE)
            pair.sync()
            await restrict(pair)
            before = [await pair.asked(question, routed) for question in QUESTIONS]
            wanted = await suggested(pair)
            assert (await asyncio.to_thread(run_sync, wanted)).ok
            after = [await pair.asked(question, routed) for question in QUESTIONS]
            assert [a["results"] for a in after] == [b["results"] for b in before]
            assert "cancelled" not in str(after[0]["results"])
            taken = await asyncio.to_thread(explained, pair)
            assert taken == [True, True, True, False], "a join takes none"
            pair.sync()  # as each night, when nobody looks at what was asked
            assert await asyncio.to_thread(explained, pair) == taken

    async def restrict(pair: Both) -> None:
        body = {"kind": "restriction", "name": "none cancelled", "on": "orders",
                "rows": "store_id <> 7 AND status <> 'cancelled'",
                "to": {"roles": ["analyst"]}}  # fmt: skip
        made = await pair.api.call("POST", "/policies", body, role="admin")
        assert made.status_code < 300, made.text

    async def suggested(pair: Both) -> Wanted:
        """Nothing is suggested after one question each, and all of it after some."""
        settings = pair.api.parts.settings

        async def looked() -> Wanted:
            found = await asyncio.to_thread(usage, settings, pair.url, LONG_AGO, Screen())
            return Wanted(pair.url, pair.clickhouse, usage=found, settle_s=0)

        assert (await looked()).usage is not None
        for _ in range(3):
            for question in QUESTIONS[:3]:
                await pair.api.ask(question, cache=False)
        wanted = await looked()
        await asyncio.to_thread(shown, pair)
        tables = (await asyncio.to_thread(plan_sync, wanted)).tables
        planned = {p.table.name: p.plan for p in tables}
        orders = planned["orders"]
        assert orders is not None
        (made,) = orders.shortcuts
        assert made.columns == ("order_date", "status", "store_id"), "those of the policy too"
        assert planned["stores"] is not None and planned["stores"].shortcuts == ()
        assert f"PROJECTION {NAME}" in "; ".join(orders.reasons)
        assert "grouped by status" in orders.reasons[0]
        return wanted

    def shown(pair: Both) -> None:
        """The command shows it too; refused in a file, it is not there."""
        monkeypatch.setenv("DATAMIND_HOME", str(pair.api.parts.settings.home))
        monkeypatch.setattr(migrate_warehouse, "LOOKED_BACK", dt.timedelta(days=9_999))
        file = tmp_path / "choices.yaml"
        file.write_text(f"tables: {{public.orders: {{materialized: {{{NAME}: false}}}}}}")
        words = ["migrate-warehouse", "--from", pair.url, "--to", pair.clickhouse, "--plan"]
        for more, names in (
            ([], [NAME]), (["--no-history"], []), (["--choices", str(file)], []),
        ):  # fmt: skip
            capsys.readouterr()
            with pytest.raises(SystemExit) as ended:
                app([*words, *more, "--json"])
            assert ended.value.code in (0, None)
            tables = {t["table"]: t for t in json.loads(capsys.readouterr().out)["tables"]}
            assert list(tables["public.orders"]["materialized"]) == names

    def explained(pair: Both) -> list[bool]:
        """Whether ClickHouse takes a projection for what ran there last."""
        said = [r["details"] for r in pair.api.audited() if r["event_type"] == "query_execution"]
        ran = [d["governed_sql"] for d in said if "governed_sql" in d]
        with target.opened(pair.clickhouse) as here:
            return [
                "by_order_date" in str(here.rows(f"EXPLAIN projections = 1 {sql}"))
                for sql in ran[-len(QUESTIONS) :]
            ]

    asyncio.run(story())
