"""Find, for every line of a prompt, the first release that has it and who wrote it.

Git finds the commit of a line. Its release is the smallest version whose commit has that commit as
an ancestor, by the commit graph and never by dates.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.delivery.release import read_released_closure
from promptops.delivery.releases import require_release, select_release
from promptops.errors import GitError, UsageError
from promptops.git.blame import BlamedLine, blame_file, read_parents
from promptops.git.history import is_shallow
from promptops.git.refs import list_refs
from promptops.prompt.reference import PromptRef, SelectorKind, parse_release_tag
from promptops.repository.repository import find_closure

if TYPE_CHECKING:
    from promptops.git.objects import Identity
    from promptops.git.process import Git
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository


class LineState(StrEnum):
    """The states of a line: uncommitted, unreleased or released."""

    RELEASED = "released"
    UNRELEASED = "unreleased"
    UNCOMMITTED = "uncommitted"


@dataclass(frozen=True, slots=True)
class LineOrigin:
    """One line and its origin.

    Attributes:
        path: its file, below the prompts folder.
        line: its number there, from 1.
        text: the line without its newline.
        state: uncommitted, unreleased or released.
        version: the first release that has it; None unless released.
        commit: the commit that wrote it; None while uncommitted.
        author: who wrote it, and when; None while uncommitted.
    """

    path: str
    line: int
    text: str
    state: LineState
    version: Version | None
    commit: str | None
    author: Identity | None


@dataclass(frozen=True, slots=True)
class Origins:
    """The lines of one prompt and of everything it includes.

    Attributes:
        name: the prompt.
        at: what was blamed: `working` or a version.
        lines: the prompt's own file first, then its partials, schemas and tools in order of
            inclusion.
    """

    name: str
    at: str
    lines: tuple[LineOrigin, ...]


def blame_prompt(repository: Repository, ref: PromptRef) -> Origins:
    """Find the release, author and date of every line of a prompt.

    Args:
        repository: the repository.
        ref: the prompt; the work tree unless it has a selector.

    Raises:
        NotFoundError: there is no such prompt, release or deployment.
        GitError: the clone is shallow, so the result would be wrong.
    """
    _refuse_shallow(repository)
    if ref.selector is None or ref.selector.kind is SelectorKind.WORKING:
        where, folder, commit = "working", repository.config.prompts, None
        closure = find_closure(repository.working, ref.name, where="in the work tree")
    else:
        version = _choose_version(repository, ref)
        release = require_release(repository, ref.name, version)
        where, folder, commit = str(version), release.folder, release.commit
        closure = read_released_closure(repository, release)
    blamed = {
        path: _blame(repository.git, f"{folder}/{path}" if folder else path, commit, data)
        for path, data in closure.files.items()
    }
    commits = {line.commit for lines in blamed.values() for line in lines if line.commit}
    first = first_releases(repository, ref.name, commits)
    return Origins(
        ref.name,
        where,
        tuple(
            _origin(path, line, first.get(line.commit or ""))
            for path, lines in blamed.items()
            for line in lines
        ),
    )


def _refuse_shallow(repository: Repository) -> None:
    if is_shallow(repository.git):
        raise GitError(
            "this clone is shallow: its history ends before the commits that wrote most lines",
            hint="run git fetch --unshallow to get the whole history",
        )


def _choose_version(repository: Repository, ref: PromptRef) -> Version:
    from promptops.delivery.environments import live_version

    if ref.selector is None:
        raise UsageError(f"{ref.name} names no version", hint=f"say {ref.name}@latest")
    if ref.selector.kind is SelectorKind.ENVIRONMENT:
        return live_version(repository, ref.name, ref.selector.text)
    return select_release(repository, ref.name, ref.selector).version


def _blame(git: Git, path: str, commit: str | None, data: bytes) -> list[BlamedLine]:
    lines = blame_file(git, path, commit)
    if lines is not None:
        return lines
    texts = data.decode(errors="replace").removesuffix("\n").split("\n") if data else []
    return [BlamedLine(None, None, number, text) for number, text in enumerate(texts, 1)]


def _origin(path: str, line: BlamedLine, version: Version | None) -> LineOrigin:
    state = LineState.RELEASED
    if line.commit is None:
        state = LineState.UNCOMMITTED
    elif version is None:
        state = LineState.UNRELEASED
    return LineOrigin(path, line.line, line.text, state, version, line.commit, line.author)


def first_releases(repository: Repository, name: str, commits: set[str]) -> dict[str, Version]:
    """Return commit -> the smallest released version of `name` that contains it, if any."""
    refs = list_refs(repository.git, f"refs/tags/prompts/{name}@")
    releases = {
        parsed[1]: ref.peeled for ref in refs if (parsed := parse_release_tag(ref.name)) is not None
    }
    parents = read_parents(repository.git, releases.values()) if commits else {}
    first: dict[str, Version] = {}
    seen: set[str] = set()
    for version in sorted(releases):
        pending = [releases[version]]
        while pending:
            commit = pending.pop()
            if commit in seen:
                continue
            seen.add(commit)
            if commit in commits:
                first[commit] = version
            pending += parents[commit]
    return first
