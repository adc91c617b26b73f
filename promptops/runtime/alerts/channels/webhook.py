"""A webhook of your own: it gets `promptops.alert/v1`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from promptops.runtime.alerts.post import Post

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import AlertMessage


def make_post(message: AlertMessage, url: str, secret: str | None) -> Post:
    """Return the request; the secret, if any, is the address."""
    return Post(secret or url, {}, json.dumps(message.document()).encode())
