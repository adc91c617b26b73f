"""Read a repository, its pull requests and its people from GitHub's REST API.

Endpoints, permissions and fields follow GitHub's OpenAPI description; the tests check requests and
answers against it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import DeniedError, UsageError, quote
from promptops.forge.address import check_token, to_path
from promptops.forge.review import Review
from promptops.forge.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from promptops.forge.limits import ForgeLimits
    from promptops.forge.record import ForgeRecord

API_URL = "https://api.github.com"
# `permission` is GitHub's base role: maintain counts as write, triage as read, a custom role as the
# role that it extends. The other words are for servers that return finer roles.
_WRITING = frozenset({"admin", "maintain", "write"})
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_QUEUE = re.compile(r"(?:refs/heads/)?(gh-readonly-queue/.+)/pr-([0-9]{1,15})-([0-9a-f]{40,64})")
# From "Issue event types": a person changed the target branch, or GitHub did when it was deleted.
_SENT_ELSEWHERE = frozenset({"base_ref_changed", "automatic_base_change_succeeded"})
_HOW_TO_GIVE = "give one in PROMPTOPS_GITHUB_TOKEN or GITHUB_TOKEN"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The fields of a pull request that the gate needs.

    Attributes:
        number: its number.
        author: `@login`; None if the account was deleted.
        base_ref: the target branch.
        base: the target branch's tip, by GitHub.
        head: the newest proposed commit.
        commits: the number of proposed commits.
        url: its page.
    """

    number: int
    author: str | None
    base_ref: str
    base: str
    head: str
    commits: int
    url: str


class GitHub(Transport):
    """One repository on GitHub.

    Args:
        repository: `owner/name`.
        token: a token that may read it.
        url: the API's address; on GitHub Enterprise Server `https://HOST/api/v3`.
        limits: timeouts and maximum sizes.

    Raises:
        UsageError: repository, token or address is malformed.
    """

    def __init__(
        self, repository: str, *, token: str, url: str = API_URL, limits: ForgeLimits | None = None
    ) -> None:
        if not _REPOSITORY.fullmatch(repository):
            raise UsageError(
                f"{quote(repository)} is not a GitHub repository", hint="write it as owner/name"
            )
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {check_token(token, hint=_HOW_TO_GIVE)}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        super().__init__("GitHub", url, headers, limits)
        self._repository = repository

    def at(self, *segments: str) -> str:
        """Return the API path of something in the repository; without segments, of the repository
        itself.
        """
        return to_path("repos", *self._repository.split("/"), *segments)

    def pull_request(self, number: int) -> PullRequest:
        """Return one pull request.

        Raises:
            PromptopsError: see `Transport.record`.
        """
        found = self.record(self.at("pulls", str(number)), needs="pull requests: read")
        if found.number("number") != number:
            raise found.refuse("an unexpected pull request")
        base, head = found.record("base"), found.record("head")
        return PullRequest(
            number=number,
            author=_login_of(found),
            base_ref=base.word("ref"),
            base=base.object_id("sha"),
            head=head.object_id("sha"),
            commits=found.number("commits"),
            url=found.word("html_url"),
        )

    def reviews(self, number: int) -> list[Review]:
        """Return all reviews of a pull request, the oldest first.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        path = self.at("pulls", str(number), "reviews")
        return [
            _to_review(found, number) for found in self.records(path, needs="pull requests: read")
        ]

    def find_last_retarget(self, number: int) -> datetime | None:
        """Return when a pull request was last retargeted to another branch; None if never.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        events = self.records(self.at("issues", str(number), "events"), needs="pull requests: read")
        times = [one.time("created_at") for one in events if one.text("event") in _SENT_ELSEWHERE]
        return max(times, default=None)

    def committers(self, pull: PullRequest, *, besides: Collection[str] = ()) -> frozenset[str]:
        """Return the authors and committers of a pull request's commits, as `@login`.

        E-mail addresses without an account are left out, and so are commits whose ids are in
        `besides`.

        Raises:
            UsageError: there are more commits than GitHub lists.
            PromptopsError: see `Transport.records`.
        """
        path = self.at("pulls", str(pull.number), "commits")
        commits = self.records(path, needs="pull requests: read")
        if len(commits) < pull.commits:
            raise UsageError(
                f"GitHub lists the people of only {len(commits)} of the {pull.commits} commits "
                f"of pull request {pull.number}, so self-approval cannot be ruled out",
                hint="squash the commits, or split the pull request",
            )
        roles = ("author", "committer")
        logins = {
            _committer_of(commit, role)
            for commit in commits
            if commit.object_id("sha") not in besides
            for role in roles
        }
        return frozenset(login for login in logins if login is not None)

    def may_write(self, login: str) -> bool:
        """Return whether a person may write to the repository. An unknown person may not.

        Raises:
            PromptopsError: see `Transport.record`.
        """
        path = self.at("collaborators", login.removeprefix("@"), "permission")
        try:
            found = self.record(
                path, needs="metadata: read, of someone who may write to the repository"
            )
        except DeniedError as error:
            # The token has already read the repository, so a 404 is about the person.
            if error.status == 404:
                return False
            raise
        return found.text("permission") in _WRITING

    def team_members(self, organization: str, slug: str) -> frozenset[str]:
        """Return the members of a team and of its child teams, as `@login`.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        path = to_path("orgs", organization, "teams", slug, "members")
        found = self.records(path, needs="organization members: read")
        return frozenset(f"@{member.word('login')}" for member in found)

    def queued(self, head_ref: str) -> tuple[int, ...]:
        """Return the pull requests that are merged with an entry of the merge queue, last one
        first.

        An entry's branch is `gh-readonly-queue/TARGET/pr-NUMBER-PARENT`: one pull request, merged
        on top of PARENT, which is the target's tip or the head of the previous entry. GitHub may
        merge several entries at once, so the previous ones are returned too. An entry that is
        merged already has no branch and is skipped.

        Args:
            head_ref: the entry's branch, from the event `merge_group`.

        Raises:
            UsageError: it is not a branch of a merge queue.
            PromptopsError: see `Transport.records`.
        """
        folder, number, parent = _parse_queue_ref(head_ref)
        path = self.at("git", "matching-refs", "heads", *folder.split("/"), "pr-")
        entries = {}
        for found in self.records(path, needs="contents: read", is_paged=False):
            name = found.word("ref")
            if _QUEUE.fullmatch(name):
                entries[found.record("object").object_id("sha")] = _parse_queue_ref(name)
        numbers = [number]
        while parent in entries:
            _, number, parent = entries.pop(parent)
            if number not in numbers:
                numbers.append(number)
        return tuple(numbers)


def _parse_queue_ref(ref: str) -> tuple[str, int, str]:
    """Split a merge queue's branch: the folder of its target, the pull request, the parent."""
    found = _QUEUE.fullmatch(ref)
    if found is None:
        raise UsageError(f"{quote(ref)} is not a branch of a merge queue")
    folder, number, parent = found.groups()
    return folder, int(number), parent


def _to_review(found: ForgeRecord, number: int) -> Review:
    # Reviews of another pull request must not count as approvals.
    if not found.text("pull_request_url").endswith(f"/pulls/{number}"):
        raise found.refuse("an unexpected pull request")
    return Review(
        user=_login_of(found),
        state=found.text("state"),
        commit=None if found.text_or_none("commit_id") is None else found.object_id("commit_id"),
        url=found.word("html_url"),
        at=found.time("submitted_at") if found.has("submitted_at") else None,
    )


def _login_of(found: ForgeRecord, name: str = "user") -> str | None:
    user = found.record_or_none(name)
    return None if user is None else f"@{user.word('login')}"


def _committer_of(commit: ForgeRecord, role: str) -> str | None:
    # For an address without an account GitHub returns null or an empty object.
    return None if commit.values.get(role) == {} else _login_of(commit, role)
