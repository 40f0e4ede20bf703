"""dbt over the API: runs as jobs with their log, and answers that follow the build in use."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from datamind.adapters.dbt.configured import build_in_use
from datamind.settings import Settings
from datamind.settings.dbt import DbtSettings

from .conftest import Api, Run, running, settings_of

pytestmark = pytest.mark.slow
PROJECT = Path(__file__).parents[1] / "dbt" / "shop"
ORDERS = """id,customer_id,status,amount,placed_on
1,1,paid,120,2026-01-05
2,1,open,80,2026-01-06
3,2,paid,,2026-01-07
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("home")
    (home / "orders.csv").write_text(ORDERS)
    passed = (("SHOP_ORDERS", str(home / "orders.csv")),)
    return replace(settings_of(home), dbt_project=PROJECT, dbt=DbtSettings(passed=passed))


@pytest.fixture(scope="module")
def api(loop: asyncio.Runner, shop: Path, settings: Settings) -> Iterator[Api]:
    """The API over a file, until dbt made a better one."""

    def source() -> tuple[str, Path | None]:
        made = build_in_use(settings)
        if made is None:
            return f"duckdb:///{shop}", None
        return f"duckdb:///{made.warehouse}", made.artifacts

    context = running(settings, shop, source=source)
    yield loop.run(context.__aenter__())
    loop.run(context.__aexit__(None, None, None))


async def admin(api: Api, method: str, path: str, body: Any = None) -> Any:
    answer = await api.call(method, f"/admin/dbt{path}", body, role="admin")
    assert answer.status_code in (200, 202), answer.text
    return answer.json()


async def ended(api: Api, run_id: str) -> tuple[dict[str, Any], list[str]]:
    """The run once it is over, and its log as it came."""
    lines: list[dict[str, Any]] = []
    async with asyncio.timeout(120):
        while True:
            after = lines[-1]["seq"] if lines else 0
            run = await admin(api, "GET", f"/runs/{run_id}?after={after}")
            lines += run["lines"]
            if run["status"] not in ("queued", "running"):
                return run, [line["line"] for line in lines]
            await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def built(api: Api, loop: asyncio.Runner, settings: Settings) -> None:
    """There is a build, also where this process was not given the test that makes one."""

    async def work() -> None:
        if build_in_use(settings) is None:
            told, _ = await ended(api, (await admin(api, "POST", "/build", {}))["run_id"])
            assert told["status"] == "success", told

    loop.run(work())


def test_a_build_is_asked_for_followed_and_put_in_use(api: Api, run: Run) -> None:
    async def work() -> None:
        early = await api.call("POST", "/admin/dbt/test", role="admin")
        assert early.status_code == 202  # the job will say that nothing was built
        told, _ = await ended(api, early.json()["run_id"])
        assert (told["status"], told["message"]) == ("error", "Nothing was built yet.")

        started = await admin(api, "POST", "/build", {})
        assert started.keys() == {"job_id", "run_id", "status"}
        assert started["status"] == "running"
        waiting = await admin(api, "POST", "/build", {"models": ["orders"]})
        path = f"/admin/dbt/runs/{started['run_id']}/log"
        followed, (told, log) = await asyncio.gather(
            api.call("GET", path, role="admin"), ended(api, started["run_id"])
        )
        assert told["status"] == "success", told
        events = [json.loads(d) for d in re.findall(r"(?m)^data: (.*?)\r?$", followed.text)]
        assert [event["line"] for event in events if "line" in event] == log
        assert events[-1] == {"status": "success", "message": told["message"], "failed": []}
        assert told["counts"] == {"success": 5, "pass": 12, "warn": 4}
        assert any("OK created sql table model main.orders" in line for line in log)
        called_off = await admin(api, "POST", f"/runs/{waiting['run_id']}/cancel")
        told, _ = await ended(api, waiting["run_id"])
        assert called_off["id"] == told["id"]
        assert told["status"] == "cancelled"

        for _ in range(2):  # what still changes is opened once it holds still
            await api.app.state.following.look()
        answer = await api.ask("How many orders are there?")
        assert answer["results"] == [{"number_of_orders": 3}]
        assert any("not_null_orders_amount, 1 row, since" in w for w in answer["warnings"])
        health = (await api.client.get("/health", headers=await api.headers("admin"))).json()
        of_dbt = health["components"]["dbt"]
        assert (of_dbt["status"], of_dbt["tests_passed"]) == ("degraded", False)
        assert "orders: not_null_orders_amount" in of_dbt["failing"]
        assert of_dbt["last_run"] > "2026"
        page = await admin(api, "GET", "/runs?command=build")
        assert {r["id"] for r in page["items"]} == {waiting["run_id"], started["run_id"]}
        kept = [(r["event_type"], r["status"]) for r in api.audited() if "dbt" in r["event_type"]]
        assert ("dbt_build", "intent") in kept
        assert ("dbt_build", "success") in kept

    run(work())


@pytest.mark.usefixtures("built")
def test_models_tell_of_their_tests_owner_and_neighbours(api: Api, run: Run) -> None:
    async def work() -> None:
        found = {m["name"]: m for m in (await admin(api, "GET", "/models"))["items"]}
        assert found["lines"]["parents"] == ["orders"]
        assert "lines" in found["orders"]["children"]
        states = {t["name"]: (t["status"], t["rows"]) for t in found["orders"]["tests"]}
        assert states["not_null_orders_amount"] == ("warn", 1)
        assert states["unique_orders_id"] == ("pass", 0)
        assert found["orders"]["built_at"] > "2026"

    run(work())


@pytest.mark.usefixtures("built")
def test_waiting_gives_the_end_and_the_log(api: Api, run: Run) -> None:
    async def work() -> None:
        told = await admin(api, "POST", "/test?wait=true", {"models": ["orders"]})
        assert (told.keys(), told["status"]) == ({"status", "output", "run_id"}, "success")
        assert "PASS unique_orders_id" in told["output"]
        jobs = (await api.call("GET", "/system/jobs?kind=dbt.run", role="admin")).json()["items"]
        assert "test: all is well." in [job["message"] for job in jobs]

    run(work())


@pytest.mark.usefixtures("built")
def test_documentation_is_one_page_that_can_do_nothing_to_its_reader(api: Api, run: Run) -> None:
    async def work() -> None:
        page = await api.call("GET", "/admin/dbt/docs/site", role="admin")
        assert page.status_code == 200
        assert "dbt Docs" in page.text
        assert '"model.shop.orders"' in page.text
        policy = page.headers["content-security-policy"]
        for part in (
            "default-src 'none'",
            "connect-src 'none'",
            "sandbox allow-scripts",
            "sha256-",
        ):
            assert part in policy
        assert "allow-same-origin" not in policy
        script = policy.split("script-src")[1].split(";")[0]
        assert "unsafe-inline" not in script
        refused = await api.call("GET", "/admin/dbt/docs/site", role="analyst")
        assert refused.status_code == 403

    run(work())


@pytest.mark.parametrize("models", [["--target=prod"], ["a; id"], ["x"] * 101, [""]])
def test_what_is_no_selector_starts_nothing(models: list[str], api: Api, run: Run) -> None:
    refused = run(api.call("POST", "/admin/dbt/run", {"models": models}, role="admin"))
    assert refused.status_code == 422


def test_the_paths_at_the_root_are_the_same(api: Api, run: Run) -> None:
    async def work() -> None:
        headers = await api.headers("admin")
        found = await api.client.get("/admin/dbt/models", headers=headers)
        assert found.json() == await admin(api, "GET", "/models")

    run(work())
