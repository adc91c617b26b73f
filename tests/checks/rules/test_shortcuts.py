"""What checks look at first only spares work: nothing is found less for it."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from promptops.checks.engine import validate
from promptops.checks.rules import exposed_secret, foreign_placeholder, joined_lines
from promptops.repository.config import Config
from tests.fuzz.targets import Files
from tests.prompts import prompt_text

PIECES = [
    *("\n", " ", "text", "{% if question %}", "{%- endif %}", "{% endif %}", "{% endif +%}"),
    *("{# note #}", "{#- note -#}", "{{ question }}", "{question}", "${question}", "<<question>>"),
    *("[[question]]", "%(question)s", "{", "{% raw %}{{ x }}{% endraw %}", "\n  ", "`{question}`"),
]
MODULES = (joined_lines, foreign_placeholder)
SHORTCUTS = {joined_lines: "_may_join", foreign_placeholder: "_may_hold_one"}
# The words, what stands between, and the value, in one pattern.
ASSIGNED = re.compile(
    r"(?:api[_ -]?key|secret(?:[_ -]?(?:access)?[_ -]?key)?|bearer|password|passwd"
    r"|private[_ -]?key|(?:access|api|auth|bot|refresh|secret)[_ -]?token|(?<![\w-])token)"
    r"[\"'`]?\s{0,3}(?:is\s|[:=]|\s)\s{0,3}[\"'`]?"
    r"([A-Za-z0-9+/_.~-]{20,200}={0,2})(?![\w{(])",
    re.IGNORECASE | re.ASCII,
)
SECRETS = [
    *("token", "Access Token", "api_key", "API-KEY", "secret access key", "bearer", "page_token"),
    *("is ", ":", "=", " ", '"', "\n", "-", "(", "{", "==", ".", "x", "é"),
    *(
        "k3Jx9QwZ1rTb7YvN5mLc",
        "k3Jx9QwZ1rTb7YvN5mLc2HdS8fGa" * 8,
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ),
]


@pytest.mark.slow
@settings(
    max_examples=50,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_a_shortcut_hides_nothing(monkeypatch: pytest.MonkeyPatch, parts: list[str]) -> None:
    files = Files({"a.md": prompt_text(body="".join(parts)).encode()})
    before = validate(files, Config()).findings
    with monkeypatch.context() as patched:
        for module in MODULES:
            patched.setattr(module, SHORTCUTS[module], lambda _: True)
        assert validate(files, Config()).findings == before


@pytest.mark.slow
@settings(deadline=None)
@given(st.lists(st.sampled_from(SECRETS), max_size=9))
@example(["token", "is ", "k3Jx9QwZ1rTb7YvN5mLc", "é"])
@example(["é", "token", "=", "k3Jx9QwZ1rTb7YvN5mLc"])
def test_values_are_found_as_by_one_pattern(parts: list[str]) -> None:
    text = "".join(parts)
    found = {(start, end) for _, start, end in exposed_secret.find(text)}
    for match in ASSIGNED.finditer(text):
        judged = {(start, end) for _, start, end in exposed_secret.find(f'token: "{match[1]}" ')}
        assert not judged or match.span(1) in found
