"""Alerts by mail, over SMTP."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import unquote, urlsplit

from datamind.errors import Unavailable
from datamind.records import Notice

LIMIT_S = 10.0
PORTS = {"smtp": 587, "smtps": 465}


class Mail:
    """One mail for each alert, to all recipients. A password is only said over TLS."""

    name = "email"

    def __init__(self, url: str, recipients: Sequence[str], sender: str | None = None) -> None:
        self._parts = urlsplit(url)
        self._recipients = recipients
        self._sender = sender or f"datamind@{socket.getfqdn()}"

    async def send(self, notice: Notice) -> None:
        """Once the server took it; Unavailable else, without its words."""
        try:
            await asyncio.to_thread(self._send, self._written(notice))
        except (smtplib.SMTPException, OSError) as fault:
            raise Unavailable(f"The mail server failed: {type(fault).__name__}.") from None

    def _written(self, notice: Notice) -> EmailMessage:
        made = EmailMessage()
        ended = "" if notice.state == "opened" else "ended: "
        made["Subject"] = f"[DataMind] {ended}{notice.message}"[:200].replace("\n", " ")
        made["From"], made["To"] = self._sender, ", ".join(self._recipients)
        made["Date"] = format_datetime(notice.at)
        made["Message-ID"] = make_msgid(f"{notice.id}-{notice.state}", "datamind.invalid")
        made.set_content(
            f"{notice.message}\n\nwhat:     {notice.kind}, {notice.subject}\n"
            f"state:    {notice.state}\nseverity: {notice.severity}\nmode:     {notice.mode}\n"
            f"since:    {notice.at.isoformat()}\nid:       {notice.id}\n"
        )
        return made

    def _send(self, message: EmailMessage) -> None:
        parts, context = self._parts, ssl.create_default_context()
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        with (
            smtplib.SMTP_SSL(host, port, timeout=LIMIT_S, context=context)
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=LIMIT_S)
        ) as server:
            secure = parts.scheme == "smtps"
            server.ehlo()
            if not secure and (server.has_extn("starttls") or parts.username):
                server.starttls(context=context)
                server.ehlo()
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
