"""Validate the releases that are live in an environment, as stored on the environment's branch."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from promptops.checks.engine import validate_prompts
from promptops.checks.validation import Validation
from promptops.prompt.finding import sort_key
from promptops.repository.repository import not_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.prompt.finding import Inclusion
    from promptops.repository.repository import Repository

_RELEASE = re.compile(r"(releases/(.+)@[^@/]+)/")
# The branch has the texts of the releases, but neither suites nor owners.
_ABOUT_OTHER_FILES = frozenset({"missing-evals", "unowned-prompt"})


def validate_deployment(
    repository: Repository, revision: str, targets: Sequence[str]
) -> Validation:
    """Validate each live release of a deployment on its own; paths are those on the branch.

    Raises PromptNotFoundError if one of `targets` is not live.
    """
    commit = repository.resolve(revision)
    matches = map(_RELEASE.match, repository.tree(commit).paths())
    releases = {match[1]: match[2] for match in matches if match is not None}
    live = sorted(set(releases.values()))
    for name in targets:
        if name not in live:
            raise not_found(name, live, f"live at {revision}")
    wanted = {folder: name for folder, name in releases.items() if not targets or name in targets}
    results = [
        validate_prompts(
            repository.tree(commit, folder), replace(repository.config, prompts=folder), [name]
        )
        for folder, name in sorted(wanted.items())
    ]
    found = [
        one for result in results for one in result.findings if one.check not in _ABOUT_OTHER_FILES
    ]
    texts: dict[str, str] = {}
    inclusions: dict[str, tuple[Inclusion, ...]] = {}
    for result in results:
        texts |= result.texts
        inclusions |= result.included_from
    names = tuple(sorted(set(wanted.values())))
    return Validation(tuple(sorted(found, key=sort_key)), names, texts, inclusions)
