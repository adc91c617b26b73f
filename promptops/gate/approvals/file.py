"""Read approvals from a file, `promptops.approvals/v1`, for other forges.

A pipeline asks its forge, writes the approvals to a file, and passes it to the gate:

    {
      "schema": "promptops.approvals/v1",
      "author": "@jane",
      "approvals": [
        {"approver": "@bob", "commit": "<commit that was looked at>", "may_write": true,
         "where": "https://forge.example.com/changes/12"}
      ],
      "teams": {"@acme/prompts": ["@bob"]}
    }

The author of a change controls every file in the checkout, so the file must be outside of it. Its
content is trusted. Anything malformed is an error.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.errors import IntegrityError, PromptopsError, UsageError, quote
from promptops.files import read_file
from promptops.forge.codeowners import owner_key
from promptops.gate.approvals.statement import parse_entry
from promptops.gate.rules import Approval, Approvals
from promptops.prompt.digest import is_object_id
from promptops.suggestion import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from promptops.repository.repository import Repository

SOURCE = "file"
SCHEMA = "promptops.approvals/v1"
MAX_BYTES = 16 * 1024 * 1024

_KEYS = ("schema", "approvals", "author", "committers", "objections", "teams")
_APPROVAL_KEYS = ("approver", "commit", "contents", "base", "may_write", "where")
_MAX_TEXT = 4096
# The number of links that Linux follows.
_MAX_LINKS = 40


def read_approvals_file(repository: Repository, path: Path) -> Approvals:
    """Read the approvals in a file outside of the repository.

    Raises:
        UsageError: there is no such file, or it is in the checkout or the repository.
        IntegrityError: it is malformed.
    """
    git = repository.git
    inside = [folder.resolve() for folder in (git.work_tree, git.git_dir, git.common_dir) if folder]
    try:
        for place in _walk(path):
            if any(folder in place.parents for folder in inside):
                raise UsageError(
                    f"the approvals file {quote(str(path))} is in the checkout or reached through "
                    "it, where the change itself can write",
                    hint="write it outside the checkout, such as to a temporary folder",
                )
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"{quote(str(path))} is not a file", hint="pass a JSON file")
        data = read_file(path, limit=MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        message = f"the approvals file {quote(str(path))} cannot be read"
        raise UsageError(message, hint="check the path after --approvals-file") from error
    return parse_approvals(data, str(path))


def _walk(path: Path) -> Iterator[Path]:
    """Yield all paths involved in opening a path: itself, and the targets of links on the way."""
    here = Path(path.absolute().anchor)
    parts = list(path.absolute().parts[1:])
    links = 0
    while parts:
        part = parts.pop(0)
        if part == os.pardir:
            here = here.parent
            continue
        step = here / part
        yield step
        if not step.is_symlink():
            here = step
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        target = step.readlink()
        if target.is_absolute():
            here = Path(target.anchor)
        parts = [*target.parts[target.is_absolute() :], *parts]


def parse_approvals(data: bytes, where: str) -> Approvals:
    """Read `promptops.approvals/v1`; `where` names the file in errors.

    Raises IntegrityError for anything malformed.
    """
    return _ApprovalReading(where).approvals(data)


class _ApprovalReading:
    """One pass over the file; its name is used in errors."""

    def __init__(self, where: str) -> None:
        self._where = where

    def _error(self, message: str) -> IntegrityError:
        return IntegrityError(
            f"{self._where}: {message}",
            hint=f"see docs/approvals.md for the form {SCHEMA}",
        )

    def approvals(self, data: bytes) -> Approvals:
        document = self._load(data)
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            raise self._error(f"its schema is not {SCHEMA}")
        self._refuse_unknown(document, _KEYS, "")
        entries = document.get("approvals")
        if not isinstance(entries, list):
            raise self._error("'approvals' is not a list")
        teams = document.get("teams", {})
        if not isinstance(teams, dict):
            raise self._error("'teams' is not an object")
        author = document.get("author")
        return Approvals(
            (SOURCE,),
            tuple(self._approval(entry, f"approvals[{at}]") for at, entry in enumerate(entries)),
            author=None if author is None else self._name(author, "author"),
            committers=self._names(document.get("committers", []), "committers"),
            objections=self._names(document.get("objections", []), "objections"),
            teams={
                owner_key(self._name(team, "teams")): frozenset(
                    name.casefold() for name in self._names(members, f"teams.{quote(team)}")
                )
                for team, members in teams.items()
            },
        )

    def _load(self, data: bytes) -> Any:  # noqa: ANN401 - JSON values
        if len(data) > MAX_BYTES:
            raise self._error(f"it has more than {MAX_BYTES:,} bytes")
        try:
            return json.loads(
                data, object_pairs_hook=self._object, parse_constant=self._refuse_constant
            )
        except (ValueError, RecursionError) as error:
            raise self._error("it is not JSON") from error

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise self._error("a key is given twice in one object")
        return found

    def _refuse_constant(self, word: str) -> None:
        raise self._error(f"{word} is not JSON")

    def _refuse_unknown(self, table: dict[str, Any], known: Collection[str], place: str) -> None:
        for key in table:
            if key not in known:
                near = nearest(key, known)
                meant = f"; did you mean {quote(near)}?" if near else ""
                raise self._error(f"{place}unknown key {quote(key)}{meant}")

    def _approval(self, entry: object, place: str) -> Approval:
        if not isinstance(entry, dict):
            raise self._error(f"{place} is not an object")
        self._refuse_unknown(entry, _APPROVAL_KEYS, f"{place}: ")
        if ("commit" in entry) == ("contents" in entry):
            raise self._error(f"{place} has to have either 'commit' or 'contents'")
        for key in ("commit", "base"):
            value = entry.get(key, "")
            if key in entry and not (isinstance(value, str) and is_object_id(value)):
                raise self._error(f"{place}.{key} is not the full id of a commit")
        may_write = entry.get("may_write")
        if may_write is not None and not isinstance(may_write, bool):
            raise self._error(f"{place}.may_write is not true or false")
        where = entry.get("where", "")
        if where != "":
            self._name(where, f"{place}.where")
        return Approval(
            approver=self._name(entry.get("approver"), f"{place}.approver"),
            source=SOURCE,
            commit=entry.get("commit"),
            contents=self._contents(entry["contents"], place) if "contents" in entry else None,
            base=entry.get("base"),
            may_write=may_write,
            where=where,
        )

    def _contents(self, contents: object, place: str) -> dict[str, Any]:
        if not isinstance(contents, dict):
            raise self._error(f"{place}.contents is not an object")
        try:
            return {path: parse_entry(entry) for path, entry in contents.items()}
        except PromptopsError as error:
            raise self._error(f"{place}.contents: {error.message}") from error

    def _names(self, names: object, place: str) -> tuple[str, ...]:
        if not isinstance(names, list):
            raise self._error(f"{place} is not a list of names")
        return tuple(self._name(name, place) for name in names)

    def _name(self, name: object, place: str) -> str:
        if (
            not isinstance(name, str)
            or not 0 < len(name) <= _MAX_TEXT
            or not name.isprintable()
            or name != name.strip()
        ):
            raise self._error(f"{place}: {name!r:.80} is not a name")
        return name
