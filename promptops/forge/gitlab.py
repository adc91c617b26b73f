"""Read a project, its merge requests and its people from GitLab's REST API.

Endpoints and the meaning of fields are those of docs.gitlab.com/api: merge_request_approvals,
merge_requests, members, notes. The token needs the scope `read_api`; a job's own token
(`CI_JOB_TOKEN`) may not read any of this. `merge_thread` writes to a project.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import DeniedError, UsageError, quote
from promptops.forge.address import check_token, to_path
from promptops.forge.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from promptops.forge.limits import ForgeLimits
    from promptops.forge.record import ForgeRecord

API_URL = "https://gitlab.com/api/v4"
DEVELOPER = 30
# Roles in CODEOWNERS; each means exactly one access level (docs.gitlab.com, "Role eligibility").
ROLES = {"developer": DEVELOPER, "maintainer": 40, "owner": 50}
_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_NEEDS = "the scope read_api, and to be a member of the project"
_NEEDS_GROUP = "the scope read_api, and to see the group"
_HOW_TO_GIVE = "give one in PROMPTOPS_GITLAB_TOKEN"
_APPROVED = "approved this merge request"
# `FILE@GROUP/PROJECT`, or the address of a file (docs.gitlab.com, "Specify a custom CI/CD
# configuration file").
_ELSEWHERE = re.compile(r".+\.ya?ml@.+|https?://.+")


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """The fields of a merge request that the gate needs.

    Attributes:
        id: its number among all merge requests of the server.
        number: its number in the project.
        author: `@username`.
        target: the target branch.
        head: the newest proposed commit.
        url: its page.
    """

    id: int
    number: int
    author: str
    target: str
    head: str
    url: str


@dataclass(frozen=True, slots=True)
class GivenApproval:
    """One person's approval of a merge request.

    Attributes:
        user: `@username`.
        user_id: that person's id.
        at: when it was given, by the server's clock; None if the server does not say.
    """

    user: str
    user_id: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class DiffVersion:
    """One version of a merge request's diff.

    Attributes:
        head: the proposed commit.
        base: the merge base with the target branch of that time; None if there was none.
        at: when it was pushed, by the server's clock.
        id: its number.
        start: the target branch's commit of that time; None if there was none.
    """

    head: str
    base: str | None
    at: datetime
    id: int = 0
    start: str | None = None


class GitLab(Transport):
    """One project on GitLab.

    Args:
        project: its number, or its path with all groups.
        token: a token that may read it.
        url: the API's address: `https://HOST/api/v4`.
        limits: timeouts and maximum sizes.

    Raises:
        UsageError: project, token or address is malformed.
    """

    def __init__(
        self, project: str, *, token: str, url: str = API_URL, limits: ForgeLimits | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {check_token(token, hint=_HOW_TO_GIVE)}"}
        super().__init__("GitLab", url, headers, limits)
        self._project = _check_name(project)

    def at(self, *segments: str) -> str:
        """Return the API path of something in the project; without segments, of the project
        itself.
        """
        return to_path("projects", self._project, *segments)

    def merge_request(self, number: int) -> MergeRequest:
        """Return one merge request.

        Raises:
            PromptopsError: see `Transport.record`.
        """
        found = self.record(self._of(number), needs=_NEEDS)
        if found.number("iid") != number:
            raise found.refuse("an unexpected merge request")
        return MergeRequest(
            id=found.number("id"),
            number=number,
            author=f"@{found.record('author').word('username')}",
            target=found.word("target_branch"),
            head=found.object_id("sha"),
            url=found.word("web_url"),
        )

    def approvals(self, request: MergeRequest) -> list[GivenApproval]:
        """Return a merge request's current approvals.

        Raises:
            PromptopsError: see `Transport.record`.
        """
        found = self.record(self._of(request.number, "approvals"), needs=_NEEDS)
        if found.has("iid") and found.number("iid") != request.number:
            raise found.refuse("an unexpected merge request")
        return [
            GivenApproval(
                user=f"@{user.word('username')}",
                user_id=user.number("id"),
                at=one.time("approved_at") if one.has("approved_at") else None,
            )
            for one in found.records("approved_by")
            if (user := one.record_or_none("user")) is not None
        ]

    def approval_notes(self, request: MergeRequest) -> dict[str, datetime]:
        """Return when people approved, from the notes that the server writes about it.

        Returns:
            Casefolded `@username` -> time of the last approval.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        path = f"{self._of(request.number, 'notes')}?sort=asc&order_by=created_at"
        times: dict[str, datetime] = {}
        for note in self.records(path, needs=_NEEDS):
            if note.flag("system") and note.text("body").strip() == _APPROVED:
                user, time = note.record("author").word("username"), note.time("created_at")
                key = f"@{user}".casefold()
                times[key] = max(time, times.get(key, time))
        return times

    def versions(self, request: MergeRequest) -> list[DiffVersion]:
        """Return the diff versions of a merge request, oldest first.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        found = self.records(self._of(request.number, "versions"), needs=_NEEDS)
        for one in found:
            if one.number("merge_request_id") != request.id:
                raise one.refuse("an unexpected merge request")
        return [
            DiffVersion(
                head=one.object_id("head_commit_sha"),
                base=one.object_id("base_commit_sha") if one.has("base_commit_sha") else None,
                at=one.time("created_at"),
                id=one.number("id"),
                start=one.object_id("start_commit_sha") if one.has("start_commit_sha") else None,
            )
            for one in sorted(found, key=lambda one: one.number("id"))
        ]

    def objectors(self, request: MergeRequest) -> list[str]:
        """Return the reviewers who requested changes, as `@username`.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        found = self.records(self._of(request.number, "reviewers"), needs=_NEEDS)
        return [
            f"@{one.record('user').word('username')}"
            for one in found
            if one.text("state") == "requested_changes"
        ]

    def may_write(self, user_id: int) -> bool:
        """Return whether a person may write to the project: has the role developer or higher, even
        if inherited.

        Raises:
            PromptopsError: see `Transport.record`.
        """
        try:
            found = self.record(self.at("members", "all", str(user_id)), needs=_NEEDS)
        except DeniedError as error:
            # The token has already read the project, so a 404 is about the person.
            if error.status == 404:
                return False
            raise
        if found.number("id") != user_id:
            raise found.refuse("an unexpected person")
        return _is_active(found) and found.number("access_level") >= DEVELOPER

    def role_members(self, role: str) -> frozenset[str]:
        """Return the project's direct members of exactly this role, as `@username`.

        Args:
            role: one of `ROLES`.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        found = self.records(self.at("members"), needs=_NEEDS)
        return _names(one for one in found if one.number("access_level") == ROLES[role])

    def group_members(self, group: str) -> frozenset[str]:
        """Return the direct members of a group, as `@username`.

        Inherited members cannot be code owners (docs.gitlab.com, "Group eligibility").

        Raises:
            UsageError: it is not a group's path.
            PromptopsError: see `Transport.records`.
        """
        path = to_path("groups", _check_name(group), "members")
        return _names(self.records(path, needs=_NEEDS_GROUP))

    def _of(self, number: int, *segments: str) -> str:
        return self.at("merge_requests", str(number), *segments)


def is_elsewhere(project: ForgeRecord) -> bool:
    """Return whether a project's pipeline is in a file outside of it, where no change can edit it.

    Args:
        project: GitLab's answer for the project; without permission to read its code, it does not
            name the file.
    """
    path = project.text("ci_config_path") if project.has("ci_config_path") else ""
    return _ELSEWHERE.fullmatch(path) is not None


def _check_name(path: str) -> str:
    """Return the path of a project or a group after checking it: it must not contain `..`."""
    if not _NAME.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise UsageError(
            f"{quote(path)} is not a GitLab project or group", hint="write it as group/project"
        )
    return path


def _names(members: Iterable[ForgeRecord]) -> frozenset[str]:
    return frozenset(f"@{one.word('username')}" for one in members if _is_active(one))


def _is_active(member: ForgeRecord) -> bool:
    """Return whether the account is active: neither blocked nor deactivated."""
    return member.text("state") == "active"
