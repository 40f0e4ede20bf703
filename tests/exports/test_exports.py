"""Files of rows: what each format makes of each value, read back by another program."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamind.adapters.exports import EXPORTERS, excel
from datamind.adapters.exports.cells import shown, shown_wherever_it_is_cut
from datamind.errors import ResultTooLarge
from datamind.records import Result, ResultColumn, Scalar, Written

MOMENT = dt.datetime.fromisoformat("2026-02-28T23:59:59")
DAY, LAST = map(dt.datetime.fromisoformat, ("2026-02-28", "9999-12-31"))
HOSTILE = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\xa0=1", "\u200b=1", "\ufeff=1",
    "\u2060\u3000 =1", "＝1", "＋1", "－1", "＠SUM(A1)", "﹦1", "−1", "\tx", "\rx", "\nx", "\x00=1",
    "=cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "=",
    "\x0b\x0c=1", "\u202e=1",
)  # fmt: skip
HARMLESS = ("", "a=1", "1-2", "'=1", "ana@example.com", "x\t", "€5", "(1)", '"=1"', "/", "'")


def written(format: str, path: Path, *parts: list[tuple[Scalar, ...]], kind: str = "text",
            names: tuple[str, ...] | None = None, truncated: bool = False) -> Written:  # fmt: skip
    """A file of these batches of rows."""
    width = len(parts[0][0]) if parts[0] else len(names or ("a",))
    columns = tuple(ResultColumn(n, kind) for n in names or [f"c{i}" for i in range(width)])

    def batches() -> Iterator[Result]:
        for number, rows in enumerate(parts):
            last = truncated and number == len(parts) - 1
            yield Result(columns, tuple(rows), 0.0, last)

    return EXPORTERS[format].write(batches(), str(path))


def as_csv(path: Path, value: Scalar) -> str:
    """The cell as it stands in the file."""
    written("csv", path, [(value,)])
    return path.read_bytes().decode().removeprefix('"c0"\r\n').removesuffix("\r\n")


def as_excel(path: Path, value: Scalar) -> Any:
    written("xlsx", path, [(value,)])
    return openpyxl.load_workbook(path)["Result"]["A2"]


def as_parquet(path: Path, *values: Scalar, kind: str = "text") -> tuple[str, list[Any]]:
    written("parquet", path, [(value,) for value in values], kind=kind)
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        read = db.sql(f"FROM '{path}'")
        return str(read.types[0]), [row[0] for row in read.fetchall()]


# ---- formulas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_that_would_run_is_shown_instead(tmp_path: Path, text: str) -> None:
    with (tmp_path / "x.csv").open("w"):
        cell = as_csv(tmp_path / "x.csv", text)
    assert cell.startswith("\"'")
    found = as_excel(tmp_path / "x.xlsx", text)
    assert found.data_type == "s"
    assert found.value.startswith("'")


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_that_would_not_run_is_left_alone(text: str) -> None:
    assert shown(text) == shown_wherever_it_is_cut(text) == text


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("a;=1", "a;'=1"), ("a; =1", "a;' =1"), ("a\t@x", "a\t'@x"), ("a\r\n-1", "a\r\n'-1"),
        ("a|+1", "a|'+1"), ("=1;=2", "'=1;'=2"), ("a;b-1", "a;b-1"), ("a,-1", "a,-1"),
    ],
)  # fmt: skip
def test_programs_that_cut_a_csv_elsewhere_find_no_formula_either(text: str, there: str) -> None:
    assert shown_wherever_it_is_cut(text) == there


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_names_of_columns_are_cells_too(tmp_path: Path, format: str) -> None:
    path = tmp_path / f"x.{format}"
    written(format, path, [(1, 2)], names=("=1+1", "fine"))
    if format == "csv":
        assert path.read_text().splitlines()[0] == '"\'=1+1","fine"'
    else:
        first = openpyxl.load_workbook(path)["Result"][1]
        assert [(c.data_type, c.value) for c in first] == [("s", "'=1+1"), ("s", "fine")]


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_no_text_at_all_begins_a_formula_and_rows_stay_rows(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    written("csv", path, [tuple(texts)])
    with path.open(newline="", encoding="utf-8") as file:
        head, *rows = csv.reader(file)
    assert len(head) == len(texts) and len(rows) == 1 and len(rows[0]) == len(texts)
    for cell in rows[0]:
        assert cell.lstrip()[:1] not in tuple("=+-@")


# ---- values ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "there"),
    [
        (-5, "-5"), (-5.5, "-5.5"), (Decimal("-5.50"), "-5.50"), (Decimal("1E+3"), "1000"),
        (Decimal("1E-9"), "0.000000001"), (2**70, str(2**70)), (True, "true"), (None, ""),
        ("", '""'), (math.nan, ""), (-math.inf, ""), (Decimal("NaN"), ""),
        (dt.date(2026, 2, 28), "2026-02-28"), (MOMENT, "2026-02-28T23:59:59"),
        (MOMENT.replace(tzinfo=dt.UTC), "2026-02-28T23:59:59+00:00"), (dt.time(9, 30), "09:30:00"),
        (-dt.timedelta(seconds=90), "-90.0"), ('say "hi"', '"say ""hi"""'), ("a\r\nb", '"a\r\nb"'),
        ("-5", "\"'-5\""), ("\ud800", '"\\ud800"'), ("日本", '"日本"'),
    ],
)  # fmt: skip
def test_what_csv_makes_of_a_value(tmp_path: Path, value: Scalar, there: str) -> None:
    assert as_csv(tmp_path / "x.csv", value) == there


@pytest.mark.parametrize(
    ("value", "there", "format"),
    [
        (-5, -5, "General"), (-5.5, -5.5, "General"), (Decimal("-5.50"), -5.5, "General"),
        (2**53, 2**53, "General"), (2**53 + 1, str(2**53 + 1), "General"),
        (-(2**53) - 1, str(-(2**53) - 1), "General"),
        (Decimal("1234567890123456.78"), "1234567890123456.78", "General"),
        (Decimal("1." + "0" * 40 + "1"), "1." + "0" * 40 + "1", "General"),
        (Decimal("1E+20"), 1e20, "General"), (True, True, "General"), (None, None, "General"),
        (math.nan, None, "General"), (math.inf, None, "General"),
        (DAY.date(), DAY, "yyyy-mm-dd"),
        (MOMENT, MOMENT, "yyyy-mm-dd hh:mm:ss"),
        (MOMENT.replace(tzinfo=dt.timezone(dt.timedelta(hours=1))),
         MOMENT - dt.timedelta(hours=1), "yyyy-mm-dd hh:mm:ss"),
        (dt.date(1899, 12, 31), "1899-12-31", "General"),
        (LAST.date(), LAST, "yyyy-mm-dd"),
        (dt.time(9, 30), dt.time(9, 30), "hh:mm:ss"), (dt.timedelta(minutes=2), 120, "General"),
        ("http://example.com", "http://example.com", "General"), ("0042", "0042", "General"),
        ("{=1}", "{=1}", "General"), ("x" * 40_000, "x" * 32_766 + "…", "General"),
        ("\ud800\uffff", "\ufffd\ufffd", "General"),
    ],
)  # fmt: skip
def test_what_excel_makes_of_a_value(
    tmp_path: Path, value: Scalar, there: object, format: str
) -> None:
    found = as_excel(tmp_path / "x.xlsx", value)
    assert (found.value, found.number_format) == (there, format)
    assert found.hyperlink is None and found.data_type != "f"


@pytest.mark.parametrize(
    ("values", "kind", "there"),
    [
        ((1, None, -5), "integer", "BIGINT"), ((2**62,), "integer", "DECIMAL(19,0)"),
        ((2**100, 1), "integer", "DECIMAL(31,0)"), ((1.5, None), "float", "DOUBLE"),
        ((1, 1.5), "float", "DOUBLE"), ((Decimal("-12.50"), Decimal("7.125")), "decimal",
                                       "DECIMAL(5,3)"),
        ((Decimal("1E+3"),), "decimal", "DECIMAL(4,0)"), ((Decimal(0),), "decimal",
                                                          "DECIMAL(1,0)"),
        ((True, False), "boolean", "BOOLEAN"), ((dt.date(2026, 2, 28),), "date", "DATE"),
        ((MOMENT,), "timestamp", "TIMESTAMP"), ((dt.time(9, 30),), "time", "TIME"),
        ((MOMENT.replace(tzinfo=dt.UTC),), "timestamp", "TIMESTAMP WITH TIME ZONE"),
        (("=1+1", "", "a\0b", "日本\n\\"), "text", "VARCHAR"),
        ((None,), "decimal", "DECIMAL(18,3)"),
        ((None,), "other", "VARCHAR"),
    ],
)  # fmt: skip
def test_parquet_keeps_types_and_values(
    tmp_path: Path, values: tuple[Scalar, ...], kind: str, there: str
) -> None:
    found, rows = as_parquet(tmp_path / "x.parquet", *values, kind=kind)
    assert (found, rows) == (there, list(values))


@pytest.mark.parametrize(
    ("values", "there"),
    [
        ((Decimal("9" * 40), Decimal("0.5")), ("VARCHAR", ["9" * 40, "0.5"])),
        ((MOMENT, "infinity"), ("VARCHAR", ["2026-02-28T23:59:59", "infinity"])),
        ((dt.timedelta(minutes=2),), ("DOUBLE", [120.0])),
        ((Decimal("1.5"), Decimal("Infinity")), ("DOUBLE", [1.5, math.inf])),
    ],
)
def test_what_parquet_has_no_type_for_stays_whole_as_text_or_number(
    tmp_path: Path, values: tuple[Scalar, ...], there: object
) -> None:
    assert as_parquet(tmp_path / "x.parquet", *values) == there


def test_columns_of_one_name_are_told_apart_in_parquet(tmp_path: Path) -> None:
    names = ("n", "N", "n_1", 'a"b')
    written("parquet", tmp_path / "x.parquet", [(1, 2, 3, 4)], names=names)
    with duckdb.connect() as db:
        read = db.sql(f"FROM '{tmp_path / 'x.parquet'}'")
        assert (read.columns, read.fetchall()) == (["n", "N_1", "n_1_1", 'a"b'], [(1, 2, 3, 4)])


def test_json_is_what_the_api_says(tmp_path: Path) -> None:
    row: tuple[Scalar, ...] = (Decimal("12.50"), MOMENT, None, math.nan, "=1", "\ud800")
    written("json", tmp_path / "x.json", [row, row], [row])
    said = json.loads((tmp_path / "x.json").read_text())
    there = [12.5, "2026-02-28T23:59:59", None, None, "=1", "\ud800"]
    assert said == [dict(zip([f"c{n}" for n in range(6)], there, strict=True))] * 3


# ---- how much ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", EXPORTERS)
def test_it_is_told_how_much_there_is_and_whether_there_was_more(
    tmp_path: Path, format: str
) -> None:
    path = tmp_path / f"x.{format}"
    assert written(format, path, [(1,), (2,)], [(3,)], truncated=True) == Written(3, True)
    assert written(format, path, [], names=("a", "b")) == Written(0, False)
    if format == "json":
        assert json.loads(path.read_text()) == []
    elif format == "csv":
        assert path.read_text() == '"a","b"\n'
    elif format == "xlsx":
        assert [c.value for c in openpyxl.load_workbook(path)["Result"][1]] == ["a", "b"]
    assert list(tmp_path.iterdir()) == [path]  # nothing is left beside it


def test_more_than_a_sheet_holds_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_ROWS", 3)
    assert written("xlsx", tmp_path / "x", [(1,), (2,)]).rows == 2
    with pytest.raises(ResultTooLarge, match="3 rows"):
        written("xlsx", tmp_path / "x", [(1,), (2,), (3,)])
    monkeypatch.setattr(excel, "MOST_COLUMNS", 1)
    with pytest.raises(ResultTooLarge, match="1 columns"):
        written("xlsx", tmp_path / "x", [(1, 2)])
