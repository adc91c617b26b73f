"""Enforce `[environments.NAME]`: what may go live, and who may deploy.

`promote` applies the same rules as advice; here they are enforced. What cannot be checked is
refused, because a silently skipped rule is worse than none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.delivery.environments import branch as branch_of
from promptops.delivery.environments import read_state
from promptops.errors import PromptopsError, RefusedError
from promptops.git.refs import short_name
from promptops.protection.push.transition import list_gaining

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.delivery.release import Release
    from promptops.protection.push.context import PushContext
    from promptops.protection.push.transition import Transition
    from promptops.repository.config import Environment

_PUTS_NOTHING_LIVE = frozenset({"retire", "pause", "resume"})


def check_rules(context: PushContext, transition: Transition) -> None:
    """Raise an error if the environment's rules forbid a valid deployment.

    Rollbacks and restorations bring back versions that passed these rules before; only yanked ones
    are refused.
    """
    deployment = transition.deployment
    rules = context.protection.config.environment(deployment.environment)
    if rules.deployers:
        from promptops.protection.push.people import check_deployer

        check_deployer(context, rules, deployment.commit)
    if deployment.action in _PUTS_NOTHING_LIVE:
        return
    releases = _list_gaining(context, transition)
    for release in releases:
        reason = context.find_yank(release.name, release.version)
        if reason is not None:
            raise RefusedError(f"{release} is yanked: {reason}", hint="deploy another version")
    if deployment.action != "promote":
        return
    if rules.merged:
        _refuse_unmerged(context, rules, releases)
    if rules.source is not None:
        _refuse_skipped(context, rules.source, releases)
    if rules.approvals:
        from promptops.protection.push.people import check_approvers

        check_approvers(context, rules, deployment.commit, releases)
    if rules.evals:
        raise PromptopsError(
            f"{rules.name} requires passed evals, and this hook has no evidence of them",
            hint="let only the service that runs the evals push this branch, and remove evals "
            f"from [environments.{rules.name}]",
        )


def _list_gaining(context: PushContext, transition: Transition) -> list[Release]:
    """Return the releases that become live or get a greater share."""
    found = []
    for name in transition.names:
        before, after = (state.entries.get(name) for state in (transition.before, transition.after))
        for live in list_gaining(before, after):
            release = context.find_release(name, live.version)
            if release is not None:  # verified earlier
                found.append(release)
    return found


def _refuse_unmerged(context: PushContext, rules: Environment, releases: Sequence[Release]) -> None:
    outside = context.find_unmerged(release.commit for release in releases)
    branch = short_name(context.protection.branch)
    for release in releases:
        if release.commit in outside:
            raise RefusedError(
                f"{release} is not merged: its commit is not on {branch}",
                hint=f"merge it first; {rules.name} takes merged releases only",
            )


def _refuse_skipped(context: PushContext, source: str, releases: Sequence[Release]) -> None:
    tip = context.after(branch_of(source))
    entries = read_state(context.repository, tip).entries if tip else {}
    for release in releases:
        entry = entries.get(release.name)
        if entry is None or release.version not in entry.versions:
            raise RefusedError(
                f"{release} is not live in {source}, which must come first",
                hint=f"promptops promote {release} --to {source}",
            )
