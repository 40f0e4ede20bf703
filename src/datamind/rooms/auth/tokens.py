"""Access tokens: JWTs of a quarter of an hour (RFC 7519, HS256), and what revokes them sooner."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import jwt

from datamind.errors import Unauthenticated
from datamind.ports import Signals
from datamind.rooms.caller import ROLES

ACCESS = dt.timedelta(minutes=15)
ISSUER = "datamind"
CLAIMS = ("sub", "sid", "role", "email", "iat", "exp")


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says: the user, their role, and the session that it belongs to."""

    user: str
    role: str
    email: str
    session: str
    issued: dt.datetime


class Tokens:
    """Issues and reads access tokens."""

    def __init__(self, secret: str, now: Callable[[], dt.datetime]) -> None:
        self._secret = secret
        self._now = now

    def issue(self, *, user: str, role: str, email: str, session: str) -> str:
        """A token for this user and session."""
        now = self._now().timestamp()
        claims = {
            "iss": ISSUER, "sub": user, "sid": session, "role": role, "email": email,
            "iat": now, "exp": now + ACCESS.total_seconds(),
        }  # fmt: skip
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def read(self, token: str) -> Claims:
        """What the token says; Unauthenticated if it is not ours, or over."""
        try:
            found = jwt.decode(
                token, self._secret, algorithms=["HS256"], issuer=ISSUER,
                options={"require": [*CLAIMS, "iss"], "verify_exp": False, "verify_iat": False},
            )  # fmt: skip
            issued, ends = float(found["iat"]), float(found["exp"])
            texts = [found[name] for name in ("sub", "role", "email", "sid")]
        except (jwt.PyJWTError, TypeError, ValueError):
            raise Unauthenticated("The access token is not valid.") from None
        now = self._now().timestamp()
        # From a while ahead of us it may be: this clock may have been set back since.
        ahead = issued - now > ACCESS.total_seconds()
        if ahead or now >= ends or not all(isinstance(t, str) for t in texts):
            raise Unauthenticated("The access token is not valid.")
        user, role, email, session = texts
        if role not in ROLES:
            raise Unauthenticated("The access token is not valid.")
        return Claims(user, role, email, session, dt.datetime.fromtimestamp(issued, dt.UTC))


class Revocations:
    """Access tokens that are over before their time, remembered for as long as they would last.

    The store has them too (`sessions`, `users`); here they cost no look-up for each request.
    """

    def __init__(self, now: Callable[[], dt.datetime]) -> None:
        self._now = now
        self._listeners: list[Callable[[str], None]] = []
        self._tell: Callable[..., None] = _nobody
        self._sessions: dict[str, dt.datetime] = {}
        self._users: dict[str, dt.datetime] = {}

    def session(self, session: str) -> None:
        """No token of this session counts from now on, on no server."""
        self.learn_session(session)
        self._tell(session=session)

    def user(self, user: str, before: dt.datetime) -> None:
        """No token of this user that was issued before this moment counts, on no server."""
        self.learn_user(user, before)
        self._tell(user=user, before=before.isoformat())

    def learn_session(self, session: str) -> None:
        """The same, where others know it already."""
        self._forget()
        self._sessions[session] = self._now()

    def learn_user(self, user: str, before: dt.datetime) -> None:
        """The same, where others know it already."""
        self._forget()
        known = self._users.get(user)
        if known is not None and known >= before:
            return
        self._users[user] = before
        for tell in self._listeners:
            tell(user)

    def told_by(self, signals: Signals) -> None:
        """Tell the other servers, and learn from them; the store has it all the same."""

        async def learn(said: Mapping[str, str]) -> None:
            if "session" in said:
                self.learn_session(said["session"])
            else:
                self.learn_user(said["user"], dt.datetime.fromisoformat(said["before"]))

        signals.hear("revoked", learn)
        self._tell = partial(signals.tell, "revoked")

    def holds(self, user: str, session: str | None, *, since: dt.datetime) -> bool:
        """Whether nothing was revoked of what this user was let in for at that moment."""
        before = self._users.get(user)
        return session not in self._sessions and (before is None or since > before)

    def on_user(self, tell: Callable[[str], None]) -> None:
        """`tell` hears of each user whose tokens are revoked."""
        self._listeners.append(tell)

    def check(self, claims: Claims) -> None:
        """Unauthenticated if the token was revoked."""
        before = self._users.get(claims.user)
        if claims.session in self._sessions or (before is not None and claims.issued < before):
            raise Unauthenticated("The access token is not valid.")

    def _forget(self) -> None:
        """What no token can be as old as any more."""
        past = self._now() - ACCESS
        self._sessions = {k: at for k, at in self._sessions.items() if at > past}
        self._users = {k: at for k, at in self._users.items() if at > past}


def _nobody(**said: str) -> None:
    """There are no other servers."""


def new_refresh_token() -> str:
    """256 bits of chance."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """What is kept of a refresh token."""
    return hashlib.sha256(token.encode()).hexdigest()
