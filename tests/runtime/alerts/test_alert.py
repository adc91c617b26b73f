"""What an alert holds, and what it leaves out."""

from __future__ import annotations

import pytest

from promptops.runtime.alerts.alert import AlertMessage, describe_refusal
from promptops.runtime.models.model import ModelError
from tests.runtime.alerts.pieces import ALERT, DOCUMENT, NOW


def test_its_document_says_when_and_where_it_was_noticed() -> None:
    assert AlertMessage(ALERT, "checkout", NOW + 0.9).document() == DOCUMENT


@pytest.mark.parametrize(
    ("status", "kind", "title"),
    [
        (401, "key", "openai/gpt-4o rejects the API key (HTTP 401)"),
        (404, "model", "openai/gpt-4o no longer exists (HTTP 404)"),
        (None, "key", "openai/gpt-4o rejects the API key (the key is missing)"),
    ],
)
def test_a_refused_key_is_told_without_what_the_provider_said(
    status: int | None, kind: str, title: str
) -> None:
    error = ModelError(
        "Incorrect API key provided: sk-hunter2",
        model="openai/gpt-4o",
        kind="key" if status is None else "status",
        status=status,
        is_sent=True,
    )
    alert = describe_refusal(error, prompt="support/triage", run_id="r", now=NOW)
    assert (alert.kind, alert.title) == (kind, title)
    assert "hunter2" not in str(alert)
    assert alert.until == NOW + 3600 - NOW % 3600
