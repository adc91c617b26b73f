"""Prompt files of VS Code are adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.repository.adoption.pieces import (
    USER,
    adopt,
    differences,
    messages,
)

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_vscode(repo: Repo) -> None:
    text = "---\nmode: agent\n---\nTest ${input:module:a module} in ${file}. See #file:README.md\n"
    plan = adopt(repo, ".github/prompts/tests.prompt.md", text)
    assert messages(repo, "tests", module="M", file="F") == [
        (USER, "Test M in F. See #file:README.md")
    ]
    assert differences(plan) == ["#file:README.md is text here: the file is not read"]
