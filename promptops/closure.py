"""The closure: a prompt and every file it needs, which is what is digested, released and rendered.

Collecting one is pure: the caller passes a function that reads a path below the prompts folder,
so the same code serves the work tree, the index, any commit and any environment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promptops.digest import compute_digest, normalize_newlines
from promptops.finding import Finding, Position, Severity
from promptops.frontmatter import nearest, read_document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from promptops.frontmatter import Document

Reader = Callable[[str], bytes | None]
"""Reads the file at a path below the prompts folder; None when there is none."""


@dataclass(frozen=True, slots=True)
class Closure:
    """A prompt's file and all it needs.

    Attributes:
        name: the prompt's name.
        files: path below the prompts folder -> content with newlines normalised.
        document: the prompt's own file, read.
        faults: what keeps the closure from being complete: missing or circular files.
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
        """The closure's digest. Only a closure without faults has a meaningful one."""
        return compute_digest(self.files)


def collect_closure(name: str, read: Reader, *, known: Iterable[str] = ()) -> Closure | None:
    """Collect the closure of the prompt `name`, or None when the prompt does not exist.

    `known` are paths that exist, for suggestions. Faults in files are reported, never raised.
    """
    path = f"{name}.md"
    data = read(path)
    if data is None:
        return None
    document = read_document(path, data)
    collection = _Collection(read, tuple(known))
    collection.files[path] = normalize_newlines(data)
    collection.follow(path, document.body, document.body_line, ())
    for wanted, place in _data_files(document):
        collection.add_data(path, wanted, place)
    return Closure(
        name, collection.files, document, tuple(collection.faults), collection.includes
    )


def load_closure(name: str, files: Mapping[str, bytes]) -> Closure | None:
    """The closure whose files were frozen together: all of `files` belong to it."""
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
    def __init__(self, read: Reader, known: tuple[str, ...]) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: list[Finding] = []
        self.includes: dict[str, tuple[str, ...]] = {}
        self._read = read
        self._known = known

    def follow(self, path: str, source: str, first_line: int, above: tuple[str, ...]) -> None:
        """Collect what the template `source` includes, depth first."""
        wanted = _included(source)
        self.includes[path] = tuple(dict.fromkeys(wanted))
        for partial in self.includes[path]:
            if partial == path or partial in above:
                chain = " -> ".join([*above[above.index(partial) :], path, partial] if partial in above else [path, partial])
                self._report(
                    "circular-include",
                    f"the include goes in a circle: {chain}",
                    path,
                    _include_position(path, source, partial, first_line),
                    "take one of the includes out",
                )
            elif partial not in self.includes:
                text = self._load(path, partial, lambda p=partial: _include_position(path, source, p, first_line))  # type: ignore[misc]
                if text is not None:
                    self.follow(partial, text, 1, (*above, path))

    def _load(self, path: str, partial: str, place: Callable[[], Position | None]) -> str | None:
        data = self._fetch(path, partial, place, "missing-include", "included file")
        if data is None:
            return None
        self.files[partial] = normalize_newlines(data)
        try:
            return self.files[partial].decode()
        except UnicodeDecodeError as error:
            line = self.files[partial].count(b"\n", 0, error.start) + 1
            self._report(
                "not-utf8",
                f"byte 0x{self.files[partial][error.start]:02x} is not UTF-8",
                partial,
                Position(line, 1, line, 1),
                "save the file as UTF-8",
            )
            return None

    def add_data(self, path: str, wanted: object, place: Position | None) -> None:
        """Add a schema or tool file; a non-text entry is the metadata check's affair."""
        if isinstance(wanted, str):
            data = self._fetch(path, wanted, lambda: place, "missing-file", "file")
            if data is not None:
                self.files[wanted] = normalize_newlines(data)

    def _fetch(
        self, path: str, wanted: str, place: Callable[[], Position | None], check: str, what: str
    ) -> bytes | None:
        if not is_closure_path(wanted):
            self._report(
                check,
                f"'{wanted}' is not a path below the prompts folder",
                path,
                place(),
                "write it relative to the prompts folder, without '..', such as _shared/tone.md",
            )
            return None
        data = self._read(wanted)
        if data is None:
            near = nearest(wanted, self._known)
            self._report(
                check,
                f"{what} '{wanted}' does not exist",
                path,
                place(),
                f"did you mean '{near}'?" if near else "paths are relative to the prompts folder",
            )
        return data

    def _report(
        self, check: str, message: str, path: str, position: Position | None, hint: str
    ) -> None:
        self.faults.append(Finding(check, Severity.ERROR, message, path, position, hint))


def is_closure_path(path: str) -> bool:
    """Whether `path` names a file below the prompts folder on every platform."""
    return bool(path) and "\\" not in path and "\0" not in path and "\n" not in path and not any(
        segment in {"", ".", ".."} or segment.lower() == ".git" for segment in path.split("/")
    )


def _included(source: str) -> list[str]:
    from promptops.template import scan_includes

    return scan_includes(source)


def _include_position(path: str, source: str, partial: str, first_line: int) -> Position | None:
    from promptops.template import analyze

    analysis = analyze(path, source, partial=first_line == 1, first_line=first_line)
    return next((found.position for found in analysis.includes if found.path == partial), None)
