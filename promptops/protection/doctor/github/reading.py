"""Read from GitHub how a repository is protected. Unreadable parts are recorded as such."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from promptops.errors import DeniedError, PromptopsError
from promptops.protection.doctor.answer import UnreadSetting
from promptops.protection.doctor.github.settings import (
    Actor,
    ActorKind,
    BranchProtection,
    DeployPlace,
    GitHubSettings,
    RequiredStatus,
    Ruleset,
    RulesetRule,
    WorkflowRights,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promptops.forge.github import GitHub
    from promptops.forge.record import ForgeRecord

_Part = TypeVar("_Part")
_ADMIN = "administration: read, of someone who administers the repository"
_METADATA = "metadata: read"
_REVIEW_KEYS = {
    "dismiss_stale_reviews_on_push": "dismiss_stale_reviews",
    "require_code_owner_review": "require_code_owner_reviews",
    "require_last_push_approval": "require_last_push_approval",
}


def read_github(
    github: GitHub, repository: str, environments: Iterable[str], *, deploys: bool
) -> GitHubSettings:
    """Read all settings that the checks need.

    Args:
        github: the repository.
        repository: its `owner/name`.
        environments: the environments of prompts.
        deploys: whether a workflow deploys to them, so that GitHub's deployment environments
            matter.

    Raises:
        PromptopsError: the repository itself is unreadable.
    """
    names = tuple(environments)
    branch = github.record(github.at(), needs=_METADATA).word("default_branch")
    return GitHubSettings(
        repository=repository,
        branch=branch,
        rules=_try(lambda: _read_rules(github, branch)),
        protection=_try(lambda: _read_protection(github, branch)),
        rulesets=_try(lambda: _read_rulesets(github)),
        environment_rules={
            name: _try(partial(_read_rules, github, f"promptops/{name}")) for name in names
        },
        environment_protection={
            name: _try(partial(_read_protection, github, f"promptops/{name}")) for name in names
        },
        places={name: _try(partial(_read_place, github, name)) for name in names if deploys},
        workflow_rights=_try(lambda: _read_rights(github)),
    )


def _try(read: Callable[[], _Part]) -> _Part | UnreadSetting:
    try:
        return read()
    except PromptopsError as error:
        return UnreadSetting(error.message, error.hint or "")


def _read_rules(github: GitHub, branch: str) -> tuple[RulesetRule, ...]:
    found = github.records(github.at("rules", "branches", branch), needs=_METADATA)
    return tuple(
        RulesetRule(
            one.word("type"),
            one.record("parameters").values if one.has("parameters") else {},
            one.number("ruleset_id") if one.has("ruleset_id") else 0,
        )
        for one in found
    )


def _read_protection(github: GitHub, branch: str) -> BranchProtection | None:
    try:
        found = github.record(github.at("branches", branch, "protection"), needs=_ADMIN)
    except DeniedError as error:
        # A token without permission gets a 404 with another message.
        if error.status == 404 and re.search("Branch not (?:protected|found)", error.message):
            return None
        raise
    return BranchProtection(
        reviews=_read_reviews(found),
        bypass=_may_bypass(found),
        statuses=_read_statuses(found),
        is_strict=_has_flag(found, "required_status_checks", "strict"),
        admins_too=_has_flag(found, "enforce_admins", "enabled"),
        force_pushes=_has_flag(found, "allow_force_pushes", "enabled"),
        deletions=_has_flag(found, "allow_deletions", "enabled"),
        pushers=_read_pushers(found),
    )


def _has_flag(found: ForgeRecord, name: str, flag: str) -> bool:
    part = found.record(name) if found.has(name) else None
    return part is not None and part.has(flag) and part.flag(flag)


def _read_reviews(found: ForgeRecord) -> dict[str, bool] | None:
    if not found.has("required_pull_request_reviews"):
        return None
    reviews = found.record("required_pull_request_reviews")
    return {ours: reviews.has(old) and reviews.flag(old) for ours, old in _REVIEW_KEYS.items()}


def _may_bypass(found: ForgeRecord) -> bool:
    if not found.has("required_pull_request_reviews"):
        return False
    reviews = found.record("required_pull_request_reviews")
    if not reviews.has("bypass_pull_request_allowances"):
        return False
    allowed = reviews.record("bypass_pull_request_allowances")
    return any(allowed.has(kind) and allowed.records(kind) for kind in ("users", "teams", "apps"))


_PUSHERS = {"users": ActorKind.USER, "teams": ActorKind.TEAM, "apps": ActorKind.APP}


def _read_pushers(found: ForgeRecord) -> tuple[Actor, ...] | None:
    if not found.has("restrictions"):
        return None
    allowed = found.record("restrictions")
    actors = [
        Actor(kind, one.number("id"))
        for name, kind in _PUSHERS.items()
        for one in allowed.records(name)
    ]
    if not _has_flag(found, "enforce_admins", "enabled"):
        actors.append(Actor(ActorKind.ROLE, 5))
    return tuple(actors)


def _read_statuses(found: ForgeRecord) -> tuple[RequiredStatus, ...]:
    if not found.has("required_status_checks"):
        return ()
    return tuple(
        RequiredStatus(one.text("context"), _app(one, "app_id"))
        for one in found.record("required_status_checks").records("checks")
    )


def _app(found: ForgeRecord, name: str) -> int | None:
    """Return the app that must set a status. In GitHub's API -1 means any app."""
    number = found.number(name) if found.has(name) else -1
    return None if number == -1 else number


def _read_rulesets(github: GitHub) -> tuple[Ruleset, ...]:
    listed = github.records(f"{github.at('rulesets')}?includes_parents=true", needs=_METADATA)
    active = [one for one in listed if one.text("enforcement") == "active"]
    return tuple(
        _to_ruleset(github.record(github.at("rulesets", str(one.number("id"))), needs=_METADATA))
        for one in active
    )


def _to_ruleset(found: ForgeRecord) -> Ruleset:
    conditions = found.record("conditions") if found.has("conditions") else None
    names = conditions.record("ref_name") if conditions and conditions.has("ref_name") else None
    rules = found.records("rules") if found.has("rules") else []
    actors = None
    # Missing unless the token may edit the ruleset.
    if found.has("bypass_actors"):
        actors = tuple(
            Actor(
                one.word("actor_type"),
                one.number("actor_id") if one.has("actor_id") else None,
                one.has("bypass_mode") and one.text("bypass_mode") == "pull_request",
            )
            for one in found.records("bypass_actors")
        )
    return Ruleset(
        found.number("id"),
        found.text("name"),
        found.text("target") if found.has("target") else "branch",
        tuple(names.texts("include")) if names and names.has("include") else (),
        tuple(names.texts("exclude")) if names and names.has("exclude") else (),
        frozenset(one.word("type") for one in rules),
        actors,
    )


def _read_place(github: GitHub, name: str) -> DeployPlace | None:
    try:
        found = github.record(github.at("environments", name), needs="actions: read")
    except DeniedError as error:
        if error.status == 404:
            # The repository is readable, so its environments are too.
            return None
        raise
    rules = found.records("protection_rules") if found.has("protection_rules") else []
    asking = [
        one
        for one in rules
        if one.text("type") == "required_reviewers"
        and one.has("reviewers")
        and one.records("reviewers")
    ]
    return DeployPlace(
        has_reviewers=bool(asking),
        prevents_self_review=any(
            one.has("prevent_self_review") and one.flag("prevent_self_review") for one in asking
        ),
        is_limited=found.has("deployment_branch_policy"),
    )


def _read_rights(github: GitHub) -> WorkflowRights:
    found = github.record(github.at("actions", "permissions", "workflow"), needs=_ADMIN)
    return WorkflowRights(
        may_write=found.text("default_workflow_permissions") == "write",
        may_approve=found.flag("can_approve_pull_request_reviews"),
    )
