"""Slack gets a text in which nothing that a prompt or a person wrote is markup."""

from __future__ import annotations

import json

from promptops.runtime.alerts.channels.slack import make_post
from tests.runtime.alerts.pieces import ALERT, MESSAGE


def test_nothing_in_a_text_is_markup() -> None:
    post = make_post(MESSAGE, "", "https://hooks.slack.com/services/T/B/x")
    assert post.url == "https://hooks.slack.com/services/T/B/x"
    assert json.loads(post.body) == {
        "text": "*a &lt;limit&gt; &amp; more*\n20 USD are spent.\n_checkout_"
    }


def test_a_text_is_no_longer_than_slack_takes() -> None:
    post = make_post(MESSAGE._replace(alert=ALERT._replace(detail="<!channel>" * 1000)), "", "u")
    text = json.loads(post.body)["text"]
    assert len(text) == 3000
    assert "<" not in text
