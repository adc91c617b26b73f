"""Slack, through an incoming webhook (https://api.slack.com/messaging/webhooks)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.runtime.alerts.post import Post

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import AlertMessage

_MAX_CHARACTERS = 3000


def make_post(message: AlertMessage, url: str, secret: str | None) -> Post:
    """Return the request; the secret is the address."""
    alert = message.alert
    text = f"*{_escape(alert.title)}*\n{_escape(alert.detail)}\n_{_escape(message.source)}_"
    return Post(secret or url, {}, json.dumps({"text": text[:_MAX_CHARACTERS]}).encode())


def _escape(text: str) -> str:
    # Slack requires escaping these three; otherwise a name could mention a channel.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
