"""Find the consequences of a deployment: how to undo it, and where its versions are live or
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from promptops.delivery.environments import read_head
from promptops.errors import PromptopsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promptops.delivery.deployments import Action, DeploymentOutcome
    from promptops.delivery.release import Release
    from promptops.prompt.version import Version
    from promptops.repository.repository import Repository

# To undo changes of more prompts than this, the command names the deployment instead.
_MAX_NAMED = 5


class StillLive(NamedTuple):
    """A version that a deployment replaced or retired and that is live in another environment."""

    name: str
    version: Version
    environment: str


class RefusedRelease(NamedTuple):
    """A release whose runs a limit refuses, because their cost has no upper bound."""

    release: Release
    guard: str


def undo_command(outcome: DeploymentOutcome, action: Action) -> str:
    """Return the command that restores what was live before a deployment."""
    environment = outcome.environment
    number = outcome.deployment.number - 1 if outcome.deployment else 0
    restore = f"promptops rollback --env {environment} --to-deployment {number}"
    if len(outcome.changes) > _MAX_NAMED:
        if number:
            return restore
        if action.verb == "promote":
            return f"promptops retire --all --env {environment} --reason TEXT"
    changed = [change.name for change in outcome.changes]
    names = " ".join(changed)
    if action.verb in {"pause", "resume"}:
        opposite = "resume" if action.verb == "pause" else "pause"
        reason = "" if opposite == "resume" else " --reason TEXT"
        return f"promptops {opposite} {names} --env {environment}{reason}"
    were_live = [name in outcome.before.entries for name in changed]
    if action.verb == "retire" or (action.verb == "promote" and all(were_live)):
        return f"promptops rollback {names} --env {environment}"
    if action.verb == "promote" and not any(were_live):
        return f"promptops retire {names} --env {environment} --reason TEXT"
    return restore


def find_still_live(repository: Repository, outcome: DeploymentOutcome) -> Iterator[StillLive]:
    """Yield the versions that a deployment replaced or retired and that are live elsewhere."""
    for environment in repository.config.environment_names:
        head = read_head(repository, environment)
        if head is None or environment == outcome.environment:
            continue
        for change in outcome.changes:
            before, after, there = (
                state.entries[change.name].versions if change.name in state.entries else ()
                for state in (outcome.before, outcome.after, head.state)
            )
            for version in there:
                if version in before and version not in after:
                    yield StillLive(change.name, version, environment)


def find_refused(repository: Repository, outcome: DeploymentOutcome) -> Iterator[RefusedRelease]:
    """Yield the releases that are live now and whose runs a limit will refuse.

    A rollback may bring back a release that is older than the limit, without running `validate`.
    """
    from promptops.checks.context import read_costs
    from promptops.checks.rules.unbounded_cost import find_refusing_guard
    from promptops.delivery.release import load_all_released
    from promptops.delivery.releases import list_releases

    find_limits, is_free = read_costs(repository.config)
    live = {
        change.name: outcome.after.entries[change.name].versions
        for change in outcome.changes
        if change.name in outcome.after.entries and find_limits(change.name) is not None
    }
    releases = [
        release
        for name, versions in live.items()
        for release in list_releases(repository, name)
        if release.version in versions
    ]
    for release, prompt in zip(releases, load_all_released(repository, releases), strict=True):
        limits = find_limits(release.name)
        if isinstance(prompt, PromptopsError) or limits is None:
            continue
        guard = find_refusing_guard(prompt.closure.document.data, limits, is_free)
        if guard is not None:
            yield RefusedRelease(release, guard)
