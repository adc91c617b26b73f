"""Report the gate's verdict to GitHub: a commit status, one comment, and suggested lines.

Only this module and `merge_thread` write to a forge. For each commit and name, a commit status has
one state: the last one set, whatever event started the workflow. A job's own check is not enough:
for GitHub, the runs for a push and for a review are two checks, and the one that failed before the
approval stays failed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

from promptops.forge.github import GitHub
from promptops.forge.line_suggestion import (
    MAX_SUGGESTIONS,
    SUGGESTION_MARKER,
    write_suggestion,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.forge.github import PullRequest
    from promptops.forge.line_suggestion import LineSuggestion
    from promptops.forge.record import ForgeRecord

# GitHub refuses comments of more than 65,536 characters, and descriptions of more than 140.
_MAX_COMMENT = 65_000
_MAX_DESCRIPTION = 140
_STATUS_NEEDS = "commit statuses: write"
_COMMENT_NEEDS = "pull requests: write"
_NOT_IN_THE_DIFF = 422


class StatusState(StrEnum):
    """The states of a commit status that the gate sets."""

    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class PullRequestThread(GitHub):
    """One repository on GitHub, with a token that may write statuses and comments."""

    def set_status(
        self, commit: str, context: str, state: StatusState, description: str, *, url: str | None
    ) -> None:
        """Set the status named `context` of a commit; `url` leads to details.

        Raises:
            DeniedError: the token lacks the permission.
            RemoteError: there is no answer, or an unexpected one.
        """
        shown = description
        if len(shown) > _MAX_DESCRIPTION:
            shown = f"{shown[: _MAX_DESCRIPTION - 1]}…"
        value = {"state": state.value, "context": context, "description": shown}
        if url is not None:
            value["target_url"] = url
        self._write("POST", self.at("statuses", commit), value, _STATUS_NEEDS)

    def put_comment(self, number: int, body: str) -> None:
        """Create or update the gate's comment on a pull request.

        The first line of `body` is a marker by which the next run finds the comment. Anyone may
        write that line, so only a bot's comments are updated; a workflow's token is always a bot's.

        Raises:
            DeniedError: the token lacks the permission.
            RemoteError: there is no answer, or an unexpected one.
            IntegrityError: the answer is not as GitHub documents it.
        """
        marker = body.partition("\n")[0]
        text = body
        if len(text) > _MAX_COMMENT:
            text = f"{text[:_MAX_COMMENT]}\n\n… the log of the run has the rest."
        path = self.at("issues", str(number), "comments")
        comments = self.records(path, needs=_COMMENT_NEEDS)
        own = [one for one in comments if _is_ours(one, marker)]
        if not own:
            self._write("POST", path, {"body": text}, _COMMENT_NEEDS)
            return
        first, *others = own
        for other in others:  # two concurrent runs may both have created one
            self._write("DELETE", self._comment(other), None, _COMMENT_NEEDS)
        if first.text("body") != text:
            self._write("PATCH", self._comment(first), {"body": text}, _COMMENT_NEEDS)

    def put_suggestions(
        self, number: int, commit: str, suggestions: Sequence[LineSuggestion]
    ) -> None:
        """Suggest lines on a pull request, for a person to accept with a click; withdraw earlier
        ones.

        GitHub accepts suggestions only for lines that the pull request's diff shows; others are
        left out. A suggestion that already exists stays.

        Raises:
            DeniedError: the token lacks the permission.
            RemoteError: there is no answer, or an unexpected one.
            IntegrityError: the answer is not as GitHub documents it.
        """
        path = self.at("pulls", str(number), "comments")
        wanted = {(one.path, write_suggestion(one)): one for one in suggestions[:MAX_SUGGESTIONS]}
        for comment in self.records(path, needs=_COMMENT_NEEDS):
            if not _is_ours(comment, SUGGESTION_MARKER):
                continue
            is_shown = comment.number_or_none("line") is not None
            key = (comment.text("path"), comment.text("body"))
            if not is_shown or wanted.pop(key, None) is None:
                place = self.at("pulls", "comments", str(comment.number("id")))
                self._write("DELETE", place, None, _COMMENT_NEEDS)
        for (_, body), one in wanted.items():
            value = {"body": body, "commit_id": commit, "path": one.path, "line": one.line}
            self._write(
                "POST", path, {**value, "side": "RIGHT"}, _COMMENT_NEEDS, but=_NOT_IN_THE_DIFF
            )

    def find_pull_request(
        self, owner: str, branch: str, commit: str, target: str
    ) -> PullRequest | None:
        """Return the open pull request with the head `commit` from a branch of `owner`; None
        without one.

        If there are several, return the one to `target`, if any.

        Raises:
            PromptopsError: see `Transport.records`.
        """
        path = f"{self.at('pulls')}?state=open&head={quote(f'{owner}:{branch}', safe='')}"
        found = [
            one
            for one in self.records(path, needs="pull requests: read")
            if one.record("head").object_id("sha") == commit
        ]
        found.sort(key=lambda one: one.record("base").text("ref") != target)
        return self.pull_request(found[0].number("number")) if found else None

    def _comment(self, comment: ForgeRecord) -> str:
        return self.at("issues", "comments", str(comment.number("id")))


def _is_ours(comment: ForgeRecord, marker: str) -> bool:
    user = comment.record_or_none("user")
    is_bot = user is not None and user.text("type") == "Bot"
    body = comment.text_or_none("body") or ""
    return is_bot and body.partition("\n")[0].rstrip("\r") == marker
