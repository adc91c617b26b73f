"""Find unfinished work in a repository, and the next commands.

Nothing is fetched. Each item names one prompt or environment, its state, and the command to run
next.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promptops.delivery.listing import read_heads
from promptops.delivery.release import parse_release
from promptops.delivery.releases import list_all_yanked, list_tags
from promptops.errors import InvalidPromptError, NotAFileError
from promptops.prompt.closure import collect_closure
from promptops.repository.repository import list_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from promptops.delivery.environments import Deployment, Head
    from promptops.delivery.release import Release
    from promptops.delivery.state import Entry
    from promptops.prompt.closure import Closure
    from promptops.prompt.version import Version
    from promptops.repository.config import Config
    from promptops.repository.repository import Files, Repository


# How many deployments are searched for the reason of a difference.
_RECENT = 200


class Concern(StrEnum):
    """The kinds of unfinished work, in display order."""

    INVALID = "invalid"
    UNCOMMITTED = "uncommitted"
    CHANGED = "changed"
    UNRELEASED = "unreleased"
    BEHIND = "not live"
    DIFFERS = "differs"
    YANKED = "yanked"
    PAUSED = "paused"
    PENDING = "pending"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of unfinished work.

    Attributes:
        concern: its kind.
        subject: the prompt or environment.
        detail: its state.
        command: what to run next.
    """

    concern: Concern
    subject: str
    detail: str
    command: str


@dataclass(frozen=True, slots=True)
class Status:
    """The state of a repository, as known to this clone.

    Attributes:
        branch: the branch that is checked out, or None.
        prompts: the number of prompts in the work tree.
        deployments: environment -> number of the newest deployment.
        live: environment -> number of live prompts.
        items: all unfinished work, in display order.
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
    dirty |= uncommitted_paths(repository.git, repository.config.evals)
    yanked = list_all_yanked(repository)
    newest = _newest_releases(repository)
    items: list[Item] = []
    for name in names:
        items += _judge_prompt(files, name, newest.get(name), dirty, repository.config)
    arrivals = _Arrivals(repository, heads, yanked)
    for name in sorted(newest.keys() & set(names)):
        items += arrivals.judge(name, newest[name].version)
    items += _judge_environments(repository, heads, frozenset(names), yanked)
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
    """Return the greatest final release of each prompt; a pre-release if there is no other."""
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
    files: Files, name: str, release: Release | None, dirty: frozenset[str], config: Config
) -> Iterator[Item]:
    """Yield the unfinished work between the file and its newest release."""
    from promptops.prompt.prompt import load_prompt

    try:
        closure = collect_closure(name, files.read)
        prompt = load_prompt(closure) if closure is not None else None
    except (InvalidPromptError, NotAFileError) as error:
        yield Item(Concern.INVALID, name, error.message, f"promptops validate {name}")
        return
    if prompt is None or closure is None:
        return
    suite = closure.document.data.get("evals") or f"{config.evals}/{name}.yaml"
    changed = [*_dirty_paths(closure, dirty, config.prompts), *({suite} & dirty)]
    if changed:
        command = f"git add {shlex.join(changed)} && git commit"
        yield Item(Concern.UNCOMMITTED, name, ", ".join(changed), command)
    if release is None:
        if prompt.status != "draft":
            detail = f"{prompt.version} is not released yet"
            yield Item(Concern.UNRELEASED, name, detail, f"promptops release {name}")
    elif prompt.version == release.version and prompt.digest != release.digest:
        detail = f"differs from its release {release.version}"
        command = f"promptops bump {name}"
        if config.gate.versions == "release":
            command = f"promptops release {name} --bump auto --push"
        yield Item(Concern.CHANGED, name, detail, command)
    elif prompt.version > release.version:
        detail = f"{prompt.version} is not released yet; the newest is {release.version}"
        yield Item(Concern.UNRELEASED, name, detail, f"promptops release {name}")


def _dirty_paths(closure: Closure, dirty: frozenset[str], folder: str) -> list[str]:
    return [f"{folder}/{path}" for path in closure.files if f"{folder}/{path}" in dirty]


class _Arrivals:
    """Finds the environments that a version should reach and has not reached yet."""

    def __init__(
        self,
        repository: Repository,
        heads: Mapping[str, Head],
        yanked: set[tuple[str, Version]],
    ) -> None:
        self._repository = repository
        self._heads = heads
        self._yanked = yanked
        self._recent: dict[str, list[Deployment]] = {}

    def judge(self, name: str, newest: Version) -> Iterator[Item]:
        """Follow a prompt from its newest release through the environments."""
        is_wanted = not newest.is_prerelease and (name, newest) not in self._yanked
        before, source = (newest if is_wanted else None), "released"
        for environment in self._repository.config.environment_names:
            head = self._heads.get(environment)
            entry = head.state.entries.get(name) if head is not None else None
            if before is not None:
                yield from self._compare(name, environment, entry, before, source)
            if entry is None:
                if before is not None:
                    return
                continue
            now = entry.live[-1].version
            # `promote` refuses what is yanked.
            before = None if (name, now) in self._yanked else now
            source = f"in {environment}"

    def _compare(
        self, name: str, environment: str, entry: Entry | None, before: Version, source: str
    ) -> Iterator[Item]:
        if entry is not None and before in entry.versions:
            return  # live, perhaps with a part of the traffic
        ref = f"{name}@{before}" if source == "released" else name
        command = f"promptops promote {ref} --to {environment}"
        look = f"promptops history {name} --env {environment}"
        if entry is None:
            detail = f"{before} is {source}, not live in {environment}"
            yield Item(Concern.BEHIND, name, detail, command)
            return
        now = f"{environment} has {entry.describe()}"
        concern = Concern.BEHIND if source == "released" else Concern.DIFFERS
        if self._went_back(name, environment):
            yield Item(concern, name, f"{before} is {source}; {now}, after a rollback", look)
        elif entry.live[-1].version > before:
            yield Item(concern, name, f"{before} is {source}, but {now} already", look)
        else:
            yield Item(concern, name, f"{before} is {source}, {now}", command)

    def _went_back(self, name: str, environment: str) -> bool:
        """Return whether the last change of the prompt there was a rollback."""
        from promptops.delivery.environments import list_deployments

        if environment not in self._recent:
            self._recent[environment] = list_deployments(
                self._repository, environment, limit=_RECENT
            )
        for deployment in self._recent[environment]:
            if deployment.action in {"pause", "resume"}:
                continue  # they do not change which version is live
            if any(change.name == name for change in deployment.changes):
                return deployment.action in {"rollback", "restore"}
        return False


def _judge_environments(
    repository: Repository,
    heads: Mapping[str, Head],
    names: frozenset[str],
    yanked: set[tuple[str, Version]],
) -> Iterator[Item]:
    from promptops.delivery.environments import count_pending

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
            for version in entry.versions:
                if (name, version) in yanked:
                    detail = f"{version} is live in {environment}, and yanked"
                    command = f"promptops rollback {name} --env {environment}"
                    yield Item(Concern.YANKED, name, detail, command)
            if name not in names:
                detail = f"live in {environment}, but no longer in the work tree"
                command = f"promptops retire {name} --env {environment} --reason TEXT"
                yield Item(Concern.GONE, name, detail, command)
