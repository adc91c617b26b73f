"""Read a repository's CODEOWNERS file, and the files it must protect."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from promptops.errors import NotAFileError, NotFoundError, UsageError, quote
from promptops.files import read_file, read_named
from promptops.forge.codeowners import (
    OWNERS_PATHS,
    Dialect,
    decode_owners,
    find_owners_file,
    parse_owners,
)
from promptops.forge.codeowners.choice import FoundOwners, choose_dialect, load_owners
from promptops.forge.codeowners.lint import LintContext, lint_owners
from promptops.gate.governance import Governance, is_below
from promptops.gate.rules import PathKind
from promptops.gate.rules.people import parse_groups
from promptops.git.trees import TreeReader
from promptops.git.worktree import list_work_files
from promptops.repository.config import PYPROJECT_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptops.forge.codeowners import Ownership
    from promptops.gate.rules.people import Groups
    from promptops.prompt.finding import Finding
    from promptops.repository.repository import Repository

    _Read = Callable[[str], bytes | None]


def read_owners(
    repository: Repository,
    dialect: Dialect | None = None,
    *,
    forge: Dialect | None = None,
    revision: str | None = None,
    file: Path | None = None,
) -> FoundOwners:
    """Read the CODEOWNERS file that applies.

    Args:
        repository: the repository.
        dialect: the forge whose places and syntax apply; None: chosen by `choose_dialect`.
        forge: the forge whose CI runs this process, if known.
        revision: the commit; None: the work tree, or HEAD in a bare repository.
        file: a file to read instead.

    Raises:
        NotFoundError: there is no such file.
        NotAFileError: it is a link or a submodule.
    """
    read = open_reader(repository, revision)
    if dialect is None:
        dialect = choose_dialect(repository.config.gate.dialect, read, forge=forge)
    if file is None:
        found = load_owners(dialect, read)
        if found is None:
            raise _not_found(read, dialect)
        return found
    path, data = _read_named(repository, read, file, revision)
    text = decode_owners(data)
    return FoundOwners(path, text, len(data), parse_owners(text, dialect))


def read_groups(repository: Repository, revision: str | None = None) -> Groups | None:
    """Return the groups of the work tree, or of a commit; None without a groups file.

    Raises ConfigurationError for an invalid file, and NotAFileError for a link.
    """
    path = repository.config.gate.groups
    data = open_reader(repository, revision)(path)
    return None if data is None else parse_groups(data, path)


def list_paths(repository: Repository, revision: str | None = None) -> list[str]:
    """Return all files of a commit, or of the work tree (HEAD in a bare repository), sorted."""
    if revision is None and repository.git.work_tree is not None:
        return list_work_files(repository.git)
    return sorted(_tree(repository, revision).paths())


def open_reader(repository: Repository, revision: str | None = None) -> _Read:
    """Return a function that reads a file by its path from the top, in a commit or the work
    tree.
    """
    top = repository.git.work_tree
    if revision is not None or top is None:
        return _tree(repository, revision).read
    return lambda path: _read_in_work_tree(top, path)


def select_paths(
    repository: Repository, known: Iterable[str], directory: Path, targets: Iterable[str]
) -> list[str]:
    """Return the paths that `targets`, relative to `directory`, select, each once, in the given
    order.

    A folder selects the files of `known` below it. Anything else is a path, which need not exist: a
    deleted file has owners too.

    Raises UsageError for a path outside of the repository.
    """
    files = sorted(known)
    present = set(files)
    chosen: dict[str, None] = {}
    for target in targets:
        path = path_from_top(repository, directory / target)
        if path is None:
            raise UsageError(
                f"{quote(target)} is outside the repository", hint="name a path inside it"
            )
        below = [] if path in present else [one for one in files if is_below(one, path)]
        chosen.update(dict.fromkeys(below or ([path] if path else [])))
    return list(chosen)


def path_from_top(repository: Repository, path: Path) -> str | None:
    """Convert a file system path to a path from the repository's top; None if it is outside.

    The top itself is the empty string. In a bare repository every relative path is from the top.
    """
    top = repository.git.work_tree
    if top is None:
        top = repository.git.git_dir
    full = Path(os.path.abspath(path))  # noqa: PTH100 - resolve would follow links
    for candidate in (full, full.parent.resolve() / full.name):
        if candidate == top:
            return ""
        if candidate.is_relative_to(top):
            return candidate.relative_to(top).as_posix()
    return None


def lint_repository(
    repository: Repository, found_owners: FoundOwners, *, revision: str | None = None
) -> list[Finding]:
    """Check a CODEOWNERS file against the files of the work tree, or of a commit; see
    `lint_owners`.
    """
    config = repository.config
    paths = list_paths(repository, revision)
    groups = read_groups(repository, revision)
    governance = Governance(config)
    governed = {path: governance.kind(path) for path in paths}
    # In pyproject.toml the gate governs only our table, and only if it is in use.
    governed[PYPROJECT_FILE] = None
    gate = [
        path
        for path in paths
        if path in {found_owners.path, config.path}
        or governed[path] not in {None, PathKind.PROMPTS}
    ]
    prompts = [
        path
        for path in paths
        if governed[path] is PathKind.PROMPTS and not path.endswith("/README.md")
    ]
    knows = None if groups is None else groups.knows
    folders = (repository.config.prompts, repository.config.evals)
    around = LintContext(found_owners.path, found_owners.size, paths, prompts, gate, knows, folders)
    return lint_owners(found_owners.owners, around)


def find_sole_owner(
    repository: Repository, found_owners: FoundOwners, *, revision: str | None = None
) -> str | None:
    """Return the only owner of all prompts; None if somebody else may approve their changes.

    A team counts as several people, unless the groups file lists one person as its only member.
    """
    governance = Governance(repository.config)
    owners = {
        owner
        for path in list_paths(repository, revision)
        if governance.kind(path) is PathKind.PROMPTS
        for rule in found_owners.owners.match(path).required
        for owner in rule.owners
    }
    groups = read_groups(repository, revision)
    people: set[frozenset[str]] = set()
    for owner in owners:
        members = None if groups is None else groups.members(owner)
        if members is None and ("/" in owner or owner.startswith("@@")):
            return None
        names = (owner,) if members is None else members
        people |= {frozenset({name}) if groups is None else groups.person(name) for name in names}
    return min(owners) if len(people) == 1 else None


def _tree(repository: Repository, revision: str | None) -> TreeReader:
    commit = repository.git.resolve_commit("HEAD" if revision is None else revision)
    return TreeReader(repository.objects, commit)


def _read_in_work_tree(top: Path, path: str) -> bytes | None:
    """Return a file's bytes; None if missing. As in a commit, links are refused."""
    full = top
    mode = 0
    for name in path.split("/"):
        full /= name
        try:
            mode = os.lstat(full).st_mode
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        if stat.S_ISLNK(mode):
            raise NotAFileError(
                f"{quote(path)} is or passes through a symbolic link, and links are never followed",
                hint="replace it with the file itself",
            )
    return None if stat.S_ISDIR(mode) else read_file(full, follow=False)


def _read_named(
    repository: Repository, read: _Read, file: Path, revision: str | None
) -> tuple[str, bytes]:
    path = path_from_top(repository, file)
    if path is not None:
        data = read(path)
    elif revision is not None:
        raise UsageError(
            f"{quote(str(file))} is outside the repository",
            hint="remove --rev to read any file with --file",
        )
    else:
        path = file.as_posix()
        data = read_named(file)
    if data is None:
        where = "in that commit" if revision is not None else "here"
        raise NotFoundError(
            f"there is no file {quote(path)} {where}", hint="check the path after --file"
        )
    return path, data


def _not_found(read: _Read, dialect: Dialect) -> NotFoundError:
    other = Dialect.GITLAB if dialect is Dialect.GITHUB else Dialect.GITHUB
    elsewhere = find_owners_file(other, read)
    if elsewhere is not None:
        hint = f"there is {elsewhere[0]}: use --dialect {other.value} to read it"
    else:
        hint = f"write one of {', '.join(OWNERS_PATHS[dialect])}"
    return NotFoundError("there is no CODEOWNERS file here", hint=hint)


def select_owned(
    answers: Iterable[Ownership], owner: str, groups: Groups | None
) -> list[Ownership]:
    """Return the paths that `owner` owns, also as a team member by the groups file.

    Raises UsageError if `owner` has no `@` and is not in the groups file.
    """
    from promptops.forge.codeowners import owner_key

    if "@" not in owner and (groups is None or not groups.knows(owner)):
        raise UsageError(
            f"{quote(owner)} is not an owner", hint=f"did you mean @{owner.lstrip('-')}?"
        )
    keys = {owner_key(owner)} if groups is None else groups.owners_met_by(owner)
    return [one for one in answers if not keys.isdisjoint(map(owner_key, one.owners))]
