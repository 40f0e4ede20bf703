"""The guide to suites of one's own does what it says: its suite and commands are run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from datamind.adapters.dbt.build import Build
from datamind.cli import app, guarded
from datamind.settings import Settings

from .conftest import TODAY

pytestmark = [pytest.mark.demo, pytest.mark.slow]
GUIDE = (Path(__file__).parents[2] / "docs/evaluation.md").read_text("utf-8")
SUITE, CI = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]  # fmt: skip


def run(words: list[str]) -> int:
    return guarded(lambda: app(words))


def test_its_commands_run_on_the_demo_in_their_order(
    demo: Build, demo_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    home = tmp_path / "home"
    home.mkdir()
    (home / "demo").symlink_to(demo_settings.demo)
    monkeypatch.setenv("DATAMIND_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    Path("questions.yaml").write_text(SUITE)
    day = ["--today", str(TODAY)]
    assert run(["eval", "questions.yaml", "--out", "baseline.jsonl", "--label", "main", *day]) == 0
    for command in COMMANDS:
        program, *words = shlex.split(command)
        assert program == "datamind"
        asks = words[1] not in ("history", "compare")
        code = run([*words, *(day if asks else [])])
        told = capsys.readouterr()
        assert code == 0, (command, told)
    assert "<h1>questions.yaml" in Path("evaluation.html").read_text("utf-8")


def test_its_suite_is_answered_rightly(
    demo: Build, demo_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATAMIND_HOME", str(demo_settings.home))
    (tmp_path / "questions.yaml").write_text(SUITE)
    words = ["--today", str(TODAY), "--min-right", "100", "--max-wrong", "0", "--no-keep"]
    assert run(["eval", str(tmp_path / "questions.yaml"), *words]) == 0, capsys.readouterr().out


def test_the_job_of_its_ci_names_options_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = yaml.safe_load(CI)["jobs"]["questions"]["steps"]
    lines = [line for step in steps for line in step.get("run", "").splitlines()]
    commands = [line for line in lines if line.startswith("datamind")]
    assert len(commands) == 4
    for command in commands:
        words = shlex.split(command)[1:]
        named = words[:1] if words[:1] == ["eval"] else words[:2]
        named = ["eval", "compare" if "compare" in words else "run"] if named == ["eval"] else named
        capsys.readouterr()
        assert run([*named, "--help"]) == 0
        told = capsys.readouterr().out
        assert [w for w in words if w.startswith("--") and w not in told] == []
