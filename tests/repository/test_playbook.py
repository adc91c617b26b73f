"""The playbook that `init --operations` writes: each of its commands works."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.cli.running import accept, run
from tests.evals.nightly.project import make_project

if TYPE_CHECKING:
    from tests.repositories import Repo

_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)


@pytest.mark.story
def test_each_command_of_the_playbook_works(repo: Repo) -> None:
    make_project(repo)
    text = (repo.path / "prompts/ask.md").read_text()
    repo.commit({"prompts/ask.md": text.replace("1.0.0", "1.0.1")}, "Again")
    accept(repo, "release", "ask")
    accept(repo, "promote", "ask", "--to", "production", "--reason", "new")
    repo.write("answer.txt", accept(repo, "run", "ask@production", "--var", "question=Hello?"))
    accept(repo, "init", "--operations")
    page = (repo.path / "docs/incidents.md").read_text()
    commands = [line for block in _BLOCK.findall(page) for line in block.splitlines()]
    commands += re.findall(r"`(promptops (?:resume|readiness --attest)[^`]*)`", page)
    assert len(commands) > 12
    # What looks at nights needs one.
    accept(repo, "eval", "nightly", "--env", "production")
    for line in commands:
        words = shlex.split(line.partition(" > ")[0].replace("NAME", "ask"))[1:]
        words = ["1.0.1" if one == "VERSION" else one for one in words]
        words = [str(repo.path / "answer.txt") if one == "answer.txt" else one for one in words]
        result = run(repo, *words)
        assert result.exit_code == 0, f"{line}: {result.output}"
