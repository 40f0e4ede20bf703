"""`datamind guard` on files: what goes in, and a verdict for each statement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from datamind.attacks.cases import data
from datamind.cli import app
from datamind.errors import BadInput

STATEMENTS = ["SELECT count(*) AS n FROM orders", "DROP TABLE orders", "SELECT \ud800"]


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A command for three statements."""
    for name in ("policy.yaml", "schema.yaml"):
        (tmp_path / name).write_text(data(name))
    lines = [json.dumps({"id": n, "sql": sql}) for n, sql in enumerate(STATEMENTS)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    options = {"--policy": "policy.yaml", "--schema": "schema.yaml", "--in": "in.jsonl"}
    files = [part for option, file in options.items() for part in (option, str(tmp_path / file))]
    return ["guard", "--user", "ann", *files]


def test_verdicts_go_to_a_file_or_to_standard_output(words: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    made = CliRunner().invoke(app, [*words, "--out", str(out)])
    assert (made.exit_code, made.output) == (0, "")
    verdicts = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(v["id"], v["verdict"]) for v in verdicts] == [
        (0, "allow"), (1, "refuse"), (2, "refuse")
    ]  # fmt: skip
    assert "region" in verdicts[0]["sql"] and verdicts[1]["sql"] is None
    for more in ([], ["--out", "-"]):
        printed = CliRunner().invoke(app, [*words, *more])
        assert [json.loads(line) for line in printed.stdout.splitlines()] == verdicts


def test_what_is_missing_is_named(words: list[str]) -> None:
    with pytest.raises(BadInput, match="--policy, --schema, --user and --in; or --self-test"):
        CliRunner().invoke(app, words[:3], catch_exceptions=False)
