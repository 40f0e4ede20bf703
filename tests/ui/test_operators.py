"""The pages of operators: the state of the system, its jobs, dbt, backups, audit and settings."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Server, Watched

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.demo]
ANA, ADAM = "ana@demo.example", "adam@demo.example"
PATHS = ("/system",)


def test_operators_pages_are_for_admins_only(browser: Watched, server: Server) -> None:
    page = browser.signed_in(ANA)
    expect(page.get_by_role("link", name="System")).to_have_count(0)
    for path in PATHS:
        page.goto(f"{server.url}{path}")
        expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
        expect(page.get_by_role("navigation", name="System")).to_have_count(0)
    browser.faults[:] = [fault for fault in browser.faults if "403" not in fault]


def test_a_mode_is_set_with_its_reason_and_taken_back(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/system")
    state = page.get_by_role("region", name="State", exact=True)
    expect(state).to_contain_text("100 of 100")
    expect(page.get_by_role("row", name="Warehouse Healthy")).to_be_visible()
    page.get_by_role("button", name="Set a mode").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("The <b>data</b> are moved.")
    dialog.get_by_label("Minutes").fill("soon")
    dialog.get_by_role("button", name="Set the mode").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Minutes")
    dialog.get_by_label("Minutes").fill("5")
    dialog.get_by_role("button", name="Set the mode").click()
    expect(state).to_contain_text("READ_ONLY")
    expect(state).to_contain_text("Adam Admin has set READ_ONLY until")
    expect(state).to_contain_text("The <b>data</b> are moved.")
    page.get_by_role("button", name="Take it back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(state).to_contain_text("FULL_OPERATIONAL")
