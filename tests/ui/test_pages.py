"""Every page, light and dark, on a desk and a phone: for everybody, and worth looking at."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .conftest import DESK, PHONE, Server, Watched
from .test_asking import QUESTION, ask

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.demo]
ADAM = "adam@demo.example"
NARROW = 360
GRAVE = ("serious", "critical")


def breaches(page: Page) -> list[str]:
    """What axe finds that keeps people out."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


def tour(page: Page, server: Server) -> Iterator[str]:
    """The pages one after the other, each as people see it."""
    turn = ask(page, QUESTION)
    turn.locator(".chart svg").wait_for()
    yield "answer"
    for summary in turn.locator("summary").all():
        summary.click()
    yield "answer-open"
    turn.get_by_role("button", name="Flag").click()
    page.get_by_role("dialog").get_by_role("button", name="Send").wait_for()
    page.wait_for_timeout(350)  # it fades in, which axe would take for pale
    yield "flag"
    page.keyboard.press("Escape")
    ask(page, "total by kind")
    yield "clarify"
    for path, name, ready in (
        ("/", "ask", "combobox"), ("/history", "history", "checkbox"),
        ("/catalog", "catalog", "textbox"), ("/catalog/fct_sales", "table", "table"),
        ("/users", "users", "table"), ("/system", "system", "table"),
        ("/jobs", "jobs", "combobox"), ("/dbt", "dbt", "combobox"),
        ("/backups", "backups", "heading"), ("/audit", "audit", "table"),
        ("/config", "config", "table"),
    ):  # fmt: skip
        page.goto(server.url + path)
        page.get_by_role(ready).first.wait_for()  # type: ignore[arg-type]
        yield name
    page.goto(f"{server.url}/history")
    page.locator("a.line").first.click()
    page.get_by_role("link", name="Ask again").wait_for()
    yield "query"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_open_to_all_and_fits_a_phone(
    browser: Watched, server: Server, pictures: Path, scheme: str
) -> None:
    signing = browser.page()
    signing.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    signing.goto(f"{server.url}/signin")
    found = {"signin": breaches(signing)}
    signing.screenshot(path=pictures / f"signin-{scheme}.png")
    signing.close()
    page = browser.signed_in(ADAM)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    wide = []
    for name in tour(page, server):
        if name != "answer":  # the same, opened, comes next
            found[name] = breaches(page)
        page.screenshot(path=pictures / f"{name}-{scheme}-desk.png")
        if scheme == "dark":  # which has the same places
            continue
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]
        page.screenshot(path=pictures / f"{name}-{scheme}-phone.png")
        page.set_viewport_size({"width": NARROW, "height": 740})
        if page.evaluate("document.documentElement.scrollWidth") > NARROW:
            wide.append(name)
        page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert {name: said for name, said in found.items() if said} == {}
    assert wide == []


def test_the_chosen_theme_is_remembered(browser: Watched) -> None:
    page = browser.signed_in(ADAM)
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(html).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))


def test_an_admin_adds_changes_and_deactivates_a_user(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/users")
    email = f"{secrets.token_hex(4)}@demo.example"
    page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Maria <b>M</b>")
    dialog.get_by_label("E-mail address").fill("adam@demo.example")
    dialog.get_by_role("button", name="Add user").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("E-mail address").fill(email)
    dialog.get_by_role("button", name="Add user").click()
    told = page.get_by_role("dialog", name="Password of Maria <b>M</b>")
    password = told.locator(".secret span").first.inner_text()
    assert len(password) > 12
    told.get_by_role("button", name="Done").click()

    line = page.locator("tr", has_text=email)
    line.get_by_role("button", name="Change the role").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name="Analyst").click()
    page.get_by_role("button", name="Change role", exact=True).click()
    expect(line).to_contain_text("Analyst")
    hers = browser.context.browser.new_context().new_page()  # type: ignore[union-attr]
    hers.goto(f"{browser.server.url}/signin")
    hers.fill("#email", email)
    hers.fill("#password", password)
    hers.get_by_role("button", name="Sign in").click()
    expect(hers.get_by_role("combobox", name="Your question")).to_be_visible()
    line.get_by_role("button", name="Change the role").click()
    page.get_by_role("dialog").get_by_role("combobox").click()
    page.get_by_role("option", name="Viewer").click()
    page.get_by_role("button", name="Change role", exact=True).click()
    expect(line).to_contain_text("Viewer")
    hers.reload()
    expect(hers.get_by_text("You can look around")).to_be_visible()
    hers.context.close()
    line.get_by_role("button", name="Deactivate").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    expect(line).to_contain_text("Inactive")
    line.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("may sign in.")).to_be_visible()
    expect(page.get_by_text("Something went wrong")).to_have_count(0)
    expect(line.get_by_text("Active", exact=True)).to_be_visible()


def test_the_last_admin_stays_one(browser: Watched) -> None:
    page = browser.signed_in(ADAM, "/users")
    line = page.locator("tr", has_text=ADAM)
    line.get_by_role("button", name="Deactivate").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Deactivate").click()
    expect(dialog.get_by_role("alert")).to_contain_text("admin")


def test_users_are_for_admins_only(browser: Watched, server: Server) -> None:
    page = browser.signed_in("ana@demo.example")
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    page.goto(f"{server.url}/users")
    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    browser.faults[:] = [fault for fault in browser.faults if "403" not in fault]


def test_the_catalog_is_searched(browser: Watched) -> None:
    page = browser.signed_in("ana@demo.example", "/catalog")
    page.get_by_label("Search tables").fill("refund")
    page.locator("a.line", has_text="net_revenue").click()
    expect(page.get_by_role("combobox")).to_have_value("What is the net revenue?")


def test_an_address_that_holds_nothing_says_so_plainly(browser: Watched, server: Server) -> None:
    page = browser.signed_in("ana@demo.example", "/catalog/no_such_table")
    told = page.get_by_role("alert")
    expect(told).to_contain_text("The Catalog shows the tables and columns that there are.")
    expect(told.get_by_role("button", name="Try again")).to_have_count(0)
    browser.faults[:] = [fault for fault in browser.faults if "404" not in fault]


def test_an_admin_reads_what_was_flagged_and_sees_sql_as_sql(
    browser: Watched, server: Server
) -> None:
    ana = server.token("ana@demo.example")
    api = f"{server.url}/api/v1"
    sql = f"SELECT count(*) AS orders_{secrets.token_hex(4)} FROM fct_orders"
    run = httpx.post(f"{api}/sql/execute", json={"sql": sql}, headers=ana).json()
    flag = {"query_id": run["query_id"], "rating": 1, "comment": "It counts cancelled ones too.",
            "corrected_sql": f"{sql} WHERE status <> 'cancelled'"}  # fmt: skip
    assert httpx.post(f"{api}/feedback/flag", json=flag, headers=ana).status_code == 201
    page = browser.signed_in(ADAM, "/history")
    page.get_by_role("checkbox", name="Flagged only").click()
    line = page.locator("a.line", has_text=sql)
    expect(line).to_contain_text("Ana Lyst")
    line.click()
    expect(page.get_by_role("heading", name="SQL written by a person")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("checkbox", name="Flagged only")).to_be_checked()
    page.go_forward()
    flags = page.get_by_role("region", name="Flags")
    for said in ("Wrong · Ana Lyst", "It counts cancelled ones too.", "<> 'cancelled'"):
        expect(flags).to_contain_text(said)


def test_history_is_narrowed_and_empty_is_said(browser: Watched) -> None:
    page = browser.signed_in("vera@demo.example", "/history")
    expect(page.get_by_text("viewers don't ask")).to_be_visible()
    page.get_by_label("Search questions").fill("nothing like this")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
