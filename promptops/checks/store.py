"""Remembers how prompts were judged, so that what did not change is not judged again.

All of it is one file in the folder of the repository that its work trees share. It says what it
was made with (the program, the configuration, what lies around the prompts) and its own checksum; a
file that is of something else, cut short or from a newer program counts as none. It is replaced
whole, so that two validations at once, or one that is killed, leave the one or the other. Deleting
it is safe.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptops.about import __version__
from promptops.checks.result import ValidationResult
from promptops.files import read_file
from promptops.repository.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEMA = "promptops.judgements/v3"


class ResultStore:
    """What one repository remembers; see `promptops.checks.engine.ResultKeeper`."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is read or made before it is needed."""
        self._file = folder / "judgements.json"
        self._scope = ""
        self._known: dict[str, list[Any]] = {}
        self._kept: dict[str, list[Any]] = {}

    def begin(self, scope: str) -> None:
        """Read what was remembered for prompts that are judged within `scope`."""
        self._scope = hashlib.sha256(f"{_describe_program()}\0{scope}".encode()).hexdigest()
        self._kept = {}
        self._known = self._load()

    def recall(self, path: str) -> ValidationResult | None:
        """Return how the prompt at `path` was judged last, when nothing says otherwise."""
        listed = self._known.get(path)
        if listed is None:
            return None
        self._kept[path] = listed
        return ValidationResult.decode(listed)

    def keep(self, result: ValidationResult) -> None:
        """Remember how a prompt was judged."""
        self._kept[result.path] = result.encode()

    def save(self) -> None:
        """Write what was kept or recalled since the beginning, when it is not there already."""
        if self._kept == self._known:
            return
        body = json.dumps({"scope": self._scope, "judgements": self._kept}).encode()
        # A repository that cannot be written is validated all the same, only not faster.
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, _checksum(body) + b"\n" + body)
        self._known = self._kept

    def _load(self) -> dict[str, list[Any]]:
        try:
            checksum, _, body = read_file(self._file).partition(b"\n")
        except OSError:
            return {}
        if checksum != _checksum(body):
            return {}
        document = json.loads(body)
        found: dict[str, list[Any]] = document["judgements"]
        return found if document["scope"] == self._scope else {}


def _checksum(body: bytes) -> bytes:
    return f"{_SCHEMA} {hashlib.sha256(body).hexdigest()}".encode()


def _describe_program() -> str:
    """Return what would have to be the same for the same text to be judged in the same way.

    Of an installed program and all that it stands on, the folder of packages tells; of a checkout
    that is being worked on, the files themselves.
    """
    from importlib.util import find_spec

    here = Path(__file__).parents[1]
    found = find_spec("yaml")  # importing it takes longer than this reading saves
    assert found is not None and found.origin is not None  # noqa: S101, PT018 - we stand on it
    packages = Path(found.origin).parent.parent
    installed = (str(packages), packages.stat().st_mtime_ns)
    return repr((__version__, sys.version, installed, sorted(_list_sources(str(here)))))


def _list_sources(folder: str) -> Iterator[tuple[str, int, int]]:
    for entry in os.scandir(folder):
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _list_sources(entry.path)
        else:
            status = entry.stat()
            yield entry.path, status.st_mtime_ns, status.st_size
