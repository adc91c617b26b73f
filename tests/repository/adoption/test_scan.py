"""Prompts in code are held to a baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inline_snapshot import snapshot

from tests.cli.running import accept, run
from tests.repository.adoption.pieces import (
    CODE,
)
from tests.screens import masked

if TYPE_CHECKING:
    from tests.repositories import Repo


def test_code_is_held_to_a_baseline(repo: Repo) -> None:
    repo.commit({"src/app.py": CODE, "src/broken.py": "def ("})
    assert masked(accept(repo, "adopt", "--scan", "src").splitlines()) == snapshot(
        [
            "src/app.py:2: the text SYSTEM_PROMPT",
            "src/app.py:8: the text text",
            "src/app.py:9: a call of client.chat.completions.create",
        ]
    )
    assert run(repo, "adopt", "--scan", "src", "--check").exit_code == 1
    accept(repo, "adopt", "--scan", "src", "--write")
    repo.write("src/app.py", f"# moved\n\n{CODE}")
    assert accept(repo, "adopt", "--scan", "src", "--check") == ""
    repo.write("src/app.py", CODE.replace("Be brief", "Be long"))
    said = run(repo, "adopt", "--scan", "src", "--check")
    assert (said.exit_code, said.stdout) == (1, "src/app.py:2: the text SYSTEM_PROMPT\n")
