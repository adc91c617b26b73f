"""A small GitHub: pull requests, reviews, people, teams, a merge queue, tokens and rate limits.

Every answer that it makes by itself is of the form that GitHub's description promises; a test that
wants another one puts it into `instead`.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.forge.server import Clock, Request, Response, Server

if TYPE_CHECKING:
    from collections.abc import Callable

OWNER, NAME = "acme", "prompts"
WHEN = "2026-01-01T00:00:00Z"
ROLES = {"admin": "admin", "maintain": "write", "write": "write", "triage": "read", "read": "read"}
EVERYTHING = frozenset({"contents", "members", "metadata", "pull_requests"})
_PAGE = 30
_MAX_COMMITS = 250
_NAMED, _NUMBERED = f"/repos/{OWNER}/{NAME}", "/repositories/1296269"


def commit(name: str) -> str:
    """An object id that a test can call by name; a real one stays what it is."""
    if re.fullmatch(r"[0-9a-f]{40}", name):
        return name
    return hashlib.sha1(name.encode()).hexdigest()


@dataclass
class Review:
    """A review; its user is None once the account is gone."""

    id: int
    user: str | None
    state: str
    commit: str | None
    at: str | None = WHEN


@dataclass
class Pull:
    """A pull request; its author is None once the account is gone."""

    number: int
    author: str
    base: str = "main"
    reviews: list[Review] = field(default_factory=list)
    # Author and committer of each commit; None where the address belongs to no account.
    commits: list[tuple[str | None, str | None]] = field(default_factory=lambda: [("jane", "jane")])
    head: str = ""
    # The commits' ids; those that are not given are made up.
    ids: list[str] = field(default_factory=list)
    # What happened to it, and when.
    events: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.head = self.head or commit(f"head of {self.number}")


class FakeGitHub:
    """The state, and the server that shows it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.pulls: dict[int, Pull] = {}
        self.roles: dict[str, str] = {}
        self.teams: dict[str, set[str]] = {}
        self.parents: dict[str, str] = {}
        self.queue: list[tuple[str, str]] = []
        self.tokens: dict[str, frozenset[str]] = {"good": EVERYTHING}
        self.remaining = 5000
        self.reset_seconds = 0.0
        self.page_size: int | None = None
        self.instead: list[Callable[[Request], Response | None]] = []
        self.server = Server(self._answer, self.clock)
        # Answers that a test made up need not be of GitHub's form.
        self.made_up: set[int] = set()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [request.path for request, _ in self.server.exchanges]

    # --- what happens there

    def open(self, number: int, author: str = "jane", base: str = "main") -> Pull:
        self.pulls[number] = Pull(number, author, base)
        return self.pulls[number]

    def review(
        self, number: int, user: str | None, state: str = "APPROVED", on: str | None = "head"
    ) -> Review:
        pull = self.pulls[number]
        at = None if on is None else pull.head if on == "head" else commit(on)
        found = Review(80 + len(pull.reviews), user, state, at)
        pull.reviews.append(found)
        return found

    def enqueue(self, number: int, parent: str) -> str:
        """Put a pull request into the merge queue on top of a commit; gives its branch."""
        branch = f"refs/heads/gh-readonly-queue/main/pr-{number}-{parent}"
        self.queue.append((branch, commit(branch)))
        return branch

    # --- what it says

    def _answer(self, request: Request) -> Response:
        for other in self.instead:
            response = other(request)
            if response is not None:
                self.made_up.add(id(response))
                return response
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return _refuse(401, "Bad credentials")
        if self.remaining == 0 and self.clock.now_seconds < self.reset_seconds:
            return self._limited(_refuse(403, "API rate limit exceeded for installation ID 1."))
        path = request.path.replace(_NUMBERED, _NAMED, 1)
        for pattern, permission, answer in self._routes():
            found = re.fullmatch(pattern, path)
            if found and permission not in self.tokens[token]:
                return _refuse(403, "Resource not accessible by integration")
            if found:
                return self._limited(self._conditional(request, answer(request, *found.groups())))
        return _refuse(404, "Not Found")

    def _routes(self) -> list[tuple[str, str, Callable[..., Response]]]:
        here = _NAMED
        return [
            (rf"{here}/pulls/(\d+)", "pull_requests", self._pull),
            (rf"{here}/pulls/(\d+)/reviews", "pull_requests", self._reviews),
            (rf"{here}/pulls/(\d+)/commits", "pull_requests", self._commits),
            (rf"{here}/issues/(\d+)/events", "pull_requests", self._events),
            (rf"{here}/collaborators/([^/]+)/permission", "metadata", self._permission),
            (rf"{here}/git/matching-refs/(.+)", "contents", self._refs),
            (rf"/orgs/{OWNER}/teams/([^/]+)/members", "members", self._members),
        ]

    def _limited(self, response: Response) -> Response:
        if self.remaining > 0 and response.status != 304:
            self.remaining -= 1
        response.headers["x-ratelimit-remaining"] = str(self.remaining)
        response.headers["x-ratelimit-reset"] = str(int(self.reset_seconds))
        return response

    def _conditional(self, request: Request, response: Response) -> Response:
        assert isinstance(response.body, bytes)
        if response.status == 200:
            etag = f'W/"{hashlib.sha256(response.body).hexdigest()}"'
            response.headers["etag"] = etag
            if request.headers.get("if-none-match") == etag:
                return Response(304, b"", {"etag": etag})
        return response

    def _paged(self, request: Request, items: list[Any]) -> Response:
        size = self.page_size or int(request.query.get("per_page", _PAGE))
        page = int(request.query.get("page", "1"))
        response = Response.of(items[(page - 1) * size : page * size])
        if page * size < len(items):
            # GitHub's own links name the repository by its number.
            path = request.path.replace(_NAMED, _NUMBERED, 1)
            links = [
                f'<{self.url}{path}?per_page={size}&page={number}>; rel="{name}"'
                for name, number in (("next", page + 1), ("last", -(-len(items) // size)))
            ]
            response.headers["link"] = ", ".join(links)
        return response

    def _pull(self, request: Request, number: str) -> Response:
        pull = self.pulls.get(int(number))
        return _refuse(404, "Not Found") if pull is None else Response.of(self._show(pull))

    def _reviews(self, request: Request, number: str) -> Response:
        if int(number) not in self.pulls:
            return _refuse(404, "Not Found")
        here = f"{self.url}/repos/{OWNER}/{NAME}/pulls/{number}"
        shown = [
            {
                "id": review.id,
                "node_id": f"R_{review.id}",
                "user": None if review.user is None else self._user(review.user),
                "body": "",
                "state": review.state,
                "html_url": f"https://github.com/{OWNER}/{NAME}/pull/{number}#r{review.id}",
                "pull_request_url": here,
                "_links": {"html": {"href": here}, "pull_request": {"href": here}},
                **({"submitted_at": review.at} if review.at else {}),
                "commit_id": review.commit,
                "author_association": "MEMBER",
            }
            for review in self.pulls[int(number)].reviews
        ]
        return self._paged(request, shown)

    def _commits(self, request: Request, number: str) -> Response:
        if int(number) not in self.pulls:
            return _refuse(404, "Not Found")
        here = f"{self.url}{_NAMED}/commits/1"
        ids = self.pulls[int(number)].ids
        who: dict[str, Any] = {
            "name": "Jane",
            "email": "jane@example.com",
            "date": "2026-01-01T00:00:00Z",
        }
        shown: list[dict[str, Any]] = [
            {
                "sha": (ids[index : index + 1] or [commit(f"commit {index}")])[0],
                "node_id": "C_1",
                "url": here,
                "html_url": here,
                "comments_url": here,
                "commit": {
                    "url": here,
                    "message": "a change",
                    "author": who,
                    "committer": who,
                    "comment_count": 0,
                    "tree": {"sha": commit("tree"), "url": here},
                },
                "author": self._user(author) if author else None,
                "committer": self._user(committer) if committer else {},
                "parents": [],
            }
            for index, (author, committer) in enumerate(self.pulls[int(number)].commits)
        ]
        return self._paged(request, shown[:_MAX_COMMITS])

    def _events(self, request: Request, number: str) -> Response:
        if int(number) not in self.pulls:
            return _refuse(404, "Not Found")
        shown = [
            {
                "id": index,
                "node_id": f"E_{index}",
                "url": f"{self.url}{_NAMED}/issues/events/{index}",
                "actor": self._user("jane"),
                "event": event,
                "commit_id": None,
                "commit_url": None,
                "created_at": at,
                "performed_via_github_app": None,
            }
            for index, (event, at) in enumerate(self.pulls[int(number)].events)
        ]
        return self._paged(request, shown)

    def _permission(self, request: Request, login: str) -> Response:
        role = self.roles.get(login)
        if role is None:
            return _refuse(404, f"{login} is not a user")
        return Response.of(
            {
                "permission": ROLES.get(role, "write"),
                "role_name": role,
                "user": {
                    **self._user(login),
                    "role_name": role,
                    "permissions": {
                        "pull": True,
                        "push": ROLES.get(role) != "read",
                        "admin": False,
                    },
                },
            }
        )

    def _members(self, request: Request, slug: str) -> Response:
        if slug not in self.teams:
            return _refuse(404, "Not Found")
        found = set(self.teams[slug])
        below = [slug]
        while below:
            parent = below.pop()
            children = [name for name, above in self.parents.items() if above == parent]
            below += children
            found |= {login for name in children for login in self.teams[name]}
        return self._paged(request, [self._user(login) for login in sorted(found)])

    def _refs(self, request: Request, ref: str) -> Response:
        shown = [
            {
                "ref": name,
                "node_id": "REF_1",
                "url": f"{self.url}/repos/{OWNER}/{NAME}/git/{name}",
                "object": {"type": "commit", "sha": head, "url": f"{self.url}/{head}"},
            }
            for name, head in self.queue
            if name.startswith(f"refs/{ref}")
        ]
        return Response.of(shown)

    def _user(self, login: str) -> dict[str, Any]:
        here = f"{self.url}/users/{login}"
        parts = "followers following gists starred subscriptions organizations repos events"
        return {
            "login": login,
            "id": 1,
            "node_id": "U_1",
            "avatar_url": "https://avatars.example.com/u/1",
            "gravatar_id": "",
            "url": here,
            "html_url": f"https://github.com/{login}",
            "received_events_url": f"{here}/received_events",
            "type": "Bot" if login.endswith("[bot]") else "User",
            "site_admin": False,
            **{f"{part}_url": f"{here}/{part}" for part in parts.split()},
        }

    def _show(self, pull: Pull) -> dict[str, Any]:
        here = f"{self.url}/repos/{OWNER}/{NAME}/pulls/{pull.number}"
        page = f"https://github.com/{OWNER}/{NAME}/pull/{pull.number}"
        author = self._user(pull.author)
        links = "comments commits statuses html issue review_comments review_comment self"
        nothing = (
            "assignee auto_merge body closed_at merge_commit_sha merged_at merged_by milestone"
        )
        counts = "additions changed_files comments deletions review_comments"
        addresses = (
            "url issue_url commits_url review_comments_url review_comment_url comments_url"
            " statuses_url"
        )
        return {
            "id": pull.number,
            "node_id": "PR_1",
            "number": pull.number,
            "state": "open",
            "locked": False,
            "title": "a change",
            "user": author,
            "labels": [],
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "base": self._branch(pull.base, commit(f"tip of {pull.base}")),
            "head": self._branch("change", pull.head),
            "_links": {name: {"href": here} for name in links.split()},
            "author_association": "MEMBER",
            "mergeable": None,
            "mergeable_state": "unknown",
            "merged": False,
            "commits": len(pull.commits),
            "maintainer_can_modify": False,
            **dict.fromkeys(nothing.split()),
            **dict.fromkeys(counts.split(), 1),
            **dict.fromkeys(addresses.split(), here),
        }

    def _branch(self, name: str, head: str) -> dict[str, Any]:
        return {
            "label": f"{OWNER}:{name}",
            "ref": name,
            "sha": head,
            "user": self._user(OWNER),
            "repo": self._repository(),
        }

    def _repository(self) -> dict[str, Any]:
        here = f"{self.url}/repos/{OWNER}/{NAME}"
        addresses = (
            "archive assignees blobs branches collaborators comments commits compare contents"
            " contributors deployments downloads events forks git_commits git_refs git_tags hooks"
            " issue_comment issue_events issues keys labels languages merges milestones"
            " notifications pulls releases stargazers statuses subscribers subscription tags teams"
            " trees git ssh clone svn"
        )
        counts = "forks forks_count open_issues open_issues_count size stargazers_count watchers"
        flags = "has_downloads has_issues has_projects has_wiki has_pages archived disabled fork"
        return {
            "id": 1296269,
            "node_id": "R_1",
            "name": NAME,
            "full_name": f"{OWNER}/{NAME}",
            "owner": self._user(OWNER),
            "private": True,
            "description": None,
            "html_url": f"https://github.com/{OWNER}/{NAME}",
            "url": here,
            "default_branch": "main",
            "homepage": None,
            "language": None,
            "mirror_url": None,
            "license": None,
            "watchers_count": 0,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "pushed_at": "2026-01-01T00:00:00Z",
            **{f"{part}_url": f"{here}/{part}" for part in addresses.split()},
            **dict.fromkeys(counts.split(), 0),
            **dict.fromkeys(flags.split(), False),
        }


def _refuse(status: int, message: str) -> Response:
    page = "https://docs.github.com/rest"
    said = {"message": message, "documentation_url": page, "status": str(status)}
    return Response.of(said, status)
