"""The system's modes on the pages: each says what does not work, and when it is back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from .conftest import Server, Watched, _environment, _wait_for, free_port
from .test_asking import answered

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.demo]
ANA, ADAM = "ana@demo.example", "adam@demo.example"


@contextmanager
def mode(server: Server, wanted: str) -> Iterator[None]:
    """The server in this mode."""
    url, headers = f"{server.url}/api/v1/system/mode", server.token(ADAM)
    body = {"mode": wanted, "reason": "The data are moved.", "minutes": 5}
    httpx.post(url, json=body, headers=headers).raise_for_status()
    try:
        yield
    finally:
        httpx.delete(url, headers=headers).raise_for_status()


def test_a_page_says_that_nothing_is_run_now_and_when_it_is_back(
    browser: Watched, server: Server
) -> None:
    page = browser.signed_in(ANA)
    said = page.get_by_role("status", name="State of the system")
    expect(said).to_be_empty()
    with mode(server, "READ_ONLY"):
        expect(said).to_contain_text("an admin has set READ_ONLY until")  # without a reload
        expect(said).to_contain_text("The catalog can be read.")
        page.goto(f"{server.url}/catalog")
        expect(said).to_contain_text("READ_ONLY")
        expect(page.get_by_role("heading", level=1, name="Catalog")).to_be_visible()
    expect(said).to_be_empty()
    expect(page.get_by_text("All is back")).to_be_visible()


def test_a_page_that_could_not_be_shown_is_shown_when_all_is_back(
    browser: Watched, server: Server
) -> None:
    """Though it began and was over between two looks of the pages."""
    page = browser.signed_in(ANA)
    httpx.get(f"{server.url}/signin")  # looks, and the pages believe it for two seconds
    with mode(server, "EMERGENCY"):
        page.goto(f"{server.url}/")
        expect(page.get_by_role("alert")).to_contain_text("an admin has set EMERGENCY until")
    expect(page.get_by_role("combobox")).to_be_visible(timeout=15_000)
    # The browser itself notes the 503 of the page.
    browser.faults[:] = [fault for fault in browser.faults if "503" not in fault]


def test_what_failed_is_tried_again_in_its_own_turn(browser: Watched, server: Server) -> None:
    page = browser.signed_in(ANA)
    box = page.get_by_role("combobox", name="Your question")
    with mode(server, "EMERGENCY"):
        box.fill("How many orders are there?")
        page.keyboard.press("Enter")
        expect(page.locator(".turn").get_by_role("alert")).to_contain_text("EMERGENCY")
    box.fill("How many customers are there?")
    page.keyboard.press("Enter")
    answered(page, 1)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".turn h2.asked")).to_have_text(
        ["How many customers are there?", "How many orders are there?"]
    )
    answered(page, 1)
    expect(page.locator(".turn").get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(("path", "shown"), [("/users", "Adam Admin"), ("/history", "No quest")])
def test_a_list_that_can_not_be_read_is_not_said_to_be_empty(
    browser: Watched, server: Server, path: str, shown: str
) -> None:
    page = browser.signed_in(ADAM if path == "/users" else "vera@demo.example", path)
    with mode(server, "EMERGENCY"):
        page.goto(server.url + path)
        again = page.get_by_role("button", name="Try again")
        expect(page.get_by_role("alert")).to_contain_text("an admin has set EMERGENCY until")
        for untrue in ("Nobody found", "No questions", "Load more"):
            expect(page.get_by_text(untrue).locator("visible=true")).to_have_count(0)
    again.click()
    expect(page.get_by_text(shown)).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_the_sign_in_page_says_why_nobody_can_come_in(browser: Watched, server: Server) -> None:
    page = browser.page()
    page.goto(f"{server.url}/signin?out=1")
    said = page.get_by_role("status")
    expect(said).to_have_text("You are signed out.")
    page.fill("#email", ANA)
    with mode(server, "EMERGENCY"):
        assert "an admin has set EMERGENCY until" in httpx.get(f"{server.url}/signin").text
        expect(said).to_contain_text("an admin has set EMERGENCY until")  # without a reload
    expect(said).to_have_text("You are signed out.")
    expect(page.locator("#email")).to_have_value(ANA)


def test_a_server_that_nobody_can_sign_in_to_says_how_to_begin(
    browser: Watched, server: Server, tmp_path: Path
) -> None:
    (warehouse,) = (server.home / "demo").glob("builds/*/warehouse.duckdb")
    port, said = free_port(), tmp_path / "said.txt"
    words = ["serve", "--warehouse", f"duckdb:///{warehouse}", "--port", str(port)]
    with said.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "datamind.cli", *words], env=_environment(tmp_path),
            stdout=out, stderr=out, cwd=tmp_path,
        )  # fmt: skip
    try:
        _wait_for(lambda: "DataMind serves" in said.read_text(), process, said)
        page = browser.context.new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        expect(page.get_by_role("status")).to_contain_text("datamind users add")
        expect(page.get_by_text("An admin of yours can help")).to_have_count(0)
    finally:
        process.terminate()
        process.wait(20)


def test_the_keyboard_skips_the_menu_first_of_all(browser: Watched) -> None:
    page = browser.signed_in(ANA, "/catalog")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to content")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".page :focus")).to_have_count(1)
