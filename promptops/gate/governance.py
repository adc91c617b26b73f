"""Decide which files are governed: those of prompts, and those that control who may change them.

A change to a governed file needs approval, and `owners lint` requires an owner for it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from itertools import chain
from posixpath import normpath
from typing import TYPE_CHECKING

from promptops.checks.rules.colliding_paths import fold
from promptops.forge.codeowners import OWNERS_PATHS
from promptops.gate.rules import PathKind
from promptops.repository.config import CONFIG_FILE, OPENPGP_KEYS_FILE

if TYPE_CHECKING:
    from promptops.repository.config import Config

# Files that a forge runs: anyone who may change them could approve their own changes.
_WORKFLOWS = (
    *(".github/workflows", ".github/actions", ".gitlab-ci.yml", ".gitlab/ci"),
    *(".forgejo/workflows", ".gitea/workflows"),
)


class Governance:
    """Decides whether a path is governed, and why.

    Case is ignored: on some disks, `Prompts/` is `prompts/`.
    """

    def __init__(self, config: Config, *others: Config) -> None:
        """Store the current configuration, and those that a change proposes."""
        self._config = config
        configs = (*others, config)
        governed = dict.fromkeys(_WORKFLOWS, PathKind.WORKFLOW)
        for one in configs:
            governed[fold(one.evals)] = PathKind.EVALS
        for one in configs:
            governed |= {
                fold(one.prompts): PathKind.PROMPTS,
                fold(one.gate.groups): PathKind.GROUPS,
                fold(one.gate.signers): PathKind.SIGNERS,
            }
        governed |= {fold(path): PathKind.OWNERS for path in chain(*OWNERS_PATHS.values())}
        governed[CONFIG_FILE] = PathKind.CONFIGURATION
        governed[fold(OPENPGP_KEYS_FILE)] = PathKind.SIGNERS
        # Longest first: a groups file within the prompts folder is a groups file.
        self._places = sorted(governed.items(), key=lambda one: -len(one[0]))

    def kind(self, path: str) -> PathKind | None:
        """Return why a path, given from the repository's top, is governed; None if it is not.

        In pyproject.toml only our table is governed; the caller compares both versions.
        """
        folded = fold(path)
        for place, kind in self._places:
            if is_below(folded, place):
                return kind
        # A link in place of a parent folder would prevent reading the file.
        is_in_the_way = any(is_below(place, folded) for place, _ in self._places)
        return PathKind.GOVERNED if is_in_the_way or governs(self._config, path) else None


def governs(config: Config, path: str) -> bool:
    """Return whether a file is governed as an eval suite, or by the configuration's `govern`.

    Case, a leading slash as in CODEOWNERS, and a leading `./` are ignored.
    """
    folded = fold(normpath(path))
    written = (normpath(one.lstrip("/")) for one in (config.evals, *config.gate.govern))
    patterns = [fold("" if one == "." else one) for one in written]
    return any(
        fnmatchcase(folded, one) or is_below(folded, one) or is_below(one, folded)
        for one in patterns
    )


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder or in it. An empty folder is the repository's top."""
    return not folder or path == folder or path.startswith(f"{folder.rstrip('/')}/")
