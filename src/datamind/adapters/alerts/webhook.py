"""Alerts to a webhook: JSON, signed so that its receiver knows who sent it, and when."""

from __future__ import annotations

import hmac
import json
import time
from dataclasses import asdict

import httpx

from datamind.errors import Unavailable
from datamind.records import Notice

LIMIT_S = 5.0


class Webhook:
    """Posts to one address. `X-DataMind-Signature` is `sha256=` and the HMAC, by the secret, of
    `X-DataMind-Timestamp` (seconds since 1970), a dot and the body."""

    name = "webhook"

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret.encode()

    async def send(self, notice: Notice) -> None:
        """Once it answered 2xx; Unavailable else, without its words."""
        told = {**asdict(notice), "at": notice.at.isoformat()}
        body = json.dumps(told, ensure_ascii=False).encode()
        now = str(int(time.time()))
        signed = hmac.new(self._secret, now.encode() + b"." + body, "sha256").hexdigest()
        headers = {
            "Content-Type": "application/json", "X-DataMind-Timestamp": now,
            "X-DataMind-Signature": f"sha256={signed}",
            "Idempotency-Key": f"{notice.id}-{notice.state}",
        }  # fmt: skip
        try:
            # No redirects: they would carry what is signed to somebody else.
            async with httpx.AsyncClient(timeout=LIMIT_S, follow_redirects=False) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as fault:
            raise Unavailable(f"The alert webhook failed: {type(fault).__name__}.") from None
        if not answer.is_success:
            raise Unavailable(f"The alert webhook answered {answer.status_code}.")
