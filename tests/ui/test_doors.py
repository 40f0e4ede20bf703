"""Signing in and out, and who is let through which door."""

from __future__ import annotations

import asyncio
import secrets

import httpx
import pytest
import websockets
from playwright.sync_api import expect

from .conftest import Server, Watched

pytestmark = [pytest.mark.slow, pytest.mark.demo]
ANA, ADAM = "ana@demo.example", "adam@demo.example"
FOREIGN = "https://evil.example.com"


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


def test_sockets_of_other_origins_are_refused(server: Server) -> None:
    async def connect(origin: str) -> str:
        url = server.url.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
        async with websockets.connect(url, origin=websockets.Origin(origin)) as socket:
            return str(await socket.recv())

    assert asyncio.run(connect(server.url)).startswith("0{")
    with pytest.raises(websockets.InvalidStatus):
        asyncio.run(connect(FOREIGN))
    polling = f"{server.url}/_nicegui_ws/socket.io/?EIO=4&transport=polling"
    assert httpx.get(polling).status_code == 200
    assert httpx.get(polling, headers={"Origin": FOREIGN}).status_code == 403


def test_a_message_beyond_any_need_ends_the_socket(server: Server) -> None:
    async def shout() -> None:
        url = server.url.replace("http", "ws") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
        async with websockets.connect(url, max_size=None) as socket:
            await socket.recv()
            await socket.send("4" + "x" * 400_000)
            while True:
                await asyncio.wait_for(socket.recv(), 5)

    with pytest.raises(websockets.ConnectionClosed):
        asyncio.run(shout())


def test_the_api_keeps_its_own_unknown_paths(server: Server) -> None:
    nothing = httpx.get(f"{server.url}/api/v1/nothing")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
    assert httpx.post(f"{server.url}/api/v1/queries").status_code == 405
    page = httpx.get(f"{server.url}/nothing")
    assert page.status_code == 404 and "There is no page at this address." in page.text
