"""A webhook of one's own gets the whole alert as JSON."""

from __future__ import annotations

import json

import pytest

from promptops.runtime.alerts.channels.webhook import make_post
from tests.runtime.alerts.pieces import DOCUMENT, MESSAGE


@pytest.mark.parametrize(
    ("secret", "url"),
    [(None, "https://a/in"), ("", "https://a/in"), ("https://s/x", "https://s/x")],
)
def test_the_document_goes_to_the_secret_address_if_there_is_one(
    secret: str | None, url: str
) -> None:
    post = make_post(MESSAGE, "https://a/in", secret)
    assert (post.url, json.loads(post.body)) == (url, DOCUMENT)
