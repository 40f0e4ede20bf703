"""Signing in and out: the two routes that give a browser its session, and take it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from datamind.ui.client import Api, Standing, Trouble
from datamind.ui.plain import HEADERS, message_page, sign_in_page
from datamind.ui.sessions import Ended, Person, Session, Sessions
from datamind.ui.words import for_people

MOST_BYTES = 16 * 1024
NOT_SET_UP = "CONFIGURATION"
OPEN = Standing("FULL_OPERATIONAL")
ENDED = "Your session has ended. Sign in again to go on."


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages share: the API, the sessions, and whether cookies travel by https only."""

    api: Api
    sessions: Sessions
    secure: bool

    @property
    def cookie(self) -> str:
        """The name of our cookie; a browser takes `__Host-` from this very host only."""
        return "__Host-datamind" if self.secure else "datamind"

    def session(self, request: Request) -> Session | None:
        """The session of this browser."""
        return self.sessions.find(request.cookies.get(self.cookie))

    def person(self, request: Request) -> Person | None:
        """Who is signed in with this browser."""
        session = self.session(request)
        return Person(self.api, session, request.state.client_ip) if session else None


def pages_of(request: Request) -> Pages:
    """The pages of the server that this request came to."""
    pages: Pages = request.state.pages
    return pages


async def sign_in(request: Request) -> Response:
    """Show the form, or try what it brought."""
    if request.method != "POST":
        return await _form(request)
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return message_page("Not allowed", "Sign in on this page itself, please.", 403)
    fields = await _fields(request)
    email, target = fields.get("email", ""), local_path(fields.get("next", ""))
    pages, ip = pages_of(request), request.state.client_ip
    try:
        tokens = await pages.api.call(
            "POST", "/auth/login", ip=ip,
            body={"email": email, "password": fields.get("password", "")},
            headers={"User-Agent": request.headers.get("user-agent", "")[:200]},
        )  # fmt: skip
        me = await pages.api.call("GET", "/auth/me", ip=ip, token=tokens["access_token"])
    except Trouble as told:
        now = await pages.api.standing(ip=ip, known_s=0) if told.status == 503 else OPEN
        note = _told(now)
        return sign_in_page(
            target=target, email=email, note=note, fault="" if note else told.detail,
            status=told.status, people=now.mode != NOT_SET_UP,
        )  # fmt: skip
    pages.sessions.close(request.cookies.get(pages.cookie))
    response = RedirectResponse(target, 303)
    response.set_cookie(
        pages.cookie, pages.sessions.open(tokens, me), httponly=True, samesite="strict",
        secure=pages.secure, path="/",
    )  # fmt: skip
    return response


async def sign_in_note(request: Request) -> Response:
    """What the sign-in page of this address has to note now, for one that is open."""
    note, _ = await _note(request)
    return PlainTextResponse(note, headers=HEADERS)


async def sign_out(request: Request) -> Response:
    """End the session, here and over the API."""
    pages = pages_of(request)
    person = pages.person(request)
    if person is not None:
        with suppress(Trouble, Ended):  # it is forgotten here in any case
            await person.call("POST", "/auth/logout")
        pages.sessions.close(request.cookies.get(pages.cookie))
    response = RedirectResponse("/signin?out=1", 303)
    _drop_cookie(pages, response)
    return response


def sign_in_url(target: str, *, ended: bool) -> str:
    """Where to sign in, coming back to `target`."""
    path = local_path(target)
    return f"/signin?next={quote(path, safe='/')}" + ("&ended=1" if ended else "")


def local_path(target: str) -> str:
    """The target if it is a path of ours, else the first page: no link may lead elsewhere."""
    parts = urlsplit(target)
    plain = target.isprintable() and "\\" not in target and not target.startswith("//")
    if not plain or parts.scheme or parts.netloc or not target.startswith("/"):
        return "/"
    return "/" if parts.path in ("/signin", "/signout") else target


async def _form(request: Request) -> Response:
    asked = request.query_params
    pages = pages_of(request)
    if pages.session(request) is not None:
        return RedirectResponse(local_path(asked.get("next", "/")), 303)
    note, mode = await _note(request)
    target = local_path(asked.get("next", "/"))
    response = sign_in_page(target=target, note=note, people=mode != NOT_SET_UP)
    # A link from elsewhere brings no cookie; there may still be one, and it may still be good.
    if pages.cookie in request.cookies:
        _drop_cookie(pages, response)
    return response


async def _note(request: Request) -> tuple[str, str]:
    """What keeps everybody out at this moment, else what led here; and the mode."""
    asked = request.query_params
    led = ENDED if "ended" in asked else "You are signed out." if "out" in asked else ""
    now = await pages_of(request).api.standing(ip=request.state.client_ip, known_s=0)
    return _told(now) or led, now.mode


def _told(now: Standing) -> str:
    """What keeps everybody from signing in; how to mend it, where nobody else could say so."""
    if now.mode == NOT_SET_UP:
        return f"{now.detail} {now.hint}"
    return for_people(now.detail) if now.mode == "EMERGENCY" else ""


def _drop_cookie(pages: Pages, response: Response) -> None:
    response.delete_cookie(
        pages.cookie, httponly=True, samesite="strict", secure=pages.secure, path="/"
    )


async def _fields(request: Request) -> dict[str, str]:
    """The form's fields; what is too large for it is no form of ours."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return {}
    try:
        read = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[0] for name, values in read.items()}
