"""A small GitLab: merge requests with versions, approvals, reviewers, notes, members and groups."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tests.forge.fake_github import commit
from tests.forge.server import Clock, Request, Response, Server

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT = "3"
_PAGE = 20


@dataclass
class Merge:
    """A merge request, with what happened to it and when."""

    number: int
    author: str
    target: str = "main"
    versions: list[tuple[str, float]] = field(default_factory=list)
    approvals: dict[str, float] = field(default_factory=dict)
    notes: list[tuple[str, str, float, bool]] = field(default_factory=list)
    reviewers: dict[str, str] = field(default_factory=dict)
    # Where each version parted from the target branch of its time.
    base: str | None = commit("tip of main")
    bases: dict[str, str | None] = field(default_factory=dict)
    start: str = commit("tip of main")

    @property
    def id(self) -> int:
        return 1000 + self.number


class FakeGitLab:
    """The state, and the server that shows it."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.merges: dict[int, Merge] = {}
        self.users: dict[str, int] = {}
        self.members: dict[str, int] = {}
        self.inherited: dict[str, int] = {}
        self.groups: dict[str, set[str]] = {}
        self.blocked: set[str] = set()
        self.tokens = {"good"}
        self.says_when = True
        self.untimed: set[str] = set()
        self.page_size: int | None = None
        self.instead: list[Callable[[Request], Response | None]] = []
        self.server = Server(self._answer, self.clock)

    @property
    def url(self) -> str:
        return self.server.url + "/api/v4"

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for, below the API's address."""
        return [request.path.removeprefix("/api/v4") for request, _ in self.server.exchanges]

    # --- what happens there; a second passes with each

    def open(self, number: int, author: str = "jane", target: str = "main") -> Merge:
        self.merges[number] = Merge(number, author, target)
        self.push(number, f"head of {number}")
        return self.merges[number]

    def push(self, number: int, name: str) -> str:
        self.merges[number].versions.append((commit(name), self._tick()))
        return commit(name)

    def approve(self, number: int, user: str) -> None:
        merge = self.merges[number]
        merge.approvals[user] = self._tick()
        merge.notes.append((user, "approved this merge request", self.clock.now(), True))

    def say(self, number: int, user: str, text: str) -> None:
        self.merges[number].notes.append((user, text, self._tick(), False))

    def _tick(self) -> float:
        self.clock.now_seconds += 1
        return self.clock.now_seconds

    # --- what it says

    def _answer(self, request: Request) -> Response:
        for other in self.instead:
            response = other(request)
            if response is not None:
                return response
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return Response.of({"message": "401 Unauthorized"}, 401)
        here, merge = f"/api/v4/projects/{PROJECT}", r"/merge_requests/(\d+)"
        routes: list[tuple[str, Callable[..., Response]]] = [
            (here + merge, self._merge),
            (here + merge + "/approvals", self._approvals),
            (here + merge + "/notes", self._notes),
            (here + merge + "/versions", self._versions),
            (here + merge + "/reviewers", self._reviewers),
            (here + r"/members/all/(\d+)", self._member),
            (here + "/members", self._members),
            ("/api/v4/groups/([^/]+)/members", self._group),
        ]
        for pattern, answer in routes:
            found = re.fullmatch(pattern, request.path)
            if found:
                try:
                    return answer(request, *found.groups())
                except KeyError:
                    break
        return Response.of({"message": "404 Not found"}, 404)

    def _paged(self, request: Request, items: list[Any]) -> Response:
        size = self.page_size or int(request.query.get("per_page", _PAGE))
        page = int(request.query.get("page", "1"))
        response = Response.of(items[(page - 1) * size : page * size])
        if page * size < len(items):
            url = f"{self.server.url}{request.path}?page={page + 1}&per_page={size}"
            response.headers["link"] = f'<{url}>; rel="next", <{url}>; rel="last"'
        return response

    def _merge(self, request: Request, number: str) -> Response:
        merge = self.merges[int(number)]
        return Response.of(
            {
                "id": merge.id,
                "iid": merge.number,
                "project_id": int(PROJECT),
                "author": self._user(merge.author),
                "target_branch": merge.target,
                "sha": merge.versions[-1][0],
                "web_url": f"https://gitlab.example.com/acme/prompts/-/merge_requests/{number}",
            }
        )

    def _approvals(self, request: Request, number: str) -> Response:
        given = self.merges[int(number)].approvals.items()
        shown = [
            {
                "user": self._user(user),
                **({"approved_at": _time(seconds)} if self._says_when(user) else {}),
            }
            for user, seconds in given
        ]
        return Response.of({"user_has_approved": False, "approved": True, "approved_by": shown})

    def _says_when(self, user: str) -> bool:
        return self.says_when and user not in self.untimed

    def _notes(self, request: Request, number: str) -> Response:
        assert request.query.get("sort", "asc") == "asc"
        shown = [
            {
                "author": self._user(user),
                "body": body,
                "created_at": _time(seconds),
                "system": system,
            }
            for user, body, seconds, system in self.merges[int(number)].notes
        ]
        return self._paged(request, shown)

    def _versions(self, request: Request, number: str) -> Response:
        merge = self.merges[int(number)]
        shown = [
            {
                "id": index,
                "merge_request_id": merge.id,
                "head_commit_sha": head,
                "base_commit_sha": merge.bases.get(head, merge.base),
                "start_commit_sha": merge.start,
                "created_at": _time(seconds),
            }
            for index, (head, seconds) in enumerate(merge.versions)
        ]
        return self._paged(request, shown[::-1])

    def _reviewers(self, request: Request, number: str) -> Response:
        shown = [
            {"user": self._user(user), "state": state}
            for user, state in self.merges[int(number)].reviewers.items()
        ]
        return self._paged(request, shown)

    def _member(self, request: Request, user_id: str) -> Response:
        (name,) = (name for name, number in self.users.items() if number == int(user_id))
        level = max(self.members.get(name, 0), self.inherited.get(name, 0))
        if level == 0:
            raise KeyError(name)
        return Response.of({**self._user(name), "access_level": level})

    def _members(self, request: Request) -> Response:
        levels = self.members.items()
        shown = [{**self._user(name), "access_level": level} for name, level in levels]
        return self._paged(request, shown)

    def _group(self, request: Request, path: str) -> Response:
        names = sorted(self.groups[unquote(path)])
        return self._paged(request, [{**self._user(name), "access_level": 30} for name in names])

    def _user(self, name: str) -> dict[str, Any]:
        number = self.users.setdefault(name, 100 + len(self.users))
        state = "blocked" if name in self.blocked else "active"
        return {"id": number, "username": name, "name": name.title(), "state": state}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
