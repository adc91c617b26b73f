"""What checks look at first only spares work: nothing is found less for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promptops.checks.engine import validate
from promptops.checks.rules import foreign_placeholder, joined_lines
from promptops.repository.config import Config
from tests.prompts import prompt_text

if TYPE_CHECKING:
    import pytest

PIECES = [
    *("\n", " ", "text", "{% if question %}", "{%- endif %}", "{% endif %}", "{% endif +%}"),
    *("{# note #}", "{#- note -#}", "{{ question }}", "{question}", "${question}", "<<question>>"),
    *("[[question]]", "%(question)s", "{", "{% raw %}{{ x }}{% endraw %}", "\n  ", "`{question}`"),
]
MODULES = (joined_lines, foreign_placeholder)
SHORTCUTS = {joined_lines: "_may_join", foreign_placeholder: "_may_hold_one"}


class Memory:
    """One prompt in memory."""

    def __init__(self, body: str) -> None:
        self.data = prompt_text(body=body).encode()

    def read(self, path: str) -> bytes | None:
        return self.data if path == "a.md" else None

    def paths(self) -> list[str]:
        return ["a.md"]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_a_shortcut_hides_nothing(monkeypatch: pytest.MonkeyPatch, parts: list[str]) -> None:
    files = Memory("".join(parts))
    before = validate(files, Config()).findings
    with monkeypatch.context() as patched:
        for module in MODULES:
            patched.setattr(module, SHORTCUTS[module], lambda _: True)
        assert validate(files, Config()).findings == before
