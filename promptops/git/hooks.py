"""Finds where git looks for this repository's hooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.git.process import Git


def hooks_folder(git: Git) -> Path:
    """Return the folder that git runs hooks from: `core.hooksPath`, or that of the repository.

    It need not exist, and may lie anywhere.
    """
    return Path(git.run("rev-parse", "--path-format=absolute", "--git-path", "hooks").text)
