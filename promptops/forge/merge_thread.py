"""Report the gate's verdict to a merge request on GitLab: one note, and suggested lines.

Endpoints and fields are those of docs.gitlab.com/api: notes, discussions, merge_requests (diff
versions), users, projects. The token needs the scope `api` and the role Reporter; a job's own token
(`CI_JOB_TOKEN`) may not write notes.

GitLab runs lines of a note that begin with a slash as commands, with the rights of the token
(docs.gitlab.com, "Quick actions"). So no line of our notes begins with a slash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from promptops.forge.gitlab import GitLab, is_elsewhere
from promptops.forge.line_suggestion import (
    MAX_SUGGESTIONS,
    SUGGESTION_MARKER,
    write_suggestion,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promptops.forge.gitlab import DiffVersion, MergeRequest
    from promptops.forge.line_suggestion import LineSuggestion
    from promptops.forge.record import ForgeRecord

# GitLab refuses notes of more than 1,000,000 characters.
_MAX_NOTE = 900_000
_NEEDS = "the scope api, and the role Reporter in the project"
# GitLab's syntax for "replace this line only" (docs.gitlab.com, "Suggest changes").
_THIS_LINE = ":-0+0"
_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_COMMAND = re.compile("^/", re.MULTILINE)


class DiffPlace(NamedTuple):
    """A line in the diff of a merge request.

    Attributes:
        old_path: the file before the change.
        old_line: the number of the line before the change; None for an added line.
    """

    old_path: str
    old_line: int | None


class MergeRequestThread(GitLab):
    """One project on GitLab, with a token that may write notes."""

    def has_pipeline_elsewhere(self) -> bool:
        """Return whether the pipeline's file is outside the project, where no change can edit it.

        Raises:
            PromptopsError: see `Transport.record`.
        """
        return is_elsewhere(self.record(self.at(), needs=_NEEDS))

    def put_note(self, request: MergeRequest, body: str) -> None:
        """Create or update the gate's note on a merge request.

        The first line of `body` is a marker by which the next run finds the note. Anyone may write
        that line, so only notes of the token's own user are updated.

        Raises:
            DeniedError: the token lacks the permission.
            RemoteError: there is no answer, or an unexpected one.
            IntegrityError: the answer is not as GitLab documents it.
        """
        text = _without_commands(body)
        marker = text.partition("\n")[0]
        path = self._of(request.number, "notes")
        own_id = self._own_id()
        found = self.records(f"{path}?sort=asc&order_by=created_at", needs=_NEEDS)
        own = [one for one in found if _is_ours(one, own_id, marker)]
        if not own:
            self._write("POST", path, {"body": text}, _NEEDS)
            return
        first, *others = own
        for other in others:  # two concurrent runs may both have created one
            self._write("DELETE", f"{path}/{other.number('id')}", None, _NEEDS, but=404)
        if _text(first) != text:
            self._write("PUT", f"{path}/{first.number('id')}", {"body": text}, _NEEDS)

    def put_suggestions(
        self, request: MergeRequest, suggestions: Sequence[LineSuggestion]
    ) -> list[LineSuggestion]:
        """Suggest lines on a merge request, for a person to accept with a click; withdraw earlier
        ones.

        A suggestion that exists already is kept, even if a person resolved it without accepting it.
        One that is no longer needed is deleted, or resolved if somebody replied to it.

        Returns:
            The suggestions that GitLab does not accept, because their line is not in the merge
            request's diff.

        Raises:
            DeniedError: the token lacks the permission.
            RemoteError: there is no answer, or an unexpected one.
            IntegrityError: the answer is not as GitLab documents it.
        """
        path = self._of(request.number, "discussions")
        fit = [one for one in suggestions if not one.text.startswith("/")][:MAX_SUGGESTIONS]
        wanted = {(one.path, one.line, write_suggestion(one, _THIS_LINE)): one for one in fit}
        own_id = self._own_id()
        for discussion in self.records(path, needs=_NEEDS):
            notes = discussion.records("notes")
            if not notes or not _is_ours(notes[0], own_id, SUGGESTION_MARKER):
                continue
            key = _key(notes[0], request.head)
            kept = None if key is None else wanted.pop(key, None)
            if kept is None and not _is_resolved(notes[0]):
                self._withdraw(f"{path}/{discussion.word('id')}", notes, own_id)
        return self._suggest(request, wanted) if wanted else []

    def _withdraw(self, path: str, notes: list[ForgeRecord], own_id: int) -> None:
        is_answered = any(
            not one.flag("system") and one.record("author").number("id") != own_id for one in notes
        )
        if is_answered:
            self._write("PUT", path, {"resolved": True}, _NEEDS, but=404)
        else:
            note = f"{path}/notes/{notes[0].number('id')}"
            self._write("DELETE", note, None, _NEEDS, but=404)

    def _suggest(
        self, request: MergeRequest, wanted: dict[tuple[str, int, str], LineSuggestion]
    ) -> list[LineSuggestion]:
        """Suggest each line that is in the newest version of the diff; return the others."""
        versions = self.versions(request)
        newest = versions[-1] if versions else None
        if newest is None or newest.head != request.head:
            return list(wanted.values())
        diffs = self._diffs(request, newest)
        path = self._of(request.number, "discussions")
        left = []
        for (_, _, body), one in wanted.items():
            place = _find_place(diffs.get(one.path), one.line)
            if place is None or newest.base is None or newest.start is None:
                left.append(one)
                continue
            position: dict[str, object] = {
                "position_type": "text",
                "base_sha": newest.base,
                "start_sha": newest.start,
                "head_sha": newest.head,
                "old_path": place.old_path,
                "new_path": one.path,
                "new_line": one.line,
            }
            if place.old_line is not None:  # an unchanged line has both numbers
                position["old_line"] = place.old_line
            value = {"body": body, "position": position}
            answer = self._write("POST", path, value, _NEEDS, but=400)
            if answer.status == 400:
                if b"line_code" not in answer.body:
                    raise self._refusal(self._url + path, 400, answer.body, _NEEDS)
                left.append(one)
        return left

    def _diffs(self, request: MergeRequest, version: DiffVersion) -> dict[str, ForgeRecord]:
        path = self._of(request.number, "versions", str(version.id))
        found = self.record(path, needs=_NEEDS).records("diffs")
        return {one.text("new_path"): one for one in found}

    def _own_id(self) -> int:
        return self.record("/user", needs=_NEEDS).number("id")


def find_old_line(diff: str, line: int) -> int | None:
    """Return the number that a line of the new file had in the old one; None for an added line.

    Args:
        diff: the file's hunks, in Git's unified format.
        line: the number of the line, from 1.
    """
    old = new = 1
    is_hunk = False
    for text in diff.split("\n"):
        found = _HUNK.match(text)
        if found is not None:
            # A side without lines (`,0`) gives the number of the line before it.
            old_start = int(found[1]) + (found[2] == "0")
            new_start = int(found[3]) + (found[4] == "0")
            if line < new_start:
                break
            old, new, is_hunk = old_start, new_start, True
        elif is_hunk and text.startswith("-"):
            old += 1
        elif is_hunk and text.startswith("+"):
            if new == line:
                return None
            new += 1
        elif is_hunk and text.startswith(" "):
            if new == line:
                return old
            old, new = old + 1, new + 1
    return line - (new - old)


def _find_place(diff: ForgeRecord | None, line: int) -> DiffPlace | None:
    """Return the position of a line in the diff; None if the diff does not show the file."""
    if diff is None or diff.flag("deleted_file") or not diff.text("diff"):
        return None
    return DiffPlace(diff.text("old_path"), find_old_line(diff.text("diff"), line))


def _key(note: ForgeRecord, head: str) -> tuple[str, int, str] | None:
    """Return a note's path, line and suggestion; None if it is about an older commit."""
    if not note.has("position"):
        return None
    position = note.record("position")
    if not position.has("new_line") or position.text("head_sha") != head:
        return None
    return position.text("new_path"), position.number("new_line"), _text(note)


def _is_resolved(note: ForgeRecord) -> bool:
    return note.has("resolved") and note.flag("resolved")


def _is_ours(note: ForgeRecord, own_id: int, marker: str) -> bool:
    is_own = not note.flag("system") and note.record("author").number("id") == own_id
    return is_own and _text(note).partition("\n")[0] == marker


def _text(note: ForgeRecord) -> str:
    return note.text("body").replace("\r\n", "\n").rstrip()


def _without_commands(body: str) -> str:
    """Return a note's text as GitLab stores it, without lines that GitLab would run as commands."""
    text = _COMMAND.sub(" /", body.replace("\r", ""))
    if len(text) > _MAX_NOTE:
        text = f"{text[:_MAX_NOTE]}\n\n… the log of the job has the rest."
    return text.rstrip()
