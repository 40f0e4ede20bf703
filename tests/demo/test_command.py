"""`datamind demo`: builds once a day and size, asks a question, and survives a build that fails."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest
import yaml

from datamind.adapters.dbt.build import Build, current_build
from datamind.cli import app, guarded
from datamind.commands import demo as command
from datamind.commands.demo import MORE, QUESTION, project_folder
from datamind.commands.render import Screen
from datamind.errors import BadInput
from datamind.settings import Settings

from .conftest import LINES, TODAY

pytestmark = [pytest.mark.demo, pytest.mark.slow]


def run(*words: str) -> int:
    return guarded(lambda: app(list(words)))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data home of its own, and no other warehouse named."""
    monkeypatch.setenv("DATAMIND_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WAREHOUSE_URL", raising=False)
    return tmp_path / "home"


def test_the_first_run_builds_asks_and_stops_the_second_finds_it_there(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("demo", "--once", "--lines", "1000") == 0
    told = capsys.readouterr().out
    assert "dbt built and tested the models" in told
    assert QUESTION in told
    assert "SELECT" in told
    first = current_build(home / "demo" / "builds")
    assert run("demo", "--once", "--lines", "1000") == 0
    assert "is there already" in capsys.readouterr().out
    assert current_build(home / "demo" / "builds") == first
    assert run("ask", "How many stores are there?", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer["results"][0].values()) == [21]


def test_three_people_of_different_roles_are_told_their_passwords_once(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[object] = []
    monkeypatch.setattr("datamind.commands.serve.serve", lambda *a, **k: served.append(k) or 0)
    assert run("demo", "--lines", "1000") == 0
    told = capsys.readouterr().out
    assert served == [{"questions": (QUESTION, *MORE), "ready": served[0]["ready"]}]  # type: ignore[index]
    people = re.findall(r"^  (\w+) +(\S+@demo\.example) +(\S{20,})$", told, re.MULTILINE)
    assert [role for role, _, _ in people] == ["analyst", "viewer", "admin"]
    assert len({password for _, _, password in people}) == 3
    assert run("demo", "--lines", "1000") == 0
    again = capsys.readouterr().out
    assert "datamind users password" in again
    assert not any(password in again for _, _, password in people)


def test_a_build_that_fails_says_what_failed_and_loses_nothing(
    demo: Build, demo_settings: Settings, home: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shutil.copytree(demo_settings.demo, home / "demo")
    before = current_build(home / "demo" / "builds")
    assert before is not None
    broken = Path(shutil.copytree(project_folder(), tmp_path / "broken"))
    (broken / "tests" / "orders_are_all_large.sql").write_text(
        "select order_id from {{ ref('fct_orders') }} where order_amount < 50"
    )
    monkeypatch.setattr(command, "project_folder", lambda: broken)
    assert run("demo", "--once", "--lines", "1000", "--fresh") == 7
    told = capsys.readouterr().err
    assert "(dbt_build_failed)" in told
    assert "the test orders_are_all_large found" in told
    assert current_build(home / "demo" / "builds") == before
    assert run("ask", "How many stores are there?", "--json", "--today", "2026-05-20") == 0
    assert list(json.loads(capsys.readouterr().out)["results"][0].values()) == [21]


def test_without_dbt_the_demo_says_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BadInput, match="needs dbt") as caught:
        command.prepare(Settings(home=home), Screen(), lines=1000, today=TODAY, fresh=False)
    assert "datamind[demo]" in caught.value.hint


def test_data_that_can_not_be_made_is_a_failed_build(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken:
        def generate(self, out: Path, **options: object) -> dict[str, int]:
            raise duckdb.IOException("could not write: no space left on device")

    monkeypatch.setattr(command, "generator", lambda project: Broken())
    assert run("demo", "--once") == 7
    assert "data could not be made" in capsys.readouterr().err


def test_the_number_of_lines_has_its_bounds() -> None:
    assert run("demo", "--lines", "999") == 2
    assert run("demo", "--lines", "5000001") == 2


def test_what_the_demo_proposes_to_ask_is_among_the_tested_questions() -> None:
    cases = yaml.safe_load(Path(__file__).with_name("questions.yaml").read_text("utf-8"))
    assert {QUESTION, *MORE} <= {case["question"] for case in cases}
    assert len(cases) >= 40


def test_the_build_of_the_tests_is_of_their_day_and_size(demo: Build) -> None:
    assert demo.label == f"{LINES} lines, {TODAY.isoformat()}"
