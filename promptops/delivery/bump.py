"""Compute the next version of a prompt, and write it without changing any other byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.delivery.planning import load_valid, refuse_uncommitted
from promptops.delivery.release import load_released
from promptops.delivery.releases import list_versions, require_release
from promptops.errors import GitError, RefusedError
from promptops.files import read_file
from promptops.git.process import hint_for
from promptops.prompt.diff import diff_prompts
from promptops.prompt.version import Level, Version
from promptops.prompt.version_line import replace_version
from promptops.repository.writing import replace_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from promptops.repository.repository import Files, Repository


@dataclass(frozen=True, slots=True)
class Bump:
    """One version to be written.

    Attributes:
        name: the prompt.
        before: the version in the file.
        after: the version it needs; equal to `before` if nothing must be written.
        level: the level of the change since `base`.
        base: the release with which it was compared, or None.
    """

    name: str
    before: Version
    after: Version
    level: Level
    base: Version | None


def plan_bump(
    repository: Repository,
    name: str,
    level: Level | None = None,
    *,
    files: Files | None = None,
    where: str = "in the work tree",
) -> Bump:
    """Return the version that the prompt needs in `files`, by default the work tree.

    The prompt is compared with the greatest release that is not above the file's version. Without
    one, only `level` changes the version. `where` is a phrase for errors. Raises RefusedError if
    `level` is too small for the change.
    """
    prompt = load_valid(repository, files or repository.working, name, where=where)
    versions = list_versions(repository, name)
    reached = [version for version in versions if version <= prompt.version]
    if not reached:
        after = prompt.version.bump(level or Level.NONE)
        while after in versions:
            after = after.bump(level or Level.NONE)
        return Bump(name, prompt.version, after, Level.NONE, None)
    base = reached[-1]
    released = load_released(repository, require_release(repository, name, base))
    diff = diff_prompts(released, prompt)
    needed = diff.level
    if needed is Level.NONE and released.digest != prompt.digest:
        needed = Level.PATCH
    if level is not None and level < needed:
        raise RefusedError(
            f"{name} needs a {needed.label} step, not {level.label}",
            hint=f"run promptops diff {name} to see why",
        )
    if needed is Level.NONE and level is None:
        return Bump(name, prompt.version, prompt.version, needed, base)
    if prompt.version > base and level is None and prompt.version.level_from(base) >= needed:
        return Bump(name, prompt.version, prompt.version, needed, base)
    after = base.bump(level or needed)
    while after in versions or (after <= prompt.version and prompt.version != base):
        after = max(after, prompt.version).bump(level or needed)
    return Bump(name, prompt.version, after, needed, base)


def write_version(repository: Repository, name: str, version: Version) -> None:
    """Replace the version in the work tree's file, and change no other byte."""
    path = _prompt_path(repository, name)
    replace_file(path, replace_version(read_file(path), version))


def _prompt_path(repository: Repository, name: str) -> Path:
    return repository.require_work_tree() / repository.config.prompts / f"{name}.md"


def commit_bumps(repository: Repository, bumps: Sequence[Bump]) -> None:
    """Write the versions of `bumps` and commit only those files; on failure, restore them.

    Raises RefusedError for a prompt with uncommitted changes: the commit must contain nothing else.
    """
    committed = repository.at("HEAD")
    for one in bumps:
        refuse_uncommitted(repository, one.name, committed)
    paths = [_prompt_path(repository, one.name) for one in bumps]
    before = [read_file(path) for path in paths]
    title = ", ".join(f"{one.name} {one.after}" for one in bumps)
    args = ("commit", "--quiet", "-m", f"Bump {title}", "--only", "--", *map(str, paths))
    try:
        for one in bumps:
            write_version(repository, one.name, one.after)
        _commit(repository, args)
    except BaseException as error:
        for path, data in zip(paths, before, strict=True):
            replace_file(path, data)
        if isinstance(error, GitError):
            error.hint = (
                error.hint or "no version was changed; follow the message of Git, then try again"
            )
        raise


def _commit(repository: Repository, args: Sequence[str]) -> None:
    """Run `git commit`. On failure, report all of its output: a hook may print its reason
    anywhere.
    """
    done = repository.git.run(*args, env={"GIT_LITERAL_PATHSPECS": "1"}, check=False)
    if done.code != 0:
        lines = [line for line in f"{done.stderr}\n{done.text}".splitlines() if line.strip()]
        said = "\n".join(lines) or f"exit code {done.code}"
        raise GitError(f"git commit failed: {said}", hint=hint_for(done.stderr))
