"""A forbidden pattern that the engine cannot decide counts as found."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from inline_snapshot import snapshot

from promptops.runtime.run import rules


def test_what_the_engine_gives_up_on_is_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = type("BacktrackLimitExceeded", (), {})()
    engine = SimpleNamespace(iter_errors=lambda _text: [SimpleNamespace(kind=kind)])
    monkeypatch.setattr(rules, "_compile", lambda _pattern: engine)
    assert rules.find_fault({"forbid": ["x"]}, "an answer", None) == snapshot(
        "the answer contains what the rules forbid: x"
    )


@pytest.mark.parametrize(
    ("text", "is_found"), [("a secret", True), ("a \ud800 secret", True), ("", False)]
)
def test_a_pattern_is_found_or_not(text: str, is_found: bool) -> None:
    assert (rules.find_fault({"forbid": ["secret$"]}, text, None) is not None) == is_found
