"""`datamind ask --batch`: a line out for each line in, whatever is in it, and nothing lost."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from .conftest import SLOW, Run, batch_of, lines_of, start, told_at_its_end

SHAPE = ["id", "status", "sql", "columns", "rows", "confidence", "elapsed_ms"]
COUNT = "How many orders are there?"
BAD = [
    b"nonsense",
    b"[1]",
    b'"text"',
    b"{}",
    b'{"question": 7}',
    b'{"question": "x", "evidence": []}',
    b'{"id": {}, "question": "x"}',
    b'{"id": NaN, "question": "x"}',
    b'{"question": "\xff"}',
    b"[" * 100_000,
    b"1" * 5_000,
]


def asked(run: Run, shop: str, tmp_path: Path, content: bytes) -> list[dict[str, object]]:
    questions, out = tmp_path / "q.jsonl", tmp_path / "a.jsonl"
    questions.write_bytes(content)
    made = run("ask", "--batch", questions, "--out", out, "--warehouse", shop)
    assert made.code == 0, made.err
    assert made.out == ""
    return lines_of(out)


def test_each_line_is_answered_with_its_id(run: Run, shop: str, tmp_path: Path) -> None:
    content = b"\n".join(
        [
            b'\xef\xbb\xbf{"id": "a", "question": "How many orders are there?"}',
            b"",
            b'{"id": 2, "question": "number of stores by country", "other": 1}\r',
            b'{"question": "What is the weather in Rome?"}',
            b'{"id": "last", "question": ""}',
        ]
    )
    made = asked(run, shop, tmp_path, content)
    assert [line["id"] for line in made] == ["a", 2, "line 4", "last"]
    assert [line["status"] for line in made] == ["answered", "answered", "refused", "error"]
    assert list(made[0]) == SHAPE
    assert made[0]["rows"] == [[3000]]
    assert made[1]["columns"] == ["country", "number_of_stores"]
    assert made[3]["code"] == "empty_question"


@pytest.mark.parametrize("line", BAD, ids=lambda line: line[:30].decode("latin-1"))
def test_a_bad_line_gets_an_error_and_the_others_are_answered(
    run: Run, shop: str, tmp_path: Path, line: bytes
) -> None:
    good = json.dumps({"id": "good", "question": COUNT}).encode()
    made = asked(run, shop, tmp_path, b"\n".join([good, line, good]))
    assert [m["status"] for m in made] == ["answered", "error", "answered"]
    bad = made[1]
    assert list(bad) == [*SHAPE, "code", "message", "hint"]
    assert bad["code"] == "bad_input"
    assert "2" in str(bad["message"])
    assert bad["rows"] == []


def test_line_separators_within_a_text_are_no_line_ends(
    run: Run, shop: str, tmp_path: Path
) -> None:
    content = json.dumps({"id": "\u2028", "question": COUNT}, ensure_ascii=False).encode()
    assert [m["id"] for m in asked(run, shop, tmp_path, content)] == ["\u2028"]


def test_half_a_letter_comes_back_as_it_went_in(run: Run, shop: str, tmp_path: Path) -> None:
    content = (
        b'{"id": "\\ud83d", "question": "\\ud83d"}\n{"id": 2, "question": "%s"}' % COUNT.encode()
    )
    made = asked(run, shop, tmp_path, content)
    assert made[0]["id"] == "\ud83d"
    assert [m["status"] for m in made] == ["error", "answered"]


def test_an_empty_batch_is_done_at_once(run: Run, shop: str, tmp_path: Path) -> None:
    assert asked(run, shop, tmp_path, b"\n\n") == []


def test_how_it_went_is_told_aside(run: Run, shop: str, tmp_path: Path) -> None:
    questions = batch_of(tmp_path / "q", [COUNT, "", COUNT])
    out = tmp_path / "a"
    made = run("ask", "--batch", questions, "--out", out, "--warehouse", shop)
    assert made.err == f"3 answers in {out}: 2 answered, 1 error\n"


def test_what_can_not_be_read_or_written_is_told_and_old_answers_stay(
    run: Run, shop: str, tmp_path: Path
) -> None:
    questions = batch_of(tmp_path / "q", [COUNT])
    out = tmp_path / "a"
    out.write_text("before")
    gone = f"duckdb:///{tmp_path}/gone.duckdb"
    for words, code, message in (
        (("--batch", tmp_path / "no", "--out", out), 2, "can't be read"),
        (("--batch", tmp_path, "--out", out), 2, "can't be read"),
        (("--batch", questions, "--out", tmp_path / "no" / "a"), 2, "can't be written"),
        (("--batch", questions, "--out", tmp_path), 2, "can't be written"),
        (("--batch", questions, "--out", questions), 2, "would be overwritten"),
        (("--batch", questions, "--out", out, "--today", "x"), 2, "is no date"),
        (("--batch", questions, "--out", out, "--warehouse", gone), 6, "There is no database"),
        ((COUNT, "--batch", questions, "--out", out), 2, "no question beside it"),
    ):
        given = () if "--warehouse" in words else ("--warehouse", shop)
        made = run("ask", *words, *given)
        assert made.code == code, made
        assert message in made.err
        assert "Traceback" not in made.err
    assert out.read_text() == "before"
    assert len(lines_of(questions)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_full_disk_is_told(run: Run, shop: str, tmp_path: Path) -> None:
    questions = batch_of(tmp_path / "q", [COUNT])
    made = run("ask", "--batch", questions, "--out", "/dev/full", "--warehouse", shop)
    assert made.code == 2
    assert "/dev/full can't be written any more. (bad_input)" in made.err


@pytest.mark.slow
def test_an_interrupt_ends_it_with_130_and_keeps_what_was_answered(
    visits: str, tmp_path: Path
) -> None:
    questions = batch_of(tmp_path / "q", ["How many visits are there?", *[SLOW] * 200])
    out = tmp_path / "a"
    process = start("ask", "--batch", questions, "--out", out, "--warehouse", visits)
    while process.poll() is None and not (out.exists() and out.read_bytes().count(b"\n") >= 2):
        pass
    process.send_signal(signal.SIGINT)
    err = told_at_its_end(process)
    assert process.returncode == 130
    assert "Interrupted." in err
    assert "Traceback" not in err
    made = lines_of(out)
    assert 2 <= len(made) < 201
    assert f"{len(made)} answers in" in err
