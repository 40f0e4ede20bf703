"""Signing in and out, and who is let through which door."""

from __future__ import annotations

import secrets

import httpx
import pytest
from playwright.sync_api import expect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from .conftest import Server, Watched

pytestmark = [pytest.mark.slow, pytest.mark.demo]
ANA, ADAM = "ana@demo.example", "adam@demo.example"
FOREIGN = "https://example.org"


@pytest.mark.browser
def test_a_wrong_password_is_told_and_the_page_asked_for_comes_after_the_right_one(
    browser: Watched, server: Server
) -> None:
    page = browser.page()
    page.goto(f"{server.url}/catalog")
    page.fill("#email", ANA)
    page.fill("#password", "not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Email or password is wrong.")
    expect(page.locator("#email")).to_have_value(ANA)
    page.fill("#password", server.passwords[ANA])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Catalog")).to_be_visible()
    # The browser itself notes the 401 of the form.
    browser.faults[:] = [fault for fault in browser.faults if "401" not in fault]


@pytest.mark.browser
def test_who_signs_out_is_out(browser: Watched) -> None:
    page = browser.signed_in(ANA)
    page.get_by_role("button", name="Account of Ana Lyst").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_have_text("You are signed out.")
    page.goto(f"{browser.server.url}/history")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.browser
def test_a_session_that_ended_leads_to_the_sign_in_and_back(
    browser: Watched, server: Server
) -> None:
    admin = server.token(ADAM)
    email = f"{secrets.token_hex(4)}@demo.example"
    new = {"email": email, "name": "Tess", "role": "analyst"}
    made = httpx.post(f"{server.url}/api/v1/users", json=new, headers=admin).json()
    server.passwords[email] = made["password"]
    page = browser.signed_in(email)
    httpx.post(f"{server.url}/api/v1/users/{made['id']}/deactivate", headers=admin)
    page.get_by_role("combobox").fill("How many orders are there?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Your session has ended")


@pytest.mark.browser
def test_the_password_is_changed_from_the_account_menu(browser: Watched, server: Server) -> None:
    email = f"{secrets.token_hex(4)}@demo.example"
    new = {"email": email, "name": "Paul", "role": "viewer"}
    made = httpx.post(f"{server.url}/api/v1/users", json=new, headers=server.token(ADAM)).json()
    server.passwords[email] = made["password"]
    page = browser.signed_in(email)
    page.get_by_role("button", name="Account of Paul").click()
    page.get_by_text("Change password").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Old password").fill("wrong")
    dialog.get_by_label("New password").fill("a much better one")
    dialog.get_by_role("button", name="Change password").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The old password is wrong.")
    dialog.get_by_label("Old password").fill(made["password"])
    dialog.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed.")).to_be_visible()


def sign_in(client: httpx.Client, server: Server, target: str, **headers: str) -> httpx.Response:
    form = {"email": ANA, "password": server.passwords[ANA], "next": target}
    return client.post("/signin", data=form, headers=headers)


@pytest.mark.parametrize("target", ["https://example.com", "//example.com", "/\\example.com", "x"])
def test_no_link_leads_elsewhere_after_signing_in(server: Server, target: str) -> None:
    with httpx.Client(base_url=server.url) as client:
        assert sign_in(client, server, target).headers["location"] == "/"


def test_each_sign_in_has_an_id_of_its_own(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        client.cookies.set("datamind", "planted-by-somebody")
        first = sign_in(client, server, "/").cookies["datamind"]
        second = sign_in(client, server, "/").cookies["datamind"]
    assert len({"planted-by-somebody", first, second}) == 3
    with httpx.Client(base_url=server.url, cookies={"datamind": first}) as client:
        assert client.get("/history").status_code == 303


def test_forms_of_other_pages_are_refused(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        assert sign_in(client, server, "/", Origin=FOREIGN).status_code == 403
        refused = sign_in(client, server, "/", **{"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403


def test_a_link_from_elsewhere_finds_the_session(server: Server) -> None:
    told = httpx.get(f"{server.url}/history", headers={"Sec-Fetch-Site": "cross-site"})
    assert told.status_code == 200 and "refresh" in told.text


def socket(server: Server, origin: str | None = None) -> ClientConnection:
    """A socket of the pages, opened as a page of this origin would."""
    url = server.url.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    return connect(url, origin=None if origin is None else Origin(origin), max_size=None)


def test_sockets_of_other_origins_are_refused(server: Server) -> None:
    with socket(server, server.url) as own:
        assert str(own.recv()).startswith("0{")
    with pytest.raises(InvalidStatus):
        socket(server, FOREIGN)
    polling = f"{server.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert httpx.get(polling).status_code == 200
    assert httpx.get(polling, headers={"Origin": FOREIGN}).status_code == 403


def test_a_message_beyond_any_need_ends_the_socket(server: Server) -> None:
    with socket(server) as loud:
        loud.recv()
        loud.send("4" + "x" * 400_000)
        with pytest.raises(ConnectionClosed):
            while True:
                loud.recv(timeout=5)


def test_the_api_keeps_its_own_unknown_paths(server: Server) -> None:
    nothing = httpx.get(f"{server.url}/api/v1/nothing")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
    assert httpx.post(f"{server.url}/api/v1/queries").status_code == 405
    page = httpx.get(f"{server.url}/nothing")
    assert page.status_code == 404 and "There is no page at this address." in page.text
