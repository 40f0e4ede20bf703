"""Asking in a browser: from the question to its answer, and on from there."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Locator, Page, WebSocketRoute, expect

from .conftest import Server, Watched

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.demo]
ANA = "ana@demo.example"
QUESTION = "What is the revenue by product category this year?"


def ask(page: Page, question: str) -> Locator:
    """The turn of the question, answered one way or another."""
    turns = page.locator(".turn")
    number = turns.count()
    page.get_by_role("combobox", name="Your question").fill(question)
    page.keyboard.press("Enter")
    return answered(page, number)


def answered(page: Page, number: int) -> Locator:
    turn = page.locator(".turn").nth(number)
    turn.locator(".badges, .notice").first.wait_for()
    return turn


# The boxes of a chart's texts, its own box first: left, top, right, bottom. A text's letters stand
# clear of its box by a good pixel above and below.
BOXES = """chart => [chart, ...chart.querySelectorAll('text')].filter(e => e.getBBox().width)
    .map(e => e.getBoundingClientRect()).map(b => [b.left, b.top + 1.5, b.right, b.bottom - 1.5])"""


@pytest.mark.parametrize("question", [
    "Which 5 products have the highest revenue?", QUESTION, "What is the revenue by month?",
])  # fmt: skip
def test_the_words_of_a_chart_stand_within_it_and_apart(browser: Watched, question: str) -> None:
    turn = ask(browser.signed_in(ANA), question)
    chart = turn.locator(".chart svg")
    expect(chart.locator("text").first).to_be_visible()
    (left, top, right, bottom), *words = chart.evaluate(BOXES)
    assert len(words) > 4
    for n, (x, y, till_x, till_y) in enumerate(words):
        assert left <= x and till_x <= right and top <= y and till_y <= bottom
        for x2, y2, till_x2, till_y2 in words[n + 1 :]:
            assert till_x <= x2 or till_x2 <= x or till_y <= y2 or till_y2 <= y


def test_a_change_is_asked_why_and_a_rate_is_shown_in_percent(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "What was the conversion rate last month?")
    expect(turn.locator(".big-number")).to_contain_text("%")
    turn.get_by_role("button", name="Why did conversion rate change").click()
    second = answered(page, 1)
    expect(second.locator(".summary")).to_contain_text("Conversion rate")
    expect(second.get_by_role("img", name="Bar chart: Share of change by")).to_be_visible()
    expect(second.locator(".result thead")).to_contain_text("Share of change %")
    third = ask(page, "why?")
    expect(third.locator(".summary")).to_have_text(second.locator(".summary").inner_text())


def test_a_question_is_answered_followed_up_flagged_and_found_again(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    box = page.get_by_role("combobox", name="Your question")
    expect(box).to_be_focused()

    turn = ask(page, QUESTION)
    expect(turn.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect(turn.locator(".summary")).to_contain_text("$")
    expect(turn.get_by_role("img", name="Bar chart: Revenue by category.")).to_be_visible()
    expect(turn.locator(".chart svg text", has_text="Home").first).to_be_visible()
    expect(turn.get_by_text("Governed")).to_be_visible()
    expect(turn.locator(".result tbody tr")).to_have_count(7)
    expect(turn.locator("td.text-right").first).to_contain_text("$")

    turn.get_by_text("How it was understood").click()
    expect(turn.locator("mark", has_text="product category")).to_be_visible()
    turn.get_by_text("How it was made").click()
    stages = turn.locator(".stages .stage-name").all_inner_texts()
    assert stages == [
        "Understand", "Write SQL", "Check", "Optimize", "Apply policies", "Run", "Explain"
    ]  # fmt: skip

    turn.locator(".suggested button").first.click()
    second = answered(page, 1)
    expect(second.locator(".badges")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(2)

    turn.get_by_role("button", name="Flag").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog.get_by_role("alert")).to_have_text("Choose how right it is.")
    dialog.get_by_label("2 – Mostly wrong").click()
    dialog.get_by_label("What is wrong, or right?").fill("Returns should not count.")
    dialog.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you. An admin will look at it.")).to_be_visible()
    expect(turn.get_by_text("Flagged")).to_be_visible()

    page.get_by_role("link", name="History").click()
    flagged = page.get_by_text("Flagged", exact=True)
    page.locator("a.line", has_text=QUESTION).filter(has=flagged).click()
    expect(page.get_by_role("heading", level=1, name=QUESTION)).to_be_visible()
    flags = page.get_by_role("region", name="Flags")
    expect(flags).to_contain_text("Mostly wrong")
    expect(flags).to_contain_text("Returns should not count.")

    page.get_by_role("button", name="Flag").click()
    dialog.get_by_label("3 – Partly right").click()
    dialog.get_by_label("What is wrong, or right?").fill("Only for the first month.")
    dialog.get_by_role("button", name="Send").click()
    expect(flags.locator(".flag").first).to_contain_text("Only for the first month.")
    page.get_by_role("link", name="Ask again").click()
    expect(answered(page, 0).get_by_role("heading", name=QUESTION)).to_be_visible()


def test_a_conversation_is_there_again_after_a_reload_and_on_the_way_back(
    browser: Watched,
) -> None:
    page = browser.signed_in(ANA)
    ask(page, "How many orders are there?")
    second = ask(page, "How many orders are there for each channel?")
    second.locator("summary", has_text="SQL").click()
    second.get_by_role("button", name="Edit and run").click()
    second.get_by_label("SQL to run").fill("SELECT 41 + 1 AS found")
    second.get_by_role("button", name="Run", exact=True).click()
    answered(page, 2)
    page.locator(".turn").first.get_by_role("button", name="Flag").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("5 – Just right").click()
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    count = f"{browser.server.url}/api/v1/queries?limit=1"
    asked = httpx.get(count, headers=browser.server.token(ANA)).json()["total"]

    def there_again() -> None:
        expect(page.locator(".turn")).to_have_count(3)
        expect(page.locator(".turn").nth(2).locator(".big-number")).to_have_text("42")
        expect(page.locator(".turn").first.locator(".big-number")).to_be_visible()
        expect(page.locator(".turn").first.get_by_text("Flagged")).to_be_visible()

    page.reload()
    there_again()
    page.get_by_role("link", name="Catalog").click()
    page.get_by_role("heading", level=1, name="Catalog").wait_for()
    page.go_back()
    there_again()
    page.get_by_role("link", name="History").click()
    page.locator("a.line").first.wait_for()
    page.get_by_role("link", name="Ask", exact=True).click()
    there_again()
    assert httpx.get(count, headers=browser.server.token(ANA)).json()["total"] == asked
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page).to_have_url(f"{browser.server.url}/")
    page.reload()
    expect(page.get_by_role("heading", name="Ask your data")).to_be_visible()
    expect(page.locator(".turn")).to_have_count(0)


def test_stages_stream_in_and_a_column_is_sorted_by_keyboard(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    page.evaluate("""() => {
        window.seen = [];
        new MutationObserver(() => {
            const done = document.querySelectorAll('.live .stage.is-done').length;
            if (done && !window.seen.includes(done)) window.seen.push(done);
        }).observe(document.body, {subtree: true, childList: true, attributes: true});
    }""")
    turn = ask(page, "How many orders are there for each channel?")
    assert page.evaluate("window.seen.length") >= 1
    head = turn.locator("th", has_text="Channel")
    expect(head).to_have_attribute("aria-sort", "none")
    head.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(head).to_be_focused()
    expect(turn.locator("tbody tr td").first).to_have_text("app")


def test_sql_is_changed_and_run(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "How many orders were cancelled last month?")
    expect(turn.locator(".big-number")).to_be_visible()
    turn.locator("summary", has_text="SQL").click()
    turn.get_by_role("button", name="Edit and run").click()
    turn.get_by_label("SQL to run").fill("SELECT 41 + 1 AS found, NULL AS nothing")
    turn.get_by_role("button", name="Run", exact=True).click()
    second = answered(page, 1)
    expect(second.locator("tbody td").first).to_have_text("42")
    expect(second.locator(".null")).to_have_text("—")

    turn.get_by_label("SQL to run").fill("DROP TABLE fct_orders")
    turn.get_by_role("button", name="Run", exact=True).click()
    third = answered(page, 2)
    expect(third.get_by_role("alert")).to_contain_text("begins with SELECT or WITH, not with DROP")
    third.get_by_role("button", name="Edit and run").click()
    third.get_by_label("SQL to run").fill("SELECT 43 AS found")
    third.get_by_role("button", name="Run", exact=True).click()
    expect(answered(page, 3).locator(".big-number")).to_have_text("43")


def test_a_query_that_takes_long_is_stopped(browser: Watched, server: Server) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "How many orders are there?")
    turn.locator("summary", has_text="SQL").click()
    turn.get_by_role("button", name="Edit and run").click()
    text = "CAST(a.quantity * b.quantity * c.quantity AS VARCHAR)"
    long = f"SELECT sum(length({text})) AS s FROM fct_sales a, fct_sales b, fct_sales c"
    turn.get_by_label("SQL to run").fill(long)
    turn.get_by_role("button", name="Run", exact=True).click()
    second = page.locator(".turn").nth(1)
    while "queries_running 1" not in httpx.get(f"{server.url}/metrics").text:
        page.wait_for_timeout(50)
    box = page.get_by_role("combobox", name="Your question")
    box.fill("How many customers are there?")
    page.keyboard.press("Enter")
    expect(page.get_by_text("One thing at a time")).to_be_visible()
    expect(box).to_have_value("How many customers are there?")
    second.get_by_role("button", name="Stop").click()
    expect(second.get_by_text("Stopped.")).to_be_visible()
    url = f"{server.url}/api/v1/queries?limit=1"
    for _ in range(100):
        (last,) = httpx.get(url, headers=server.token(ANA)).json()["items"]
        if last["kind"] == "execute":
            break
        page.wait_for_timeout(100)
    assert last["status"] == "cancelled"
    page.reload()
    again = page.locator(".turn").nth(1)
    expect(again.get_by_role("button", name="Try again")).to_be_visible()


def test_what_the_data_does_not_hold_is_refused_with_a_way_on(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "What is the weather like?")
    expect(turn.locator(".notice")).to_contain_text("not about this data")
    expect(turn.get_by_role("button", name="Flag")).to_be_visible()
    expect(turn.get_by_role("link", name="Open the Catalog")).to_be_visible()
    assert "datamind" not in turn.inner_text()


def test_an_unclear_question_is_asked_back_with_choices(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "total by kind")
    choice = turn.locator(".suggested button").first
    label = choice.inner_text().split("\n")[-1]
    choice.click()
    second = answered(page, 1)
    expect(second.get_by_text(f"Taken as: {label}")).to_be_visible()
    expect(second.locator(".badges")).to_be_visible()


def test_the_catalog_completes_the_word_being_typed(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    box = page.get_by_role("combobox", name="Your question")
    box.press_sequentially("What is the reven")
    page.get_by_role("option").first.wait_for()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.get_by_role("option", name="net revenue").wait_for()
    page.keyboard.press("ArrowDown")
    picked = page.locator("[role=option][aria-selected=true] .suggestion-name").inner_text()
    page.keyboard.press("Enter")
    expect(box).to_have_value(f"What is the {picked} ")
    expect(page.locator(".turn")).to_have_count(0)


def test_what_is_typed_before_the_page_is_connected_counts(browser: Watched) -> None:
    browser.signed_in(ANA).close()
    opened: list[WebSocketRoute] = []
    held: list[str | bytes] = []
    slow = True

    def between(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        socket.on_message(server.send)
        server.on_message(lambda said: held.append(said) if slow else socket.send(said))
        opened.append(socket)

    page = browser.page()
    page.route_web_socket("**/*", between)
    page.goto(browser.server.url)
    box = page.get_by_role("combobox", name="Your question")
    page.evaluate("""async () => {
        const box = document.querySelector("#question");
        for (const letter of "What is the reven") {
            box.value += letter;
            box.dispatchEvent(new Event("input", {bubbles: true}));
            await new Promise((after) => setTimeout(after, Math.random() * 12));  // any order
        }
    }""")
    slow = False
    for said in held:
        opened[-1].send(said)
    page.get_by_role("option", name="net revenue").wait_for()
    expect(box).to_have_value("What is the reven")
    box.press("Enter")
    expect(box).to_have_value("")
    expect(page.get_by_role("heading", name="What is the reven")).to_be_visible()


def test_text_of_the_data_is_never_read_as_html(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    attack = "<img src=x onerror=alert(1)>{{ 7*7 }}`${alert(2)}</script>"
    turn = ask(page, attack)
    expect(turn.get_by_role("heading", name=attack)).to_be_visible()
    turn = ask(page, "How many orders are there?")
    turn.locator("summary", has_text="SQL").click()
    turn.get_by_role("button", name="Edit and run").click()
    turn.get_by_label("SQL to run").fill(f"SELECT '{attack}' AS a, '<b>x</b>' AS \"<i>b</i>\"")
    turn.get_by_role("button", name="Run", exact=True).click()
    third = answered(page, 2)
    expect(third.locator("tbody td").first).to_have_text(attack)
    assert page.locator("img[src=x], .result b, .result i:not(.q-icon)").count() == 0
    page.goto(f"{browser.server.url}/history")
    page.locator("a.line", has=page.locator("span.line-title", has_text=attack)).click()
    expect(page.get_by_role("heading", level=1, name=attack)).to_be_visible()


def test_numbers_beyond_what_a_browser_knows_are_shown_exactly(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    turn = ask(page, "How many orders are there?")
    turn.locator("summary", has_text="SQL").click()
    turn.get_by_role("button", name="Edit and run").click()
    huge = "170141183460469231731687303715884105727"
    turn.get_by_label("SQL to run").fill(f"SELECT CAST('{huge}' AS HUGEINT) AS n, 1 AS one")
    turn.get_by_role("button", name="Run", exact=True).click()
    shown = answered(page, 1).locator("tbody td").first
    expect(shown).to_have_text(f"{int(huge):,}")


def test_a_viewer_is_told_what_there_is_instead(browser: Watched) -> None:
    page = browser.signed_in("vera@demo.example")
    expect(page.get_by_text("Your role is viewer")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_count(0)
    page.get_by_role("link", name="Open the Catalog").click()
    page.get_by_role("link", name="fct_sales").click()
    expect(page.get_by_role("heading", level=1, name="fct_sales")).to_be_visible()
    expect(page.get_by_role("link", name="Ask about this")).to_have_count(0)


def test_no_token_is_written_to_the_disk(browser: Watched, server: Server) -> None:
    page = browser.signed_in(ANA)
    ask(page, "How many orders are there?")
    assert not list(server.home.rglob(".nicegui"))
    (cookie,) = browser.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    assert page.evaluate("Object.keys(localStorage).length") == 0
