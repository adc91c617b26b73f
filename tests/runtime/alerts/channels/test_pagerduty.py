"""PagerDuty gets an event that is one with those of the same occasion."""

from __future__ import annotations

import json

from promptops.runtime.alerts.channels.pagerduty import make_post
from tests.runtime.alerts.pieces import ALERT, MESSAGE


def test_pagerduty_gets_an_event() -> None:
    post = make_post(MESSAGE, "https://events.pagerduty.com/", "r0uting")
    assert post.url == "https://events.pagerduty.com/v2/enqueue"
    assert json.loads(post.body) == {
        "routing_key": "r0uting",
        "event_action": "trigger",
        "dedup_key": "guard/x",
        "client": "promptops",
        "payload": {
            "summary": "a <limit> & more",
            "source": "checkout",
            "severity": "critical",
            "timestamp": "2026-11-30T01:00:00+00:00",
            "class": "guard",
            "custom_details": {"detail": "20 USD are spent."},
        },
    }


def test_title_and_key_are_no_longer_than_pagerduty_takes() -> None:
    long = MESSAGE._replace(alert=ALERT._replace(title="t" * 2000, key="k" * 2000))
    event = json.loads(make_post(long, "https://e", "r").body)
    assert (len(event["payload"]["summary"]), len(event["dedup_key"])) == (1024, 255)
