"""Channels that take alerts to people."""

from __future__ import annotations

from datamind.ports import Notifier
from datamind.settings.alerts import AlertSettings


def notifiers(settings: AlertSettings) -> list[Notifier]:
    """The channels that are configured, beside the log."""
    found: list[Notifier] = []
    if settings.webhook is not None:
        from datamind.adapters.alerts.webhook import Webhook

        found.append(Webhook(settings.webhook, settings.webhook_secret or ""))
    if settings.smtp is not None:
        from datamind.adapters.alerts.email import Mail

        found.append(Mail(settings.smtp, settings.recipients, settings.sender))
    return found
