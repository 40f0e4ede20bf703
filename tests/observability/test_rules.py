"""Rules and dashboards: each expression is about what a running server exports, each alert says
what to do, and rules fire when they should (with Prometheus' own tool, where it is installed)."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from datamind.rooms.jobs.models import Job
from datamind.settings import RedisSettings
from tests.api.conftest import running, settings_of
from tests.observability.promql import parse

ROOT = Path(__file__).parents[2]
PROMETHEUS, GRAFANA = ROOT / "deploy" / "prometheus", ROOT / "deploy" / "grafana"
OF_PROMETHEUS = {"job", "instance", "le"}
PLACE = re.compile(r"\$labels\.(\w+)")


def rules() -> Iterator[dict[str, Any]]:
    for file in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def panels() -> Iterator[tuple[str, str]]:
    """Where each expression of the dashboards is, and the expression."""
    for file in sorted((GRAFANA / "dashboards").glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel["targets"]:
                yield f"{file.stem}: {panel['title']}", target["expr"]


ALERTS = [rule for rule in rules() if "alert" in rule]
RECORDED = [rule for rule in rules() if "record" in rule]
EXPRESSIONS = [
    *((rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()), *panels(),
]  # fmt: skip
DASHBOARDS = {"latency", "errors", "users", "health", "components", "jobs"}


def anchors(page: str) -> set[str]:
    headings = re.findall(r"(?m)^#+ (.+)$", (ROOT / page).read_text())
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_it_is_and_what_to_do(alert: Mapping[str, Any]) -> None:
    told = alert["annotations"]
    assert alert["labels"]["severity"] in ("critical", "warning")
    assert len(told["summary"]) > 10 and len(told["description"]) > 20
    page, _, anchor = told["runbook_url"].partition("#")
    assert page in ("docs/observability.md", "docs/operations.md")
    assert anchor in anchors(page)


def test_dashboards_are_whole() -> None:
    found = {}
    for file in (GRAFANA / "dashboards").glob("*.json"):
        board = json.loads(file.read_text())
        found[file.stem] = board["uid"]
        places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
        assert len(set(places)) == len(places)
        assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert set(found) == DASHBOARDS and len(set(found.values())) == len(DASHBOARDS)
    source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())
    uids = {s["uid"] for s in source["datasources"]}
    text = "".join(file.read_text() for file in (GRAFANA / "dashboards").glob("*.json"))
    assert (
        set(re.findall(r'"datasource": \{\s*"type": "prometheus",\s*"uid": "([^"]+)"', text))
        == uids
    )


@pytest.mark.parametrize(
    ("text", "series", "grouped"),
    [
        ('sum by (a, b) (rate(x_total{c="}",d=~"e"}[5m])) / 2 > 1e3', {"x_total": {"c", "d"}},
         {"a", "b"}),
        ('(up == 1) unless on (instance) y{z!="1"}', {"up": set(), "y": {"z"}}, {"instance"}),
        ("histogram_quantile(0.95, sum by (le) (rate(h_bucket[5m])))", {"h_bucket": set()}, {"le"}),
    ],
)  # fmt: skip
def test_what_an_expression_is_about(
    text: str, series: dict[str, set[str]], grouped: set[str]
) -> None:
    found = parse(text)
    assert {name: set(labels) for name, labels in found.series} == series
    assert found.grouped == grouped


@pytest.mark.parametrize(
    "text", ["sum(x", "x)", "sum x", "nope(x)", "x{a}", "x{a=1}", "x @", "x]", "rate(x)", "x + 'y'"]
)
def test_what_is_no_expression_is_told(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> dict[str, set[str]]:
    """The labels of each series that a running server exports, by name; it looks after the queue as
    Beat does, and its job's figures are a worker's (tests/jobs/test_scraping.py)."""
    folder = tmp_path_factory.mktemp("exported")
    with duckdb.connect(str(folder / "shop.duckdb")) as db:
        db.execute("CREATE TABLE stores (id INTEGER PRIMARY KEY, name VARCHAR)")
        db.execute("INSERT INTO stores VALUES (1, 'A')")

    async def scraped() -> str:
        settings = replace(settings_of(folder / "home"), redis=RedisSettings(redis_url))
        async with running(settings, folder / "shop.duckdb") as api:
            api.parts.job_metrics.attempt("jobs.tidy", "succeeded", 1)
            await api.ask("how many stores are there")
            await api.call("POST", "/sql/validate", {"sql": "DROP TABLE stores"})
            now = api.clock()
            async with api.parts.database.unit() as session:
                session.add(Job(
                    id="job-1", kind="k", payload={}, owner="system", correlation_id="c",
                    status="dead", attempts_most=1, timeout_s=1, available_at=now, created_at=now,
                    ended_at=now,
                ))  # fmt: skip
            async with asyncio.timeout(30):
                while api.parts.job_metrics.messages is None:
                    await asyncio.sleep(0.1)
            await api.app.state.figures.look()
            return (await api.client.get("/metrics")).text

    text = asyncio.run(scraped())
    found: dict[str, set[str]] = {"up": set()}
    for family in text_string_to_metric_families(text):
        if not family.samples:  # nothing of it has happened yet
            found[f"{family.name}_total" if family.type == "counter" else family.name] = set()
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    for rule in RECORDED:
        labels = found.setdefault(rule["record"], set())
        labels |= parse(rule["expr"]).grouped | set(rule.get("labels", {}))
    return found


@pytest.mark.slow
def test_each_expression_is_about_what_is_exported(exported: dict[str, set[str]]) -> None:
    wrong = []
    for where, text in EXPRESSIONS:
        expression = parse(text)
        known: set[str] = set(OF_PROMETHEUS)
        for name, labels in expression.series:
            if name not in exported:
                wrong.append(f"{where}: there is no {name}")
                continue
            known |= exported[name]
            wrong += [
                f"{where}: {name} has no label {label}"
                for label in labels - exported[name] - OF_PROMETHEUS
            ]
        wrong += [f"{where}: nothing has a label {label}" for label in expression.grouped - known]
    for alert in ALERTS:
        expression = parse(alert["expr"])
        known = OF_PROMETHEUS.union(*(exported.get(n, set()) for n, _ in expression.series))
        told = PLACE.findall(alert["annotations"]["description"])
        wrong += [f"{alert['alert']} tells {label}" for label in set(told) - known]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_each_metric_is_explained(exported: dict[str, set[str]]) -> None:
    page = (ROOT / "docs" / "observability.md").read_text()
    table = page.partition("| metric |")[2].partition("\n## ")[0]
    names_of = "".join(line.split(" | ")[0] for line in table.splitlines())
    told = set(re.findall(r"`([a-z_]+)(?:\{[^`]*\})?`", names_of))
    ends = re.compile(r"_(?:bucket|count|sum)$")
    names = {ends.sub("", name) if "le" in exported.get(ends.sub("_bucket", name), ()) else name
             for name in exported if ":" not in name}  # fmt: skip
    names = {name for name in names if not re.match("up$|process_(?!tree)", name)}
    assert names - told == set()
    assert {name for name in told if not name.startswith(("llm_", "training_"))} <= names


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    return found


@pytest.mark.slow
def test_rules_fire_when_they_should(promtool: str) -> None:
    cases = Path(__file__).with_name("alerts_test.yml")
    done = subprocess.run([promtool, "test", "rules", cases], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_prometheus_reads_all_of_it(promtool: str, tmp_path: Path) -> None:
    shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    (tmp_path / "prometheus" / "api_token").write_text("x")
    boards = [{"record": f"panel:{n}", "expr": text} for n, (_, text) in enumerate(panels())]
    extra = tmp_path / "prometheus" / "rules" / "boards.yml"
    extra.write_text(yaml.safe_dump({"groups": [{"name": "boards", "rules": boards}]}))
    command = [promtool, "check", "config", tmp_path / "prometheus" / "prometheus.yml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
