"""Which prompts a person means by names, files, folders and refs on the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import UsageError, quote
from promptops.prompt.names import is_prompt, name_from_path
from promptops.prompt.reference import check_name, name_fault
from promptops.repository.repository import list_names, not_found

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promptops.repository.repository import Files, Repository


def select_prompts(
    repository: Repository, files: Files, directory: Path, targets: Iterable[str]
) -> list[str]:
    """The names of the prompts that `targets` mean, each once, in the order given.

    A target is a prompt's name, the beginning of names (`support`), or a file or folder as the
    shell completes it from `directory`. A partial or a schema file means the prompts that need it.

    Raises PromptNotFoundError, with the nearest name, for what means nothing, and UsageError for a
    file outside of the prompts folder.
    """
    from promptops.checks.engine import find_users

    known = list_names(files)
    present = set(known)
    chosen: dict[str, None] = {}
    for target in targets:
        path = _path_below(repository, directory, target)
        if path is None:
            name = check_name(target.rstrip("/"))
            if name in present:
                found = [name]
            else:
                found = [one for one in known if one.startswith(f"{name}/")]
            if not found:
                raise not_found(name, known, "here")
        elif is_prompt(path):
            name = name_from_path(path)
            fault = name_fault(name)
            if fault is not None:
                raise UsageError(fault[0], hint=fault[1])
            if name not in present:
                raise not_found(name, known, "here")
            found = [name]
        else:
            below = f"{path}/" if path else ""
            found = [one for one in known if one.startswith(below)] or find_users(files, path)
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def locate_file(repository: Repository, directory: Path, target: str) -> str:
    """The path below the prompts folder of a file, given as from `directory`; it need not exist.

    Raises UsageError for what is not below that folder.
    """
    path = _path_below(repository, directory, target)
    if not path:
        raise UsageError(
            f"{quote(target)} is not a file below {repository.config.prompts}/",
            hint="name a file of the prompts folder, such as "
            f"{repository.config.prompts}/support/triage.md",
        )
    return path


def _path_below(repository: Repository, directory: Path, target: str) -> str | None:
    """The path below the prompts folder that `target` names as a file; None for a name."""
    if "\0" in target:
        raise UsageError(f"{quote(target)} is neither a name nor a path")
    top = repository.git.work_tree
    full = Path(os.path.abspath(directory / target))  # noqa: PTH100 - resolve would follow links
    is_path = target.endswith((".md", ".json")) or target.startswith((".", os.sep))
    if top is None or not (is_path or full.exists()):
        return None
    folder = Path(os.path.abspath(top / repository.config.prompts))  # noqa: PTH100 - as above
    for candidate in (full, full.parent.resolve() / full.name):
        if candidate == folder:
            return ""
        if candidate.is_relative_to(folder):
            return candidate.relative_to(folder).as_posix()
    if not is_path and name_fault(target.rstrip("/")) is None:
        return None  # a folder that happens to be called like a prompt
    raise UsageError(
        f"{quote(target)} is not below {repository.config.prompts}/",
        hint="name a prompt, or a file of the prompts folder",
    )
