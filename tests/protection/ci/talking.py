"""A GitHub that lets itself be told things: commit statuses, and comments on pull requests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.forge.fake_github import FakeGitHub, Pull
from tests.forge.server import Clock, Request, Response

BOT = "github-actions[bot]"
# What a list of pull requests leaves out.
_WHOLE_ONLY = (
    "merged mergeable mergeable_state merged_by maintainer_can_modify additions changed_files"
    " comments commits deletions review_comments"
)
WHEN = "2026-01-01T00:00:00Z"


@dataclass
class Comment:
    """A comment on a pull request."""

    id: int
    number: int
    user: str
    body: str


@dataclass
class RealPull(Pull):
    """A pull request of a branch that exists in a repository."""

    branch: str = "change"
    state: str = "open"


@dataclass
class Status:
    """A commit status, as it was set."""

    commit: str
    context: str
    state: str
    description: str
    target_url: str | None


@dataclass
class Said:
    """What the fake was told."""

    statuses: list[Status] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    suggestions: list[dict[str, Any]] = field(default_factory=list)


class TalkingGitHub(FakeGitHub):
    """The fake of the readers, and what may be written; `may` says what the token may write."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.said = Said()
        self.may = {"statuses", "comments"}
        # The lines that the pull request's diff shows.
        self.shown: set[tuple[str, int]] = set()

    def propose(self, number: int, head: str, author: str = "jane") -> RealPull:
        pull = RealPull(number, author, head=head)
        self.pulls[number] = pull
        return pull

    def _answer(self, request: Request) -> Response:
        told = self._hear(request)
        return super()._answer(request) if told is None else told

    def _hear(self, request: Request) -> Response | None:
        here = "/repos/acme/prompts"
        path = request.path.replace("/repositories/1296269", here, 1)
        at = f"{request.method} {path.removeprefix(here)}"
        value = json.loads(request.body) if request.body else {}
        if request.method != "GET":
            kind = "statuses" if "/statuses/" in at else "comments"
            if kind not in self.may:
                return Response.of({"message": "Resource not accessible by integration"}, 403)
        if found := re.fullmatch(r"POST /statuses/([0-9a-f]{40})", at):
            return self._set_status(found[1], value)
        if found := re.fullmatch(r"(GET|POST) /issues/(\d+)/comments", at):
            number = int(found[2])
            if found[1] == "GET":
                return self._list_comments(request, number)
            comment = Comment(len(self.said.comments) + 1, number, BOT, value["body"])
            self.said.comments.append(comment)
            return Response.of(self._show_comment(comment), 201)
        if found := re.fullmatch(r"(PATCH|DELETE) /issues/comments/(\d+)", at):
            (comment,) = (one for one in self.said.comments if one.id == int(found[2]))
            if found[1] == "DELETE":
                self.said.comments.remove(comment)
                return Response(204)
            comment.body = value["body"]
            return Response.of(self._show_comment(comment))
        if "/pulls/" in at and "comments" in at:
            return self._hear_suggestion(request, at, value)
        if at == "GET /pulls":
            return self._list_pulls(request)
        return None

    def _hear_suggestion(self, request: Request, at: str, value: dict[str, Any]) -> Response | None:
        if found := re.fullmatch(r"(GET|POST) /pulls/(\d+)/comments", at):
            if found[1] == "GET":
                return self._paged(request, self.said.suggestions)
            if (value["path"], value["line"]) not in self.shown:
                return Response.of(
                    {"message": "Validation Failed", "documentation_url": "https://docs"}, 422
                )
            self.said.suggestions.append(self._show_suggestion(value))
            return Response.of(self.said.suggestions[-1], 201)
        if found := re.fullmatch(r"DELETE /pulls/comments/(\d+)", at):
            kept = [one for one in self.said.suggestions if one["id"] != int(found[1])]
            self.said.suggestions[:] = kept
            return Response(204)
        return None

    def _show_suggestion(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return a comment on a line, with all that GitHub says of one."""
        number = len(self.said.suggestions) + 1
        url = f"{self.url}/pulls/comments/{number}"
        return {
            **value,
            "id": number,
            "node_id": f"C_{number}",
            "user": self._user(BOT),
            "url": url,
            "html_url": url,
            "pull_request_url": f"{self.url}/pulls/1",
            "pull_request_review_id": 1,
            "diff_hunk": "@@ -1 +1 @@",
            "original_commit_id": value["commit_id"],
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "author_association": "NONE",
            "_links": {key: {"href": url} for key in ("self", "html", "pull_request")},
        }

    def _set_status(self, commit: str, value: dict[str, Any]) -> Response:
        status = Status(commit, target_url=value.get("target_url"), **_words(value))
        self.said.statuses.append(status)
        shown = {
            "url": f"{self.url}/statuses/{commit}",
            "avatar_url": None,
            "id": len(self.said.statuses),
            "node_id": "S_1",
            "state": status.state,
            "description": status.description,
            "target_url": status.target_url,
            "context": status.context,
            "created_at": WHEN,
            "updated_at": WHEN,
            "creator": self._user(BOT),
        }
        return Response.of(shown, 201)

    def _list_comments(self, request: Request, number: int) -> Response:
        found = [one for one in self.said.comments if one.number == number]
        return self._paged(request, [self._show_comment(one) for one in found])

    def _show_comment(self, comment: Comment) -> dict[str, Any]:
        here = f"{self.url}/repos/acme/prompts/issues/comments/{comment.id}"
        return {
            "id": comment.id,
            "node_id": "IC_1",
            "url": here,
            "html_url": f"https://github.com/acme/prompts/pull/{comment.number}#c{comment.id}",
            "issue_url": f"{self.url}/repos/acme/prompts/issues/{comment.number}",
            "body": comment.body,
            "user": self._user(comment.user),
            "created_at": WHEN,
            "updated_at": WHEN,
            "author_association": "NONE",
        }

    def _list_pulls(self, request: Request) -> Response:
        owner, _, branch = request.query["head"].partition(":")
        found = [
            pull
            for pull in self.pulls.values()
            if isinstance(pull, RealPull)
            and (pull.branch, pull.state) == (branch, request.query["state"])
            and owner == "acme"
        ]
        return self._paged(request, [self._brief(pull) for pull in found])

    def _brief(self, pull: Pull) -> dict[str, Any]:
        """A pull request as lists show it: without what only the whole one knows."""
        whole = self._show(pull)
        left_out = _WHOLE_ONLY.split()
        lists = ("requested_reviewers", "requested_teams", "assignees")
        shown = {name: value for name, value in whole.items() if name not in left_out}
        return {**shown, **{name: [] for name in lists}, "draft": False}


def _words(value: dict[str, Any]) -> dict[str, str]:
    return {name: value[name] for name in ("context", "state", "description")}
