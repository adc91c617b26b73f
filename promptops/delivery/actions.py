"""The actions of deployments: promote, roll back, restore, retire, pause, resume.

Each is an `Action`: the prompts it touches, and a function that computes the next state from the
current one. The rules of states are in `state`; this module adds what needs releases, older
deployments and the environments' rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery import state as lock
from promptops.delivery.deployments import (
    Action,
    DeploymentStep,
)
from promptops.delivery.environments import (
    Head,
    find_deployment,
    list_deployments,
    live_version,
    read_head,
    read_point,
    read_state,
)
from promptops.delivery.places import fetch_environments
from promptops.delivery.release import find_yank, load_released
from promptops.delivery.releases import is_merged, require_release, select_release
from promptops.delivery.state import Live, Point, State
from promptops.delivery.syncing import sync_releases
from promptops.errors import (
    EnvironmentNotFoundError,
    IntegrityError,
    NotDeployedError,
    RefusedError,
    RemoteRefNotFoundError,
    UsageError,
)
from promptops.git.message import one_line
from promptops.git.refs import short_name
from promptops.git.remote import fetch as git_fetch
from promptops.prompt.reference import (
    PromptRef,
    Selector,
    SelectorKind,
)

# How many of the newest deployments are searched for a rollback.
_RECENT = 200

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promptops.delivery.release import Release
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository


def promote_action(
    repository: Repository,
    environment: str,
    releases: Sequence[Release],
    share: int = 100,
    *,
    again: bool = False,
) -> Action:
    """Return the action that makes `releases` live in `environment`, with `share` per cent of the
    traffic.

    Checks everything that does not depend on the current state. Raises RefusedError for a release
    that is yanked, not merged if the environment requires that, not live in the source environment,
    or, unless `again`, rolled back.
    """
    rules = repository.read_rules(environment)
    texts: dict[str, Mapping[str, bytes]] = {}
    for release in releases:
        reason = find_yank(repository, release.name, release.version)
        if reason is not None:
            raise RefusedError(f"{release} is yanked: {reason}", hint="promote another version")
        if rules.merged and not is_merged(repository, release.commit):
            where = short_name(repository.require_default_branch_ref())
            hint = f"merge it first; {environment} takes merged releases only"
            if repository.git.is_shallow:
                hint = "this clone is shallow: run git fetch --unshallow, then try again"
            raise RefusedError(f"{release} is not merged: its commit is not on {where}", hint=hint)
        if not again:
            _refuse_rolled_back(repository, release, environment)
        if rules.source is not None:
            _refuse_skipped(repository, release, rules.source, environment)
        prompt = load_released(repository, release)
        texts[lock.release_folder(release.name, release.version)] = prompt.closure.files

    def apply(state: State, head: Head | None) -> DeploymentStep:
        tip = head.deployment.point if head else None
        for release in releases:
            live = Live(release.version, release.digest, release.commit, share)
            state = lock.promote(state, tip, release.name, live)
        return DeploymentStep(state, texts)

    return Action(
        "promote",
        tuple(release.name for release in releases),
        apply,
        {release.name: release.tag for release in releases},
    )


def _refuse_rolled_back(repository: Repository, release: Release, environment: str) -> None:
    """Refuse a version whose last change in the environment was a rollback."""
    if read_head(repository, environment) is None:
        return
    version = str(release.version)
    for deployment in list_deployments(repository, environment, limit=_RECENT):
        for change in deployment.changes:
            before, after = (_versions(side) for side in (change.before, change.after))
            if change.name != release.name or version not in before | after:
                continue
            if deployment.action == "rollback" and version not in after:
                why = f": {deployment.reason}" if deployment.reason else ""
                raise RefusedError(
                    f"{release} was rolled back in {environment} by deployment "
                    f"{deployment.number}{why}",
                    hint="promote a version with the fix, or use --again to promote this one "
                    "anyway",
                )
            return


def _versions(side: str) -> frozenset[str]:
    return frozenset(side.replace(",", " ").split())


def _refuse_skipped(
    repository: Repository, release: Release, source: str, environment: str
) -> None:
    head = read_head(repository, source)
    entry = head.state.entries.get(release.name) if head else None
    if entry is None or release.version not in entry.versions:
        raise RefusedError(
            f"{release} is not live in {source}, from where {environment} takes its versions",
            hint=f"promptops promote {release} --to {source}",
        )


def retire_action(environment: str, names: Sequence[str] | None) -> Action:
    """Return the action that retires prompts from the environment; None: all live ones."""

    def apply(state: State, head: Head | None) -> DeploymentStep:
        tip = head.deployment.point if head else None
        for name in _choose_live(state, names, environment):
            state = lock.retire(state, tip, name, environment)
        return DeploymentStep(state, {})

    return Action("retire", tuple(names or ()), apply, {})


def _choose_live(state: State, names: Sequence[str] | None, environment: str) -> Sequence[str]:
    """Return the given prompts; for None, all that are live."""
    if names is None and not state.entries:
        raise NotDeployedError(
            f"nothing is live in {environment}", hint="check the name of the environment"
        )
    return tuple(state.entries) if names is None else names


def pause_action(environment: str, names: Sequence[str] | None, reason: str) -> Action:
    """Return the action that pauses prompts; None: all live ones."""

    def apply(state: State, head: Head | None) -> DeploymentStep:  # noqa: ARG001 - an action's shape
        wanted = _choose_live(state, names, environment)
        return DeploymentStep(lock.pause(state, wanted, environment, one_line(reason)), {})

    return Action("pause", None if names is None else tuple(names), apply, {})


def resume_action(environment: str, names: Sequence[str] | None) -> Action:
    """Return the action that resumes paused prompts; None: all of them."""

    def apply(state: State, head: Head | None) -> DeploymentStep:  # noqa: ARG001 - an action's shape
        wanted = (
            tuple(name for name, entry in state.entries.items() if entry.paused is not None)
            if names is None
            else names
        )
        return DeploymentStep(lock.resume(state, wanted, environment), {})

    return Action("resume", None if names is None else tuple(names), apply, {})


def rollback_action(
    repository: Repository, environment: str, names: Sequence[str] | None, to: Version | None = None
) -> Action:
    """Return the action that goes back to the previous version, or to the earlier version `to`.

    Without names, all live prompts go back.
    """

    def apply(state: State, head: Head | None) -> DeploymentStep:  # noqa: ARG001 - an action's shape
        texts: dict[str, str] = {}
        for name in _choose_live(state, names, environment):
            state, point = lock.rollback(
                state, name, environment, lambda at: read_point(repository, environment, at), to
            )
            entry = state.entries.get(name)
            for live in entry.live if entry else ():
                _refuse_yanked(repository, name, live, environment)
                folder = lock.release_folder(name, live.version)
                texts[folder] = _stored_tree(repository, point, folder)
        return DeploymentStep(state, texts)

    return Action("rollback", tuple(names or ()), apply, {})


def _refuse_yanked(repository: Repository, name: str, live: Live, environment: str) -> None:
    reason = find_yank(repository, name, live.version)
    if reason is not None:
        raise RefusedError(
            f"{name}@{live.version}, live in {environment} before, is yanked: {reason}",
            hint="go back to a version that is not yanked: "
            f"promptops rollback {name} --env {environment} --to VERSION",
        )


def _stored_tree(repository: Repository, point: Point, folder: str) -> str:
    found = repository.objects.read(f"{point.commit}:{folder}")
    if found is None or found.kind != "tree":
        raise IntegrityError(
            f"deployment {point.deployment} does not have the texts in {folder}",
            hint="the branch was edited by hand; run promptops verify",
        )
    return found.oid


def restore_action(repository: Repository, environment: str, number: int) -> Action:
    """Return the action that restores the whole state after deployment `number`, pauses and undo
    included.
    """

    def apply(state: State, head: Head | None) -> DeploymentStep:
        if head is None:
            raise EnvironmentNotFoundError(
                f"{environment} has no deployments",
                hint=f"create the first with promptops promote NAME --to {environment}",
            )
        target = find_deployment(repository, head, number)
        if target.tree == head.deployment.tree:
            return DeploymentStep(state, {})
        restored = read_state(repository, target.commit)
        for name, entry in restored.entries.items():
            for live in entry.live:
                if state.entries.get(name) != entry:
                    _refuse_yanked(repository, name, live, environment)
        return DeploymentStep(restored, {}, target.tree)

    return Action("restore", None, apply, {})


def choose_releases(
    repository: Repository,
    environment: str,
    refs: Sequence[PromptRef],
    *,
    source: str | None = None,
    local: bool = False,
) -> list[Release]:
    """Return the releases that `refs` select for `promote`. Unless `local`, they must be on the
    remote.

    The default selector is the version live in `source`, or in the previous environment; for the
    first environment it is `latest`.
    """
    repository.config.environment(environment)
    if source is None:
        before = repository.config.environment_before(environment)
        source = before.name if before else None
    if not local:
        sync_releases(repository, [ref.name for ref in refs])
        asked = [
            ref.selector.text
            for ref in refs
            if ref.selector is not None and ref.selector.kind is SelectorKind.ENVIRONMENT
        ]
        needed = repository.read_rules(environment).source
        fetch_environments(repository, [one for one in (source, needed, *asked) if one])
    chosen: dict[str, Release] = {}
    for ref in refs:
        release = _choose(repository, ref, source, environment)
        other = chosen.setdefault(ref.name, release)
        if other.version != release.version:
            raise UsageError(
                f"{ref.name} is named twice, as {other.version} and as {release.version}",
                hint="pass only the one to make live",
            )
    releases = list(chosen.values())
    if not local:
        _refuse_unpublished(repository, releases)
    return releases


def _choose(
    repository: Repository, ref: PromptRef, source: str | None, environment: str
) -> Release:
    selector = ref.selector
    if selector is not None and selector.kind is SelectorKind.WORKING:
        raise UsageError(
            "the work tree cannot be promoted",
            hint=f"run promptops release {ref.name} first",
        )
    if selector is not None and selector.kind is SelectorKind.ENVIRONMENT:
        return require_release(
            repository, ref.name, live_version(repository, ref.name, selector.text)
        )
    if selector is None and source is not None and source != environment:
        return require_release(repository, ref.name, live_version(repository, ref.name, source))
    latest = Selector(SelectorKind.LATEST, "latest")
    return select_release(repository, ref.name, selector or latest)


def _refuse_unpublished(repository: Repository, releases: Sequence[Release]) -> None:
    """Refuse releases that are not on the remote: others could not trace them."""
    if repository.remote is None:
        return
    known = {
        (name, live.version)
        for environment in repository.config.environment_names
        if (head := read_head(repository, environment)) is not None
        for name, entry in head.state.entries.items()
        for live in entry.live
    }
    unknown = [r for r in releases if (r.name, r.version) not in known]
    if not unknown:
        return
    try:
        refs = [release.ref for release in unknown]
        limits = repository.config.timeouts.usual
        git_fetch(repository.git, repository.remote, refs, limits=limits)
    except RemoteRefNotFoundError as error:
        missing = next((r for r in unknown if r.ref in error.message), unknown[0])
        raise RefusedError(
            f"{missing} is not on {repository.remote}",
            hint=f"git push {repository.remote} {missing.ref}",
        ) from error
