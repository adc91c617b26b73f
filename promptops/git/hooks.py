"""Find the folder of this repository's hooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from promptops.git.process import Git


def hooks_folder(git: Git) -> Path:
    """Return the folder from which git runs hooks: `core.hooksPath`, or the repository's own.

    It may be missing, and may be outside of the repository.
    """
    return Path(git.run("rev-parse", "--path-format=absolute", "--git-path", "hooks").text)
