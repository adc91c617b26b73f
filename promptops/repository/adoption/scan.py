"""Find prompts in code, and keep a baseline of accepted ones."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, NamedTuple

from promptops.errors import ConfigurationError, UsageError
from promptops.files import read_file
from promptops.git.worktree import list_work_files
from promptops.repository.adoption.draft import UnreadableError
from promptops.repository.adoption.formats.python import sight
from promptops.repository.steps import place_file
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from promptops.repository.repository import Repository

BASELINE = ".promptops/adopt-baseline.json"
_SCHEMA = "promptops.adopt-baseline/v1"


class ScanFind(NamedTuple):
    """A prompt or a call in code.

    Attributes:
        path: its file, from the repository's top.
        line: where it begins.
        what: `text` or `call`.
        name: the variable or function.
        key: its identity, which does not depend on the line.
    """

    path: str
    line: int
    what: str
    name: str
    key: str


def scan_code(repository: Repository, paths: Sequence[Path]) -> list[ScanFind]:
    """Find strings that look like prompts, and calls of model clients, in Python files."""
    top = repository.require_work_tree().resolve()
    folders = []
    for path in paths:
        whole = path.resolve()
        if not whole.is_relative_to(top) or not whole.exists():
            raise UsageError(f"{path} is not in this repository", hint=f"it is {top}")
        folders.append(whole.relative_to(top))
    found = []
    for file in list_work_files(repository.git):
        if not file.endswith(".py") or not any(
            (top / file).is_relative_to(top / one) for one in folders
        ):
            continue
        try:
            sightings = list(sight(read_file(top / file).decode()))
        except (UnreadableError, UnicodeDecodeError, OSError):
            continue
        seen: dict[str, int] = {}
        for one in sightings:
            digest = hashlib.sha256(f"{one.what}\n{one.name}\n{one.text}".encode()).hexdigest()[:16]
            seen[digest] = seen.get(digest, 0) + 1
            found.append(
                ScanFind(file, one.line, one.what, one.name, f"{file} {digest} {seen[digest]}")
            )
    return found


def read_baseline(repository: Repository) -> frozenset[str]:
    """Return the accepted keys; empty without a baseline."""
    try:
        data = json.loads(read_file(place_file(repository, BASELINE)))
    except FileNotFoundError:
        return frozenset()
    except ValueError as error:
        raise ConfigurationError(
            f"{BASELINE} is not JSON", hint="promptops adopt --scan PATH --write writes it again"
        ) from error
    if not isinstance(data, dict) or data.get("schema") != _SCHEMA:
        raise ConfigurationError(f"{BASELINE} is not {_SCHEMA}", hint="write it again")
    return frozenset(str(one) for one in data.get("accepted", ()))


def write_baseline(repository: Repository, found: Iterable[ScanFind]) -> None:
    """Write the baseline: accept all finds."""
    file = place_file(repository, BASELINE)
    file.parent.mkdir(parents=True, exist_ok=True)
    data = {"schema": _SCHEMA, "accepted": sorted(one.key for one in found)}
    write_atomically(file, f"{json.dumps(data, indent=2, ensure_ascii=False)}\n".encode())
