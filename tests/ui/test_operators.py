"""The pages of operators: the state of the system, its jobs, dbt, backups, audit and settings."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import expect

from .conftest import DESK, Server, Watched
from .test_states import mode

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.demo]
ANA, ADAM = "ana@demo.example", "adam@demo.example"
SOON_MS = 5_000  # less than the page takes to look again by itself
# Names and values of settings that stand on two lines.
BROKEN = """[...document.querySelectorAll('.grid code, .grid td.nowrap > span')]
    .filter((e) => e.getClientRects().length > 1).map((e) => e.textContent)"""
PATHS = ("/system", "/jobs", "/dbt", "/backups", "/audit", "/config", "/jobs/x", "/dbt/x")


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
    banner = page.get_by_role("status", name="State of the system")
    alerts = page.get_by_role("region", name="Alerts", exact=True)
    expect(banner).to_contain_text("an admin has set READ_ONLY", timeout=SOON_MS)
    expect(alerts).to_contain_text("Mode READ_ONLY", timeout=SOON_MS)
    page.get_by_role("button", name="Take it back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back").click()
    expect(state).to_contain_text("FULL_OPERATIONAL")
    expect(banner).to_be_empty(timeout=SOON_MS)
    expect(alerts).to_contain_text("None", timeout=SOON_MS)


def test_in_an_emergency_admins_are_led_to_where_it_is_taken_back(
    browser: Watched, server: Server
) -> None:
    """And what was known of people is known still."""
    api, headers = f"{server.url}/api/v1/system", server.token(ADAM)

    def put(value: int | None) -> None:
        body = {"settings": {"ALERT_DISK_MB": value}}
        httpx.patch(f"{api}/config", json=body, headers=headers).raise_for_status()

    page = browser.signed_in(ADAM, "/config")
    put(99)
    with mode(server, "EMERGENCY"):
        page.reload()
        expect(page.get_by_role("row", name="ALERT_DISK_MB")).to_contain_text("Adam Admin")
        page.get_by_role("link", name="See why, and what can be done").click()
        expect(page.get_by_role("button", name="Take it back")).to_be_visible()
        expect(page.get_by_role("link", name="See why")).to_have_count(0)
    put(None)


def test_a_phone_shows_all_pages_of_operators(browser: Watched, server: Server) -> None:
    page = browser.signed_in(ADAM, "/config")
    page.set_viewport_size({"width": 375, "height": 812})
    for tab in page.get_by_role("navigation", name="System").get_by_role("link").all():
        expect(tab).to_be_in_viewport(ratio=1)


def test_a_backup_is_made_by_a_job_that_is_looked_into(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/backups")
    page.get_by_role("button", name="Make a backup").click()
    last = page.get_by_role("region", name="The last one asked for")
    last.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Backup create")).to_be_visible()
    expect(page.get_by_role("status", name="State of the job")).to_contain_text("Succeeded")
    expect(page.get_by_role("button", name="Do it again")).to_have_count(0)
    page.get_by_role("link", name="Backups").click()
    expect(page.get_by_text("1 backup, kept for 30 days.")).to_be_visible()
    row = page.get_by_role("row", name="datamind-")
    expect(row).to_contain_text("kB")
    expect(row.get_by_role("cell", name="All", exact=True)).to_be_visible()
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("combobox", name="State").click()
    page.get_by_role("option", name="Given up").click()
    expect(page.get_by_text("No jobs")).to_be_visible()


def test_dbt_is_run_and_its_log_followed(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/dbt")
    form = page.get_by_role("region", name="Start a run")
    form.get_by_label("Models").fill("--profiles-dir")
    form.get_by_role("button", name="Start").click()
    expect(form.get_by_role("alert")).to_be_visible()
    form.get_by_label("Command").click()
    page.get_by_role("option", name="Test").click()
    form.get_by_label("Models").fill("fct_orders")
    form.get_by_role("button", name="Start").click()
    expect(page.get_by_role("heading", name="Test fct_orders")).to_be_visible()
    expect(page.get_by_role("status", name="State of the run")).to_contain_text(
        "Succeeded", timeout=60_000
    )
    expect(page.get_by_role("log", name="Log")).to_contain_text("fct_orders")
    page.get_by_role("link", name="← dbt").click()
    runs = page.get_by_role("region", name="Last runs")
    expect(runs.locator("a.line", has_text="Test fct_orders")).to_contain_text("Succeeded")


def test_a_run_is_called_off_found_by_its_state_and_done_again(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/dbt")
    form = page.get_by_role("region", name="Start a run")
    form.get_by_label("Command").click()
    page.get_by_role("option", name="Test").click()
    form.get_by_label("Models").fill("dim_stores")
    form.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Call it off").click()
    page.get_by_role("dialog").get_by_role("button", name="Call it off").click()
    run = page.get_by_role("status", name="State of the run")
    expect(run).to_contain_text("Called off", timeout=60_000)
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("combobox", name="State").click()
    page.get_by_role("option", name="Called off").click()
    page.locator("a.line", has_text="Called off").first.click()
    job = page.get_by_role("status", name="State of the job")
    expect(job).to_contain_text("Called off")
    page.get_by_role("button", name="Do it again").click()
    expect(job).to_contain_text("Succeeded", timeout=60_000)
    expect(page.get_by_role("log", name="Log")).to_contain_text("dim_stores")


def test_the_audit_log_is_searched_verified_and_exported(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/audit")
    rows, total = page.get_by_role("row", name="Adam Admin"), page.get_by_text(" events.")
    expect(rows.first).to_be_visible()
    page.get_by_label("From").fill("20260-01-01")
    expect(page.get_by_role("alert")).to_contain_text("Since")
    expect(rows).to_have_count(0)
    expect(total).to_have_count(0)
    page.get_by_label("From").fill("")
    page.get_by_role("combobox", name="Action").click()
    page.get_by_role("option", name="login", exact=True).click()
    expect(rows.first).to_contain_text("success")
    expect(page.get_by_role("row", name="user_create")).to_have_count(0)
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text("The chain holds")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("button", name="Export").click()
    assert '"event_type": "login"' in taken.value.path().read_text().partition("\n")[0]


def test_a_setting_is_changed_within_its_bounds_and_taken_back(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/config")
    line = page.get_by_role("row", name="DATAMIND_SLOW_QUERY_MS")
    change, dialog = line.get_by_role("button", name="Change"), page.get_by_role("dialog")
    change.click()
    dialog.get_by_label("Value").fill("-1")
    dialog.get_by_role("button", name="Change it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("DATAMIND_SLOW_QUERY_MS")
    dialog.get_by_label("Value").fill("700")
    dialog.get_by_role("button", name="Change it").click()
    expect(line).to_contain_text("Adam Admin")
    expect(line.get_by_role("cell", name="700", exact=True)).to_be_visible()
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(BROKEN) == []
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    change.click()
    dialog.get_by_role("button", name="Take the change back").click()
    expect(line).not_to_contain_text("Adam Admin")
