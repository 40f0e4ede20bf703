"""Downloading in a browser: the rows of an answer, without a token in any address."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from .conftest import Watched
from .test_asking import ANA, ask

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.demo]
QUESTION = "How many orders are there for each channel?"


def downloaded(page: Page, label: str, folder: Path) -> Path:
    """The file that the button gives."""
    with page.expect_download() as waiting:
        page.get_by_role("button", name=f"Download {label}").click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path


def test_an_answer_is_taken_away_as_csv_and_for_excel(browser: Watched, tmp_path: Path) -> None:
    page = browser.signed_in(ANA)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    turn = ask(page, QUESTION)
    shown = turn.locator("tbody tr td:first-child").all_inner_texts()
    name = "datamind-how-many-orders-are-there-for-each-channel"

    path = downloaded(page, "CSV", tmp_path)
    assert path.name == f"{name}.csv"
    with path.open(newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    assert names[0] == "channel" and sorted(row[0] for row in rows) == sorted(shown)

    path = downloaded(page, "Excel", tmp_path)
    assert path.name == f"{name}.xlsx"
    sheet = openpyxl.load_workbook(path)["Result"]
    assert [cell.value for cell in sheet["A"]][1:] == [row[0] for row in rows]
    assert all(isinstance(cell.value, int) for cell in sheet["B"][1:])

    token = browser.server.token(ANA)["Authorization"].removeprefix("Bearer ").split(".")[0]
    assert not [url for url in asked if token in url or "token" in url]


def test_what_has_no_rows_has_nothing_to_download(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "how many unicorns are there")
    expect(turn.locator(".notice").first).to_be_visible()
    expect(page.get_by_role("button", name="Download CSV")).to_have_count(0)
