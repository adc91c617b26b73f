"""A GitLab that lets itself be told things: notes, and suggestions on the lines of a diff.

What it refuses, and in which words, follows GitLab's own code: `API::Discussions`,
`API::Helpers::NotesHelpers`, `Gitlab::Diff::LinesUnfolder`, `Gitlab::QuickActions::Extractor`.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.forge.fake_github import commit
from tests.forge.fake_gitlab import PROJECT, FakeGitLab
from tests.forge.server import Clock, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

BOT = "project_3_bot"
ELSEWHERE = ".gitlab-ci.yml@acme/pipelines"
_NO_LINE = '400 Bad request - Note {:line_code=>["can\'t be blank", "must be a valid line code"]}'
_HERE = f"/api/v4/projects/{PROJECT}"
_NEEDED = ("base_sha", "start_sha", "head_sha", "position_type")


@dataclass
class Note:
    """A note on a merge request; one of a thread with its place, if that is in the diff."""

    id: int
    author: str
    body: str
    position: dict[str, Any] | None = None
    resolved: bool = False
    system: bool = False


@dataclass
class File:
    """A file before and after a change; None: it was not there."""

    old: str | None
    new: str
    old_path: str
    is_too_large: bool = False

    def hunks(self) -> str:
        if self.is_too_large:
            return ""
        lines = difflib.unified_diff(
            (self.old or "").splitlines(), self.new.splitlines(), lineterm=""
        )
        return "".join(f"{line}\n" for line in list(lines)[2:])

    def pairs(self) -> Iterator[tuple[int | None, int | None]]:
        """Every line to which a note can be attached: its old number and its new one."""
        old, new = (self.old or "").splitlines(), self.new.splitlines()
        if self.is_too_large or old == new:
            return
        for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new).get_opcodes():
            if tag == "equal":
                yield from zip(range(i1 + 1, i2 + 1), range(j1 + 1, j2 + 1), strict=True)
            else:
                yield from ((line, None) for line in range(i1 + 1, i2 + 1))
                yield from ((None, line) for line in range(j1 + 1, j2 + 1))


@dataclass
class Said:
    """What the fake was told."""

    notes: list[Note] = field(default_factory=list)
    threads: dict[str, list[Note]] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)


class TalkingGitLab(FakeGitLab):
    """The fake of the readers, and what may be written to a single merge request."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.said = Said()
        self.scopes = {"good": {"api"}}
        self.pipeline: str | None = ELSEWHERE
        self.files: dict[str, File] = {}
        self.root = ""
        self._id = 0

    @property
    def url(self) -> str:
        return self.server.url + self.root + "/api/v4"

    @property
    def told(self) -> list[str]:
        """What was written: method and path, below the merge request."""
        return [
            f"{request.method} {request.path.partition('/merge_requests/')[2]}"
            for request, _ in self.server.exchanges
            if request.method != "GET"
        ]

    def write(self, path: str, old: str | None, new: str, **others: Any) -> None:
        """Propose a file; what is said of a line that stays is carried to the new head."""
        self.files[path] = File(old, new, **{"old_path": path, **others})

    def advance(self, number: int, name: str) -> None:
        """Push, and update the place of what is said of lines that are still there."""
        before = self.merges[number].versions[-1][0]
        head = self.push(number, name)
        for thread in self.said.threads.values():
            position = thread[0].position
            if position is None or position["head_sha"] != before:
                continue
            file = self.files.get(position["new_path"])
            place = (position["old_line"], position["new_line"])
            if file is not None and place in file.pairs():
                position["head_sha"] = head

    def add(self, author: str, body: str) -> Note:
        note = Note(self._next(), author, body)
        self.said.notes.append(note)
        return note

    def reply(self, thread: list[Note], author: str, body: str, **others: Any) -> None:
        thread.append(Note(self._next(), author, body, **others))

    def _next(self) -> int:
        self._id += 1
        return self._id

    # --- what it says

    def _answer(self, request: Request) -> Response:
        for other in self.instead:
            response = other(request)
            if response is not None:
                return response
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return Response.of({"message": "401 Unauthorized"}, 401)
        if request.method != "GET" and "api" not in self.scopes.get(token, {"api"}):
            return Response.of(
                {
                    "error": "insufficient_scope",
                    "error_description": "The request requires higher privileges than provided "
                    "by the access token.",
                    "scope": "api",
                },
                403,
            )
        path = request.path.removeprefix(self.root)
        if path == "/api/v4/user":
            return Response.of({**self._user(BOT), "bot": True})
        if path == _HERE:
            shown = {"id": int(PROJECT), "default_branch": "main"}
            return Response.of({**shown, "ci_config_path": self.pipeline})
        found = re.fullmatch(rf"{_HERE}/merge_requests/(\d+)/(\w+)(?:/([0-9a-f]+))?(.*)", path)
        told = self._hear(request, int(found[1]), *found.groups()[1:]) if found else None
        return (
            super()._answer(
                Request(path, request.query, request.headers, request.method, request.body)
            )
            if told is None
            else told
        )

    def _hear(
        self, request: Request, number: int, kind: str, name: str | None, rest: str
    ) -> Response | None:
        if number not in self.merges:
            return Response.of({"message": "404 Not found"}, 404)
        value = json.loads(request.body) if request.body else {}
        if kind == "versions" and name is not None:
            return self._version(number, int(name))
        if kind == "notes":
            return self._hear_notes(request, name, value)
        if kind == "discussions":
            return self._hear_threads(request, name, rest, value)
        return None

    def _version(self, number: int, index: int) -> Response:
        head, _ = self.merges[number].versions[index]
        shown = [
            {
                "old_path": file.old_path,
                "new_path": path,
                "new_file": file.old is None,
                "renamed_file": file.old_path != path,
                "deleted_file": False,
                "diff": file.hunks(),
            }
            for path, file in self.files.items()
        ]
        return Response.of({"id": index, "head_commit_sha": head, "diffs": shown})

    def _hear_notes(self, request: Request, name: str | None, value: Any) -> Response:
        if request.method == "GET":
            return self._paged(request, [self._note(one) for one in self.said.notes])
        if request.method == "POST":
            note = self.add(BOT, self._keep(value["body"]))
            return Response.of(self._note(note), 201)
        return self._change(request, self.said.notes, int(name or 0), value)

    def _hear_threads(self, request: Request, name: str | None, rest: str, value: Any) -> Response:
        if request.method == "GET":
            shown = [self._thread(key) for key in self.said.threads]
            return self._paged(request, shown)
        if request.method == "POST":
            return self._open_thread(value)
        thread = self.said.threads.get(name or "")
        if thread is None:
            return Response.of({"message": "404 Discussion Not Found"}, 404)
        if not rest:
            thread[0].resolved = value["resolved"]
            return Response.of(self._thread(name or ""))
        response = self._change(request, thread, int(rest.removeprefix("/notes/")), value)
        if not [one for one in thread if not one.system]:
            del self.said.threads[name or ""]
        return response

    def _change(self, request: Request, notes: list[Note], id_: int, value: Any) -> Response:
        note = next((one for one in notes if one.id == id_), None)
        if note is None:
            return Response.of({"message": "404 Not found"}, 404)
        if note.author != BOT:
            return Response.of({"message": "403 Forbidden"}, 403)
        if request.method == "DELETE":
            notes.remove(note)
            return Response(204)
        note.body = self._keep(value["body"])
        return Response.of(self._note(note))

    def _open_thread(self, value: Any) -> Response:
        position = value.get("position") or {}
        missing = [name for name in _NEEDED if name not in position]
        if missing:
            said = ", ".join(f"position[{name}] is missing" for name in missing)
            return Response.of({"error": said}, 400)
        if not self._has_line(position):
            return Response.of({"message": _NO_LINE}, 400)
        kept = {"old_line": None, **position}
        note = Note(self._next(), BOT, self._keep(value["body"]), kept)
        key = commit(f"thread {note.id}")
        self.said.threads[key] = [note]
        return Response.of(self._thread(key), 201)

    def _has_line(self, position: dict[str, Any]) -> bool:
        (merge,) = self.merges.values()
        refs = {
            (merge.bases.get(head, merge.base), merge.start, head) for head, _ in merge.versions
        }
        file = self.files.get(position["new_path"])
        return (
            (position["base_sha"], position["start_sha"], position["head_sha"]) in refs
            and file is not None
            and file.old_path == position["old_path"]
            and (position.get("old_line"), position.get("new_line")) in file.pairs()
        )

    def _keep(self, body: str) -> str:
        """Run what is a command of a note, and return the rest."""
        self.said.commands += re.findall(r"^/\w+", body.replace("\r", ""), re.MULTILINE)
        return body.rstrip()

    def _thread(self, key: str) -> dict[str, Any]:
        notes = self.said.threads[key]
        return {"id": key, "individual_note": False, "notes": [self._note(one) for one in notes]}

    def _note(self, note: Note) -> dict[str, Any]:
        placed = {"position": note.position} if note.position is not None else {}
        return {
            "id": note.id,
            "type": "DiffNote" if placed else None,
            "body": note.body,
            "author": self._user(note.author),
            "created_at": "2026-01-01T00:00:00.000Z",
            "system": note.system,
            **placed,
            "resolvable": bool(placed),
            **({"resolved": note.resolved} if placed else {}),
        }
