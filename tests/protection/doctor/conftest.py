"""A sound repository, and a key to sign with."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.prompts import prompt_text
from tests.protection.doctor.pieces import GATE, OWNERS
from tests.repositories import Repo
from tests.templates import copy_template

if TYPE_CHECKING:
    from pathlib import Path


def build_sound(folder: Path) -> None:
    repo = Repo.init(folder / "repo")
    repo.commit(
        {
            "CODEOWNERS": OWNERS,
            "prompts/a.md": prompt_text(),
            "evals/a.yaml": "x",
            ".github/workflows/promptops.yml": GATE,
        }
    )
    repo.publish(folder / "remote.git")
    repo.hook("pre-commit", "exec promptops validate --staged")


@pytest.fixture
def sound(tmp_path: Path) -> Repo:
    """A repository about which there is as little to say as possible."""
    copy_template(build_sound, tmp_path, tmp_path.parent)
    return Repo(tmp_path / "repo")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    file = tmp_path / "id_ed25519"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(file)]
    subprocess.run(command, check=True)
    return file
