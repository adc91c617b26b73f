"""What a check must not show is masked in all that is shown."""

from __future__ import annotations

from promptops.checks.engine import validate
from promptops.repository.config import Config
from tests.checks.pieces import Folder


def test_a_secret_that_another_finding_would_quote_is_masked_there_too() -> None:
    secret = "AK" + "IAQ3XW7RTZ5LNV2KPD"
    text = f"---\nversion: 1.0.0\ndescription: d\nauthor: a\nmodel: m\n{secret}: 1\n---\nHello\n"
    result = validate(Folder({"prompts/a.md": text}), Config())
    assert [one.check for one in result.findings] == ["exposed-secret", "unknown-key"]
    assert secret not in repr(result)
