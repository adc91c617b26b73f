"""Collect a closure: a prompt and every file it needs. Closures are digested, released and
rendered.

The module does no input or output: the caller passes a function that reads a path below the prompts
folder. So the same code serves the work tree, the index, any commit and any environment.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.errors import quote
from promptops.prompt.digest import compute_digest, normalize_newlines
from promptops.prompt.finding import Finding, Position, Severity
from promptops.prompt.frontmatter.document import MAX_FILE_BYTES, find_undecodable, read_document
from promptops.prompt.reference import is_prompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptops.prompt.frontmatter.document import Document

# The deepest nesting of includes; Jinja's recursion limit is only a little higher.
_MAX_INCLUDE_DEPTH = 32

_Placing = Callable[[], Position | None]

Reader = Callable[[str], bytes | None]
"""Reads the file at a path below the prompts folder; None when there is none."""

Scanner = Callable[[str, str, int], "Iterable[str]"]
"""List the paths that a template includes. Arguments: its path, its text, the line of the file on
which the text begins.
"""


@dataclass(frozen=True, slots=True)
class Closure:
    """A prompt's file and every file it needs.

    Attributes:
        name: the prompt's name.
        files: path below the prompts folder -> content with newlines normalised.
        document: the parsed prompt file.
        faults: missing files and include cycles.
        includes: for each text file, the partials it includes directly.
    """

    name: str
    files: Mapping[str, bytes]
    document: Document
    faults: tuple[Finding, ...]
    includes: Mapping[str, tuple[str, ...]]

    @property
    def path(self) -> str:
        """The prompt's own file, below the prompts folder."""
        return f"{self.name}.md"

    @property
    def partials(self) -> Mapping[str, str]:
        """The texts of the included files."""
        return {
            path: self.files[path].decode(errors="replace")
            for path in self.includes
            if path != self.path
        }

    def compute_digest(self) -> str:
        """Return the closure's digest. It is meaningful only if the closure has no faults."""
        return compute_digest(self.files)


def scan_template(path: str, source: str, first_line: int) -> list[str]:  # noqa: ARG001
    """Default `Scanner`: list a template's includes."""
    if "include" not in source:
        return []
    from promptops.prompt.template import scan_includes

    return scan_includes(source)


def collect_closure(
    name: str, read: Reader, *, known: Iterable[str] = (), scan: Scanner = scan_template
) -> Closure | None:
    """Collect the closure of the prompt `name`, or None when the prompt does not exist.

    Args:
        read: reads the file at a path; None when there is none.
        name: the prompt's name.
        known: existing paths, from which to suggest one for a misspelt include.
        scan: lists a template's includes; pass one to reuse templates that are already parsed.

    Faults in files are recorded in `Closure.faults`, not raised.
    """
    path = f"{name}.md"
    data = read(path)
    if data is None:
        return None
    document = read_document(path, data)
    collection = _Collection(read, tuple(known), scan)
    collection.files[path] = normalize_newlines(data)
    collection.follow(path, document.body, document.body_line, ())
    for wanted, place in _data_files(document):
        collection.add_data(path, wanted, place)
    return Closure(name, collection.files, document, tuple(collection.faults), collection.includes)


def load_closure(name: str, files: Mapping[str, bytes]) -> Closure | None:
    """Return the closure that consists of exactly `files`, as a release or snapshot stores it."""
    return collect_closure(name, files.get, known=files)


def _data_files(document: Document) -> Iterator[tuple[object, Position | None]]:
    output = document.data.get("output")
    if isinstance(output, str):
        yield output, document.locate(["output"])
    tools = document.data.get("tools")
    if isinstance(tools, list):
        for index, tool in enumerate(tools):
            yield tool, document.locate(["tools", index])


class _Collection:
    def __init__(self, read: Reader, known: tuple[str, ...], scan: Scanner) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Finding] = []
        self.includes: dict[str, tuple[str, ...]] = {}
        self._read = read
        self._known = known
        self._scan = scan

    def follow(self, path: str, source: str, first_line: int, above: tuple[str, ...]) -> None:
        """Add every file that the template `source` includes, depth first."""
        chain = (*above, path)
        self.includes[path] = wanted = tuple(dict.fromkeys(self._scan(path, source, first_line)))
        for partial in wanted:
            if partial in self.includes and partial not in chain:
                continue
            place = functools.partial(_find_include, path, source, partial, first_line)
            fault = _chain_fault(chain, partial)
            if fault is not None:
                self._report(*fault, path, place())
                continue
            text = self._load(path, partial, place)
            if text is not None:
                self.follow(partial, text, 1, chain)

    def _load(self, path: str, partial: str, place: _Placing) -> str | None:
        """Return an included file's text. Record a fault and return None if it is missing."""
        data = self._fetch(path, partial, place, "missing-include", "included file")
        if data is None:
            return None
        self.files[partial] = data
        fault = find_undecodable(partial, data)
        if fault is not None:
            if fault not in self.faults:
                self.faults.append(fault)
            return None
        return data.decode()

    def add_data(self, path: str, wanted: object, place: Position | None) -> None:
        """Add a schema or tool file. Ignore an entry that is not a string: the metadata check
        reports it.
        """
        if isinstance(wanted, str):
            data = self._fetch(path, wanted, lambda: place, "missing-file", "file")
            if data is not None:
                self.files[wanted] = data

    def _fetch(
        self, path: str, wanted: str, place: _Placing, check: str, what: str
    ) -> bytes | None:
        """Return a file's content with newlines normalised. Record a fault and return None if it is
        missing.
        """
        from promptops.suggestion import nearest

        if not is_closure_path(wanted):
            message = f"{quote(wanted)} is not a path below the prompts folder"
            hint = "write it relative to that folder, without '..', such as _shared/tone.md"
            self._report(check, message, hint, path, place())
            return None
        data = self._read(wanted)
        if data is None:
            near = nearest(wanted, self._known)
            hint = f"did you mean '{near}'?" if near else "paths begin at the prompts folder"
            self._report(check, f"{what} '{wanted}' does not exist", hint, path, place())
            return None
        if len(data) > MAX_FILE_BYTES:
            message = f"{what} '{wanted}' is larger than {MAX_FILE_BYTES:,} bytes"
            self._report("too-large", message, "use a smaller file", path, place())
            return None
        return normalize_newlines(data)

    def _report(
        self, check: str, message: str, hint: str, path: str, position: Position | None
    ) -> None:
        self.faults.append(Finding(check, Severity.ERROR, message, path, position, hint))


def _chain_fault(chain: tuple[str, ...], partial: str) -> tuple[str, str, str] | None:
    """Return why the last file of `chain` may not include `partial`: check, message and hint."""
    if partial in chain:
        cycle = " -> ".join([*chain[chain.index(partial) :], partial])
        message = f"the includes form a cycle: {cycle}"
        return "circular-include", message, "remove one of the includes"
    if is_closure_path(partial) and is_prompt(partial):
        hint = "move the shared text to a file whose name begins with '_', and include that"
        return "missing-include", f"'{partial}' is a prompt, and only partials are included", hint
    if len(chain) > _MAX_INCLUDE_DEPTH:
        message = f"includes are nested deeper than {_MAX_INCLUDE_DEPTH} files"
        return "circular-include", message, "include the deeper partials directly"
    return None


def is_closure_path(path: str) -> bool:
    """Return whether `path` names a file below the prompts folder on every platform."""
    if not path.isprintable() or "\\" in path or ":" in path:
        return False
    return not any(
        segment in {"", ".", ".."} or segment.lower() == ".git" for segment in path.split("/")
    )


def _find_include(path: str, source: str, partial: str, first_line: int) -> Position | None:
    """Return the position of an include in a file. Called only to report a fault."""
    from promptops.prompt.template import analyze

    analysis = analyze(path, source, partial=first_line == 1, first_line=first_line)
    return next((one.position for one in analysis.includes if one.path == partial), None)
