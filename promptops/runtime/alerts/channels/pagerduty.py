"""PagerDuty, through its Events API v2.

https://developer.pagerduty.com/docs/send-alert-event
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.runtime.alerts.post import Post

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import AlertMessage

_MAX_SUMMARY = 1024
_MAX_KEY = 255


def make_post(message: AlertMessage, url: str, secret: str | None) -> Post:
    """Return the request; the secret is the routing key, which is sent in the body."""
    alert = message.alert
    body = {
        "routing_key": secret,
        "event_action": "trigger",
        "dedup_key": alert.key[:_MAX_KEY],
        "client": "promptops",
        "payload": {
            "summary": alert.title[:_MAX_SUMMARY],
            "source": message.source,
            "severity": alert.severity,
            "timestamp": message.time,
            "class": alert.kind,
            "custom_details": {"detail": alert.detail},
        },
    }
    return Post(f"{url.rstrip('/')}/v2/enqueue", {}, json.dumps(body).encode())
