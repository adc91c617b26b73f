"""What `gate` says of a CODEOWNERS file that nobody reads, `validate` says before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promptops.forge.codeowners import MAX_BYTES
from tests.cli.running import run
from tests.prompts import prompt_text

if TYPE_CHECKING:
    from tests.repositories import Repo

LARGE = "# " + "x" * 77 + "\n"
FILES = {
    "too large": LARGE * (MAX_BYTES // len(LARGE) + 1),
    "no text": "* @jane\n\0",
    "a long line": f"* {'@jane ' * 200_000}\n",
}


@pytest.mark.story
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("path", ["CODEOWNERS", ".github/CODEOWNERS"])
def test_validate_says_what_gate_says(repo: Repo, name: str, path: str) -> None:
    repo.commit({"prompts/a.md": prompt_text(), path: FILES[name]})
    repo.commit({"prompts/a.md": prompt_text("1.0.1", "Reply {{ question }}")})
    gate = run(repo, "gate", "--base", "HEAD~1", "--head", "HEAD")
    assert gate.exit_code == 2
    _, _, words = gate.stderr.splitlines()[0].partition(", ")
    assert words
    validated = run(repo, "validate")
    assert validated.exit_code == 1
    said = f"{path}: error: the owners cannot be read: {words} [unusable-owners]"
    assert said in validated.stdout.splitlines()
    assert run(repo, "validate").stdout == validated.stdout  # also when it is remembered


def test_a_link_in_its_place_is_said(repo: Repo) -> None:
    repo.commit({"prompts/a.md": prompt_text()})
    assert run(repo, "validate").exit_code == 0
    (repo.path / "CODEOWNERS").symlink_to("prompts/a.md")
    said = run(repo, "validate")
    assert (said.exit_code, "'CODEOWNERS' is a symbolic link" in said.stdout) == (1, True)
