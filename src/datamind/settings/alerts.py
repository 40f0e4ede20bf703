"""Where alerts go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from datamind.errors import BadInput
from datamind.settings.reading import whole, words

LEAST_SECRET = 16


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Where alerts go, beside the log.

    `webhook` gets each as JSON, signed with `webhook_secret`. `smtp` (`smtp://` or `smtps://`, with
    user and password where the server asks for them) takes mail from `sender` to `recipients`. Free
    room of the disk below `disk_mb` is told.
    """

    webhook: str | None = field(default=None, repr=False)
    webhook_secret: str | None = field(default=None, repr=False)
    smtp: str | None = field(default=None, repr=False)
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    disk_mb: int = 512


def alerts(env: Mapping[str, str]) -> AlertSettings:
    """ALERT_WEBHOOK_URL and the others, which docs/server.md lists."""
    made = AlertSettings(
        webhook=_url(env, "ALERT_WEBHOOK_URL", "https", "http"),
        webhook_secret=env.get("ALERT_WEBHOOK_SECRET") or None,
        smtp=_url(env, "ALERT_SMTP_URL", "smtp", "smtps"),
        sender=env.get("ALERT_EMAIL_FROM") or None,
        recipients=words(env, "ALERT_EMAIL_TO"),
        disk_mb=whole(env, "ALERT_DISK_MB", AlertSettings().disk_mb),
    )
    if made.webhook and len(made.webhook_secret or "") < LEAST_SECRET:
        raise BadInput(
            f"ALERT_WEBHOOK_SECRET has to have {LEAST_SECRET} letters or more.",
            hint="Its receiver checks by it who sent an alert: openssl rand -hex 32",
        )
    if bool(made.smtp) != bool(made.recipients):
        raise BadInput(
            "ALERT_SMTP_URL and ALERT_EMAIL_TO go together.",
            hint="ALERT_SMTP_URL=smtps://mail.example.com ALERT_EMAIL_TO=ops@example.com",
        )
    return made


def _url(env: Mapping[str, str], name: str, *schemes: str) -> str | None:
    text = env.get(name)
    if not text:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:  # what was given may hold a password
        raise BadInput(f"{name} is no address.", hint=f"It begins with {schemes[0]}://host")
    return text
