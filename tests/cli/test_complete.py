"""What a shell offers to complete a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept

if TYPE_CHECKING:
    from pathlib import Path

    from tests.repositories import Repo


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["roll"], ["rollback"]),
        (["runs", "li"], ["list"]),
        (["serve", "k"], ["keys"]),
        (["serve", "keys", "rev"], ["revoke"]),
        (["help", "runs", "li"], ["list"]),
        (["rollback", "--to-"], ["--to-deployment"]),
        (["diff", ""], ["a", "b/c"]),
        (["promote", "a@1"], ["a@1.0.0"]),
        (["promote", "a@l"], ["a@latest"]),
        (["rollback", "a@"], []),
        (["promote", "a", "--to", "st"], ["staging"]),
        (["diff", "a", "--format", "m"], ["markdown"]),
        (["completion", "z"], ["zsh"]),
        (["-C", "prompts", "show", "b"], ["b/c"]),
        (["nothing", ""], []),
        (["-"], ["--help", "--version", "-C"]),
    ],
)
def test_what_may_follow(small: Repo, words: list[str], found: list[str]) -> None:
    assert accept(small, "complete", "--", *words).split() == found


def test_outside_of_a_repository_nothing_is_offered(tmp_path: Path) -> None:
    assert accept(tmp_path, "complete", "--", "diff", "") == ""
    assert "rollback" in accept(tmp_path, "complete").split()
    assert "complete" not in accept(tmp_path, "complete").split()
