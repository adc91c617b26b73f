"""Which files are governed: those that make up prompts, and those that decide who may change them.

The gate asks for approval of a change to one, and `owners lint` for an owner before that.
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

# What a forge runs by itself: who may write there may approve themselves.
_WORKFLOWS = (
    *(".github/workflows", ".github/actions", ".gitlab-ci.yml", ".gitlab/ci"),
    *(".forgejo/workflows", ".gitea/workflows"),
)


class Governance:
    """Tells of each path whether it is governed, and why.

    Case does not matter: on a disk that ignores it, `Prompts/` is `prompts/`.
    """

    def __init__(self, config: Config, *others: Config) -> None:
        """Take the configuration that holds, and those that a change would put in its place."""
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
        # The longest come first: a groups file within the prompts folder is a groups file.
        self._places = sorted(governed.items(), key=lambda one: -len(one[0]))

    def kind(self, path: str) -> PathKind | None:
        """Return why a path from the top is governed; None for one that is not.

        Of pyproject.toml only our table is; whoever has both of its versions can tell.
        """
        folded = fold(path)
        for place, kind in self._places:
            if is_below(folded, place):
                return kind
        # What is in the place of a folder around one, such as a link, keeps it from being read.
        is_in_the_way = any(is_below(place, folded) for place, _ in self._places)
        return PathKind.GOVERNED if is_in_the_way or governs(self._config, path) else None


def governs(config: Config, path: str) -> bool:
    """Return whether a file is governed as an eval suite, or as what the configuration adds.

    Case does not matter, nor a slash before a path of the configuration, as CODEOWNERS has it, nor
    another way of writing it: "./scripts/" is the folder that everybody takes it for.
    """
    folded = fold(normpath(path))
    written = (normpath(one.lstrip("/")) for one in (config.evals, *config.gate.govern))
    patterns = [fold("" if one == "." else one) for one in written]
    return any(
        fnmatchcase(folded, one) or is_below(folded, one) or is_below(one, folded)
        for one in patterns
    )


def is_below(path: str, folder: str) -> bool:
    """Return whether a path is a folder, or in it; an empty folder is the repository's top."""
    return not folder or path == folder or path.startswith(f"{folder.rstrip('/')}/")
