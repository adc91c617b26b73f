"""The files of a prompts folder, with a cache of contents and analyses.

A partial is read, hashed and analyzed once, however many prompts include it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from promptops.checks.result import fingerprint
from promptops.errors import NotAFileError
from promptops.lazy import cached_property
from promptops.prompt.closure import collect_closure, scan_template
from promptops.prompt.faults import read_template
from promptops.prompt.finding import Finding, Severity
from promptops.prompt.reference import is_prompt, name_fault, name_from_path

if TYPE_CHECKING:
    from collections.abc import Iterable, KeysView

    from promptops.prompt.closure import Closure
    from promptops.prompt.template import Analysis
    from promptops.repository.repository import Files


_UNREAD = b"not read"
_RELEASED = b"read, and forgotten"


class Sources:
    """Caches the files and templates of one prompts folder.

    Attributes:
        files: the folder in one state of the repository.
        unreadable: a finding for each path that is not a file.
    """

    def __init__(self, files: Files) -> None:
        """Store the folder; read nothing yet."""
        self.files = files
        self.unreadable: dict[str, Finding] = {}
        self._data: dict[str, bytes | None] = {}
        self._analyses: dict[str, Analysis] = {}
        self._fingerprints: dict[str, str] = {}

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """All files of the folder except hidden ones."""
        return tuple(path for path in self.files.paths() if not _is_hidden(path))

    @cached_property
    def names(self) -> list[str]:
        """The names of all prompts, sorted."""
        return [name_from_path(path) for path in self.paths if names_prompt(path)]

    @cached_property
    def known_names(self) -> frozenset[str]:
        """The names of all prompts."""
        return frozenset(self.names)

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes; None if missing. Something that is not a file becomes a finding
        and is read as empty.
        """
        data = self._data.get(path, _UNREAD)
        if data is _RELEASED:
            return self.files.read(path)
        if data is _UNREAD:
            try:
                self._data[path] = self.files.read(path)
            except NotAFileError as error:
                self._data[path] = b"{}" if path.endswith(".json") else b""
                self.unreadable[path] = Finding(
                    "unreadable-file", Severity.ERROR, error.message, path, None, error.hint
                )
        return self._data[path]

    def release(self, path: str) -> None:
        """Drop the cached content of a prompt's file; the next access reads it again."""
        if self._data.get(path) is not None and path not in self.unreadable:
            self._data[path] = _RELEASED
        self._analyses.pop(path, None)

    @property
    def read_paths(self) -> KeysView[str]:
        """The paths that were read so far, missing ones included."""
        return self._data.keys()

    def fingerprint(self, path: str) -> str:
        """Return the fingerprint of a file's bytes; empty if there is no file."""
        known = self._fingerprints.get(path)
        if known is None:
            data = self.read(path)
            known = "" if data is None else fingerprint(data)
            self._fingerprints[path] = known
        return known

    def collect(self, name: str) -> Closure | None:
        """Collect the files of a prompt; None if there is no such prompt."""
        closure = collect_closure(name, self.read, scan=self._scan)
        if closure is not None and closure.faults:
            # Collect again, with the paths for suggestions.
            closure = collect_closure(name, self.read, known=self.paths, scan=self._scan) or closure
        return closure

    def analyze(self, closure: Closure, path: str) -> Analysis:
        """Return the analysis of a template of the closure."""
        known = self._analyses.get(path)
        if known is None:
            known = self._analyses[path] = read_template(closure, path)
        return known

    def _scan(self, path: str, source: str, first_line: int) -> Iterable[str]:
        """List a template's includes from its analysis, which is needed anyway."""
        from promptops.prompt.template import analyze

        known = self._analyses.get(path)
        if known is None:
            known = analyze(path, source, partial=not is_prompt(path), first_line=first_line)
            self._analyses[path] = known
        if known.problems:
            return scan_template(path, source, first_line)
        return [include.path for include in known.includes]


def names_prompt(path: str) -> bool:
    """Return whether the path is a usable prompt."""
    return is_prompt(path) and name_fault(name_from_path(path)) is None


def _is_hidden(path: str) -> bool:
    """Return whether a file is hidden: an editor's or the system's, such as `.#triage.md`,
    `.DS_Store`.
    """
    return path.rsplit("/", 1)[-1].startswith(".")
