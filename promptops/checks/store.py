"""Store validation results, so that unchanged prompts are not validated again.

The store is one file in the git folder that all work trees share. It records what the results
depend on (the program, the configuration, the context) and a checksum. A file with other values, a
truncated one or one of a newer program is ignored. It is replaced atomically, so concurrent or
killed validations leave a complete file. Deleting it is safe.
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
    """The results of one repository; see `promptops.checks.engine.ResultKeeper`."""

    def __init__(self, folder: Path) -> None:
        """Store the folder; read and create nothing yet."""
        self._file = folder / "judgements.json"
        self._scope = ""
        self._known: dict[str, list[Any]] = {}
        self._kept: dict[str, list[Any]] = {}

    def begin(self, scope: str) -> None:
        """Read the results of `scope`."""
        self._scope = hashlib.sha256(f"{_describe_program()}\0{scope}".encode()).hexdigest()
        self._kept = {}
        self._known = self._load()

    def recall(self, path: str) -> ValidationResult | None:
        """Return the stored result of the prompt at `path`; None if there is none."""
        listed = self._known.get(path)
        if listed is None:
            return None
        self._kept[path] = listed
        return ValidationResult.decode(listed)

    def keep(self, result: ValidationResult) -> None:
        """Store the result of a prompt."""
        self._kept[result.path] = result.encode()

    def save(self) -> None:
        """Write the results kept or recalled since `begin`, if the file differs."""
        if self._kept == self._known:
            return
        body = json.dumps({"scope": self._scope, "judgements": self._kept}).encode()
        # A read-only repository is validated without the store.
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, _checksum(body) + b"\n" + body, is_own=True)
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
    """Return a fingerprint of the program, on which results depend.

    For an installed program it comes from the folder of installed packages, for a checkout from its
    source files.
    """
    from importlib.util import find_spec

    here = Path(__file__).parents[1]
    found = find_spec("yaml")  # importing it takes longer than it saves
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
