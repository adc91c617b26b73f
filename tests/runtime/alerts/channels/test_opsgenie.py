"""Opsgenie gets an alert whose key is in a header."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promptops.runtime.alerts.channels.opsgenie import make_post
from tests.runtime.alerts.pieces import ALERT, MESSAGE

if TYPE_CHECKING:
    from promptops.runtime.alerts.alert import Severity


def test_opsgenie_gets_an_alert() -> None:
    long = MESSAGE._replace(alert=ALERT._replace(title="t" * 200, severity="warning"))
    post = make_post(long, "https://api.opsgenie.com/", "k3y")
    assert post.url == "https://api.opsgenie.com/v2/alerts"
    assert post.headers == {"Authorization": "GenieKey k3y"}
    assert json.loads(post.body) == {
        "message": "t" * 130,
        "alias": "guard/x",
        "description": f"{'t' * 200}\n20 USD are spent.",
        "priority": "P3",
        "source": "checkout",
        "tags": ["promptops", "guard"],
    }


@pytest.mark.parametrize(
    ("severity", "priority"), [("critical", "P1"), ("error", "P2"), ("info", "P5")]
)
def test_the_most_urgent_has_the_first_priority(severity: Severity, priority: str) -> None:
    message = MESSAGE._replace(alert=ALERT._replace(severity=severity))
    assert json.loads(make_post(message, "https://o", "k").body)["priority"] == priority
