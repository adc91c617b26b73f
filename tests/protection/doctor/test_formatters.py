"""Formatters that would rewrite prompts."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from promptops.prompt.finding import Severity
from tests.protection.doctor.pieces import FINE, UNKNOWN, ask_files

HOOKS = "repos:\n- repo: x\n  hooks:\n  - id: trailing-whitespace\n"


@pytest.mark.parametrize(
    ("careless", "careful"),
    [
        ({".prettierrc": "{}"}, {".prettierignore": "prompts/\n"}),
        ({".markdownlint.yaml": "{}"}, {".markdownlintignore": "prompts\n"}),
        ({".markdownlint-cli2.yaml": "{}"}, {".markdownlint-cli2.yaml": "ignores: [prompts/**]"}),
        ({".mdformat.toml": ""}, {".mdformat.toml": 'exclude = ["prompts/**"]'}),
        ({".remarkrc": "{}"}, {".remarkignore": "prompts/\n"}),
        ({"dprint.json": "{}"}, {"dprint.json": '{"excludes": ["prompts/**"]}'}),
    ],
)
def test_a_formatter_that_would_rewrite_prompts_is_named(
    careless: dict[str, str], careful: dict[str, str]
) -> None:
    (found,) = ask_files("formatters", careless)
    assert (found.severity, "prompts/" in found.remedy) == (Severity.WARNING, True)
    (found,) = ask_files("formatters", careless | careful)
    assert found.state is FINE


def test_a_hook_that_would_rewrite_prompts_is_named() -> None:
    file = ".pre-commit-config.yaml"
    (found,) = ask_files("formatters", {file: HOOKS})
    assert found.remedy == snapshot("add `exclude: ^prompts/` to the hook trailing-whitespace")
    assert ask_files("formatters", {file: f"{HOOKS}    exclude: ^prompts/\n"}) == []
    assert ask_files("formatters", {file: f"exclude: ^prompts/\n{HOOKS}"}) == []
    (found,) = ask_files("formatters", {file: "[x"})
    assert found.state is UNKNOWN
