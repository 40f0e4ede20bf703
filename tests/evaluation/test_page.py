"""The page of a run: whole, safe, readable, and silent about personal data."""

from __future__ import annotations

import json
import re
from pathlib import Path

import duckdb
import pytest

from datamind.cli import app, guarded
from datamind.evaluation.report import reliability
from datamind.evaluation.run import Outcome, Verdict

NASTY = "How many people are there </script><script>alert(1)</script> & <b>so</b>?"
CASES = [
    {"id": "count", "question": "How many people are there?", "figure": 7, "tags": ["must"]},
    {"id": "names", "question": "List all emails", "sql": "SELECT email, city FROM people"},
    {"id": "cities", "question": "How many people are there for each city?",
     "sql": "SELECT city, count(*) FROM people GROUP BY city"},
    {"id": "later", "question": "and only for Rome?", "sql": "SELECT 'Rome', 2",
     "after": "How many people are there for each city?"},
    {"id": "lost", "question": "and only for Rome?", "figure": 1, "after": "What is the weather?"},
    {"id": "nasty", "question": NASTY, "figure": 6, "known_miss": "it is <i>nasty</i>"},
    {"id": "no", "question": "What is the weather in Rome?", "expect": "refuse"},
]  # fmt: skip
OUTCOMES = {
    "count": "wrong", "cities": "right", "later": "right", "lost": "error", "no": "refused",
}  # fmt: skip


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    with duckdb.connect(str(folder / "town.duckdb")) as db:
        db.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR, city VARCHAR)")
        rows = [(n, f"p{n}@mail.example", ["Rome", "Oslo", "Lima"][n % 3]) for n in range(6)]
        db.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
    suite, file = folder / "suite.jsonl", folder / "run.html"
    suite.write_text("\n".join(map(json.dumps, CASES)))
    words = [suite, "--warehouse", f"duckdb:///{folder}/town.duckdb", "--report", file, "--out",
             folder / "out.jsonl", "--no-keep", "--min-right", 99]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATAMIND_HOME", str(folder / "home"))
        assert guarded(lambda: app(["eval", *map(str, words)])) == 1
    return file


def test_each_question_is_there_with_its_outcome(page: Path) -> None:
    lines = (page.parent / "out.jsonl").read_text().splitlines()
    found = {v["id"]: v["outcome"] for v in map(json.loads, lines)}
    assert {name: found[name] for name in OUTCOMES} == OUTCOMES
    text = page.read_text("utf-8")
    assert sorted(re.findall(r'data-outcome="([^"]+)"', text)) == sorted(found.values())
    assert "after a question that was not answered: What is the weather?" in text
    assert "99 % wanted" in text


def test_nothing_of_a_question_is_markup_and_nothing_comes_from_outside(page: Path) -> None:
    text = page.read_text("utf-8")
    assert NASTY not in text and "<i>nasty" not in text
    assert text.count("<script>") == 1
    assert re.findall(r"(?:src|href|url|import)\s*[=(]", text) == []
    assert "default-src 'none'" in text


def test_personal_data_is_shown_to_nobody(page: Path) -> None:
    text = page.read_text("utf-8")
    assert "@mail.example" not in text
    assert "<td>•••</td><td>Rome</td>" in text
    assert "personal data is not shown" in text
    assert "@mail.example" not in (page.parent / "out.jsonl").read_text()


def test_answers_are_counted_by_how_sure_the_engine_was() -> None:
    def verdict(outcome: Outcome, confidence: float) -> Verdict:
        return Verdict("a", "all", "", "?", outcome, confidence, 1.0)

    told = reliability(
        [verdict("right", 0.62), verdict("wrong", 0.68), verdict("right", 1.0),
         verdict("no answer", 0.9), verdict("refused", 0.9), verdict("answered in vain", 0.95)]
    )  # fmt: skip
    assert [(round(b.low, 1), b.answers, round(b.confidence, 3), b.right) for b in told] == [
        (0.6, 2, 0.65, 0.5), (0.9, 2, 0.975, 0.5),
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.browser
def test_it_is_readable_filtered_and_open_to_everybody_in_a_browser(page: Path) -> None:
    import shutil

    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if path is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme, width in (("light", 1280), ("dark", 1280), ("dark", 360)):
            shown = browser.new_page(
                color_scheme=scheme,  # type: ignore[arg-type]
                viewport={"width": width, "height": 800},
            )
            faults: list[str] = []
            shown.on("console", lambda m, into=faults: into.append(m.text))
            shown.on("request", lambda r, into=faults: into.append(r.url))
            shown.goto(page.as_uri())
            assert faults == [page.as_uri()]
            shown.get_by_role("button", name="Open all").click()
            assert Axe().run(shown).response["violations"] == []
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            shown.get_by_role("button", name="right 2").click()
            assert shown.locator(".case:visible").count() == 2
            assert shown.get_by_text("2 of 7 questions shown").is_visible()
            shown.get_by_label("Search").fill("rome")
            assert shown.locator(".case:visible").count() == 1
        browser.close()
