"""What a person wants to know on entering a repository: what is unfinished, and what comes next.

Nothing is fetched: this is what the clone knows. Each line names one prompt or environment, what is
so, and the command that would change it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.closure import collect_closure
from promptops.errors import InvalidPromptError, NotAFileError
from promptops.listing import read_heads
from promptops.release import parse_release
from promptops.releases import list_tags
from promptops.repository import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.closure import Closure
    from promptops.environments import Head
    from promptops.release import Release
    from promptops.repository import Files, Repository
    from promptops.version import Version


class Concern(StrEnum):
    """The kinds of unfinished business, in the order in which they are shown."""

    INVALID = "invalid"
    UNCOMMITTED = "uncommitted"
    CHANGED = "changed"
    UNRELEASED = "unreleased"
    BEHIND = "not live"
    DIFFERS = "differs"
    PAUSED = "paused"
    PENDING = "pending"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of unfinished business.

    Attributes:
        concern: its kind.
        subject: the prompt or environment.
        detail: what is so.
        command: what to run next.
    """

    concern: Concern
    subject: str
    detail: str
    command: str


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a repository as this clone knows it.

    Attributes:
        branch: the branch that is checked out, or None.
        prompts: how many prompts the work tree has.
        deployments: the number of the newest deployment, by environment.
        live: how many prompts are live, by environment.
        items: everything unfinished, in the order to be shown.
    """

    branch: str | None
    prompts: int
    deployments: Mapping[str, int]
    live: Mapping[str, int]
    items: tuple[Item, ...]


def read_status(repository: Repository) -> Status:
    """Compare the work tree, the releases and the environments with one another."""
    from promptops.git.index import uncommitted_paths
    from promptops.git.refs import current_branch

    files = repository.working
    names = list_names(files)
    heads = read_heads(repository)
    folder = repository.config.prompts
    dirty = uncommitted_paths(repository.git, folder)
    newest = _newest_releases(repository)
    items: list[Item] = []
    for name in names:
        items += _judge_prompt(files, name, newest.get(name), dirty, folder)
    for name in sorted(newest):
        items += _judge_live(repository, name, newest[name], heads)
    items += _judge_environments(repository, heads, frozenset(names))
    order = list(Concern)
    items.sort(key=lambda item: order.index(item.concern))
    return Status(
        branch=current_branch(repository.git),
        prompts=len(names),
        deployments={name: head.deployment.number for name, head in heads.items()},
        live={name: len(head.state.entries) for name, head in heads.items()},
        items=tuple(items),
    )


def _newest_releases(repository: Repository) -> dict[str, Release]:
    """The greatest final release of each prompt; a pre-release where there is nothing else."""
    newest: dict[str, tuple[bool, Version]] = {}
    tags = list_tags(repository)
    for name, version in tags:
        rank = (not version.is_prerelease, version)
        if name not in newest or rank > newest[name]:
            newest[name] = rank
    wanted = [(name, version) for name, (_, version) in newest.items()]
    objects = repository.objects.read_many([tags[one] for one in wanted])
    return {
        name: parse_release(name, version, found.oid, found.data)
        for (name, version), found in zip(wanted, objects, strict=True)
        if found is not None and found.kind == "tag"
    }


def _judge_prompt(
    files: Files, name: str, release: Release | None, dirty: frozenset[str], folder: str
) -> Iterator[Item]:
    """What is unfinished between the file and its newest release."""
    from promptops.prompt import load_prompt

    try:
        closure = collect_closure(name, files.read)
        prompt = load_prompt(closure) if closure is not None else None
    except (InvalidPromptError, NotAFileError) as error:
        yield Item(Concern.INVALID, name, error.message, f"promptops validate {name}")
        return
    if prompt is None or closure is None:
        return
    changed = _dirty_paths(closure, dirty, folder)
    if changed:
        command = f"git add {shlex.join(changed)} && git commit"
        yield Item(Concern.UNCOMMITTED, name, ", ".join(changed), command)
    if release is None:
        if prompt.status != "draft":
            detail = f"{prompt.version} is not released yet"
            yield Item(Concern.UNRELEASED, name, detail, f"promptops release {name}")
    elif prompt.version == release.version and prompt.digest != release.digest:
        detail = f"differs from its release {release.version}"
        yield Item(Concern.CHANGED, name, detail, f"promptops bump {name}")
    elif prompt.version > release.version:
        detail = f"{prompt.version} is not released yet; the newest is {release.version}"
        yield Item(Concern.UNRELEASED, name, detail, f"promptops release {name}")


def _dirty_paths(closure: Closure, dirty: frozenset[str], folder: str) -> list[str]:
    return [f"{folder}/{path}" for path in closure.files if f"{folder}/{path}" in dirty]


def _judge_live(
    repository: Repository, name: str, release: Release, heads: Mapping[str, Head]
) -> Iterator[Item]:
    """Where the newest release, or what is live before, has not arrived yet."""
    before: Version | None = None if release.version.is_prerelease else release.version
    source = "released"
    for environment in repository.config.environment_names:
        head = heads.get(environment)
        entry = head.state.entries.get(name) if head is not None else None
        live = entry.live[-1].version if entry is not None else None
        if before is not None and before != live:
            concern = Concern.BEHIND if live is None or source == "released" else Concern.DIFFERS
            now = f"{environment} has {live}" if live else f"not live in {environment}"
            ref = f"{name}@{before}" if source == "released" else name
            command = f"promptops promote {ref} --to {environment}"
            yield Item(concern, name, f"{before} is {source}, {now}", command)
            if live is None:
                return
        if live is not None:
            before, source = live, f"in {environment}"


def _judge_environments(
    repository: Repository, heads: Mapping[str, Head], names: frozenset[str]
) -> Iterator[Item]:
    from promptops.environments import count_pending

    for environment in repository.config.environment_names:
        pending = count_pending(repository, environment)
        if pending:
            count = "1 deployment" if pending == 1 else f"{pending} deployments"
            command = f"git push {repository.remote} promptops/{environment}"
            yield Item(Concern.PENDING, environment, f"{count} not pushed, so not live", command)
        head = heads.get(environment)
        for name, entry in sorted(head.state.entries.items()) if head is not None else ():
            if entry.paused is not None:
                detail = f"paused in {environment}: {entry.paused}"
                command = f"promptops resume {name} --env {environment}"
                yield Item(Concern.PAUSED, name, detail, command)
            if name not in names:
                detail = f"live in {environment}, but no longer in the work tree"
                command = f"promptops retire {name} --env {environment}"
                yield Item(Concern.GONE, name, detail, command)
