"""Opsgenie, through its Alert API (https://docs.opsgenie.com/docs/alert-api)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.runtime.alerts.post import Post

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import AlertMessage

_PRIORITIES = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
_MAX_MESSAGE = 130
_MAX_ALIAS = 512
_MAX_DESCRIPTION = 15_000


def make_post(message: AlertMessage, url: str, secret: str | None) -> Post:
    """Return the request; the secret is the key of an API integration."""
    alert = message.alert
    body = {
        "message": alert.title[:_MAX_MESSAGE],
        "alias": alert.key[:_MAX_ALIAS],
        "description": f"{alert.title}\n{alert.detail}"[:_MAX_DESCRIPTION],
        "priority": _PRIORITIES[alert.severity],
        "source": message.source,
        "tags": ["promptops", alert.kind],
    }
    headers = {"Authorization": f"GenieKey {secret}"}
    return Post(f"{url.rstrip('/')}/v2/alerts", headers, json.dumps(body).encode())
