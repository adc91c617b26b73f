"""Find the prompts that names, files and folders on the command line select."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from promptops.errors import ConfigurationError, UsageError, count_of, quote
from promptops.prompt.reference import check_name, is_prompt, name_fault, name_from_path
from promptops.repository.config import CONFIG_FILE, PYPROJECT_FILE, load_config
from promptops.repository.repository import list_names, not_found

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from promptops.repository.config import Config
    from promptops.repository.repository import Files, Repository


def select_prompts(
    repository: Repository, files: Files, directory: Path, targets: Iterable[str]
) -> list[str]:
    """Return the names of the prompts that `targets` select, each once, in the given order.

    A target is a prompt's name, a folder of names (`support`), or a file or folder relative to
    `directory`. A partial or a schema file selects the prompts that need it.

    Raises PromptNotFoundError, with the nearest name, for an unknown target, and UsageError for a
    file outside of the prompts folder.
    """
    from promptops.prompt.users import find_users

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
            found = [one for one in known if one.startswith(below)] or find_users(
                files.paths(), files.read, path
            )
        chosen.update(dict.fromkeys(found))
    return list(chosen)


def select_staged(repository: Repository, files: Files) -> list[str] | None:
    """Return the names of the prompts that the next commit changes; None if any may change.

    A staged partial, schema or suite selects the prompts that need it. `files` is the index.
    """
    from promptops.git.index import list_staged
    from promptops.prompt.users import find_users

    folder, evals = f"{repository.config.prompts}/", f"{repository.config.evals}/"
    staged = list_staged(repository.git)
    governed = [path for path in staged if path.startswith((folder, evals))]
    if any(staged[path] == "D" for path in governed) or _changes_configuration(repository, staged):
        return None
    present = set(list_names(files))
    chosen: dict[str, None] = {}
    for path in governed:
        if path.startswith(evals):
            name = path.removeprefix(evals).rpartition(".")[0]
            if name not in present:
                return None  # the suite of a prompt whose frontmatter names it
            chosen[name] = None
            continue
        below = path.removeprefix(folder)
        if not is_prompt(below):
            users = find_users(files.paths(), files.read, below)
            if not users:
                return None  # it can only be validated with the whole folder
            chosen.update(dict.fromkeys(users))
        elif name_from_path(below) in present:
            chosen[name_from_path(below)] = None
        else:
            return None  # a file whose name is not valid for a prompt
    return list(chosen)


def _changes_configuration(repository: Repository, staged: Container[str]) -> bool:
    """Return whether the next commit changes the configuration; pyproject.toml holds much else."""
    if not any(path in staged for path in (CONFIG_FILE, PYPROJECT_FILE)):
        return False

    def load(revision: str) -> Config:
        def read(path: str) -> bytes | None:
            found = repository.objects.read(f"{revision}:{path}")
            return None if found is None else found.data

        return load_config(read)

    try:
        return replace(load(""), path=None) != replace(load("HEAD"), path=None)
    except ConfigurationError:
        return True


_FOREIGN = (".txt", ".prompt", ".prompty", ".j2", ".jinja", ".yml", ".yaml")


def refuse_nothing(
    repository: Repository, files: Files, directory: Path, targets: Sequence[str]
) -> NoReturn:
    """Raise UsageError, with the most likely cause, if there is nothing to validate.

    A validation of nothing must never pass.
    """
    folder = repository.config.prompts
    if targets:
        shown = ", ".join(quote(target) for target in targets)
        raise UsageError(
            f"{shown}: not a prompt, and no prompt uses it",
            hint="name a prompt, or a file that one includes; prompts are .md files",
        )
    unread = _find_unread_config(repository, directory)
    if unread is not None:
        raise UsageError(
            f"nothing was checked: {unread} is not read, and {folder}/ at the top has no prompts",
            hint=f'move it to the repository\'s top, with prompts = "{_parent(unread)}prompts"',
        )
    foreign = sum(path.endswith(_FOREIGN) for path in files.paths())
    if foreign:
        what = count_of(foreign, "file")
        raise UsageError(
            f"nothing was checked: {folder}/ has {what} that may hold prompts, and none is .md",
            hint=f"run promptops adopt {folder} to convert them",
        )
    raise UsageError(
        f"nothing was checked: there are no prompts in {folder}/",
        hint='run promptops new NAME, or set prompts = "..." in promptops.toml to another folder',
    )


def _find_unread_config(repository: Repository, directory: Path) -> str | None:
    """Return the nearest configuration file that is not at the top, and so is not read."""
    top = repository.git.work_tree
    if top is None:
        return None
    here = directory.resolve()
    while here.is_relative_to(top.resolve()) and here != top.resolve():
        if (here / CONFIG_FILE).is_file():
            return (here / CONFIG_FILE).relative_to(top.resolve()).as_posix()
        here = here.parent
    return None


def _parent(path: str) -> str:
    folder = path.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def locate_file(repository: Repository, directory: Path, target: str) -> str:
    """Return the path below the prompts folder of the file `target`, which is relative to
    `directory` and may be missing.

    Raises UsageError if it is not below the prompts folder.
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
    """Return the path below the prompts folder if `target` is a file; None if it is a name."""
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
        return None  # a folder that has the same name as a prompt
    raise UsageError(
        f"{quote(target)} is not below {repository.config.prompts}/",
        hint="name a prompt, or a file of the prompts folder",
    )
