"""Read the approvals of a GitLab merge request, each bound to a version of the diff.

GitLab does not record the approved commit. But it records the time of every diff version and of
every approval, by the same clock. So an approval counts for the newest version before it. An
approval without a time counts for nothing.

The API does not tell which account a commit's address belongs to; the groups file may.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.errors import DeniedError, UsageError, quote
from promptops.forge.codeowners import owner_key
from promptops.forge.gitlab import ROLES
from promptops.gate.rules import Approval, Approvals

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from promptops.forge.gitlab import DiffVersion, GitLab, GivenApproval, MergeRequest
    from promptops.gate.rules.people import Groups

GITLAB = "gitlab"


def read_gitlab(
    client: GitLab,
    number: int,
    *,
    target: str,
    owners: Iterable[str],
    groups: Groups,
    is_merged: Callable[[str], bool],
) -> Approvals:
    """Read the approvals from GitLab.

    Args:
        client: the project on GitLab.
        number: the merge request.
        target: the target branch.
        owners: the owners whose approval may be needed.
        groups: members of groups that GitLab does not show.
        is_merged: tells whether a commit is on the target branch.

    Raises:
        UsageError: the merge request has another target branch.
        PromptopsError: GitLab is unreachable, refuses, or returns a malformed answer.
    """
    request = client.merge_request(number)
    if request.target != target:
        raise UsageError(
            f"merge request {number} targets {quote(request.target)}, and this run is for "
            f"{quote(target)}",
            hint="run it again: the merge request was retargeted",
        )
    objectors = client.objectors(request)
    objecting = {name.casefold() for name in objectors}
    given = [one for one in client.approvals(request) if one.user.casefold() not in objecting]
    found, notes = _to_approvals(client, request, given, is_merged) if given else ([], [])
    approvers = {one.user.casefold() for one in given}
    return Approvals(
        sources=(GITLAB,),
        found=tuple(found),
        author=request.author,
        teams=dict(_read_teams(client, owners, groups, approvers)),
        objections=tuple(objectors),
        notes=tuple(notes),
    )


def _to_approvals(
    client: GitLab,
    request: MergeRequest,
    given: Sequence[GivenApproval],
    is_merged: Callable[[str], bool],
) -> tuple[list[Approval], list[str]]:
    """Return the approvals, and notes on those without a version."""
    versions = client.versions(request)
    # Servers from before 2025 have the time only in notes.
    is_told = all(one.at is not None for one in given)
    noted = {} if is_told else client.approval_notes(request)
    found, notes = [], []
    for one in given:
        commit, doubt = None, "GitLab does not report when it was given, or for which commit"
        version = _version_at(versions, one.at or noted.get(one.user.casefold()))
        if version is not None and version.base is not None and is_merged(version.base):
            commit = version.head
        elif version is not None:
            doubt = f"it was given against a commit that is not on {request.target}"
        if commit is None:
            notes.append(f"approval by {one.user} does not count: {doubt}")
        found.append(
            Approval(
                approver=one.user,
                source=GITLAB,
                commit=commit,
                may_write=client.may_write(one.user_id),
                where=request.url,
            )
        )
    return found, notes


def _version_at(versions: Sequence[DiffVersion], time: datetime | None) -> DiffVersion | None:
    """Return the newest version before a time; None if unknown."""
    if time is None:
        return None
    before = [version for version in versions if version.at < time]
    return max(before, key=lambda version: version.at) if before else None


def _read_teams(
    client: GitLab, owners: Iterable[str], groups: Groups, approvers: Collection[str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the roles and groups among the owners, with their members."""
    for owner in owners:
        key = owner_key(owner)
        if key.startswith("@@"):
            # Other roles cannot be owners.
            if key[2:] in ROLES:
                yield key, client.role_members(key[2:])
        elif key.startswith("@") and key not in approvers:
            members = _read_group(client, owner, groups)
            if members is not None:
                yield key, members


def _read_group(client: GitLab, owner: str, groups: Groups) -> frozenset[str] | None:
    """Return the members of a group; None if `@name` may be a person."""
    try:
        return client.group_members(owner[1:])
    except DeniedError as error:
        # An invalid token is an error, whatever the groups file says.
        known = None if error.status == 401 else groups.members(owner)
        if known is None and (error.status != 404 or "/" in owner):
            raise DeniedError(
                f"the members of {owner} cannot be read: {error.message}",
                status=error.status,
                hint="list its members in the groups file on the target branch, or use another "
                f"token; {error.hint}",
            ) from error
        return known
