"""Check how GitLab protects a project: read the settings, then judge them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from promptops.errors import DeniedError, PromptopsError
from promptops.forge.gitlab import is_elsewhere
from promptops.protection.doctor.answer import UnreadSetting, error, fine, note, unread, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from promptops.forge.gitlab import GitLab
    from promptops.forge.record import ForgeRecord
    from promptops.protection.doctor.answer import DoctorAnswer

_Part = TypeVar("_Part")
_NEEDS = "the scope read_api, of a maintainer"
_DEVELOPER = 30
_MAINTAINER = 40
_MERGE_REQUESTS = "Settings > Merge requests"
_REPOSITORY = "Settings > Repository"
_SAMPLES = ("prompts/a@1.0.0", "prompts/a/b@1.0.0", "yanked/prompts/a/b@1.0.0")


@dataclass(frozen=True, slots=True)
class ProtectedName:
    """A protected branch or tag, or a pattern of names.

    Attributes:
        name: the name; `*` matches anything, slashes included.
        push_levels: access levels that may push (for a tag: create). 0: no one; -1: an individual
            person, group or key.
        forced: whether force pushes are allowed.
        owners: whether code owners must approve.
    """

    name: str
    push_levels: tuple[int, ...]
    forced: bool = False
    owners: bool = False

    def covers(self, name: str) -> bool:
        """Return whether it applies to a name."""
        parts = self.name.split("*")
        if len(parts) == 1:
            return name == self.name
        first, *middle, last = parts
        if len(name) < len(first) + len(last) or not name.startswith(first):
            return False
        if not name.endswith(last):
            return False
        at, stop = len(first), len(name) - len(last)
        for part in middle:
            found = name.find(part, at, stop)
            if found < 0:
                return False
            at = found + len(part)
        return True


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """The approval settings for merge requests.

    Attributes:
        resets_on_push: whether a push removes approvals.
        allows_author: whether the author may approve.
        allows_committers: whether committers may approve.
        allows_overriding: whether a merge request may change its approval rules.
    """

    resets_on_push: bool
    allows_author: bool
    allows_committers: bool
    allows_overriding: bool


@dataclass(frozen=True, slots=True)
class GitLabToken:
    """The token that asks.

    Attributes:
        is_person: whether it belongs to a person: then it is not the one of the CI job.
        may_write: whether it has the scope api.
    """

    is_person: bool
    may_write: bool


@dataclass(frozen=True, slots=True)
class GitLabSettings:
    """GitLab's settings that protect a project.

    Attributes:
        project: its path or number.
        branch: the default branch.
        needs_pipeline: whether merging requires a successful pipeline.
        skipped_is_success: whether a skipped pipeline counts as successful.
        approval: the approval settings.
        branches: protected branches.
        tags: protected tags.
        names: the environments of prompts.
        pipeline_elsewhere: whether the pipeline's file is outside the project.
        token: the token that asks.
    """

    project: str
    branch: str
    needs_pipeline: bool
    skipped_is_success: bool
    approval: ApprovalRules | UnreadSetting
    branches: tuple[ProtectedName, ...] | UnreadSetting
    tags: tuple[ProtectedName, ...] | UnreadSetting
    names: tuple[str, ...]
    pipeline_elsewhere: bool
    token: GitLabToken | UnreadSetting


# Reading


def read_gitlab(gitlab: GitLab, project: str, environments: Iterable[str]) -> GitLabSettings:
    """Read all settings that the checks need.

    Raises:
        PromptopsError: the project itself is unreadable.
    """
    found = gitlab.record(gitlab.at(), needs=_NEEDS)
    return GitLabSettings(
        project=project,
        branch=found.word("default_branch"),
        needs_pipeline=_flag(found, "only_allow_merge_if_pipeline_succeeds"),
        skipped_is_success=_flag(found, "allow_merge_on_skipped_pipeline"),
        approval=_try(lambda: _read_approval(gitlab)),
        branches=_try(lambda: _read_names(gitlab, "protected_branches", "push_access_levels")),
        tags=_try(lambda: _read_names(gitlab, "protected_tags", "create_access_levels")),
        names=tuple(environments),
        pipeline_elsewhere=is_elsewhere(found),
        token=_try(lambda: _read_token(gitlab)),
    )


def _try(read: Callable[[], _Part]) -> _Part | UnreadSetting:
    try:
        return read()
    except DeniedError as error:
        if error.status == 404:
            return UnreadSetting(
                error.message, f"{error.hint}; some settings exist only in paid editions"
            )
        return UnreadSetting(error.message, error.hint or "")
    except PromptopsError as error:
        return UnreadSetting(error.message, error.hint or "")


def _flag(found: ForgeRecord, name: str) -> bool:
    return found.has(name) and found.flag(name)


def _read_token(gitlab: GitLab) -> GitLabToken:
    if not _flag(gitlab.record("/user", needs=_NEEDS), "bot"):
        return GitLabToken(is_person=True, may_write=True)
    scopes = gitlab.record("/personal_access_tokens/self", needs=_NEEDS).texts("scopes")
    return GitLabToken(is_person=False, may_write="api" in scopes)


def _read_approval(gitlab: GitLab) -> ApprovalRules:
    found = gitlab.record(gitlab.at("approvals"), needs=_NEEDS)
    return ApprovalRules(
        resets_on_push=_flag(found, "reset_approvals_on_push"),
        allows_author=_flag(found, "merge_requests_author_approval"),
        allows_committers=not _flag(found, "merge_requests_disable_committers_approval"),
        allows_overriding=not _flag(found, "disable_overriding_approvers_per_merge_request"),
    )


def _read_names(gitlab: GitLab, kind: str, levels: str) -> tuple[ProtectedName, ...]:
    return tuple(
        ProtectedName(
            one.text("name"),
            tuple(map(_level, one.records(levels) if one.has(levels) else ())),
            forced=_flag(one, "allow_force_push"),
            owners=_flag(one, "code_owner_approval_required"),
        )
        for one in gitlab.records(gitlab.at(kind), needs=_NEEDS)
    )


def _level(found: ForgeRecord) -> int:
    named = any(found.has(name) for name in ("user_id", "group_id", "deploy_key_id"))
    return -1 if named or not found.has("access_level") else found.number("access_level")


# Judging


def look_at_approval(settings: GitLabSettings) -> Iterator[DoctorAnswer]:
    """Check that approvals apply to the merged content and come from other people."""
    place = f"{settings.project}: {_MERGE_REQUESTS}"
    rules = settings.approval
    if isinstance(rules, UnreadSetting):
        yield unread(rules, place)
        return
    faults = []
    if not rules.resets_on_push:
        faults.append(
            warning(
                "approvals remain after new pushes",
                place,
                risk="an author can push other changes after an approval; the gate notices that "
                "in prompts only",
                remedy="“When a commit is added: Remove all approvals”",
            )
        )
    if rules.allows_author:
        faults.append(
            error(
                "authors can approve their own merge requests",
                place,
                risk="one person, or one stolen account, can change anything alone",
                remedy="“Prevent approval by merge request creator”",
            )
        )
    if rules.allows_committers:
        faults.append(
            warning(
                "committers of a merge request can approve it",
                place,
                risk="two people who push to one branch can approve each other's changes",
                remedy="“Prevent approvals by users who add commits”",
            )
        )
    if rules.allows_overriding:
        faults.append(
            warning(
                "a merge request can change its own approval rules",
                place,
                risk="its author can remove the approvers",
                remedy="“Prevent editing approval rules in merge requests”",
            )
        )
    yield from faults or [fine("approvals cover what is merged, and come from others", place)]


def look_at_required_pipeline(settings: GitLabSettings) -> Iterator[DoctorAnswer]:
    """Check that merging requires a successful pipeline."""
    place = f"{settings.project}: {_MERGE_REQUESTS}"
    faults = []
    if not settings.needs_pipeline:
        faults.append(
            error(
                "a merge request can merge although its pipeline failed",
                place,
                risk="the gate fails, and the change can merge",
                remedy="“Pipelines must succeed”",
            )
        )
    if settings.skipped_is_success:
        faults.append(
            error(
                "a skipped pipeline counts as successful",
                place,
                risk="a commit message with [skip ci] skips the gate",
                remedy="turn off “Skipped pipelines are considered successful”",
            )
        )
    yield from faults or [fine("changes merge only after a successful pipeline", place)]


def look_at_default_branch(settings: GitLabSettings) -> Iterator[DoctorAnswer]:
    """Check that the default branch changes only by merge requests with code owners' approval."""
    place = f"{settings.project}: {settings.branch}"
    if isinstance(settings.branches, UnreadSetting):
        yield unread(settings.branches, place)
        return
    found = [one for one in settings.branches if one.covers(settings.branch)]
    if not found:
        yield error(
            "the default branch is not protected",
            place,
            risk="anyone with push access can change prompts and rules without review, and "
            "rewrite history",
            remedy=f"{_REPOSITORY} > Protected branches: protect {settings.branch}",
        )
        return
    faults = []
    # Of several rules for one branch the most permissive applies.
    if any(level != 0 for one in found for level in one.push_levels):
        faults.append(
            error(
                "some people may push to the default branch without a merge request",
                place,
                risk="they can change prompts and rules without review or pipeline",
                remedy="“Allowed to push and merge”: no one",
            )
        )
    if any(one.forced for one in found):
        faults.append(
            error(
                "the default branch can be rewritten",
                place,
                risk="unchecked commits can replace checked ones",
                remedy="turn off “Allowed to force push”",
            )
        )
    if not any(one.owners for one in found):
        faults.append(
            error(
                "GitLab does not require approval from the owners of a file",
                place,
                risk="only the pipeline protects the branch, and the change can edit "
                ".gitlab-ci.yml",
                remedy="“Require approval from code owners”",
            )
        )
    yield from faults or [fine("the default branch requires approval from owners", place)]


def look_at_tags(settings: GitLabSettings) -> Iterator[DoctorAnswer]:
    """Check that release tags cannot be moved."""
    place = f"{settings.project}: tags prompts/* and yanked/*"
    if isinstance(settings.tags, UnreadSetting):
        yield unread(settings.tags, place)
        return
    open_ = [name for name in _SAMPLES if not any(one.covers(name) for one in settings.tags)]
    if open_:
        yield error(
            f"tags such as {open_[0]} are not protected",
            place,
            risk="anyone with push access can move or delete a release, so a released version "
            "can change its text",
            remedy=f"{_REPOSITORY} > Protected tags: prompts/* and yanked/*",
        )
        return
    yield fine("release tags cannot be moved or deleted by a push", place)


def look_at_comments(settings: GitLabSettings) -> Iterator[DoctorAnswer]:
    """Check that the job's token can write the gate's note, and that no change can read such a
    token.
    """
    place = f"{settings.project}: PROMPTOPS_GITLAB_TOKEN"
    token = settings.token
    if isinstance(token, UnreadSetting):
        yield unread(token, place)
    elif token.is_person:
        return  # not the token of the CI job
    elif token.may_write and not settings.pipeline_elsewhere:
        yield warning(
            "a change can read a token that can write",
            place,
            risk="anyone who edits the pipeline's file in a branch can use the token to write",
            remedy="Settings > CI/CD > General pipelines: a “CI/CD configuration file” in another "
            "project; or give the token the scope read_api only",
        )
    elif not token.may_write:
        yield note(
            "the token cannot write",
            place,
            risk="verdict and missing version numbers are only in the job's log",
            remedy="keep the pipeline's file in another project, and give the token the scope api "
            "and the role Reporter",
        )
    else:
        yield fine("the gate can write to merge requests, and no change can read its token", place)


def look_at_environments(settings: GitLabSettings) -> Iterator[DoctorAnswer]:
    """Check that only a few can write to promptops/*, and can only append."""
    for name in settings.names:
        place = f"{settings.project}: promptops/{name}"
        if isinstance(settings.branches, UnreadSetting):
            yield unread(settings.branches, place)
            continue
        found = [one for one in settings.branches if one.covers(f"promptops/{name}")]
        yield from _judge_environment(name, place, found)


def _judge_environment(name: str, place: str, found: list[ProtectedName]) -> Iterator[DoctorAnswer]:
    if not found:
        yield error(
            f"promptops/{name} is not protected",
            place,
            risk="any developer can make any version live, or rewrite the deployment history",
            remedy=f"{_REPOSITORY} > Protected branches: promptops/*, for those who deploy",
        )
        return
    if any(one.forced for one in found):
        yield error(
            f"promptops/{name} can be rewritten",
            place,
            risk="the deployment history can be rewritten",
            remedy="turn off “Allowed to force push”",
        )
    levels = {level for one in found for level in one.push_levels}
    if _DEVELOPER in levels:
        yield error(
            f"every developer can deploy to {name}",
            place,
            risk="any version can be made live without approval",
            remedy="“Allowed to push and merge”: a deploy key, or those who deploy",
        )
    elif _MAINTAINER in levels:
        yield note(
            f"every maintainer can deploy to {name} without a job",
            place,
            risk="a push deploys without the environment's approval",
            remedy="“Allowed to push and merge”: a deploy key that a protected environment keeps",
        )
    elif not any(one.forced for one in found):
        yield fine(f"writing to promptops/{name} is restricted", place)


GITLAB_CHECKS: Mapping[str, Callable[[GitLabSettings], Iterator[DoctorAnswer]]] = {
    "forge-approvals": look_at_approval,
    "required-pipeline": look_at_required_pipeline,
    "default-branch": look_at_default_branch,
    "release-tags": look_at_tags,
    "environment-branches": look_at_environments,
    "comment-token": look_at_comments,
}
"""The checks that need a GitLab token."""
